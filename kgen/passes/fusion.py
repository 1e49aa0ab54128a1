"""Joining nodes, so that intermediate arrays need not be stored."""

from __future__ import annotations

from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Epilogue, Node
from kgen.ir.program import Arg, Operand, inline
from kgen.ir.value import Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.passes.rewrite import merged_origins, only_reader, substitute


def fuse_bias(graph: Graph) -> Graph:
    """Given:   y = x · kernel;  z = y + constant along the channels
    Result:  z = x · kernel + bias"""
    nodes: list[Node] = []
    producer: dict[Value, Node] = {}
    for node in graph.nodes:
        fused = _with_bias(graph, producer, node)
        if fused is not None:
            first, node = fused
            nodes[nodes.index(first)] = node
        else:
            nodes.append(node)
        producer[node.output] = node
    return substitute(graph, nodes, {})


def _with_bias(
    graph: Graph, producer: dict[Value, Node], node: Node
) -> tuple[Contraction, Contraction] | None:
    if not isinstance(node, Elementwise) or len(node.args) != 2 or len(node.program.steps) != 1:
        return None
    step = node.program.steps[0]
    if step.function != "add" or set(step.args) != {Arg(0), Arg(1)}:
        return None
    for value, bias in (node.args, node.args[::-1]):
        first = producer.get(value)
        if (
            isinstance(first, Contraction)
            and isinstance(bias, Constant)
            and first.bias is None
            and first.epilogue is None
            and only_reader(graph, value)
            and value.shape == node.output.shape
        ):
            axis = first.channel_axis % value.rank
            shape = (1,) * (value.rank - bias.rank) + bias.shape
            if shape == tuple(size if a == axis else 1 for a, size in enumerate(value.shape)):
                flat = Constant.of(bias.name, bias.data.reshape(-1), bias.note)
                return first, replace(
                    first, bias=flat, output=node.output, merged=merged_origins(first, node)
                )
    return None


def merge_elementwise(graph: Graph) -> Graph:
    """Given:   y = f(x);  z = g(y, w)          y read by nothing else, of z's shape
    Result:  z = g(f(x), w)"""
    nodes: list[Node] = []
    producer: dict[Value, Elementwise] = {}
    for node in graph.nodes:
        while isinstance(node, Elementwise):
            index = _mergeable(graph, producer, node)
            if index is None:
                break
            first = producer[node.args[index]]
            nodes.remove(first)
            node = _merged(node, index, first)
        nodes.append(node)
        if isinstance(node, Elementwise):
            producer[node.output] = node
    return substitute(graph, nodes, {})


def _mergeable(graph: Graph, producer: dict[Value, Elementwise], node: Elementwise) -> int | None:
    for index, arg in enumerate(node.args):
        if (
            arg in producer
            and (producer[arg].args or len(node.args) == 1)  # what lengths give is computed once
            and only_reader(graph, arg)
            and not _has_a_name(producer[arg])
            and (
                arg.shape == node.output.shape
                or (not node.program.steps and arg.size == node.output.size)
            )
        ):
            return index
    return None


def _has_a_name(node: Elementwise) -> bool:
    """Whether the node makes of several values one that its readers know by a name of its own, a
    gate of a GRU: that is worth a statement.
    """
    return bool(node.output.label) and len(node.activations) > 1


def _joined(
    args: tuple[Value, ...], index: int, more: tuple[Value, ...]
) -> tuple[tuple[Value, ...], list[int]]:
    """The args without number `index`, then those of `more` that are new; and where each of `more`
    is.
    """
    joined = [arg for position, arg in enumerate(args) if position != index]
    mapping = []
    for arg in more:
        if arg not in joined:
            joined.append(arg)
        mapping.append(joined.index(arg))
    return tuple(joined), mapping


def _merged(node: Elementwise, index: int, first: Elementwise) -> Elementwise:
    args, mapping = _joined(node.args, index, first.args)
    program = inline(node.program, index, first.program, mapping)
    return replace(node, args=args, program=program, merged=merged_origins(node, first))


def fuse_epilogue(graph: Graph) -> Graph:
    """Given:   y = a contraction;  z = f(y, w)     y read by nothing else, of z's shape
    Result:  z = the contraction, f applied to each element before it is stored"""
    nodes: list[Node] = []
    producer: dict[Value, Node] = {}
    order = {node.output: position for position, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        first = _contraction_before(graph, producer, order, node)
        if first is not None:
            assert isinstance(node, Elementwise)
            nodes.remove(first)
            node = _with_epilogue(first, node)
        nodes.append(node)
        producer[node.output] = node
    return substitute(graph, nodes, {})


def _contraction_before(
    graph: Graph, producer: dict[Value, Node], order: dict[Value, int], node: Node
) -> Contraction | None:
    """The contraction to fuse with: of several the last, for the others are computed by then."""
    if not isinstance(node, Elementwise):
        return None
    found = [
        first
        for arg in node.args
        if isinstance(first := producer.get(arg), Contraction)
        and first.epilogue is None
        and only_reader(graph, arg)
        and arg.shape == node.output.shape
        and arg.batch == node.output.batch
    ]
    return max(found, key=lambda first: order[first.output], default=None)


def _with_epilogue(first: Contraction, node: Elementwise) -> Contraction:
    index = node.args.index(first.output)
    args = tuple(arg for position, arg in enumerate(node.args) if position != index)
    # Input 0 of an epilogue is the contraction's result.
    order = [index, *(position for position in range(len(node.args)) if position != index)]

    def moved(operand: Operand) -> Operand:
        return Arg(order.index(operand.index)) if isinstance(operand, Arg) else operand

    steps = tuple(
        replace(step, args=tuple(moved(operand) for operand in step.args))
        for step in node.program.steps
    )
    program = replace(
        node.program, dtypes=tuple(node.program.dtypes[position] for position in order), steps=steps
    )
    return replace(
        first,
        epilogue=Epilogue(program=program, args=args),
        output=node.output,
        merged=merged_origins(first, node),
    )
