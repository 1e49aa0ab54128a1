"""Winograd's convolutions: m outputs in a row of 3 taps from m + 2 products instead of 3 m.

A tile of x is transformed into factors, one for each position of the tile; at each position all
channels of all tiles meet all units in one matrix product; the products are transformed back.

Larger windows are sums of blocks of 3 taps. With three outputs a tile the next block's tile is the
next tile of x, so that each tile is transformed once, and the sums go over several tiles.

A convolution with strides is the sum of those of x's phases (its even and its odd rows and columns,
with a stride of 2), each with the taps that meet it. All have the same tiles of outputs, and so the
same way back: their products meet before it. A phase, or block, with a tap fewer needs a point
fewer, and leaves out infinity: the transforms of the others stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, product
from math import ceil, prod
from typing import NamedTuple

import numpy as np

from kgen.ir.node import Contraction, Spec
from kgen.ir.value import Constant, Value
from kgen.schedule.pack import Panels
from kgen.schedule.tile import LINE, Tile

TAPS = 3
"""Those of a block, where a window has too many for one."""

POINTS: dict[int, tuple[float, ...]] = {
    4: (0.0, 1.0, -1.0),
    5: (3 / 8, -3 / 8, 5 / 4, -5 / 4),
    6: (0.0, 5 / 8, -5 / 8, 3 / 2, -3 / 2),
}
"""Where the polynomials are evaluated for so many positions, besides at infinity.

They are near those that amplify rounding errors least, and have few bits, so that the transforms'
coefficients are exact. templates/c/fast/transforms.j2 has the same.
"""

NEAR = 640 * 1024
"""Bytes that stay in the second-level cache beside others."""

LEAST = 128 * 1024
"""Bytes of factors and products at once, if weights or x and y are few. Weights from beyond that
cache are read for as many tiles at once as stay in it."""

CACHE = 900 * 1024
"""Bytes of that cache. Weights that leave room in it for LEAST stay there beside fewer tiles."""

SPARING = 16 * 1024
"""The same where memory counts more than time."""

AHEAD = 2048
"""Floats before they are needed, weights from there are asked for."""


class Part(NamedTuple):
    """Some of a line's taps: they meet the elements of x of one phase, `tile` tiles further on.

    short: fewer than a tile has, so that they have no factor at infinity.
    """

    phase: int
    tile: int
    taps: range
    short: bool


@dataclass(frozen=True)
class Line:
    """One spatial dimension: elements of x, outputs, taps of the window, zeros before x.

    rate: how far apart the taps lie, and with them the elements and the outputs of a tile.
    stride: as many phases has x, of elements so far apart, and each meets taps of its own.
    outputs, taps: in a tile; windows with more are cut into blocks, each block's tile of x being
        the next one.
    """

    size: int
    count: int
    window: int
    before: int
    rate: int = 1
    stride: int = 1
    outputs: int = 1
    taps: int = 1

    @property
    def positions(self) -> int:
        """Factors of a tile; so many elements of x they are made of."""
        return self.outputs + self.taps - 1

    @property
    def phases(self) -> int:
        return min(self.stride, self.window)

    @property
    def longest(self) -> int:
        """Taps of the first phase; others may have one less."""
        return -(-self.window // self.stride)

    @property
    def blocks(self) -> int:
        return -(-self.longest // self.taps)

    @property
    def parts(self) -> list[Part]:
        """All taps."""
        found = []
        for block, phase in product(range(self.blocks), range(self.phases)):
            first = phase + block * self.taps * self.stride
            taps = range(self.window)[first :: self.stride][: self.taps]
            if taps:
                found.append(Part(phase, block, taps, len(taps) < self.taps))
        return found

    def elements(self, phase: int) -> int:
        """Those of a tile."""
        always_short = all(part.short for part in self.parts if part.phase == phase)
        return self.positions - always_short

    @property
    def step(self) -> int:
        """How far apart a tile's elements lie."""
        return self.rate * self.stride

    @property
    def reach(self) -> int:
        """Elements of x from a tile's first one to its last one."""
        return max(
            phase + (self.elements(phase) - 1) * self.step + 1 for phase in range(self.phases)
        )

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
        return self.size >= self.reach


class Block(NamedTuple):
    """A part of each line. phase: of x's; later: how many tiles further on.

    short_rows, short_columns: whether it has no factors at the last position of these.
    """

    phase: int
    later: int
    short_rows: bool
    short_columns: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Winograd(Contraction):
    """x: (images, rows, columns, channels), or (images, planes, rows, columns, channels).

    kernel: for each position the transformed weights of its blocks, packed in panels.
    bias: padded like the panels.
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
    def phases(self) -> int:
        return prod(line.phases for line in self.lines_of_tiles)

    @cached_property
    def blocks(self) -> list[Block]:
        return blocks_of_taps(self.lines_of_tiles)

    @property
    def blocks_before(self) -> list[int]:
        """How many blocks all positions before each one have; and all of them."""
        return [0, *accumulate(map(len, at_positions(self.lines_of_tiles)))]

    @property
    def uneven(self) -> bool:
        """Whether some positions have fewer blocks than others."""
        return any(block.short_rows or block.short_columns for block in self.blocks)

    @property
    def beyond(self) -> int:
        """Tiles of x that are needed after as many as there are outputs'."""
        return max(block.later for block in self.blocks)

    @property
    def at_once(self) -> tuple[int, ...]:
        """Tiles whose factors and products are in memory at once, for each class of registers."""
        elements = elements_of_tile(self.lines_of_tiles)
        size = 4 * (elements * self.lines * LINE + self.positions * self.panels.padded)
        weights, images = self.kernel.nbytes, self.x.nbytes + self.output.nbytes
        room = CACHE - weights if CACHE - weights >= LEAST else NEAR
        worth = min(weights, images) if weights <= NEAR else room
        # Tiles beyond the last one are transformed again the next time.
        most = (SPARING if self.pieces else max(worth, LEAST)) // size
        most = max(most, 2 * self.beyond)
        return tuple(_at_once(most, self.tiles, block.columns) for block in self.tile.blocks)

    @property
    def space(self) -> int:
        """Floats that factors and products take."""
        many = max(self.at_once)
        factors = (many + self.beyond) * self.phases * self.lines * LINE + LINE
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
        taps = prod(line.window for line in self.lines_of_tiles)
        return self.output.size * taps * self.channels

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


def elements_of_tile(lines: Sequence[Line]) -> int:
    """Of all phases together; planes are taken tap by tap."""
    return prod(sum(map(line.elements, range(line.phases))) for line in lines)


def blocks_of_taps(lines: Sequence[Line]) -> list[Block]:
    _, rows, columns = lines
    return [
        Block(
            (plane.phase * rows.phases + row.phase) * columns.phases + column.phase,
            (plane.tile * rows.grid + row.tile) * columns.grid + column.tile,
            row.short,
            column.short,
        )
        for plane, row, column in product(*(line.parts for line in lines))
    ]


def at_positions(lines: Sequence[Line]) -> list[list[int]]:
    """The numbers of the blocks that each position has."""
    _, rows, columns = lines
    blocks = blocks_of_taps(lines)
    return [
        [
            number
            for number, block in enumerate(blocks)
            if not (block.short_rows and row == rows.positions - 1)
            and not (block.short_columns and column == columns.positions - 1)
        ]
        for row, column in product(range(rows.positions), range(columns.positions))
    ]


def _at_once(most: int, tiles: int, width: int) -> int:
    """The largest even share of the tiles, in whole tiles of registers, that is about `most`."""
    groups = ceil(tiles / width)
    return ceil(groups / ceil(tiles / max(most, width))) * width


def transformed(kernel: np.ndarray, lines: Sequence[Line]) -> list[np.ndarray]:
    """(*window, channels, units) -> for each position (its blocks * channels, units)"""
    double = kernel.astype(np.float64)
    _, rows, columns = lines
    down, across = _evaluation(rows), _evaluation(columns)
    blocks = []
    for (*_, (plane,), _), row, column in product(*(line.parts for line in lines)):
        taps = product(enumerate(row.taps), enumerate(column.taps))
        # Not by a matrix product, whose order of summation is the machine's.
        exact = sum(
            np.multiply.outer(down[:, i], across[:, j])[..., None, None] * double[plane, a, b]
            for (i, a), (j, b) in taps
        )
        blocks.append(np.asarray(exact, np.float32).reshape(-1, *kernel.shape[-2:]))
    return [
        np.concatenate([blocks[number][position] for number in numbers])
        for position, numbers in enumerate(at_positions(lines))
    ]


def _evaluation(line: Line) -> np.ndarray:
    """(positions, taps): the polynomial of the taps at each point, over the product of its
    distances from the others; infinity takes the last tap.
    """
    if line.positions == 1:
        return np.ones((1, 1))
    points = POINTS[line.positions]
    rows = [
        [p**power / prod(p - q for q in points if q != p) for power in range(line.taps)]
        for p in points
    ]
    return np.array([*rows, [0.0] * (line.taps - 1) + [1.0]])
