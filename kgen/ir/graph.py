"""The graph: nodes in order of execution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from kgen.ir.node import Body, GraphError, Node, resized
from kgen.ir.size import Given, Size, at
from kgen.ir.value import Constant, Shape, Value


@dataclass(frozen=True)
class Layer:
    """One call of a Keras layer: its path in the model, class, output shapes without the batch
    axis, and number of weights.

    summary, call: as of the Origin of its nodes. inside: the call of the layer that it is part of.
    given, masks: the values among its arguments, in their order, and which of them are masks.
    """

    path: str
    kind: str
    shapes: tuple[Shape, ...]
    parameters: int
    summary: str = ""
    call: int = 0
    inside: int = 0
    given: tuple[Value, ...] = ()
    masks: tuple[Value, ...] = ()

    def reading(self, change: Callable[[Value], Value]) -> Layer:
        """With `change(value)` for the values that it was given."""
        given, masks = (tuple(map(change, values)) for values in (self.given, self.masks))
        return replace(self, given=given, masks=masks)


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
    lengths: what sizes may depend on.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...] = ()
    remembered: int = 0
    batch_size: int | None = None
    lengths: tuple[Given, ...] = ()

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

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value but the constants, those inside bodies too."""
        bodies = (body for node in self.walk() for body in node.bodies)
        return (
            *self.inputs,
            *(value for body in bodies for value in body.inputs),
            *(value for node in self.walk() for value in node.outputs),
        )

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The sizes that depend on lengths, of values inside bodies too, each once."""
        found = (size for one in self.values for size in one.shape if isinstance(size, Size))
        return tuple(dict.fromkeys(found))

    def at(self, point: Mapping[str, int]) -> Graph:
        """The graph for known lengths, by name: its sizes are numbers."""
        known = {one.unit: point[one.name] // one.multiple for one in self.lengths}
        graph = self.map_sizes(lambda size: at(size, known))
        return replace(graph, lengths=())

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
            layers=tuple(
                one.reading(lambda value: changed.get(value, value)) for one in self.layers
            ),
        )

    def map_sizes(self, change: Callable[[Size], int]) -> Graph:
        """The same graph with `change(size)` for each size that depends on a length."""

        def sized(value: Value) -> Value:
            return replace(value, shape=resized(value.shape, change))

        nodes = tuple(node.map_sizes(change) for node in self.nodes)
        return replace(self, nodes=nodes).map_values(sized)

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
