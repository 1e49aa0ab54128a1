"""Winograd's convolutions: m outputs in a row of 3 taps from m + 2 products instead of 3 m.

A tile of x is transformed into factors, one for each position of the tile; at each position all
channels of all tiles meet all units in one matrix product; the products are transformed back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, prod

import numpy as np

from kgen.ir.node import Contraction, Spec
from kgen.ir.value import Constant, Value
from kgen.ops.conv import Conv
from kgen.schedule.forms import has_fixed_sizes
from kgen.schedule.pack import Panels, pack, padded
from kgen.schedule.tile import LINE, Pixels, Tile, choose, cycles

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

MEMORY, WAITING = 0.3, 0.05
"""Cycles for each byte of weights from beyond that cache, and those of them that no work hides."""

AHEAD = 2048
"""Floats before they are needed, weights from there are asked for."""

LARGEST, MANY = 7, 64
"""Outputs along a tile's rows and columns together, if there are as many channels; else one less.

Of 4x4 outputs, errors would be 1.3 times those of 3x4, which are 1.3 times those of 3x3; and those
of a convolution of few channels, whose sums are short, are small otherwise.
"""

GAIN = 0.8
"""Of the other way's time: what takes longer is not worth larger weights and errors."""


@dataclass(frozen=True)
class Line:
    """One spatial dimension: elements of x, outputs, outputs in a tile, taps, zeros before x.

    rate: how far apart the taps lie, and with them the elements and the outputs of a tile.
    """

    size: int
    count: int
    outputs: int
    taps: int
    before: int
    rate: int = 1

    @property
    def positions(self) -> int:
        """Elements of x in a tile, and factors made of them."""
        return self.outputs + self.taps - 1

    @property
    def tiles(self) -> int:
        """Tile t begins at output t / rate * rate * outputs + t % rate."""
        return ceil(ceil(self.count / self.rate) / self.outputs) * self.rate

    @property
    def some_inside(self) -> bool:
        """Whether a tile can lie inside x with all its elements."""
        return self.size > (self.positions - 1) * self.rate


@dataclass(frozen=True, eq=False, kw_only=True)
class Winograd(Contraction):
    """x: (images, rows, columns, channels).

    kernel: for each position the transformed weights, packed in panels.
    bias: padded like the panels.
    tile: tiles of x by units that are held in registers, as one row of pixels.
    pieces: whether few tiles are to be in memory at once.
    """

    x: Value
    kernel: Constant
    rows: Line
    columns: Line
    units: int
    panels: Panels
    tile: Tile
    text: str
    why: str
    pieces: bool = False

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
    def tiles(self) -> int:
        return self.images * self.rows.tiles * self.columns.tiles

    @property
    def at_once(self) -> tuple[int, ...]:
        """Tiles whose factors and products are in memory at once, for each class of registers."""
        size = 4 * self.positions * (self.lines * LINE + self.panels.padded)
        weights = self.kernel.nbytes
        worth = min(weights, self.x.nbytes + self.output.nbytes) if weights <= NEAR else NEAR
        most = (SPARING if self.pieces else max(worth, LEAST)) // size
        return tuple(_at_once(most, self.tiles, block.columns) for block in self.tile.blocks)

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
        return self.output.size * self.rows.taps * self.columns.taps * self.channels

    @property
    def formula(self) -> str:
        outputs = f"{self.rows.outputs} x {self.columns.outputs}"
        return f"{self.text}, {outputs} at a time by Winograd's algorithm"

    def word_for(self, value: Value) -> str:
        return "" if value is self.output else "tiles"

    def infer_all(self) -> tuple[Spec, ...]:
        return tuple(Spec(value.shape, value.dtype, value.batch) for value in self.outputs)


def winograd(node: Conv, pieces: bool = False) -> Winograd | None:
    """The convolution by the quickest of these algorithms, if that beats taking all products.

    pieces: whether few tiles are to be in memory at once.
    """
    lines = _lines(node)
    if lines is None:
        return None
    channels, units = node.group_channels, node.filters
    images = node.output.shape[0]
    direct = _direct(node)
    best: tuple[float, Line, Line, Tile] | None = None
    for height in _sizes(lines[0]):
        for width in _sizes(lines[1]):
            if height + width > LARGEST - (channels < MANY):
                continue
            rows, columns = replace(lines[0], outputs=height), replace(lines[1], outputs=width)
            tiles = images * rows.tiles * columns.tiles
            tile = choose(Pixels(1, tiles, 0, LINE), units, channels)
            cost = _cost(rows, columns, tiles, channels, units, tile)
            if best is None or cost < best[0]:
                best = cost, rows, columns, tile
    assert best is not None
    cost, rows, columns, tile = best
    if cost > GAIN * direct:
        return None
    why = (
        f"{rows.outputs} x {columns.outputs} outputs from {rows.positions} x {columns.positions} "
        f"products for each channel; {direct / cost:.1f} times as fast as the tile expected"
    )
    return _made(node, rows, columns, tile, why, pieces)


def _lines(node: Conv) -> tuple[Line, Line] | None:
    """Rows and columns if the convolution is of the kind; a sequence is an image of one row."""
    fits = (
        node.channels_last
        and node.groups == 1
        and set(node.window) == {TAPS}
        and len(node.window) < 3
        and set(node.strides) == {1}
        and node.output.size > 0
        and has_fixed_sizes(node)
        and not node.kernel.stored  # transformed, they would need more digits
        and bool(np.isfinite(node.kernel.data).all())
    )
    if not fits:
        return None
    *rows, columns = [
        Line(size, count, count, TAPS, before, rate)
        for size, count, (before, _), rate in zip(
            node.input_sizes, node.output_sizes, node.padding, node.dilation, strict=True
        )
    ]
    return rows[0] if rows else Line(1, 1, 1, 1, 0), columns


def _sizes(line: Line) -> list[int]:
    """Outputs that a tile may have along a line."""
    return [1] if line.taps == 1 else [*POINTS]


def _direct(node: Conv) -> float:
    """Cycles that the convolution takes as a Product."""
    rows, columns = node.output_sizes if len(node.window) == 2 else (1, *node.output_sizes)
    channels, units = node.group_channels, node.filters
    width = columns + sum(node.padding[-1])
    pixels = Pixels(rows * node.output.shape[0], columns, width * channels, channels)
    terms = channels * prod(node.window)
    tile = choose(pixels, units, terms)
    return _loading(cycles(tile.widest, pixels, units, terms), 4 * terms * units)


def _cost(rows: Line, columns: Line, tiles: int, channels: int, units: int, tile: Tile) -> float:
    """Cycles that the products and the transforms take."""
    positions = rows.positions * columns.positions
    products = positions * cycles(tile.widest, Pixels(1, tiles, 0, LINE), units, channels)
    # Each pass along a line of n elements takes about 2 n instructions, and each element is loaded
    # and stored; likewise on the way back.
    passes = (rows.taps > 1) + (columns.taps > 1)
    each = positions * (2 * passes + 2)
    moved = tiles * each * (-(-channels // LINE) + -(-units // LINE))
    return _loading(products + moved, 4 * positions * channels * units)


def _loading(cycles: float, size: int) -> float:
    """The cycles with so many bytes of weights."""
    return cycles if size <= NEAR else max(cycles, MEMORY * size) + WAITING * size


def _at_once(most: int, tiles: int, width: int) -> int:
    """The largest even share of the tiles, in whole tiles of registers, that is about `most`."""
    groups = ceil(tiles / width)
    return ceil(groups / ceil(tiles / max(most, width))) * width


def _made(node: Conv, rows: Line, columns: Line, tile: Tile, why: str, pieces: bool) -> Winograd:
    channels, units = node.group_channels, node.filters
    panels = Panels(units, tile.widest.units)
    kernel = transformed(
        node.kernel.data.reshape(rows.taps, columns.taps, channels, units), rows, columns
    )
    note = (
        f"{node.kernel.note}; for each of {rows.positions} x {columns.positions} positions "
        f"G kernel G' (Winograd); {panels.order(channels)}"
    )
    made = Winograd(
        origin=node.origin,
        merged=node.merged,
        output=node.output,
        epilogue=node.epilogue,
        x=node.x,
        kernel=Constant.of(node.kernel.name, pack(kernel, panels), note),
        bias=padded(node.bias, panels),
        rows=rows,
        columns=columns,
        units=units,
        panels=panels,
        tile=tile,
        text=node.formula,
        why=why,
        pieces=pieces,
    )
    wide = made.lines * LINE + panels.padded
    size = made.positions * (max(made.at_once) * wide + 2 * LINE)
    space = Value(name=f"{node.output.name}/tiles", shape=(1, size), dtype="float32", batch=0)
    return replace(made, others=(space,))


def transformed(kernel: np.ndarray, rows: Line, columns: Line) -> np.ndarray:
    """(taps, taps, channels, units) -> (positions, channels, units)"""
    down, across = _evaluation(rows), _evaluation(columns)
    # Not by a matrix product, whose order of summation is the machine's.
    double = kernel.astype(np.float64)
    exact = sum(
        np.multiply.outer(down[:, i], across[:, j])[..., None, None] * double[i, j]
        for i in range(rows.taps)
        for j in range(columns.taps)
    )
    return np.asarray(exact, np.float32).reshape(-1, *kernel.shape[2:])


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
