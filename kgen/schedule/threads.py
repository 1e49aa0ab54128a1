"""Which loops several threads share."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node
from kgen.schedule.attention import Attention
from kgen.schedule.depthwise import Depthwise
from kgen.schedule.forms import has_fixed_sizes
from kgen.schedule.product import Axis, Product
from kgen.schedule.rescale import Rescale
from kgen.schedule.sparse import Sparse
from kgen.schedule.strip import Strip
from kgen.schedule.strips import in_bands
from kgen.schedule.tile import Pixels, choose
from kgen.schedule.winograd import Winograd

WORTH = 1 << 19
"""Multiply-adds of a product, below which the threads' meeting takes longer than they save."""

WORTH_DEPTHWISE = WORTH // 4
"""Those of depthwise convolutions take longer."""

MOVED = 1 << 15
"""The same in elements of an output that costs no multiply-adds."""

PARTS = (8, 4, 2)


def in_parts(graph: Graph) -> Graph:
    """Given:   a large product whose panels of units can't be shared out evenly
    Result:  the same with a loop over parts of its pixels outside of everything; strips in bands;
    scores for each head of an attention whose heads are shared out"""
    return graph.with_nodes([_in_parts(node) for node in graph.nodes])


def _in_parts(node: Node) -> Node:
    match node:
        case Sparse():
            return node
        case Product():
            return _divided(node)
        case Attention():
            return node.for_threads() if shared_loop(node) else node
        case Strip():
            return in_bands(node)
        case _:
            return node


def shared_loop(node: Node) -> str:
    """The loop that threads share: "outer", or over "units", "rows" or "parts"; "" if none pays."""
    if not has_fixed_sizes(node):
        return ""
    match node:
        case Product():
            if node.macs < WORTH:
                return ""
            if node.outer and _evenly(node.outer[0].count) >= 0.8:
                return "outer"
            return "units" if not node.outer and _of_units(node) > 0.6 else ""
        case Attention():
            heads = node.outer[0].count if node.outer else 1
            return "outer" if node.macs >= WORTH and _evenly(heads) >= 0.8 else ""
        case Depthwise():
            return "rows" if node.macs >= WORTH_DEPTHWISE and node.rows.count > 1 else ""
        case Winograd():
            return "tiles" if node.macs >= WORTH else ""
        case Strip():
            return "parts" if node.parts > 1 else ""
        case Contraction() | Rescale():
            return ""
        case _:
            return "outer" if node.output.size >= MOVED and not node.can_fail else ""


def _evenly(count: int) -> float:
    """How well two threads are used by so many steps of the same length."""
    return count / (2 * ceil(count / 2)) if count else 0.0


def _of_units(node: Product) -> float:
    """How well two threads are used that share the panels; the last one may be narrower."""
    if node.pixels_outside:
        return 0.0
    width, full, rest = node.panels.width, node.panels.full, node.panels.rest
    return (full + rest) / (2 * (ceil(full / width / 2) * width + rest))


def _divided(node: Product) -> Product:
    if (
        not has_fixed_sizes(node)
        or node.macs < WORTH
        or node.streams
        or node.outer
        or _of_units(node) >= 0.95
    ):
        return node
    for field, axis in (("rows", node.rows), ("columns", node.columns)):
        for parts in PARTS:
            pixels = node.rows.count * node.columns.count // parts
            small = parts > 2 and pixels < 4 * node.tile.widest.pixels
            if axis.count % parts or small or axis.count < 2 * parts:
                continue
            count = axis.count // parts
            part = Axis("part", parts, axis.x * count, axis.y * count)
            rest = replace(axis, count=count)
            made = replace(node, outer=(part,), **{field: rest})  # type: ignore[arg-type]
            rows, columns = made.rows, made.columns
            shape = Pixels(rows.count, columns.count, rows.x, columns.x)
            return replace(made, tile=choose(shape, made.units, made.terms, made.panels.width))
    return node
