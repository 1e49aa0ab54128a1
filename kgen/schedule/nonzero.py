"""Products of one pixel that skip the terms whose element of x is zero, where many are.

One pixel streams all weights from memory; the rows of those that meet a zero need not be read.
After a ReLU about half of the elements are zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Epilogue, Node
from kgen.ir.program import Program
from kgen.ir.size import is_fixed
from kgen.ir.value import Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.ops.pool import Pool
from kgen.ops.reshape import Reshape
from kgen.schedule.product import Product
from kgen.schedule.tile import LINE

RECTIFIERS = ("relu", "relu6")

HALF = 0.5
"""Of what comes out of a rectifier is zero, if signs are even."""

LOOKING = 0.4
"""Cycles for each element that is looked at."""

READING = 2.0
"""Cycles for each cache line of weights that is read from the second-level cache."""


def skip_zeros(graph: Graph) -> Graph:
    """Given:   x = relu(...);  y = a product of the one pixel x with constant weights
    Result:  the product over those elements of x alone that are not zero"""
    graph = graph.map_bodies(skip_zeros)
    producer = graph.producer
    return graph.with_nodes([_skipping(node, producer) for node in graph.nodes])


def _skipping(node: Node, producer: Mapping[Value, Node]) -> Node:
    if type(node) is not Product or not _skippable(node):
        return node
    share = zeros(node.x, producer)
    if saved(node, share) <= 0:
        return node
    note = f"only where x is not zero: {100 * share:.0f} % are expected to be"
    return replace(node, skips=True, tile=node.tile._replace(why=f"{node.tile.why}, {note}"))


def _skippable(node: Product) -> bool:
    """Whether skipping zeros changes no result: an infinite weight times zero is NaN."""
    return (
        node.streams
        and node.scale is None
        and not node.outer
        and node.depth_step == 1
        and node.x.size == node.depth
        and node.x.batch == 0
        and isinstance(node.kernel, Constant)
        and is_fixed((node.depth, node.units))
        and bool(np.isfinite(node.kernel.data).all())
    )


def zeros(x: Value, producer: Mapping[Value, Node]) -> float:
    """The share of x's elements that is expected to be zero."""
    match producer.get(x):
        case Reshape(x=before):
            return zeros(before, producer)
        case Pool(function="max") as pool:
            return zeros(pool.x, producer) ** prod(pool.window)
        case Elementwise(program=program) | Contraction(epilogue=Epilogue(program=program)):
            return HALF if _rectifies(program) else 0.0
        case _:
            return 0.0


def _rectifies(program: Program) -> bool:
    return bool(program.steps) and program.steps[-1].function in RECTIFIERS


def saved(node: Product, share: float) -> float:
    """Cycles that the weights' rows not read take, less those for finding out which."""
    lines = node.panels.padded / LINE
    return node.depth * (share * lines * READING - LOOKING) - 2 * LINE
