"""Windows on images, signals and volumes, channels last: what convolutions and pooling share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kgen.diagnosis.recipe import Choice, Mistake, Option
from kgen.trace.calls import Call

Sides = tuple[tuple[int, int], ...]
"""How much is added before and after along each spatial axis."""


@dataclass(frozen=True)
class Grid:
    """Where the windows lie, one number for each spatial axis. lengths: of the input."""

    lengths: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """How far a window reaches, the gaps of dilation included."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.sizes, self.dilation, strict=True))

    @property
    def same(self) -> Sides:
        """Keras's padding 'same': the odd number out goes to the end."""
        found = []
        for length, stride, reach in zip(self.lengths, self.strides, self.reach, strict=True):
            total = max((-(-length // stride) - 1) * stride + reach - length, 0)
            found.append((total // 2, total - total // 2))
        return tuple(found)

    @property
    def none(self) -> Sides:
        return ((0, 0),) * len(self.sizes)

    @property
    def causal(self) -> Sides:
        return tuple((reach - 1, 0) for reach in self.reach)

    def sides(self, padding: str) -> Sides:
        return {"same": self.same, "causal": self.causal}.get(padding, self.none)

    def windows(self, x: np.ndarray, sides: Sides, fill: float = 0.0) -> np.ndarray:
        """(samples, *positions, channels, *window) of x (samples, *lengths, channels)."""
        padded = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=fill)
        axes = tuple(range(1, len(self.sizes) + 1))
        found = sliding_window_view(padded, self.reach, axis=axes)
        steps = tuple(slice(None, None, stride) for stride in self.strides)
        inner = tuple(slice(None, None, dilation) for dilation in self.dilation)
        return np.asarray(found[(slice(None), *steps, slice(None), *inner)])


def grid(call: Call, sizes: Sequence[int]) -> Grid | None:
    """Of a layer with the settings strides and dilation_rate; None unless its window fits."""
    rank = len(sizes)
    x = call.inputs[0]
    if x.ndim != rank + 2:
        return None
    lengths = x.shape[2:] if is_channels_first(call) else x.shape[1:-1]
    strides = each(call.config.get("strides"), rank) or each(sizes, rank)
    dilation = each(call.config.get("dilation_rate"), rank) or (1,) * rank
    return Grid(tuple(lengths), tuple(sizes), strides, dilation)


def each(setting: Any, rank: int) -> tuple[int, ...]:
    """A setting that may be one number for all axes, or () if there is none."""
    if setting is None:
        return ()
    if isinstance(setting, int):
        return (setting,) * rank
    return tuple(int(one) for one in setting)


def is_channels_first(call: Call) -> bool:
    return call.config.get("data_format") == "channels_first"


def last(call: Call) -> Callable[[np.ndarray], np.ndarray]:
    """To channels last."""
    return (lambda x: np.moveaxis(x, 1, -1)) if is_channels_first(call) else lambda x: x


def back(call: Call) -> Callable[[np.ndarray], np.ndarray]:
    """From channels last."""
    return (lambda y: np.moveaxis(y, -1, 1)) if is_channels_first(call) else lambda y: y


def padding_choice(call: Call, where: Grid) -> Choice:
    """The values are `Sides`."""
    padding = str(call.config.get("padding", "valid"))
    right = where.sides(padding)
    options = [Option(right)]
    shown = f"x = np.pad(x, {((0, 0), *right, (0, 0))})"
    if padding == "valid":
        shown = "padding='valid': x as it is"

    def wrong(sides: Sides, key: str, says: str) -> None:
        if all(sides != option.value for option in options):
            fix = f"{shown}  # before {call.path!r}: {_why(padding)}"
            options.append(Option(sides, Mistake(key, says, fix)))

    half = tuple((reach // 2, reach // 2) for reach in where.reach)
    wrong(
        half,
        "symmetric padding" if padding == "same" else "wrong padding",
        f"the padding is {_amounts(half)} on each side, as PyTorch's padding={_amounts(half)} is, "
        f"where padding={padding!r} is {_sides(right)}",
    )
    wrong(
        tuple((after, before) for before, after in right),
        "symmetric padding" if padding == "same" else "wrong padding",
        f"the odd zero is in front, where padding={padding!r} is {_sides(right)}",
    )
    for other in ("valid", "same", *(["causal"] if len(where.sizes) == 1 else [])):
        wrong(
            where.sides(other),
            "wrong padding",
            f"the padding is that of {other!r}, where {call.path!r} has padding={padding!r}",
        )
    return Choice("padding", tuple(options))


def _why(padding: str) -> str:
    return {
        "same": "'same' puts the odd zero at the end",
        "causal": "'causal' puts all zeros in front",
    }.get(padding, "'valid' has no zeros around")


def _amounts(sides: Sides) -> str:
    amounts = [str(before) for before, _ in sides]
    return amounts[0] if len(set(amounts)) == 1 else f"({', '.join(amounts)})"


def _sides(sides: Sides) -> str:
    if not any(before or after for before, after in sides):
        return "none"
    pairs = [f"{before} before and {after} after" for before, after in sides]
    if len(set(pairs)) == 1:
        return pairs[0]
    return "; ".join(f"{pair} along axis {axis}" for axis, pair in enumerate(pairs, 1))


def start_choice(where: Grid) -> Choice:
    """Where the first window begins; the values are tuples of slices of the padded input."""
    options = [Option((0,) * len(where.sizes))]
    ranges = [range(min(stride, 3)) for stride in where.strides]
    for starts in product(*ranges):
        if any(starts):
            shown = starts[0] if len(set(starts)) == 1 else starts
            says = f"the strides begin at {shown} instead of 0"
            fix = f"y[:, {', '.join(f'::{s}' for s in where.strides)}]  # from 0 on"
            options.append(Option(starts, Mistake("stride offset", says, fix)))
    return Choice("start", tuple(options))


def begun(x: np.ndarray, sides: Sides, starts: Sequence[int], fill: float = 0.0) -> np.ndarray:
    """x padded, from where the first window begins."""
    padded = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=fill)
    return padded[(slice(None), *(slice(start, None) for start in starts))]
