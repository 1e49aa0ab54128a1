"""Which convolutions Winograd's algorithm computes, and by which of its sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import ceil, prod

import numpy as np

from kgen.ir.node import in_place_of
from kgen.ir.value import Constant, Value
from kgen.ops.conv import Conv
from kgen.schedule.forms import has_fixed_sizes
from kgen.schedule.pack import Panels, pack, padded
from kgen.schedule.tile import LINE, Pixels, Tile, choose, cycles
from kgen.schedule.winograd import (
    NEAR,
    POINTS,
    TAPS,
    Line,
    Winograd,
    at_positions,
    blocks_of_taps,
    elements_of_tile,
    tiles_of_outputs,
    transformed,
)

MEMORY, WAITING = 0.3, 0.05
"""Cycles for each byte of weights from beyond that cache, and those of them that no work hides."""

LONGEST = 9
"""Taps along a line."""

MOST, OUTPUTS = 4, {2, 3, 4}
"""Taps of a tile at most, and outputs, along a line: templates/c/fast/transforms.j2 has these."""

LARGEST, MANY = 11, 64
"""Positions along a tile's rows and columns together, if there are as many channels; else one less.

Errors of 6x6 would be 1.3 times those of 5x6, which are 1.3 times those of 5x5; and those of a
convolution of few channels, whose sums are short, are small otherwise.
"""

GAIN = 0.8
"""Of the other way's time: what takes longer is not worth larger weights and errors."""


def winograd(node: Conv, pieces: bool = False) -> Winograd | None:
    """The convolution by the quickest of these algorithms, if that beats taking all products.

    pieces: whether few tiles are to be in memory at once.
    """
    if not _fits(node):
        return None
    channels, units = node.group_channels, node.filters
    direct = _direct(node)
    best: tuple[float, tuple[Line, Line, Line], Tile] | None = None
    for lines in product(*_ways(node)):
        _, rows, columns = lines
        if max(rows.taps, columns.taps) == 1:
            continue
        if rows.positions + columns.positions > LARGEST - (channels < MANY):
            continue
        tiles = tiles_of_outputs(node.output.shape[0], lines)
        terms = channels * len(blocks_of_taps(lines))
        tile = choose(_pixels(lines, tiles, channels, units), units, terms)
        cost = _cost(lines, tiles, channels, units, tile)
        if best is None or cost < best[0]:
            best = cost, lines, tile
    if best is None or best[0] > GAIN * direct:
        return None
    cost, lines, tile = best
    why = f"{_in_words(lines)}; {direct / cost:.1f} times as fast as the tile expected"
    return _made(node, lines, tile, why, pieces)


def _in_words(lines: tuple[Line, Line, Line]) -> str:
    _, rows, columns = lines
    count = sum(map(len, at_positions(lines)))
    even = rows.positions * columns.positions == count
    products = f"{rows.positions} x {columns.positions}" if even else str(count)
    text = f"{rows.outputs} x {columns.outputs} outputs from {products} products for each channel"
    phases = prod(line.phases for line in lines)
    return f"{text} in {phases} phases of x" if phases > 1 else text


def _fits(node: Conv) -> bool:
    """Whether the convolution is of the kind; a sequence is an image of one row."""
    dilated = max(node.dilation) > 1
    return (
        node.channels_last
        and node.groups == 1
        and max(node.window) > 1
        and (set(node.window) <= {1, TAPS} if dilated else max(node.window) <= LONGEST)
        and not (dilated and len(node.window) == 3)
        and not (dilated and max(node.strides) > 1)
        and node.output.size > 0
        and has_fixed_sizes(node)
        and not node.kernel.stored  # transformed, they would need more digits
        and bool(np.isfinite(node.kernel.data).all())
    )


def _ways(node: Conv) -> tuple[list[Line], list[Line], list[Line]]:
    """What planes, rows and columns may be: planes are taken tap by tap."""
    lines = [
        Line(size, count, window, before, rate if window > 1 else 1, stride)
        for size, count, window, (before, _), rate, stride in zip(
            node.input_sizes,
            node.output_sizes,
            node.window,
            node.padding,
            node.dilation,
            node.strides,
            strict=True,
        )
    ]
    one = Line(1, 1, 1, 0)
    planes, rows, columns = (*[one] * (3 - len(lines)), *lines)
    return [planes], _by_tiles(rows), _by_tiles(columns)


def _by_tiles(line: Line) -> list[Line]:
    """Tap by tap, in tiles of all sizes, or in blocks of three taps and outputs."""
    if line.longest == 1:
        return [line]
    tiles = []
    if line.longest <= MOST:
        sizes = {positions + 1 - line.longest for positions in POINTS}
        tiles += [replace(line, outputs=m, taps=line.longest) for m in sorted(sizes & OUTPUTS)]
    if line.longest > TAPS:
        tiles.append(replace(line, outputs=TAPS, taps=TAPS))
    return tiles if line.stride == 1 and line.longest == TAPS else [line, *tiles]


def _direct(node: Conv) -> float:
    """Cycles that the convolution takes as a Product."""
    *rows, columns = node.output_sizes
    channels, units = node.group_channels, node.filters
    width = columns * node.strides[-1] + sum(node.padding[-1])
    row_step, step = width * channels * node.strides[0], channels * node.strides[-1]
    pixels = Pixels(prod(rows) * node.output.shape[0], columns, row_step, step)
    terms = channels * prod(node.window)
    tile = choose(pixels, units, terms)
    return _loading(cycles(tile.widest, pixels, units, terms), 4 * terms * units)


def _cost(lines: Sequence[Line], tiles: int, channels: int, units: int, tile: Tile) -> float:
    """Cycles that the products and the transforms take, and the way of the weights."""
    work = _work(lines, tiles, channels, units, tile)
    return _loading(work, _bytes(lines, channels, units))


def _bytes(lines: Sequence[Line], channels: int, units: int) -> int:
    """Of the transformed weights."""
    return 4 * sum(map(len, at_positions(lines))) * channels * units


def _pixels(lines: Sequence[Line], tiles: int, channels: int, units: int) -> Pixels:
    """What each position's product has for pixels."""
    return Pixels(1, tiles, 0, LINE, afar=_bytes(lines, channels, units) > NEAR)


def _work(lines: Sequence[Line], tiles: int, channels: int, units: int, tile: Tile) -> float:
    _, rows, columns = lines
    positions = rows.positions * columns.positions
    blocks = Counter(map(len, at_positions(lines)))  # of taps, and at how many positions so many
    pixels = _pixels(lines, tiles, channels, units)
    products = sum(
        times * cycles(tile.widest, pixels, units, channels * count)
        for count, times in blocks.items()
    )
    # Each pass along a line of n elements takes about 2 n instructions, and each element is loaded
    # and stored; likewise on the way back. Of several blocks, tiles are transformed again.
    passes = (rows.taps > 1) + (columns.taps > 1)
    again = 1 if max(line.blocks for line in lines) == 1 else 1.5
    there = elements_of_tile(lines) * again * -(-channels // LINE)
    return products + tiles * (2 * passes + 2) * (there + positions * -(-units // LINE))


def _loading(cycles: float, size: int) -> float:
    """The cycles with so many bytes of weights."""
    return cycles if size <= NEAR else max(cycles, MEMORY * size) + WAITING * size


def _made(
    node: Conv, lines: tuple[Line, Line, Line], tile: Tile, why: str, pieces: bool
) -> Winograd:
    planes, rows, columns = lines
    channels, units = node.group_channels, node.filters
    panels = Panels(units, tile.widest.units)
    window = (*[1] * (3 - len(node.window)), *node.window)
    kernel = transformed(node.kernel.data.reshape(*window, channels, units), lines)
    note = (
        f"{node.kernel.note}; for each of {rows.positions} x {columns.positions} positions "
        f"G kernel G' (Winograd) of all blocks of taps; {panels.order(kernel[0].shape[0])}"
    )
    packed = np.concatenate([pack(one[None], panels) for one in kernel])
    made = Winograd(
        **in_place_of(node),
        x=node.x,
        kernel=Constant.of(node.kernel.name, packed, note),
        bias=padded(node.bias, panels),
        planes=planes,
        rows=rows,
        columns=columns,
        units=units,
        panels=panels,
        tile=tile,
        text=node.formula,
        why=why,
        pieces=pieces,
    )
    name = f"{node.output.name}/tiles"
    space = Value(name=name, shape=(1, made.space), dtype="float32", batch=0)
    return replace(made, others=(space,))


def is_bandable(node: Winograd, line: Line) -> bool:
    """Whether a few of its rows, or columns, can be computed at a time: its tiles are of
    neighbours, and there is only one of each line before.
    """
    alone = all(
        one.count == one.size == one.blocks == 1
        for one in node.lines_of_tiles[: node.lines_of_tiles.index(line)]
    )
    return node.images == line.rate == line.stride == 1 and alone


def in_bands(node: Winograd, line: Line, height: int) -> tuple[Winograd, int, float]:
    """The node as it computes `height` rows, or columns, at a time, and how many cycles more that
    takes.
    """
    bands, band = ceil(line.count / height), replace(line, count=height)
    rows, columns = (band if one is line else one for one in (node.rows, node.columns))
    pixels = _pixels(node.lines_of_tiles, rows.tiles * columns.grid, node.channels, node.units)
    terms = node.channels * len(node.blocks)
    tile = choose(pixels, node.units, terms, node.panels.width)
    made = replace(node, rows=rows, columns=columns, tile=tile, total=line.count)
    extra = bands * _time(made) - _time(node)
    (space,) = node.others
    space = replace(space, name=f"{space.name}/band", shape=(1, made.space), batch=None)
    return replace(made, others=(space,)), height, extra


def _time(node: Winograd) -> float:
    """Cycles of its work, and of waiting for weights that are read once for each of its pieces."""
    work = _work(node.lines_of_tiles, node.tiles, node.channels, node.units, node.tile)
    size = node.kernel.nbytes
    pieces = ceil(node.tiles / node.at_once[0])
    return work + (WAITING * size * pieces if size > NEAR else 0.0)
