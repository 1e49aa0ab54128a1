"""The graph: nodes in order of execution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from kgen.ir.node import GraphError, Node
from kgen.ir.value import Constant, Shape, Value


@dataclass(frozen=True)
class Layer:
    """One call of a Keras layer: its path in the model, class, output shapes without the batch
    axis, and number of weights.
    """

    path: str
    kind: str
    shapes: tuple[Shape, ...]
    parameters: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Graph:
    """A model's arithmetic for one sample.

    name: the model's name, as Keras has it.
    layers: the Keras layers that it was traced from, in order of their calls; inner layers come
        before the layer they belong to.
    inputs, outputs: in the order of model.inputs and model.outputs.
    nodes: each after the nodes whose outputs it reads.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...] = ()

    @property
    def constants(self) -> tuple[Constant, ...]:
        """Every constant once, in order of first use."""
        return tuple(dict.fromkeys(c for node in self.nodes for c in node.constants))

    @property
    def readers(self) -> Counter[Value]:
        """How many times each value is read, by nodes or as an output of the model."""
        return Counter([*(value for node in self.nodes for value in node.inputs), *self.outputs])

    @property
    def producer(self) -> dict[Value, Node]:
        return {node.output: node for node in self.nodes}

    def check(self) -> Graph:
        """Raises GraphError unless each value is made once, before it is read, as its node's rule
        says.
        """
        known: set[Value] = set(self.inputs)
        for node in self.nodes:
            for value in node.inputs:
                if not isinstance(value, Constant) and value not in known:
                    raise GraphError(f"{node} reads {value.name} before it is made")
            if node.output in known:
                raise GraphError(f"{node} makes {node.output.name} a second time")
            node.check()
            known.add(node.output)
        for value in self.outputs:
            if value not in known:
                raise GraphError(f"output {value.name} is never made")
        return self

    def with_nodes(self, nodes: list[Node] | tuple[Node, ...]) -> Graph:
        """The graph of these nodes, less those that nothing reads."""
        needed = set(self.outputs)
        kept: list[Node] = []
        for node in reversed(nodes):
            if node.output in needed:
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

    def __str__(self) -> str:
        lines = [f"graph {self.name!r}"]
        lines += [f"  input {value}" for value in self.inputs]
        lines += [f"  {constant}" for constant in self.constants]
        for node in self.nodes:
            lines.append(f"  {node}    # {node.origin.path or node.origin.layer}")
            for note in _programs(node):
                lines.append(f"      {note}")
        lines += [f"  output {value}" for value in self.outputs]
        return "\n".join(lines)


def _programs(node: Node) -> list[str]:
    epilogue = getattr(node, "epilogue", None)
    if epilogue is None:
        return []
    args = ", ".join(f"${number} = {arg.name}" for number, arg in enumerate(epilogue.args, 1))
    return [f"then {epilogue.program}{' with ' if args else ''}{args}"]
