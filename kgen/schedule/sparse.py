"""Products of several rows that leave out the terms whose element of x is zero, if those are many.

The rows of a block of samples: one alone leaves them out because their weights need not come from
memory (see nonzero), several because that is fewer multiply-adds. A tile, which takes all terms,
reads a line of weights once for several rows; here each row reads its own, from the first-level
cache, for as many terms as stay there are taken of all rows before the next ones.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from kgen.ir.node import Spec
from kgen.ir.size import at_bound
from kgen.ir.value import Value
from kgen.schedule.product import Product
from kgen.schedule.tile import LINE, Pixels, Tile, cycles

NEAR = 16 * 1024
"""Bytes of a panel that stay in the first-level cache, beside x, the lists and y."""

LISTED = 1.2
"""Cycles for each element that a list names, whatever the units."""

READ = 1.1
"""Cycles for each line of weights, which serves one multiply-add."""

LOOKED = 0.7
"""Cycles for each element that is looked at."""

LEAST = 0.9
"""Of the tile's time: for less than a tenth the second way is not worth its code."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sparse(Product):
    """The same as a Product of several rows. When the code runs it lists the elements of x that are
    not zero, in each row's parts of as many terms; if they are few their sums alone are taken.

    part: terms. few: elements of a row, up to which a tile would take longer. single: the tile of
    one row. others: the lists, each one's length before it.
    """

    part: int
    few: int
    single: Tile

    @property
    def parts(self) -> int:
        return -(-self.depth // self.part)

    @property
    def list_size(self) -> int:
        """Of one row's list of one part: its length, its elements, and what is written beyond."""
        return 1 + self.part + LINE

    @property
    def dense(self) -> Product:
        """The product of all terms."""
        own = {field.name for field in fields(Product)}
        return Product(**{name: getattr(self, name) for name in own} | {"others": ()})

    @property
    def row(self) -> Product:
        """The product of one row over some terms."""
        one = replace(self.columns, count=1)
        return replace(self.dense, columns=one, tile=self.single, places=self.others[0])

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        """Nothing: y holds sums while the epilogue's arguments are still to be read."""
        return ()

    def word_for(self, value: Value) -> str:
        return "" if value is self.output else "lists"

    def infer_all(self) -> tuple[Spec, ...]:
        return tuple(Spec(value.shape, value.dtype, value.batch) for value in self.outputs)


def sparse(node: Product, single: Product, zeros: float) -> Product:
    """The product with a second way for x with many zeros, if that pays for the share of them that
    is expected; single: the product of one row, on the same weights, that leaves zeros out.
    """
    rows, terms, lines = at_bound(node.columns.count), node.depth, node.panels.padded // LINE
    panel = single.panels.width
    part = min(NEAR // (4 * panel * LINE) * LINE, terms)
    looked, named = LOOKED * rows * terms, LISTED * len(range(0, node.units, panel)) + READ * lines
    pixels = Pixels.of(1, node.columns.count, 0, node.columns.x)
    tile = cycles(node.tile.widest, pixels, node.units, terms)
    if looked + (1 - zeros) * rows * terms * named > LEAST * tile:
        return node
    size = node.columns.count * (-(-terms // part) * (1 + part + LINE))
    lists = Value(name=f"{node.output.name}/lists", shape=(1, size), dtype="int32", batch=0)
    few = int((tile - looked) / named / rows)
    skipped = f"zeros of x are left out if they are {100 - 100 * few / terms:.0f} % or more"
    made = {field.name: getattr(node, field.name) for field in fields(Product)}
    made |= {"others": (lists,), "tile": node.tile._replace(why=f"{node.tile.why}; {skipped}")}
    return Sparse(**made, part=part, few=few, single=single.tile)
