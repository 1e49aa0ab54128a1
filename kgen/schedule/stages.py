"""Which nodes can make their output row by row, and at what price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from kgen.ir.node import Contraction, Node
from kgen.ir.value import Constant, Value
from kgen.schedule.depthwise import Depthwise, Reach
from kgen.schedule.fewer_products import in_bands, is_bandable
from kgen.schedule.forms import has_fixed_sizes, spread
from kgen.schedule.pooling import Pooling
from kgen.schedule.product import Axis, Product
from kgen.schedule.tile import Pixels, choose, cycles
from kgen.schedule.winograd import Winograd

SHORTEST = 8
"""Positions of a sequence that are computed at once."""

Rowwise = Product | Depthwise | Pooling | Winograd


@dataclass(frozen=True)
class Link:
    """A node that can be a stage.

    rows: which rows of x a row of it meets.
    step: from row to row of x in elements, if it reads several rows that lie in order in x.
    """

    node: Rowwise
    rows: Reach
    step: int = 0

    @property
    def y(self) -> Value:
        return self.node.output

    @property
    def row(self) -> int:
        """Elements in a row of its output."""
        return self.y.size // self.y.shape[1]

    @property
    def reads_whole(self) -> bool:
        """Whether x has to be there as a whole: then it is the first of a chain."""
        return self.step > 0 or isinstance(self.node, Winograd)

    @property
    def weights(self) -> int:
        """Bytes that are read again for each row, and must stay near for that."""
        node = self.node
        return 0 if isinstance(node, Pooling | Winograd) else node.kernel.nbytes  # see in_bands


def link(node: Node) -> Link | None:
    """The node as a stage, if it can be one."""
    if not isinstance(node, Rowwise) or not has_fixed_sizes(node):
        return None
    if node.output.shape[0] != 1 or not _late_rows(node):
        return None
    rank = node.output.rank
    match node:
        case Pooling():
            return Link(node, node.rows)
        case Depthwise():
            return Link(node, node.rows) if rank == 4 else None
        case Winograd():
            line = node.rows if rank == 4 else node.columns
            rows = Reach(line.size, line.count, line.taps * line.blocks, 1, 1, line.before)
            return Link(node, rows) if rank < 5 and is_bandable(node, line) else None
        case _:
            if node.row_step:
                return None
            return {3: _of_sequence, 4: _of_image, 5: _of_volume}.get(rank, _of_nothing)(node)


def _of_nothing(_: Product) -> Link | None:
    return None


def _of_sequence(node: Product) -> Link | None:
    """Its rows are single positions."""
    _, count, units = node.output.shape
    whole = (node.rows.count, node.columns.count, node.columns.y) == (1, count, units)
    if node.outer or not whole:
        return None
    return Link(node, Reach(count, count, 1, 1, 1, 0), node.columns.x)


def _of_volume(node: Product) -> Link | None:
    """Its rows are planes."""
    _, planes, *_ = node.output.shape
    if len(node.outer) != 1:
        return None
    (axis,) = node.outer
    whole = (axis.count, axis.y, axis.kernel) == (planes, node.output.size // planes, 0)
    return Link(node, Reach(planes, planes, 1, 1, 1, 0), axis.x) if whole else None


def _of_image(node: Product) -> Link | None:
    _, height, width, units = node.output.shape
    if node.outer or min(height, width) < 2:
        return None
    columns, rows = node.columns, node.rows
    pixels = Reach(height, height, 1, 1, 1, 0)
    if rows.count == 1 and node.x.shape == (1, height, width, node.depth) and not node.taps:
        return Link(node, pixels)
    whole = (rows.count, rows.y, columns.count, columns.y) == (height, width * units, width, units)
    return Link(node, pixels, rows.x) if whole else None


def _late_rows(node: Node) -> bool:
    """Whether what the epilogue reads can be taken row by row."""
    epilogue = node.epilogue if isinstance(node, Contraction) else None
    return all(
        spread(arg, node.output) != "all"
        or (not isinstance(arg, Constant) and arg.shape == node.output.shape)
        for arg in (epilogue.args if epilogue else ())
    )


@dataclass(frozen=True)
class Made:
    """A link's node as it makes `height` rows, and how many cycles more all rows then take."""

    node: Rowwise
    height: int
    extra: float


def ways(link: Link) -> Iterator[Made]:
    """As the node makes few rows at a time, then more."""
    node = link.node
    match node:
        case Winograd():
            line = node.rows if node.output.rank == 4 else node.columns
            for height in range(line.outputs, line.count, line.outputs * _some(link)):
                yield Made(*in_bands(node, line, height))
        case Product() if node.output.rank == 3:
            yield from _parts_of(node)
        case Product() if node.output.rank == 5:
            yield Made(replace(node, outer=()), 1, 0.0)
        case Product():
            yield Made(*_row_of(node))
        case _:
            yield Made(node, 1, 0.0)


def _some(link: Link) -> int:
    """Tiles along the rows that are tried together: of sequences, about as many as are computed at
    once.
    """
    return 1 if link.y.rank == 4 else 16


def _parts_of(node: Product) -> Iterator[Made]:
    """Of a sequence parts of the same length, several positions each."""
    count, step = node.columns.count, node.columns.x
    before = cycles(node.tile.widest, Pixels(1, count, 0, step), node.units, node.terms)
    for size in range(SHORTEST, count // 2 + 1):
        if count % size == 0:
            pixels = Pixels(1, size, 0, step)
            tile = choose(pixels, node.units, node.terms, node.panels.width)
            after = cycles(tile.widest, pixels, node.units, node.terms)
            columns = replace(node.columns, count=size)
            made = replace(node, columns=columns, tile=tile, pixels_outside=False)
            yield Made(made, size, count // size * after - before)


def _row_of(node: Product) -> tuple[Product, int, float]:
    _, height, width, _ = node.output.shape
    before = Pixels(node.rows.count, node.columns.count, node.rows.x, node.columns.x)
    after = Pixels(1, width, 0, node.columns.x)
    tile = choose(after, node.units, node.terms, node.panels.width)
    extra = height * cycles(tile.widest, after, node.units, node.terms) - cycles(
        node.tile.widest, before, node.units, node.terms
    )
    rows, columns = Axis("row", 1, 0, 0), replace(node.columns, count=width)
    made = replace(node, rows=rows, columns=columns, tile=tile, pixels_outside=False)
    return made, 1, extra


def kept(reach: Reach, height: int) -> int:
    """Rows that must be kept for what goes through them in this way, if `height` are made at a
    time.
    """
    if height == 1:
        return reach.span
    most = 0
    for row in range(reach.count):
        until = row * reach.stride - reach.before + reach.span
        made = ceil(max(min(until, reach.size), 0) / height) * height
        most = max(most, made - max(until - reach.span, 0))
    return ceil(most / height) * height
