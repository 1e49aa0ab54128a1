"""Which tile of outputs to hold in registers: a small cost model in cycles, from shapes alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from kgen.ir.size import at_bound, is_fixed

LINE = 16
"""Floats in a cache line, and the lanes of the widest vectors: panels are multiples of it."""


FEW = 4
"""Pixels that are left beside whole tiles, where their number is known only when the code runs, are
done so many at a time, or two beside tiles of less than 8; then one by one."""

NEAR_LINES = 384
"""Lines of a panel that stay in the first-level cache, beside x."""

LOADED = 0.68
"""Cycles that an element of x takes, though half a vector of units is multiplied in less."""

BLOCK = 64
"""About as many terms of a tile's sums are taken before they are set aside."""

FEWEST = 4
"""Blocks that a tile's sums are cut into, or not at all: that costs short ones two percent."""


@dataclass(frozen=True)
class Registers:
    """What the tile must fit: vector registers, lanes of each."""

    name: str
    count: int
    lanes: int


AVX512 = Registers("AVX-512", 32, 16)
AVX = Registers("AVX", 16, 8)
NEON = Registers("NEON", 32, 4)
SSE = Registers("SSE", 16, 4)
CLASSES = (AVX512, AVX, NEON, SSE)
"""In the order of the macro PICK."""


class Block(NamedTuple):
    """rows x columns pixels by `units` outputs, for one class of registers."""

    rows: int
    columns: int
    units: int

    @property
    def pixels(self) -> int:
        return self.rows * self.columns


class Tile(NamedTuple):
    """A block for each of CLASSES; why: the reason for the first, in words."""

    blocks: tuple[Block, ...]
    why: str

    @property
    def widest(self) -> Block:
        return self.blocks[0]


def even(count: int, most: int) -> int:
    """The largest share when `count` is split evenly into the fewest parts of at most `most`."""
    return ceil(count / ceil(count / most)) if count else 1


def most_pixels(registers: Registers, units: int) -> int:
    """Accumulators, one row of weights and one broadcast element must fit."""
    vectors = ceil(units / registers.lanes)
    # A lone vector of weights takes its x operand straight from memory.
    spare = 2 if vectors == 1 else vectors + 1
    return max((registers.count - spare) // vectors, 1)


@dataclass(frozen=True)
class Pixels:
    """rows x columns of them, and how many floats apart their elements of x lie.

    open: whether the columns are counted only when the code runs, and are at most so many.
    afar: whether the weights come from beyond the second-level cache, again for each tile.
    """

    rows: int
    columns: int
    row_step: int
    column_step: int
    open: bool = False
    afar: bool = False

    @staticmethod
    def of(rows: int, columns: int, row_step: int, column_step: int) -> Pixels:
        """The same of sizes that may depend on lengths, which count as they are at the bounds."""
        counts = (at_bound(rows), at_bound(columns), at_bound(row_step), at_bound(column_step))
        return Pixels(*counts, not is_fixed((rows, columns)))

    def widths(self, columns: int) -> tuple[int, ...]:
        """How wide tiles are that take so many columns, and those that take what is left."""
        if not self.open:
            return (columns,)
        return (columns, FEW if columns >= 2 * FEW else 2, 1)

    def grid(self, most: int) -> tuple[int, int]:
        """Rows and columns of a tile of at most `most` pixels: whole rows, or part of one."""
        if self.columns >= most or self.rows == 1:
            return 1, even(self.columns, min(most, self.columns))
        return even(self.rows, min(most // self.columns, self.rows)), self.columns

    def crowded(self, rows: int, columns: int) -> float:
        """Cycles lost for each term because a block's pixels push one another out of the
        first-level cache: elements that lie a multiple of a large power of two apart meet in one
        of its 64 sets, of 8 lines each.
        """
        lines = {
            (row * self.row_step + column * self.column_step) // LINE
            for row in range(rows)
            for column in range(columns)
        }
        sets = Counter(line % 64 for line in lines)
        lost = {True: 4.5, False: 0.15}
        return sum(count * lost[count > 7] for count in sets.values() if count > 6)


def cycles(block: Block, pixels: Pixels, units: int, terms: int) -> float:
    """Estimated time of the whole product with AVX-512 blocks of this size."""
    total = 0.0
    for height, vertical in _parts(pixels.rows, block.rows):
        for width, horizontal in _parts(pixels.columns, *pixels.widths(block.columns)):
            crowded = pixels.crowded(height, width)
            for share, panels in _parts(units, block.units):
                times = vertical * horizontal * panels
                total += times * _cycles(
                    height * width, vectors(share), terms, crowded, pixels.afar
                )
    return total


def vectors(units: int) -> float:
    """How many such vectors hold the units: of the last one half may be enough."""
    return ceil(units / (LINE // 2)) / 2


def _cycles(pixels: int, vectors: float, terms: int, crowded: float, afar: bool) -> float:
    """One tile: multiply-adds or their latency, what is not hidden of each load of an element of x
    and of a line of the panel (from beyond the first-level cache if it is long: then single lines
    come slower than several side by side), then the sums that are set aside where the registers
    don't hold two of each, and the write-back. afar: lines from beyond the second-level cache cost
    a cycle each, and tiles that read them less often are worth more than any of that.
    """
    far = terms * vectors > NEAR_LINES
    if far and afar:
        step = max(pixels * max(vectors, LOADED), 4.0) + 0.06 * pixels + vectors + crowded
        return terms * step + 2 * pixels * ceil(vectors) + 12
    loads = 0.03 * pixels + (0.2 if far else 0.1) * vectors
    alone = (0.1 if far else 0.05) * pixels if vectors <= 1 else 0.0
    step = max(pixels * max(vectors, LOADED), 4.0) + loads + alone + crowded
    aside = terms // BLOCK if terms >= FEWEST * BLOCK else 0
    spilled = 4 * max(pixels * ceil(vectors) - AVX512.count // 2, 0) * aside
    return terms * step + spilled + 1.5 * pixels * ceil(vectors) + 12


def _parts(count: int, *sizes: int) -> list[tuple[int, int]]:
    """(size, how many) of the blocks that cover `count`: as many as fit of each size, in order."""
    parts = []
    for size in sizes:
        full, count = divmod(count, size)
        if full:
            parts.append((size, full))
    return parts if parts and not count else [*parts, (count, 1)]


def choose(pixels: Pixels, units: int, terms: int, panel: int = 0) -> Tile:
    """The cheapest tile for a product. panel: the width of its panels, if they are given already:
    of each line of one a tile may take a part.
    """
    best: tuple[float, Block] | None = None
    for width in _widths(panel, units):
        most = most_pixels(AVX512, width)
        for size in sorted({most, *range(max(most // 2, 1), most)}, reverse=True):
            block = Block(*pixels.grid(size), width)
            cost = cycles(block, pixels, units, terms)
            if best is None or cost < best[0] * 0.995:
                best = cost, block
    assert best is not None
    cost, block = best
    ideal = pixels.rows * pixels.columns * units / LINE * terms
    why = (
        f"{block.pixels} x {block.units // LINE} sums of 16 units; "
        f"{100 * ideal / cost:.0f} % of the multiply-add peak expected"
    )
    return Tile((block, *(_narrow(r, pixels) for r in CLASSES[1:])), why)


def _widths(panel: int, units: int) -> list[int]:
    """Up to four lines; of a panel that is given, its own, and what divides all panels evenly."""
    padded = -(-units // LINE) * LINE
    if not panel:
        return list(range(LINE, min(padded, 4 * LINE) + 1, LINE))
    parts = range(LINE, panel, LINE)
    return [*(part for part in parts if panel % part == padded % part == 0), panel]


def _narrow(registers: Registers, pixels: Pixels) -> Block:
    """One cache line of units for narrower vectors."""
    return Block(*pixels.grid(most_pixels(registers, LINE)), LINE)


def stream(units: int) -> Tile:
    """For a product of one pixel: only the bandwidth counts."""
    padded = -(-units // LINE)
    share = even(padded, 4) * LINE
    narrow = 32 if share % 32 == 0 else 16
    widths = (share, share, share, narrow)
    why = f"one pixel: {share} units at a time, read once from memory"
    return Tile(tuple(Block(1, 1, width) for width in widths), why)
