"""A convolution of each channel, or of groups of a few, with filters of their own: vectors run over
the filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kgen.ir.node import Contraction, Spec
from kgen.ir.size import Size, at_bound
from kgen.ir.value import Constant, Shape, Value
from kgen.schedule.tile import CLASSES, even

MOST = 14
"""Pixels that are computed at once: with more, what is saved no longer shows."""

MOST_FACTORS = 7
"""Factors of a row of taps that stay in registers beside the sums."""

MOST_COLUMNS = 60
"""Columns of x in a loop that compilers still unroll."""


@dataclass(frozen=True)
class Reach:
    """One spatial dimension.

    first, last: the output positions from `first` to before `last` have all taps inside x. Where
        sizes are known only when the code runs there is no padding, and they all have.
    """

    holds_sizes: ClassVar[bool] = True
    size: int
    count: int
    taps: int
    stride: int
    rate: int
    before: int

    @property
    def span(self) -> int:
        """From the first element that a position meets to the last one."""
        return (self.taps - 1) * self.rate + 1

    @property
    def first(self) -> int:
        return min(-(-self.before // self.stride), self.count)

    @property
    def last(self) -> int:
        if isinstance(self.count, Size):
            return self.count
        free = self.size + self.before - (self.taps - 1) * self.rate - 1
        return (
            max(min(free // self.stride + 1, self.count), self.first) if free >= 0 else self.first
        )

    @property
    def ends_outside(self) -> bool:
        """Whether the last position has taps behind x."""
        if isinstance(self.count, Size):
            return False
        return (self.count - 1) * self.stride - self.before + self.span > self.size

    @property
    def leaves(self) -> bool:
        """Whether any tap falls outside x."""
        return self.first > 0 or self.ends_outside


@dataclass(frozen=True, eq=False, kw_only=True)
class Depthwise(Contraction):
    """x: (1, rows, columns, x_channels). kernel: (taps * members, channels padded to a cache line).

    bias: (channels, padded,). channels: of the output.
    members: x's channels in a group. Each of a group's outputs, of which there are as many, sums
        over all of them; it is a power of two, so that vectors hold whole groups or parts of one.
    times: outputs of each of x's channels, if those are on their own.
    kept: if not 0, only one row is computed, its number being a parameter, from so many rows of x,
        of which the latest take the place of the oldest.
    """

    x: Value
    kernel: Constant
    rows: Reach
    columns: Reach
    channels: int
    text: str
    members: int = 1
    times: int = 1
    kept: int = 0

    @property
    def x_channels(self) -> int:
        return self.channels // self.times

    @property
    def padded(self) -> int:
        return self.kernel.shape[1]

    @property
    def taps(self) -> Shape:
        return (self.rows.taps, self.columns.taps)

    @property
    def by_column(self) -> bool:
        """Whether each column of x is loaded once for all pixels that it meets."""
        return self.columns.rate == 1 and self.columns.taps <= MOST_FACTORS

    @property
    def pixels(self) -> tuple[int, ...]:
        """How many of a row are computed at once, for each of CLASSES."""
        columns = self.columns
        factors = columns.taps if self.by_column else 1
        span = (MOST_COLUMNS - columns.taps) // columns.stride + 1 if self.by_column else MOST
        return tuple(
            even(at_bound(columns.count), max(min(one.count - factors - 2, span, MOST), 1))
            for one in CLASSES
        )

    @property
    def macs(self) -> int:
        return self.output.size * self.rows.taps * self.columns.taps * self.members

    @property
    def formula(self) -> str:
        return self.text

    def infer(self) -> Spec:
        return Spec(self.output.shape, self.output.dtype, self.output.batch)
