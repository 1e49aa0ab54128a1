"""The graph: nodes in order of execution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kgen.ir.node import Body, GraphError, Node
from kgen.ir.value import Constant, Shape, Value


@dataclass(frozen=True)
class Layer:
    """One call of a Keras layer: its path in the model, class, output shapes without the batch
    axis, and number of weights.

    summary, call: as of the Origin of its nodes. inside: the call of the layer that it is part of.
    """

    path: str
    kind: str
    shapes: tuple[Shape, ...]
    parameters: int
    summary: str = ""
    call: int = 0
    inside: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Graph(Body):
    """A model's arithmetic for one sample.

    name: the model's name, as Keras has it.
    layers: the Keras layers that it was traced from, in order of their calls; inner layers come
        before the layer they belong to.
    inputs, outputs: in the order of model.inputs and model.outputs; then, for a model that
        remembers something from call to call, its states as inputs and what they become as outputs.
    nodes: each after the nodes whose outputs it reads.
    remembered: how many states there are. batch_size: how many samples Keras remembers them for.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...] = ()
    remembered: int = 0
    batch_size: int | None = None

    @property
    def arguments(self) -> tuple[Value, ...]:
        """The inputs that are not states."""
        return self.inputs[: len(self.inputs) - self.remembered]

    @property
    def results(self) -> tuple[Value, ...]:
        """The outputs that are not states."""
        return self.outputs[: len(self.outputs) - self.remembered]

    @property
    def states(self) -> tuple[tuple[Value, Value], ...]:
        """Each state before a call and after it."""
        first, last = len(self.arguments), len(self.results)
        return tuple(zip(self.inputs[first:], self.outputs[last:], strict=True))

    @property
    def constants(self) -> tuple[Constant, ...]:
        """Every constant once, in order of first use; those within bodies too."""
        return tuple(dict.fromkeys(c for node in self.walk() for c in node.constants))

    @property
    def readers(self) -> Counter[Value]:
        """How many times each value is read, by nodes or as an output of the model."""
        return Counter([*(value for node in self.nodes for value in node.inputs), *self.outputs])

    @property
    def producer(self) -> dict[Value, Node]:
        return {value: node for node in self.nodes for value in node.outputs}

    def check(self) -> Graph:
        """Raises GraphError unless each value is made once, before it is read, as its node's rule
        says.
        """
        known: set[Value] = set(self.inputs)
        for node in self.nodes:
            for value in node.inputs:
                if not isinstance(value, Constant) and value not in known:
                    raise GraphError(f"{node} reads {value.name} before it is made")
            if known.intersection(node.outputs):
                raise GraphError(f"{node} makes a value a second time")
            node.check()
            known.update(node.outputs)
        for value in self.outputs:
            if value not in known:
                raise GraphError(f"output {value.name} is never made")
        return self

    def with_nodes(self, nodes: list[Node] | tuple[Node, ...]) -> Graph:
        """The graph of these nodes, less those that nothing reads."""
        needed = set(self.outputs)
        kept: list[Node] = []
        for node in reversed(nodes):
            if needed.intersection(node.outputs):
                kept.append(node)
                needed.update(node.inputs)
        return replace(self, nodes=tuple(reversed(kept)))

    def map_values(self, change: Callable[[Value], Value]) -> Graph:
        """The same graph with every value replaced by `change(value)`, called once for each."""
        changed: dict[Value, Value] = {}

        def once(value: Value) -> Value:
            if value not in changed:
                changed[value] = change(value)
            return changed[value]

        return replace(
            self,
            inputs=tuple(once(value) for value in self.inputs),
            nodes=tuple(node.map_values(once) for node in self.nodes),
            outputs=tuple(once(value) for value in self.outputs),
        )

    def map_bodies(self, change: Callable[[Graph], Graph]) -> Graph:
        """The same graph with every body of a node replaced by `change(body)`."""
        return replace(self, nodes=tuple(node.map_bodies(change) for node in self.nodes))

    def __str__(self) -> str:
        lines = [f"graph {self.name!r}"]
        lines += [f"  {constant}" for constant in self.constants]
        lines += [f"  {line}" for line in self._lines()]
        return "\n".join(lines)

    def _lines(self) -> Iterator[str]:
        """Inputs, nodes and outputs; those of bodies indented below their node."""
        for value in self.arguments:
            yield f"input {value}"
        for before, after in self.states:
            yield f"state {before}, afterwards {after.name}"
        for node in self.nodes:
            yield f"{node}    # {node.origin.path or node.origin.layer}"
            for note in _programs(node):
                yield f"    {note}"
            for body in node.bodies:
                assert isinstance(body, Graph)
                yield from (f"    {line}" for line in body._lines())
        for value in self.results:
            yield f"output {value}"


def _programs(node: Node) -> list[str]:
    epilogue = getattr(node, "epilogue", None)
    if epilogue is None:
        return []
    args = ", ".join(f"${number} = {arg.name}" for number, arg in enumerate(epilogue.args, 1))
    return [f"then {epilogue.program}{' with ' if args else ''}{args}"]
