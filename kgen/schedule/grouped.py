"""Dense layers whose weights are small integers as products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgen.ir.node import Contraction, Node, in_place_of
from kgen.ir.value import Constant
from kgen.ops.grouped_dense import GroupedDense
from kgen.schedule.build import pixels, pixels_outside, tile_for
from kgen.schedule.pack import Panels, Stretch, pack, padded, padded_rows
from kgen.schedule.product import Axis, Product

LONGEST = 128
"""Terms that are summed one by one in float."""


def grouped(node: Contraction) -> Sequence[Node]:
    """A product that makes floats of its integers as it reads them."""
    assert isinstance(node, GroupedDense)
    inputs, units = node.kernel.shape
    more, rows, columns = pixels([Axis("row", node.rows, inputs, units)])
    tile = tile_for(rows, columns, units, inputs)
    panels = Panels(units, tile.widest.units)
    stretch = _stretch(node)
    numbers = _bytes(node.kernel.data, stretch)
    kernel = Constant.of(
        node.kernel.name, pack(numbers[None], panels), _note(node, panels, stretch)
    )
    zero = Constant.of(
        node.zero.name, padded_rows(node.zero.data, panels), f"{node.zero.note}{panels.zeros}"
    )
    return [
        Product(
            **in_place_of(node),
            x=node.x,
            kernel=kernel,
            bias=padded(node.bias, panels),
            outer=tuple(more),
            rows=rows,
            columns=columns,
            taps=(),
            depth=inputs,
            depth_step=1,
            units=units,
            panels=panels,
            tile=tile,
            pixels_outside=pixels_outside(rows, columns, node.x, node.output, kernel.nbytes),
            scale=Constant.of(
                node.scale.name,
                padded_rows(node.scale.data, panels),
                f"{node.scale.note}{panels.zeros}",
            ),
            zero=zero if zero.data.any() else None,
            stretch=stretch,
            text=node.formula,
        )
    ]


def _stretch(node: GroupedDense) -> Stretch:
    """A group, or the largest even share of it that is not too long."""
    terms = min(node.block, node.kernel.shape[0])
    shares = (n for n in range(1, terms + 1) if terms % n == 0 and terms // n <= LONGEST)
    of_group = next(shares) if node.block == terms else 1
    return Stretch(terms // of_group, of_group, 2 if node.kernel.stored == "int4" else 1)


def _bytes(numbers: np.ndarray, stretch: Stretch) -> np.ndarray:
    """(terms, units) -> (rows, units), int8: of integers of four bits two terms in each,
    the first one in the lower half.
    """
    if stretch.in_byte == 1:
        return numbers
    rows = []
    for start in range(0, len(numbers), stretch.terms):
        terms = numbers[start : min(start + stretch.terms, len(numbers))]
        pairs = np.concatenate([terms, np.zeros((len(terms) % 2, terms.shape[1]), np.int8)])
        rows.append((pairs[::2] & 15) | (pairs[1::2] << 4))
    return np.concatenate(rows).astype(np.int8)


def _note(node: GroupedDense, panels: Panels, stretch: Stretch) -> str:
    rows = stretch.rows_of(node.kernel.shape[0])
    if stretch.in_byte == 1:
        return f"{node.kernel.note}; {panels.order(rows)}"
    return (
        f"{node.kernel.note}; two terms in a byte, the first one in its lower half, the last one "
        f"of each {stretch.terms} alone if they are odd; of such pairs {panels.order(rows)}"
    )
