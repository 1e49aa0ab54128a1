"""Products of transposed arrays, which read them as they lie."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from string import ascii_lowercase

from kgen.ir.graph import Graph
from kgen.ir.node import Epilogue, Node, in_place_of
from kgen.ir.program import Arg, Program, Step, inline
from kgen.ir.value import Constant, Value
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum
from kgen.ops.elementwise import Elementwise
from kgen.ops.transpose import Transpose
from kgen.schedule.forms import has_fixed_sizes
from kgen.schedule.tile import Pixels, choose, cycles

MOVED = 1.5
"""Cycles that an element takes which is copied alone to another place."""

ADD = Program(("float32", "float32"), (Step("add", (Arg(0), Arg(1)), "float32"),))


def absorb_transposes(graph: Graph) -> Graph:
    """Given:   t = x transposed;  y = a product of t
    Result:  y = a product of x, whose steps in memory are the transposed ones

    Given:   t = x with its last two axes changed for each other;  d = dense layers of t, one after
             another;  y = d with these axes changed back, as layers that mix the steps of a
             sequence have them
    Result:  y = dense layers along the last but one axis, where that is quicker
    """
    made: dict[Node, list[Node]] = {}
    for last in graph.nodes:
        chain = _chain(graph, last)
        if chain and _cost_turned(chain) < _cost(chain):
            first = graph.producer[chain[0].x]
            assert isinstance(first, Transpose)
            made |= {node: [] for node in chain}
            made[last] = _turned(first.x, chain, last.output)
    graph = graph.with_nodes([one for node in graph.nodes for one in made.get(node, [node])])
    producer = graph.producer
    return graph.with_nodes([_of_transposed(producer, node) for node in graph.nodes])


# A product of what was transposed


def _of_transposed(producer: dict[Value, Node], node: Node) -> Node:
    if isinstance(node, Dense):
        before = producer.get(node.x)
        if not isinstance(before, Transpose) or not _simple(node):
            return node
        letters = ascii_lowercase[: node.x.rank + 1]
        x, units = letters[:-1], letters[-1]
        node = Einsum(
            **in_place_of(node),
            bias=node.bias,
            a=node.x,
            b=node.kernel,
            equation=f"{x},{x[-1]}{units}->{x[:-1]}{units}",
        )
    if not isinstance(node, Einsum) or not has_fixed_sizes(node):
        return node
    a, b, output = node.labels
    operands = []
    for value, labels in ((node.a, a), (node.b, b)):
        while isinstance(before := producer.get(value), Transpose):
            places = [before.permutation.index(axis) for axis in range(value.rank)]
            value, labels = before.x, "".join(labels[place] for place in places)
        operands.append((value, labels))
    (first, a), (second, b) = operands
    return replace(node, a=first, b=second, equation=f"{a},{b}->{output}")


def _simple(node: Dense) -> bool:
    return (
        has_fixed_sizes(node)
        and node.x.dtype == node.output.dtype == "float32"
        and node.rows > 1
        and not node.kernel.stored
    )


# Dense layers between two transposes


def _chain(graph: Graph, last: Node) -> list[Dense]:
    """The dense layers between `last` and a transpose that it takes back, from the first to the
    last one; none if it isn't so.
    """
    if not _exchanges(last):
        return []
    assert isinstance(last, Transpose)
    chain: list[Dense] = []
    value = last.x
    while isinstance(node := graph.producer.get(value), Dense):
        if graph.readers[value] > 1 or not _simple(node) or not _alone(node.epilogue):
            return []
        chain.insert(0, node)
        value = node.x
    return chain if node is not None and _exchanges(node) and has_fixed_sizes(last) else []


def _exchanges(node: Node) -> bool:
    """Whether it changes the last two axes for each other and leaves the others."""
    if not isinstance(node, Transpose) or node.output.rank < 3:
        return False
    rank = node.output.rank
    return node.permutation == (*range(rank - 2), rank - 1, rank - 2)


def _alone(epilogue: Epilogue | None) -> bool:
    """Whether it needs no array besides."""
    return epilogue is None or all(arg.size == 1 for arg in epilogue.args)


def _cost(chain: list[Dense]) -> float:
    """Cycles of the layers as they are; the first transpose costs nothing."""
    total = MOVED * chain[-1].output.size
    for node in chain:
        inputs, units = node.kernel.shape
        pixels = Pixels(1, node.rows, 0, inputs)
        total += cycles(choose(pixels, units, inputs).widest, pixels, units, inputs)
    return total


def _cost_turned(chain: list[Dense]) -> float:
    """Cycles with the places as units; bias and activation are then steps of their own."""
    total = 0.0
    for node in chain:
        inputs, units = node.kernel.shape
        *images, places, _ = node.x.shape
        pixels = Pixels(1, units, 0, 1)
        tile = choose(pixels, places, inputs).widest
        total += prod(images) * cycles(tile, pixels, places, inputs)
        if places % tile.units:
            total += MOVED * node.x.size  # packed first
        if node.bias is not None or node.epilogue is not None:
            total += node.output.size / 4
    return total


def _turned(x: Value, chain: list[Dense], y: Value) -> list[Node]:
    """The layers from x to y, between which nothing is transposed."""
    nodes: list[Node] = []
    for node in chain:
        *images, places, features = node.output.shape
        shape = (*images, features, places)
        between = replace(node.output, name=f"{node.output.name}/turned", shape=shape)
        made = _layer(node, x, y if node is chain[-1] else between)
        nodes += made
        x = made[-1].output
    return nodes


def _layer(node: Dense, x: Value, output: Value) -> list[Node]:
    """One layer along the last but one axis: the product, then bias and activation."""
    images = ascii_lowercase[: x.rank - 2]
    late = node.bias is not None or node.epilogue is not None
    total = replace(output, name=f"{output.name}/sum") if late else output
    product = Einsum(
        origin=node.origin,
        merged=node.merged,
        output=total,
        a=node.kernel,
        b=x,
        equation=f"xy,{images}xz->{images}yz",
    )
    if not late:
        return [product]
    program, args = Program(("float32",), ()), [total]
    if node.epilogue is not None:
        program, args = node.epilogue.program, [total, *node.epilogue.args]
    if node.bias is not None:
        bias = Constant.of(node.bias.name, node.bias.data.reshape(-1, 1), node.bias.note)
        program = inline(program, 0, ADD, [len(args) - 1, len(args)])
        args = [*args[1:], total, bias]
    rest = Elementwise(origin=node.origin, output=output, args=tuple(args), program=program)
    return [product, rest]
