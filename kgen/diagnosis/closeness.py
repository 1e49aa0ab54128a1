"""When two arrays are the same numbers: within rounding, with too many digits for an accident."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgen.arrays import widened
from kgen.compare import ATOL, HALF_TOLERANCE, RTOL
from kgen.diagnosis.recipe import Mistake, double

ENOUGH_BITS = 26.0
"""An array must hold so much information to accuse anybody: some thousand hypotheses (11 bits) are
held against it, and one of them in a million arrays (another 15) may fit by accident."""

MOST_DECIMALS = 6
ROWS = 512
"""Samples in another order are looked for among so many."""


@dataclass(frozen=True)
class Level:
    """How exactly numbers can agree. mistake: what made them less exact than float32's."""

    rtol: float
    atol: float
    mistake: Mistake | None = None


@dataclass(frozen=True, eq=False)
class Mine:
    """One of the asker's arrays. precision: the model's, if less than float32's."""

    name: str
    array: np.ndarray
    precision: str | None = None

    def beginning(self, count: int) -> Mine:
        """Of the first samples."""
        return Mine(self.name, self.array[:count], self.precision)

    @cached_property
    def values(self) -> np.ndarray:
        return double(widened(self.array))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @cached_property
    def scale(self) -> float:
        return float(np.abs(self.values).max(initial=0.0))

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Full digits first; then, if the numbers look it, those of rounded ones."""
        found = [Level(RTOL, ATOL * self.scale)]
        if self.precision is not None:
            tolerance = HALF_TOLERANCE[self.precision]
            return (Level(tolerance, tolerance * self.scale),)
        decimals = self.decimals
        if decimals is not None:
            says = (
                "the numbers are rounded to whole ones"
                if decimals == 0
                else f"the numbers are rounded to {decimals} decimal{'s' * (decimals > 1)}"
            )
            rounded = Mistake(
                "rounded", says, remark="carry all digits on, and round what you print"
            )
            found.append(Level(0.0, 0.50001 * 10.0**-decimals, rounded))
        elif self.is_half:
            half = Mistake(
                "float16",
                "the numbers went through float16, which has three digits",
                remark="keep float32 in between: no astype(np.float16)",
            )
            found += [Level(2.0**-10.9, 6e-8, half), Level(2.0**-8, 2.0**-8 * self.scale, half)]
        return tuple(found)

    @cached_property
    def decimals(self) -> int | None:
        """To how many decimals all numbers are rounded, if they are."""
        if not self.values.size or not np.isfinite(self.values).all():
            return None
        noise = 4e-7 * max(self.scale, 1e-30)
        for count in range(MOST_DECIMALS + 1):
            if noise > 0.05 * 10.0**-count:
                return None  # float32 has no such digits
            if np.abs(self.values - np.round(self.values, count)).max() <= noise:
                return count
        return None

    @cached_property
    def is_half(self) -> bool:
        """Whether every number is one of float16."""
        if self.array.dtype == np.float16:
            return True
        with np.errstate(over="ignore"):
            same = self.values.astype(np.float16).astype(np.float64) == self.values
        return bool(same.all()) and self.values.size > 0

    def bits(self, level: Level) -> float:
        """The information in the numbers: the digits of those that differ."""
        if not self.scale or not np.isfinite(self.scale):
            return 0.0
        unit = max(level.rtol * self.scale, level.atol, RTOL * self.scale)
        distinct = np.unique(np.round(self.values / unit))
        return float(np.count_nonzero(distinct)) * float(np.log2(max(self.scale / unit, 1.0)))

    def may_have(self, shape: tuple[int, ...]) -> bool:
        """Whether a value of this shape can be the array, whatever its samples."""
        alike = shape[1:] == self.shape[1:] or shape[::-1] == self.shape
        return alike or _long(shape) == _long(self.shape)

    def may_be_among(self, stacked: np.ndarray) -> np.ndarray:
        """For each of several values (stacked along the first axis) whether the array may agree
        with it: whether its first sample is one of the value's, at a few places.
        """
        values = self.values
        views = [stacked] if stacked.shape[2:] == values.shape[1:] else []
        if values.ndim == 2 and values.shape[::-1] == stacked.shape[1:]:
            views.append(stacked.swapaxes(1, 2))
        if not views or not values.size:
            return np.full(len(stacked), _long(values.shape) == _long(stacked.shape[1:]))
        rtol, atol = (max(getattr(one, name) for one in self.levels) for name in ("rtol", "atol"))
        found = np.zeros(len(stacked), bool)
        for view in views:
            rows = view.reshape(*view.shape[:2], -1)
            columns = slice(None, None, max(1, rows.shape[-1] // 8))
            first = values[0].reshape(-1)[columns]
            near = np.abs(rows[..., columns] - first) <= rtol * np.abs(first) * 2 + atol
            found |= near.all(axis=-1).any(axis=-1)
        return found

    @property
    def says_enough(self) -> bool:
        return self.bits(self.levels[0]) >= ENOUGH_BITS

    @property
    def poverty(self) -> str:
        """Why the array says too little."""
        if not self.values.size:
            return "it is empty"
        if not self.scale:
            return "all its numbers are zero"
        if self.values.size == 1:
            return "it is a single number"
        return "nearly all its numbers are the same"


@dataclass(frozen=True)
class Fit:
    """How an array agrees with a value.

    residual: the largest difference over the largest number. mistakes: of rounding and samples.
    layout: what else is different, which is no mistake. rows: which of the value's samples the
    array's are, if not all in their order.
    """

    residual: float
    mistakes: tuple[Mistake, ...] = ()
    layout: str = ""
    rows: tuple[int, ...] | None = None


def fit(
    mine: Mine,
    value: np.ndarray,
    *,
    samples: bool,
    exact: bool = False,
    poor: bool = False,
    enough: float = ENOUGH_BITS,
) -> Fit | None:
    """How the array agrees with the value, or None.

    samples: also look for samples that are missing, repeated or in another order.
    exact: rounded numbers don't agree. poor: they do, however little they say. enough: the bits
    that rounded ones must hold, otherwise.
    """
    for level in mine.levels[: 1 if exact else None]:
        if level.mistake and not poor and mine.bits(level) < enough:
            continue
        wrong = (level.mistake,) if level.mistake else ()
        for layout, array in _layouts(mine, value):
            gap = _gap(mine.values, array, level)
            if gap is not None:
                return Fit(gap, wrong, layout)
        if samples and value.ndim and value.shape[1:] == mine.shape[1:]:
            if not mine.may_be_among(value[None])[0]:
                continue
            rows = _rows(mine.values, value, level)
            if rows is not None:
                gap = _gap(mine.values, value[list(rows)], level)
                if gap is not None:
                    return Fit(gap, (_of_samples(mine, rows, len(value)), *wrong), "", rows)
    return None


def _layouts(mine: Mine, value: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The value in the array's shape, if only axes of length one or a transposition differ."""
    if value.shape == mine.shape:
        found = [("", value)]
        if value.ndim == 2 and value.shape[0] == value.shape[1] > 1:
            found.append((_TRANSPOSED, value.T))
        return found
    if value.size != mine.array.size:
        return []
    if value.ndim == 2 and value.shape[::-1] == mine.shape:
        return [(_TRANSPOSED, value.T)]
    if _long(value.shape) == _long(mine.shape):
        return [(f"in the shape {mine.shape} instead of {value.shape}", value.reshape(mine.shape))]
    return []


_TRANSPOSED = "transposed: Keras has samples in rows"


def _long(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _gap(a: np.ndarray, b: np.ndarray, level: Level) -> float | None:
    """The largest difference relative to the largest number, if all are within the level's."""
    if a.shape != b.shape:
        return None
    if a.size > 64:  # a few numbers tell mostly
        sparse = slice(None, None, max(1, a.size // 16))
        x, y = a.ravel()[sparse], b.ravel()[sparse]
        if not (np.abs(x - y) <= level.rtol * np.abs(y) + level.atol).all():
            return None
    gap = np.abs(a - b)
    if not (gap <= level.rtol * np.abs(b) + level.atol).all():  # NaN agrees with nothing
        return None
    return float(gap.max(initial=0.0)) / (float(np.abs(b).max(initial=0.0)) or 1.0)


def _rows(a: np.ndarray, b: np.ndarray, level: Level) -> tuple[int, ...] | None:
    """For each row of a the row of b that it equals: the one in its place, the one after the last
    one, or the first.
    """
    if not len(a) or len(b) < 2 or max(len(a), len(b)) > ROWS:
        return None
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    columns = slice(None, None, max(1, a.shape[1] // 8))
    near = np.ones((len(a), len(b)), bool)
    for x, y in zip(a[:, columns].T, b[:, columns].T, strict=True):
        near &= np.abs(x[:, None] - y) <= level.rtol * np.abs(y) + level.atol
        if not near.any(axis=1).all():
            return None
    found: list[int] = []
    for row, candidates in enumerate(near):
        following = found[-1] + 1 if found else 0
        if candidates[min(row, len(b) - 1)] and row < len(b):
            found.append(row)
        elif following < len(b) and candidates[following]:
            found.append(following)
        else:
            found.append(int(np.argmax(candidates)))
    return tuple(found)


def _of_samples(mine: Mine, rows: tuple[int, ...], count: int) -> Mistake:
    """What happened to the samples."""
    kept = sorted(set(rows))
    shown = _listed(rows)
    if len(kept) < len(rows):
        key = "samples repeated"
        says = f"its {len(rows)} samples are {shown}: some are repeated"
    elif list(rows) == kept:
        key = "samples missing"
        missing = _listed([row for row in range(count) if row not in kept])
        verb = "is" if len(rows) == count - 1 else "are"
        says = f"it has {len(rows)} of the {count} samples of x: {missing} {verb} missing"
    else:
        key = "samples in another order"
        says = f"the samples are in another order: {shown}"
        if len(rows) < count:
            says += f", {count - len(rows)} of {count} missing"
    return Mistake(key, says, remark=f"all {count} samples of x, in their order")


def _listed(numbers: list[int] | tuple[int, ...]) -> str:
    shown = [f"x[{number}]" for number in numbers[:8]]
    return ", ".join(shown) + (", ..." if len(numbers) > 8 else "")
