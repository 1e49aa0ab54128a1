"""Products of several rows that leave out the terms whose element of x is zero, if those are many.

The rows of a block of samples: one alone leaves them out because their weights need not come from
memory (see nonzero), several because that is fewer multiply-adds. A tile, which takes all terms,
reads a line of weights once for several rows; here each row reads its own, from the first-level
cache, for as many terms as stay there are taken of all rows before the next ones.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from kgen.ir.size import at_bound
from kgen.ir.value import Value
from kgen.schedule.product import WORD, Product
from kgen.schedule.tile import LINE, Pixels, Tile, cycles

NEAR = 16 * 1024
"""Bytes of a panel that stay in the first-level cache, beside x and y."""

WORDS = 128
"""Those with a bit for each element that are there at once, of all rows together."""

FOUND = 1.2
"""Cycles for each element that is not zero, whatever the units."""

READ = 1.1
"""Cycles for each line of weights, which serves one multiply-add."""

LOOKED = 0.7
"""Cycles for each element that is looked at."""

LEAST = 0.9
"""Of the tile's time: for less than a tenth the second way is not worth its code."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sparse(Product):
    """The same as a Product of several rows. When the code runs it marks the elements of x that are
    not zero, a bit for each; if they are few their sums alone are taken.

    part: terms of all rows before the next ones. few: elements of a row, up to which a tile would
    take longer. single: the tile of one row.
    """

    part: int
    few: int
    single: Tile

    @property
    def round(self) -> int:
        """Terms whose elements are marked at once: whole parts."""
        words = self.part // WORD
        most = max(WORDS // at_bound(self.columns.count) // max(words, 1), 1) * self.part
        return min(most, self.depth)

    @property
    def dense(self) -> Product:
        """The product of all terms."""
        own = {field.name for field in fields(Product)}
        return Product(**{name: getattr(self, name) for name in own})

    @property
    def row(self) -> Product:
        """The product of one row over some terms."""
        one = replace(self.columns, count=1)
        return replace(self.dense, columns=one, tile=self.single, skips=True)

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        """Nothing: y holds sums while the epilogue's arguments are still to be read."""
        return ()


def sparse(node: Product, single: Product, zeros: float) -> Product:
    """The product with a second way for x with many zeros, if that pays for the share of them that
    is expected; single: the product of one row, on the same weights, that leaves zeros out.
    """
    rows, terms, lines = at_bound(node.columns.count), node.depth, node.panels.padded // LINE
    panel = single.panels.width
    part = min(NEAR // (4 * panel * WORD) * WORD, terms)
    looked, taken = LOOKED * rows * terms, FOUND * len(range(0, node.units, panel)) + READ * lines
    pixels = Pixels.of(1, node.columns.count, 0, node.columns.x)
    tile = cycles(node.tile.widest, pixels, node.units, terms)
    if looked + (1 - zeros) * rows * terms * taken > LEAST * tile:
        return node
    few = int((tile - looked) / taken / rows)
    skipped = f"zeros of x are left out if they are {100 - 100 * few / terms:.0f} % or more"
    made = {field.name: getattr(node, field.name) for field in fields(Product)}
    made |= {"tile": node.tile._replace(why=f"{node.tile.why}; {skipped}")}
    return Sparse(**made, part=part, few=few, single=single.tile)
