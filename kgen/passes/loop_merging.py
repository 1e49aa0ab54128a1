"""Doing in one loop what needs no two."""

from __future__ import annotations

from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Value
from kgen.ops.scan import Scan
from kgen.passes.loops import leaves_nothing
from kgen.passes.rewrite import only_reader, substitute


def merge_loops(graph: Graph) -> Graph:
    """Given:   y = a loop without states over x;  z = a loop over y        y read by nothing else
    Result:  z = one loop over x, so that a step's part of y is all that is kept of it;
    unless the first loop is none once `hoist_from_loops` has been at it"""
    nodes: list[Node] = []
    producer: dict[Value, Scan] = {}
    for node in graph.nodes:
        while isinstance(node, Scan):
            first = _to_merge(graph, producer, node)
            if first is None:
                break
            nodes.remove(first)
            node = _merged(first, node)
        nodes.append(node)
        if isinstance(node, Scan):
            producer[node.output] = node
    return substitute(graph, nodes, {})


def _to_merge(graph: Graph, producer: dict[Value, Scan], node: Scan) -> Scan | None:
    for sequence in node.sequences:
        first = producer.get(sequence)
        if (
            first is not None
            and not (first.initial or first.backwards or first.others)
            and (first.steps, first.axis) == (node.steps, node.axis)
            and only_reader(graph, sequence)
            and not leaves_nothing(first)
        ):
            return first
    return None


def _merged(first: Scan, node: Scan) -> Scan:
    place = node.sequences.index(first.output)
    element = node.elements[place]
    result = first.body.outputs[0]
    count, given = len(node.initial), len(node.sequences)
    states, inner = node.body.inputs[:count], node.body.inputs[count:]
    before, after = inner[:place], inner[place + 1 : given]
    body = replace(
        node.body,
        inputs=(*states, *before, *first.elements, *after, *inner[given:], *first.outer),
        nodes=(*first.body.nodes, *node.body.nodes),
    ).map_values(lambda value: result if value is element else value)
    return replace(
        node,
        body=body,
        sequences=(*node.sequences[:place], *first.sequences, *node.sequences[place + 1 :]),
        captured=(*node.captured, *first.captured),
        merged=(*first.merged, first.origin, *node.merged),
    )
