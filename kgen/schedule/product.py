"""One sum of products for everything that has one: pixels times units, over taps and depth."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, NamedTuple

from kgen.ir.node import Contraction, Spec
from kgen.ir.size import at_bound, is_fixed
from kgen.ir.value import Constant, Value
from kgen.schedule.pack import WHOLE, Panels, Stretch
from kgen.schedule.tile import BLOCK, FEWEST, LINE, NEAR_LINES, Tile

ROWS_AHEAD = 16
"""Terms of a long panel that a tile asks for before their turn."""

CHAIN = 32
"""Terms that each of the sums of a streaming product takes before they are set aside."""


FAR = 1 << 20
"""Bytes of weights that don't stay in a core's own caches."""

WORD = 64
"""Elements of x of which one word says whether they are zero."""


@dataclass(frozen=True)
class Axis:
    """A loop: how often, and how many elements one step of it moves on in x, in y, and in the
    packed kernel.
    """

    holds_sizes: ClassVar[bool] = True
    name: str
    count: int
    x: int
    y: int
    kernel: int = 0


@dataclass(frozen=True)
class Taps:
    """A loop of the sum outside the depth: how often, and how far it moves on in x.

    within: if only some of them count, from which to before which, for each step of the outer loop
        that is called `phase`; the others' weights are zero.
    """

    holds_sizes: ClassVar[bool] = True
    name: str
    count: int
    x: int
    phase: str = ""
    within: tuple[tuple[int, int], ...] = ()


class Cut(NamedTuple):
    """How a sum is cut into blocks: each has `steps` steps of one of its loops, which has that many
    blocks in every step of the loops around it.

    level: the number of that loop: of the taps, the outermost being 0, or after them the depth.
    """

    level: int
    blocks: int
    steps: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Product(Contraction):
    """y[pixel][unit] = sum over taps and depth of x[pixel + tap + depth] * kernel[tap][depth][unit]

    kernel: packed in panels (see Panels); a Constant, or packed by another node.
    bias: padded like the kernel's panels.
    outer: loops outside everything (groups, images of an einsum).
    rows, columns: the pixels, of which a tile takes tile.rows x tile.columns at once.
    taps: outermost first. depth: the innermost sum, depth_step elements apart in x.
    row_step: if not 0, the kernel is no packed one but an array with its terms so far apart and its
        units side by side.
    pixels_outside: whether the loop over tiles of pixels is outside the one over panels of units.
    scale: of a kernel of integers (groups, units), padded like the panels: what the sum over a
        group of terms is multiplied by. zero: the same in int8, what each of a group's integers is
        too large by; or None. stretch: how the terms lie.
    skips: whether terms whose element of x is zero are left out; see skip_zeros.
    text: the layer's own formula.
    """

    x: Value
    kernel: Value
    outer: tuple[Axis, ...]
    rows: Axis
    columns: Axis
    taps: tuple[Taps, ...]
    depth: int
    depth_step: int
    units: int
    panels: Panels
    tile: Tile
    row_step: int = 0
    pixels_outside: bool = False
    scale: Constant | None = None
    zero: Constant | None = None
    stretch: Stretch = WHOLE
    skips: bool = False
    text: str = ""

    @property
    def ahead(self) -> bool:
        """Whether rows are asked for a word before their turn, where others are left out: a
        processor can't guess which one is next.
        """
        return isinstance(self.kernel, Constant) and self.kernel.nbytes > FAR

    @property
    def words(self) -> int:
        """Those with a bit for each element of x."""
        return -(-self.depth // WORD)

    @property
    def words_at_once(self) -> int:
        """After whose terms a product that leaves some out sets its sums aside: see cut."""
        return max(1, self.chains * CHAIN // WORD)

    @property
    def terms(self) -> int:
        """Products in one sum: a panel's units are so many rows apart in a packed kernel."""
        return prod(taps.count for taps in self.taps) * self.depth

    @property
    def panel_rows(self) -> int:
        """How many rows of a packed kernel a panel's terms take."""
        return self.terms if self.scale is None else self.stretch.rows_of(self.terms)

    @property
    def chains(self) -> int:
        """Sums that are kept for each unit when one pixel streams the weights.

        Two where zeros are left out, at least: gcc takes what is said of a loop of one step for
        the loop around it, over the bits, and writes that out 64 times.
        """
        if self.scale is not None:
            return 1
        least = 2 if self.skips else 1
        return max(least, min(128 // self.tile.widest.units, 8, at_bound(self.depth) // 8))

    @property
    def cut(self) -> Cut:
        """Long sums are cut, or not.

        Rounding errors of a sum grow with the terms that it takes one by one; blocks that are
        summed on their own and then added keep them near those of the terms.
        """
        counts = [at_bound(n) for n in (*(taps.count for taps in self.taps), self.depth)]
        if self.scale is not None:
            return Cut(0, self.stretch.count(counts[0]), self.stretch.terms)
        terms = at_bound(self.terms)
        # Rounding errors grow with a chain's length within blocks, with their number in the total.
        chains, least = (self.chains, CHAIN) if self.streams else (1, BLOCK)
        block = chains * max(least, round((terms / chains) ** 0.5))
        wanted = round(terms / block)
        if wanted < (2 if self.streams else FEWEST):
            return Cut(0, 1, counts[0])
        level, outside = 0, 1
        # Blocks of twice as many terms are short enough: loops within loops cost a little. Between
        # bounds that depend on the phase gcc then takes weights from the stack, in twice the time.
        inner = len(counts) if not any(taps.within for taps in self.taps) else 1
        while 2 * outside * counts[level] < wanted and level + 1 < inner:
            outside *= counts[level]
            level += 1
        count = min(max(round(wanted / outside), 1), counts[level])
        if inner == 1 and count < FEWEST:
            return Cut(0, 1, counts[0])
        steps = -(-counts[level] // count)
        if self.streams:
            steps = -(-steps // chains) * chains
        if steps == 1 and level + 1 < inner:  # each step is a block: a loop less
            return Cut(level + 1, 1, counts[level + 1])
        return Cut(level, -(-counts[level] // steps), steps)

    @property
    def fetched(self) -> int:
        """How many weights further on a tile asks for some: 0 where all of them stay near.

        The next panel, where a panel stays in the first-level cache while all pixels go over it;
        a few rows of the panel, where it is too long for that.
        """
        if (
            self.streams
            or self.row_step
            or self.scale is not None
            or not is_fixed((self.terms, self.units))
        ):
            return 0
        lines = self.terms * self.panels.padded // LINE
        if lines <= NEAR_LINES:
            return 0
        width = self.panels.width
        return width * (self.terms if self.terms * width // LINE <= NEAR_LINES else ROWS_AHEAD)

    @property
    def macs(self) -> int:
        return self.output.size * self.terms

    @property
    def streams(self) -> bool:
        """Whether the kernel is read once and used once: then only its bandwidth counts."""
        return self.rows.count * self.columns.count == 1 and not self.taps

    @property
    def formula(self) -> str:
        return self.text

    @property
    def channel_axis(self) -> int:
        return -1

    def infer(self) -> Spec:
        return Spec(self.output.shape, self.output.dtype, self.output.batch)
