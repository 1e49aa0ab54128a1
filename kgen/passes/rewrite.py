"""What passes share: replacing values, and looking at a node's surroundings."""

from __future__ import annotations

from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Origin
from kgen.ir.value import Value


def substitute(graph: Graph, nodes: list[Node], replaced: dict[Value, Value]) -> Graph:
    """The graph of `nodes`, reading `replaced[value]` instead of `value`; what nothing reads is
    gone.
    """

    def final(value: Value) -> Value:
        while value in replaced:
            value = replaced[value]
        return value

    changed = [
        node.map_values(final) if any(value in replaced for value in node.inputs) else node
        for node in nodes
        if node.output not in replaced
    ]
    outputs = tuple(final(value) for value in graph.outputs)
    return replace(graph, outputs=outputs).with_nodes(changed)


def only_reader(graph: Graph, value: Value) -> bool:
    """Whether the value is read once, and is no output of the model."""
    return graph.readers[value] == 1


def merged_origins(survivor: Node, absorbed: Node) -> tuple[Origin, ...]:
    """What the survivor computes besides its own layer, once it has absorbed the other node."""
    return (*survivor.merged, absorbed.origin, *absorbed.merged)
