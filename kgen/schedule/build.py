"""Products from arrays: the axes merged, the weights packed, the tile and the order chosen."""

from __future__ import annotations

import numpy as np

from kgen.ir.node import Contraction, in_place_of
from kgen.ir.size import at_bound, is_fixed
from kgen.ir.value import Constant, Value
from kgen.schedule.pack import Panels, pack, padded
from kgen.schedule.product import Axis, Product, Taps
from kgen.schedule.tile import LINE, Pixels, Tile, choose, stream

NEAR = 192 * 1024
"""Bytes that are read again and again without leaving a core's own cache."""


ONE_VECTOR = LINE
"""Units of a tile whose loops over taps have bounds that depend on the phase: between those gcc
takes the weights of a second vector, and the first one's too, from the stack for each sum.
"""


def product(
    node: Contraction,
    x: Value,
    kernel: np.ndarray,
    *,
    axes: list[Axis],
    taps: list[Taps],
    depth: int,
    outer: tuple[Axis, ...] = (),
) -> Product:
    """A product with a constant kernel (groups, terms, units).

    axes: of the pixels. outer: the axes of the groups, their steps in the kernel left 0.
    taps, depth: the terms, the depth's elements side by side in x.
    """
    groups, terms, units = kernel.shape
    while taps and taps[-1].x == depth and groups == 1:
        depth *= taps.pop().count
    more, rows, columns = pixels(axes)
    width = ONE_VECTOR if any(some.within for some in taps) else 0
    tile = tile_for(rows, columns, units, terms, width)
    panels = Panels(units, tile.widest.units)
    source = next(value for value in node.inputs if isinstance(value, Constant))
    each = f"for each of {groups} groups " if groups > 1 else ""
    note = f"{source.note}; {each}{panels.order(terms)}"
    return Product(
        **in_place_of(node),
        x=x,
        kernel=source.arranged(pack(kernel, panels), note),
        bias=padded(node.bias, panels),
        outer=(*stepping(outer, terms * panels.padded), *more),
        rows=rows,
        columns=columns,
        taps=tuple(taps),
        depth=depth,
        depth_step=1,
        units=units,
        panels=panels,
        tile=tile,
        pixels_outside=pixels_outside(rows, columns, x, node.output, 4 * terms * panels.padded),
        text=node.formula,
    )


def stepping(axes: tuple[Axis, ...], size: int) -> list[Axis]:
    """The axes with their steps in a kernel whose groups are `size` apart."""
    result = []
    for axis in reversed(axes):
        result.append(Axis(axis.name, axis.count, axis.x, axis.y, size))
        size *= axis.count
    return result[::-1]


def pixels_outside(rows: Axis, columns: Axis, x: Value, y: Value, kernel_bytes: int) -> bool:
    """Whether to take all units of some pixels before the next ones.

    The kernel is then read for each tile of pixels, and must stay near; in the other order the
    images are read for each panel, and that is cheaper while they stay near themselves.
    """
    return rows.count * columns.count > 1 and kernel_bytes <= NEAR < x.nbytes + y.nbytes


def tile_for(rows: Axis, columns: Axis, units: int, terms: int, width: int = 0) -> Tile:
    """The tile; where a length is known only when the code runs, the one for its bound. width: of
    its units, if that is given.
    """
    units, terms = at_bound(units), at_bound(terms)
    if rows.count * columns.count == 1:
        return stream(units)
    return choose(Pixels.of(rows.count, columns.count, rows.x, columns.x), units, terms, width)


def pixels(axes: list[Axis]) -> tuple[list[Axis], Axis, Axis]:
    """Axes that can run as one do; the last two are rows and columns of pixels, the last one alone
    where counts are known only when the code runs.
    """
    merged: list[Axis] = []
    for axis in axes:
        if axis.count == 1:
            continue
        last = merged[-1] if merged else None
        if last and last.x == axis.count * axis.x and last.y == axis.count * axis.y:
            merged[-1] = Axis(axis.name, last.count * axis.count, axis.x, axis.y)
        else:
            merged.append(axis)
    open_counts = not is_fixed(axis.count for axis in merged[-2:])
    while len(merged) < 2 or (open_counts and merged[-2].count != 1):
        merged.insert(max(len(merged) - 1, 0), Axis("row" if merged else "column", 1, 0, 0))
    *outer, rows, columns = merged
    return outer, rows, columns
