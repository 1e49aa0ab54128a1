"""Reductions that become two, each on vectors."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Spec, spec_of
from kgen.ir.value import Value
from kgen.ops.reduce import Reduce, reduced
from kgen.ops.reshape import Reshape
from kgen.schedule.forms import has_fixed_sizes

IN_TWO = ("sum", "mean", "max", "min")
"""Of which a part may be taken first."""


def reduce_in_two(graph: Graph) -> Graph:
    """Given:   y = a reduction over the last axis and over others, with kept axes between them, as
             GroupNormalization has it
    Result:  one over the others, on vectors along all that lies behind them; then one over the
             last ones"""
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _two(node) if isinstance(node, Reduce) and _has_two(node) else [node]
    return graph.with_nodes(nodes)


def _first_of_last(node: Reduce) -> int:
    """Where the axes that are the last ones of x begin."""
    first = node.x.rank
    while first - 1 in node.axes:
        first -= 1
    return first


def _has_two(node: Reduce) -> bool:
    last = _first_of_last(node)
    before = [axis for axis in node.axes if axis < last]
    return (
        node.function in IN_TWO
        and node.x.dtype == "float32"
        and has_fixed_sizes(node)
        and last < node.x.rank
        and len(before) > 0
        and (node.x.batch is None or node.x.batch < before[-1])
    )


def _two(node: Reduce) -> list[Node]:
    x, last = node.x, _first_of_last(node)
    before = tuple(axis for axis in node.axes if axis < last)
    behind = x.shape[before[-1] + 1 :]
    flat = _like(node, "flat", Spec((*x.shape[: before[-1] + 1], prod(behind)), x.dtype, x.batch))
    part = _like(node, "part", reduced(flat, before, True, x.dtype))
    apart = _like(node, "apart", Spec((*part.shape[:-1], *behind), x.dtype, x.batch))
    axes = tuple(range(last, x.rank))
    whole = reduced(apart, axes, True, x.dtype)
    y = node.output if whole == spec_of(node.output) else _like(node, "kept", whole)
    made: list[Node] = [
        _view(node, x, flat),
        replace(node, x=flat, axes=before, keepdims=True, output=part),
        _view(node, part, apart),
        replace(node, x=apart, axes=axes, keepdims=True, output=y),
    ]
    return made if y is node.output else [*made, _view(node, y, node.output)]


def _like(node: Node, word: str, spec: Spec) -> Value:
    return Value(name=f"{node.name}/{word}", shape=spec.shape, dtype=spec.dtype, batch=spec.batch)


def _view(node: Node, x: Value, y: Value) -> Reshape:
    return Reshape(origin=node.origin, output=y, x=x, shape=y.shape, batch=y.batch)
