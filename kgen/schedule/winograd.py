"""Winograd's convolutions: m outputs in a row of 3 taps from m + 2 products instead of 3 m.

A tile of x is transformed into factors, one for each position of the tile; at each position all
channels of all tiles meet all units in one matrix product; the products are transformed back.

Larger windows are sums of blocks of 3 taps. With three outputs a tile the next block's tile is the
next tile of x, so that each tile is transformed once, and the sums go over several tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

import numpy as np

from kgen.ir.node import Contraction, Spec
from kgen.ir.value import Constant, Value
from kgen.schedule.pack import Panels
from kgen.schedule.tile import LINE, Tile

TAPS = 3

POINTS: dict[int, tuple[float, ...]] = {
    2: (0.0, 1.0, -1.0),
    3: (3 / 8, -3 / 8, 5 / 4, -5 / 4),
    4: (0.0, 5 / 8, -5 / 8, 3 / 2, -3 / 2),
}
"""Where the polynomials are evaluated for m outputs, besides at infinity.

They are near those that amplify rounding errors least, and have few bits, so that the transforms'
coefficients are exact. templates/c/fast/transforms.j2 has the same.
"""

NEAR = 640 * 1024
"""Bytes that stay in the second-level cache beside others."""

LEAST = 128 * 1024
"""Bytes of factors and products at once, if weights or x and y are few. Weights from beyond that
cache are read for as many tiles at once as stay in it."""

SPARING = 16 * 1024
"""The same where memory counts more than time."""

AHEAD = 2048
"""Floats before they are needed, weights from there are asked for."""


@dataclass(frozen=True)
class Line:
    """One spatial dimension: elements of x, outputs, outputs in a tile, taps, zeros before x.

    rate: how far apart the taps lie, and with them the elements and the outputs of a tile.
    blocks: of so many taps, each block's tile of x being the next one.
    """

    size: int
    count: int
    outputs: int
    taps: int
    before: int
    rate: int = 1
    blocks: int = 1

    @property
    def positions(self) -> int:
        """Elements of x in a tile, and factors made of them."""
        return self.outputs + self.taps - 1

    @property
    def tiles(self) -> int:
        """Tile t begins at output t / rate * rate * outputs + t % rate."""
        return ceil(ceil(self.count / self.rate) / self.outputs) * self.rate

    @property
    def grid(self) -> int:
        """Tiles of x."""
        return self.tiles + self.blocks - 1

    @property
    def some_inside(self) -> bool:
        """Whether a tile can lie inside x with all its elements."""
        return self.size > (self.positions - 1) * self.rate


@dataclass(frozen=True, eq=False, kw_only=True)
class Winograd(Contraction):
    """x: (images, rows, columns, channels), or (images, planes, rows, columns, channels).

    kernel: for each position the transformed weights, packed in panels.
    bias: padded like the panels.
    taps: of the window.
    tile: tiles of x by units that are held in registers, as one row of pixels.
    pieces: whether few tiles are to be in memory at once.
    total: if not 0, only rows.count rows are computed, or of a sequence columns.count columns, of
        so many, the first one's number being a parameter.
    """

    x: Value
    kernel: Constant
    planes: Line
    rows: Line
    columns: Line
    taps: int
    units: int
    panels: Panels
    tile: Tile
    text: str
    why: str
    pieces: bool = False
    total: int = 0

    @property
    def images(self) -> int:
        return self.x.shape[0]

    @property
    def channels(self) -> int:
        return self.x.shape[-1]

    @property
    def lines(self) -> int:
        """Cache lines of a tile's channels."""
        return -(-self.channels // LINE)

    @property
    def positions(self) -> int:
        return self.rows.positions * self.columns.positions

    @property
    def lines_of_tiles(self) -> tuple[Line, Line, Line]:
        return self.planes, self.rows, self.columns

    @property
    def tiles(self) -> int:
        """Those of outputs, counted as tiles of x are: some between two rows are of no use."""
        return tiles_of_outputs(self.images, self.lines_of_tiles)

    @property
    def blocks(self) -> list[int]:
        """How many tiles further on each block of taps meets x."""
        planes, rows, columns = self.lines_of_tiles
        return [
            (plane * rows.grid + row) * columns.grid + column
            for plane in range(planes.blocks)
            for row in range(rows.blocks)
            for column in range(columns.blocks)
        ]

    @property
    def beyond(self) -> int:
        """Tiles of x that are needed after as many as there are outputs'."""
        return self.blocks[-1]

    @property
    def at_once(self) -> tuple[int, ...]:
        """Tiles whose factors and products are in memory at once, for each class of registers."""
        size = 4 * self.positions * (self.lines * LINE + self.panels.padded)
        weights = self.kernel.nbytes
        worth = min(weights, self.x.nbytes + self.output.nbytes) if weights <= NEAR else NEAR
        # Tiles beyond the last one are transformed again the next time.
        most = (SPARING if self.pieces else max(worth, LEAST)) // size
        most = max(most, 2 * self.beyond)
        return tuple(_at_once(most, self.tiles, block.columns) for block in self.tile.blocks)

    @property
    def space(self) -> int:
        """Floats that factors and products take."""
        many = max(self.at_once)
        factors = (many + self.beyond) * self.lines * LINE + LINE
        return self.positions * (factors + many * self.panels.padded + LINE)

    @property
    def sums(self) -> str:
        """How sums are cut, in words: the way back to outputs amplifies their rounding errors."""
        return f"{self.lines} x {LINE} terms" if self.lines > 1 else ""

    @property
    def ahead(self) -> int:
        """How many rows of a panel before they are needed its weights are asked for; 0: they are in
        the second-level cache.
        """
        return AHEAD // self.panels.width if self.kernel.nbytes > NEAR else 0

    @property
    def macs(self) -> int:
        """Of the convolution; the products are fewer."""
        return self.output.size * self.taps * self.channels

    @property
    def formula(self) -> str:
        outputs = f"{self.rows.outputs} x {self.columns.outputs}"
        return f"{self.text}, {outputs} at a time by Winograd's algorithm"

    def word_for(self, value: Value) -> str:
        return "" if value is self.output else "tiles"

    def infer_all(self) -> tuple[Spec, ...]:
        return tuple(Spec(value.shape, value.dtype, value.batch) for value in self.outputs)


def tiles_of_outputs(images: int, lines: Sequence[Line]) -> int:
    """Tiles up to the last one of outputs, counted as tiles of x are."""
    last = images - 1
    for line in lines:
        last = last * line.grid + line.tiles - 1
    return last + 1


def _at_once(most: int, tiles: int, width: int) -> int:
    """The largest even share of the tiles, in whole tiles of registers, that is about `most`."""
    groups = ceil(tiles / width)
    return ceil(groups / ceil(tiles / max(most, width))) * width


def transformed(kernel: np.ndarray, lines: Sequence[Line]) -> np.ndarray:
    """(*taps, channels, units) -> (positions, blocks * channels, units)"""
    whole = [
        (0, line.blocks * line.taps - taps) for line, taps in zip(lines, kernel.shape, strict=False)
    ]
    double = np.pad(kernel.astype(np.float64), [*whole, (0, 0), (0, 0)])
    _, rows, columns = lines
    down, across = _evaluation(rows), _evaluation(columns)
    blocks = [
        # Not by a matrix product, whose order of summation is the machine's.
        sum(
            np.multiply.outer(down[:, i], across[:, j])[..., None, None]
            * double[plane, row * rows.taps + i, column * columns.taps + j]
            for i in range(rows.taps)
            for j in range(columns.taps)
        )
        for plane, row, column in product(*(range(line.blocks) for line in lines))
    ]
    exact = np.concatenate(blocks, axis=2)
    return np.asarray(exact, np.float32).reshape(-1, *exact.shape[2:])


def _evaluation(line: Line) -> np.ndarray:
    """(positions, taps): the polynomial of the taps at each point, over the product of its
    distances from the others; infinity takes the last tap.
    """
    if line.taps == 1:
        return np.ones((1, 1))
    points = POINTS[line.outputs]
    rows = [
        [p**power / prod(p - q for q in points if q != p) for power in range(line.taps)]
        for p in points
    ]
    return np.array([*rows, [0.0] * (line.taps - 1) + [1.0]])
