"""Where every value lives: names for it, and a place in the workspace shared with values of other
times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import STRING, Constant, Value, element_size
from kgen.names import Names
from kgen.ops.reshape import Reshape

ALIGNMENT = 64
"""Bytes, relative to the workspace's start, for values of at least 16 times this size."""


@dataclass(frozen=True)
class Place:
    """kind: the workspace, its array of strings, or the caller's array for an input or output.
    number: the byte in the workspace, the string's, the input's or the output's number."""

    kind: Literal["workspace", "strings", "input", "output"]
    number: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """graph: with unique identifiers for names.
    places: of every value but the constants.
    steps: the nodes that do something; the others are views of the same memory under another shape.
    copies: outputs that are computed elsewhere and copied at the end: (value, number of the
        output).
    strings: how many pointers to strings the workspace holds, beside its bytes: they have an array
        of their own, because their size depends on the machine.
    workspace_bytes: the peak. lower_bound: what no placement can be below, the largest sum of the
        sizes of values that are alive together.
    """

    graph: Graph
    places: dict[Value, Place]
    steps: tuple[Node, ...]
    copies: tuple[tuple[Value, int], ...]
    strings: int
    workspace_bytes: int
    lower_bound: int

    @property
    def weight_bytes(self) -> int:
        return sum(constant.nbytes for constant in self.graph.constants)

    @property
    def macs(self) -> int:
        return sum(node.macs for node in self.graph.nodes)


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


def plan(graph: Graph) -> Plan:
    """Names for all values, and places: first fit in the best of a few orders of the buffers."""
    graph = named(graph)
    sharing = _Sharing(graph)
    sharing.views()
    sharing.outputs()
    sharing.overwrites()
    buffers = sharing.buffers()
    texts = [buffer for buffer in buffers.values() if buffer.text]
    numbers = [buffer for buffer in buffers.values() if not buffer.text]
    offsets, peak = allocate(numbers)
    slots, text_peak = allocate(texts)
    pointer = element_size(STRING)
    found = {buffer: Place("workspace", offset) for buffer, offset in offsets.items()}
    found.update({buffer: Place("strings", slot // pointer) for buffer, slot in slots.items()})
    places = {}
    for value in sharing.values:
        root = sharing.root(value)
        places[value] = sharing.fixed.get(root) or found[buffers[root]]
    return Plan(
        graph=graph,
        places=places,
        steps=tuple(node for node in graph.nodes if node not in sharing.silent),
        copies=tuple(sharing.copies),
        strings=text_peak // pointer,
        workspace_bytes=peak,
        lower_bound=lower_bound(numbers),
    )


def named(graph: Graph) -> Graph:
    """The graph with a legal, unique identifier for each value."""
    names = Names()
    identifiers: dict[Value, str] = {}
    for value in graph.inputs:
        identifiers[value] = names.take(value.name)
    for node in graph.nodes:
        identifiers[node.output] = names.take(node.name)
    for constant in graph.constants:
        identifiers[constant] = names.take(constant.name)
    return graph.map_values(lambda value: replace(value, name=identifiers[value]))


class _Sharing:
    """Which values share memory: a union-find over the graph's values."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = [*graph.inputs, *(node.output for node in graph.nodes)]
        self.parent: dict[Value, Value] = {value: value for value in self.values}
        self.fixed: dict[Value, Place] = {
            value: Place("input", number) for number, value in enumerate(graph.inputs)
        }
        self.silent: set[Node] = set()
        self.copies: list[tuple[Value, int]] = []
        self.made = dict.fromkeys(graph.inputs, -1)
        self.made.update({node.output: step for step, node in enumerate(graph.nodes)})
        self.read = dict(self.made)
        for step, node in enumerate(graph.nodes):
            for value in node.activations:
                self.read[value] = step
        for value in graph.outputs:
            self.read[value] = len(graph.nodes)
        self.last_failing = max(
            (step for step, node in enumerate(graph.nodes) if node.can_fail), default=-1
        )

    def root(self, value: Value) -> Value:
        while self.parent[value] is not value:
            value = self.parent[value]
        return value

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
        """A reshaped value is the same memory."""
        outputs = set(self.graph.outputs)
        for node in self.graph.nodes:
            if isinstance(node, Reshape) and not isinstance(node.x, Constant):
                inputs = self.root(node.x) in self.fixed
                shared = any(member in outputs for member in self.members(node.x))
                if node.output in outputs and (inputs or shared):
                    # Copied: the caller's output can't be the caller's input, or two outputs.
                    continue
                if self.unite(node.x, node.output):
                    self.silent.add(node)

    def outputs(self) -> None:
        """Outputs are computed in the caller's arrays, if no later step can fail."""
        for number, value in enumerate(self.graph.outputs):
            root = self.root(value)
            if self.made[root] <= self.last_failing:
                self.copies.append((value, number))
            else:
                self.fixed[root] = Place("output", number)

    def overwrites(self) -> None:
        """A result may take the place of an input that nothing reads later."""
        for step, node in enumerate(self.graph.nodes):
            if node in self.silent:
                continue
            for value in node.may_overwrite:
                if self._dies_here(value, step, node) and self.unite(value, node.output):
                    break

    def _dies_here(self, value: Value, step: int, node: Node) -> bool:
        root = self.root(value)
        if root in self.fixed or root is self.root(node.output) or self.read[root] != step:
            return False
        if self.root(node.output) in self.fixed and self.made[root] <= self.last_failing:
            return False
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
            sizes[root] = max(sizes[root], value.nbytes)
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


def lower_bound(buffers: Iterable[Buffer]) -> int:
    """The largest sum of the sizes of buffers that are alive together, in bytes."""
    all_buffers = list(buffers)
    return max(
        (
            sum(other.size for other in all_buffers if other.first <= buffer.first <= other.last)
            for buffer in all_buffers
        ),
        default=0,
    )


def allocate(buffers: list[Buffer]) -> tuple[dict[Buffer, int], int]:
    """An offset in bytes for each buffer, and the peak; buffers alive together don't overlap."""
    orders = (
        lambda b: (-b.size, b.first),
        lambda b: (b.first, -b.size),
        lambda b: (-(b.last - b.first), -b.size),
        lambda b: (-b.last, -b.size),
        lambda b: (-b.size * (b.last - b.first + 1), b.first),
    )
    results = [_first_fit(sorted(buffers, key=order)) for order in orders]
    return min(results, key=lambda result: result[1])


def _first_fit(buffers: list[Buffer]) -> tuple[dict[Buffer, int], int]:
    offsets: dict[Buffer, int] = {}
    peak = 0
    for buffer in buffers:
        taken = sorted(
            (offsets[other], offsets[other] + other.size)
            for other in offsets
            if other.meets(buffer)
        )
        offset = 0
        for start, end in taken:
            if _aligned(offset, buffer) + buffer.size <= start:
                break
            offset = max(offset, end)
        offsets[buffer] = _aligned(offset, buffer)
        peak = max(peak, offsets[buffer] + buffer.size)
    return offsets, peak


def _aligned(offset: int, buffer: Buffer) -> int:
    return -(-offset // buffer.alignment) * buffer.alignment
