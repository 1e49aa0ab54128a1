"""Which values share memory: views, results in the place of what they are made from, states that
stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.size import at_bound
from kgen.ir.value import STRING, Constant, Value, element_size
from kgen.ops.elementwise import Elementwise
from kgen.ops.reshape import Reshape
from kgen.ops.scan import Scan
from kgen.ops.slice import Slice

ALIGNMENT = 64
"""Bytes, relative to the workspace's start, for values of at least 16 times this size."""


@dataclass(frozen=True)
class Place:
    """kind: the workspace, its array of strings, the caller's array for an input or output, or what
    is remembered from call to call. number: the byte in the workspace, or the string's, input's,
    output's or state's number. offset: bytes behind that.

    In the plan of a Scan's body the inputs are the body's, and the outputs the node's.
    """

    kind: Literal["workspace", "strings", "input", "output", "state"]
    number: int
    offset: int = 0


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory for values that share it: size in bytes, alive from step `first` to step `last`.

    element: the size of its largest element, in bytes. text: whether it holds strings.
    """

    size: int
    first: int
    last: int
    element: int
    text: bool = False

    @property
    def alignment(self) -> int:
        return ALIGNMENT if self.size >= 16 * ALIGNMENT else self.element

    def meets(self, other: Buffer) -> bool:
        return self.first <= other.last and other.first <= self.last


class Sharing:
    """Which values share memory: a union-find over the graph's values."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = [*graph.inputs, *(v for node in graph.nodes for v in node.outputs)]
        self.parent: dict[Value, Value] = {value: value for value in self.values}
        self.behind: dict[Value, int] = dict.fromkeys(self.values, 0)  # bytes behind the parent
        self.fixed: dict[Value, Place] = {
            value: Place("input", number) for number, value in enumerate(graph.arguments)
        }
        for number, (before, _) in enumerate(graph.states):
            self.fixed[before] = Place("state", number)
        self.silent: set[Node] = set()
        self.copies: list[tuple[Value, int]] = []
        self.made = dict.fromkeys(graph.inputs, -1)
        self.made.update({v: step for step, node in enumerate(graph.nodes) for v in node.outputs})
        self.read = dict(self.made)
        for step, node in enumerate(graph.nodes):
            for value in node.activations:
                self.read[value] = step
        for value in graph.outputs:
            self.read[value] = len(graph.nodes)
        self.last_failing = max(
            (step for step, node in enumerate(graph.nodes) if node.can_fail), default=-1
        )

    def unite_all(self) -> None:
        self.views()
        self.outputs()
        self.overwrites()

    def root(self, value: Value) -> Value:
        while self.parent[value] is not value:
            value = self.parent[value]
        return value

    def offset(self, value: Value) -> int:
        """Bytes from the start of the shared memory to the value."""
        total = 0
        while self.parent[value] is not value:
            total += self.behind[value]
            value = self.parent[value]
        return total

    def fills(self, value: Value) -> bool:
        """Whether the value is all of the memory that it lives in."""
        return self.offset(value) == 0 and value.nbytes == self.root(value).nbytes

    def members(self, value: Value) -> list[Value]:
        root = self.root(value)
        return [other for other in self.values if self.root(other) is root]

    def unite(self, first: Value, second: Value) -> bool:
        """Lets both share memory, unless each has a fixed place already."""
        a, b = self.root(first), self.root(second)
        if a is b:
            return True
        if a in self.fixed and b in self.fixed:
            return False
        if b in self.fixed:
            a, b = b, a
        self.parent[b] = a
        for times, pick in ((self.made, min), (self.read, max)):
            times[a] = pick(times[a], times[b])
        return True

    def views(self) -> None:
        """A reshaped value is the same memory, a slice in one piece a part of it."""
        outputs = set(self.graph.outputs)
        for node in self.graph.nodes:
            behind = _view_offset(node)
            if behind is None:
                continue
            x = node.inputs[0]
            if node.output in outputs:
                given = self.root(x) in self.graph.inputs
                shared = any(member in outputs for member in self.members(x))
                part = behind or node.output.nbytes != x.nbytes or not self.fills(x)
                if given or shared or part:
                    # Copied: the caller's output can't be the caller's input, or two outputs, nor
                    # hold what the output is a part of.
                    continue
            if self.unite(x, node.output):
                self.behind[node.output] = behind + self.offset(x)
                self.silent.add(node)

    def outputs(self) -> None:
        """Outputs are computed in the caller's arrays, if no later step can fail."""
        for number, value in enumerate(self.graph.outputs):
            root = self.root(value)
            state = number >= len(self.graph.results)  # the old one may be read to the end
            if state or self.made[root] <= self.last_failing:
                self.copies.append((value, number))
            else:
                self.fixed[root] = Place("output", number)

    def overwrites(self) -> None:
        """A result may take the place of an input that nothing reads later."""
        for step, node in enumerate(self.graph.nodes):
            if node in self.silent:
                continue
            for value in node.may_overwrite:
                if (
                    self.fills(value)
                    and self._dies_here(value, step, node)
                    and self.unite(value, node.output)
                ):
                    break

    def _dies_here(self, value: Value, step: int, node: Node) -> bool:
        root = self.root(value)
        if root in self.fixed or root is self.root(node.output) or self.read[root] != step:
            return False
        if self.root(node.output) in self.fixed:
            # The caller's array: not before the last step that can fail, and of one type only.
            if self.made[root] <= self.last_failing:
                return False
            if any(member.dtype != node.output.dtype for member in self.members(root)):
                return False
        if self.made[self.root(node.output)] != step:
            return False  # its memory holds something else before
        # Another view of the same memory may be read in another order.
        return all(
            other in node.may_overwrite for other in node.activations if self.root(other) is root
        )

    def buffers(self) -> dict[Value, Buffer]:
        """The memory to place, by root."""
        roots = dict.fromkeys(self.root(value) for value in self.values)
        sizes = dict.fromkeys(roots, 0)
        elements = dict.fromkeys(roots, 1)
        for value in self.values:
            root = self.root(value)
            sizes[root] = max(sizes[root], at_bound(value.nbytes))
            elements[root] = max(elements[root], element_size(value.dtype))
        return {
            root: Buffer(
                sizes[root],
                self.made[root],
                self.read[root],
                elements[root],
                root.dtype == STRING,
            )
            for root in roots
            if root not in self.fixed
        }


class BodySharing(Sharing):
    """The same for the body of a loop: its states stay where they are from step to step.

    turning: whether a new state that can't take the old one's place may be the old one of the next
        step where it is, instead of being copied. Such pairs are `turns`.
    """

    def __init__(self, node: Scan, turning: bool = False) -> None:
        super().__init__(node.body)
        self.node = node
        self.turning = turning
        self.turns: list[tuple[Value, Value]] = []
        self.last_failing = -1  # then the node fails, whose outputs are not the caller's
        states = [before for before, _ in node.states]
        for before in states:
            del self.fixed[before]
        for state, value in node.finals.items():
            self.fixed[states[state]] = Place("output", node.outputs.index(value))
        self.end = len(node.body.nodes)

    def outputs(self) -> None:
        """A new state replaces the old one if that is not read later; other results are computed
        in the place that they have among those of all steps.
        """
        for before, after in self.node.states:
            if self._replaces(before, after):
                self.unite(before, after)
            self.read[self.root(before)] = self.end
        for result, value in self.node.stacked:
            root, number = self.root(result), self.node.outputs.index(value)
            if root in self.fixed or self.made[root] < 0:
                self.copies.append((result, number))
            else:
                self.fixed[root] = Place("output", number)
        if self.turning:
            self._take_turns()

    def _take_turns(self) -> None:
        """Pairs of states, before and after a step, that have memory of their own, which holds the
        state from one step to the next.
        """
        results = {result for result, _ in self.node.stacked}
        for before, after in self.node.states:
            alone = all(self.members(value) == [value] for value in (before, after))
            if alone and self.made[after] >= 0 and before.size and after not in self.copied:
                self.turns.append((before, after))
                if after not in results:  # those are nobody's after their step
                    self.made[after] = -1

    @property
    def copied(self) -> set[Value]:
        return {value for value, _ in self.copies}

    def _replaces(self, before: Value, after: Value) -> bool:
        step = self.made[self.root(after)]
        if not self.fills(after) or self.root(before) is self.root(after) or step < 0:
            return False
        if self.read[self.root(before)] < step:
            return True
        node = self.graph.nodes[step]
        return (
            self.read[self.root(before)] == step
            and self.root(after) is node.output
            and before in node.may_overwrite
            and all(self.root(v) is not before or v is before for v in node.activations)
        )

    def replaced_in_place(self) -> list[tuple[Value, Value]]:
        """(state before the step, state after it) where the new one can have the old one's name:
        what makes it needs the old one no more once the new one is being stored.
        """
        self.views()
        producer = self.graph.producer
        return [
            (before, after)
            for before, after in self.node.states
            if self._replaces(before, after)
            and (
                self.read[self.root(before)] < self.made[after]
                or isinstance(producer[after], Elementwise)
            )
        ]


def _view_offset(node: Node) -> int | None:
    """Where in its input's memory the node's output lies, if it does: bytes."""
    if not isinstance(node, Reshape | Slice) or isinstance(node.x, Constant):
        return None
    if isinstance(node, Reshape):
        return 0
    steps = zip(node.sizes, node.x_strides, node.output.strides, strict=True)
    in_a_row = node.output.size and all(size == 1 or x == y for size, x, y in steps)
    return node.x_start * element_size(node.x.dtype) if in_a_row else None
