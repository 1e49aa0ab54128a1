"""Removing and joining what only moves elements about."""

from __future__ import annotations

from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Constant, Value
from kgen.ops.broadcast import Broadcast
from kgen.ops.elementwise import Elementwise
from kgen.ops.pad import Pad
from kgen.ops.reshape import Reshape
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.passes.rewrite import only_reader, substitute


def drop_no_ops(graph: Graph) -> Graph:
    """Given:   y = reshape(x), or another node whose result is x itself
    Result:  x, read instead of y; unless y is an output of the model"""
    replaced: dict[Value, Value] = {}
    for node in graph.nodes:
        source = _source_of_no_op(node)
        if source is not None and node.output not in graph.outputs:
            replaced[node.output] = source
    return substitute(graph, list(graph.nodes), replaced)


def _source_of_no_op(node: Node) -> Value | None:
    x = node.inputs[0] if node.inputs else None
    if x is None or (x.shape, x.dtype, x.batch) != (
        node.output.shape,
        node.output.dtype,
        node.output.batch,
    ):
        return None
    match node:
        case Reshape() | Broadcast():
            return x
        case Elementwise(program=program) if not program.steps:
            return x
        case Transpose(permutation=permutation) if permutation == tuple(sorted(permutation)):
            return x
        case Slice(steps=steps) if all(step == 1 for step in steps):
            return x
        case Pad():
            return x
    return None


def merge_movement(graph: Graph) -> Graph:
    """Given:   y = reshape(x);  z = reshape(y)     or the same with transpose
    Result:  z = reshape(x)                     or one transpose"""
    producer = dict(graph.producer)
    nodes: list[Node] = []
    for node in graph.nodes:
        first = producer.get(node.inputs[0]) if node.inputs else None
        match first, node:
            case Reshape(), Reshape():
                node = replace(node, x=first.x)
            case Transpose(), Transpose():
                order = tuple(first.permutation[axis] for axis in node.permutation)
                node = replace(node, x=first.x, permutation=order)
            case _, Transpose(x=x) if _keeps_order(node):
                node = Reshape(
                    origin=node.origin,
                    output=node.output,
                    x=x,
                    shape=node.output.shape,
                    batch=node.output.batch,
                )
        producer[node.output] = node
        nodes.append(node)
    return substitute(graph, nodes, {})


def _keeps_order(node: Transpose) -> bool:
    """Whether the transpose only moves axes of length one, so that memory stays as it is for any
    batch.
    """
    long = [axis for axis in node.permutation if node.x.shape[axis] != 1 or axis == node.x.batch]
    return long == sorted(long)


def compute_before_reshape(graph: Graph) -> Graph:
    """Given:   r = reshape(x);  y = f(r, constants over r's last axes)
    Result:  t = f(x, the constants reshaped);  y = reshape(t)
    so that f meets the node that made x."""
    nodes = list(graph.nodes)
    producer = dict(graph.producer)
    for index, node in enumerate(nodes):
        if not isinstance(node, Elementwise):
            continue
        dynamic = [arg for arg in node.args if not isinstance(arg, Constant)]
        if len(dynamic) != 1 or dynamic[0].shape != node.output.shape:
            continue
        reshape = producer.get(dynamic[0])
        if not isinstance(reshape, Reshape) or not only_reader(graph, dynamic[0]):
            continue
        inner = reshape.x
        args = [
            inner if arg is dynamic[0] else _along_last_axes(arg, reshape.output, inner)
            for arg in node.args
        ]
        if any(arg is None for arg in args):
            continue
        value = replace(inner, name=node.name, dtype=node.output.dtype)
        moved = replace(node, args=tuple(arg for arg in args if arg is not None), output=value)
        after = replace(reshape, x=value, output=node.output)
        nodes[index : index + 1] = [moved, after]
        producer[value], producer[node.output] = moved, after
    # Inserting while walking is safe: what was inserted comes after the index, and is no candidate
    # twice.
    return graph.with_nodes(nodes)


def _along_last_axes(arg: Value, outer: Value, inner: Value) -> Constant | None:
    """A constant along the last axes of `outer`, reshaped to lie along those of `inner`."""
    assert isinstance(arg, Constant)
    if arg.size == 1:
        return Constant.of(arg.name, arg.data.reshape(()), arg.note)
    sizes = list(arg.shape)
    while sizes and sizes[0] == 1:
        sizes.pop(0)
    if tuple(sizes) != outer.shape[outer.rank - len(sizes) :]:
        return None
    for count in range(1, inner.rank + 1):
        tail = inner.shape[inner.rank - count :]
        if inner.batch is not None and inner.rank - count <= inner.batch:
            return None
        size = 1
        for length in tail:
            size *= length
        if size == arg.size:
            return Constant.of(arg.name, arg.data.reshape(tail), arg.note)
    return None
