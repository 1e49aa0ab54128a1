"""Differences between arrays that should be equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgen.arrays import widened
from kgen.ir.value import is_float

RTOL = 1e-4
ATOL = 1e-5
"""Of the reference's largest element: the one tolerance that exports are held to."""


@dataclass(frozen=True)
class Difference:
    """The largest differences of an array from its reference: absolute, relative to the reference's
    largest element, and in units in the last place (None for other than floats)."""

    absolute: float
    relative: float
    ulps: int | None
    ok: bool


HALF_TOLERANCE = {"float16": 2.0**-7, "bfloat16": 2.0**-4}
"""Relative to the reference's largest element, in models that round to these types: Keras's own
results are several units in the last place from the exact ones."""


def difference(
    found: np.ndarray,
    wanted: np.ndarray,
    *,
    precision: str | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
    noise: float = 0.0,
) -> Difference:
    """How far `found` is from `wanted`; ok is what np.allclose says of rtol and atol * max
    |wanted|, or of rtol and noise.

    precision: the type of the fewest digits that the model computes in, if fewer than float32's.
    noise: what rounding may do to a number of this output.
    """
    if precision is not None:
        rtol = atol = max(rtol, HALF_TOLERANCE[precision])
    ulps = _ulps(found, wanted) if found.shape == wanted.shape else None
    found, wanted = widened(found), widened(wanted)
    if found.shape != wanted.shape or found.dtype.kind != wanted.dtype.kind:
        return Difference(float("inf"), float("inf"), None, False)
    if not wanted.size:
        return Difference(0.0, 0.0, 0, True)
    if wanted.dtype.kind == "O":  # strings: how many differ
        wrong = int((found != wanted).sum())
        return Difference(float(wrong), wrong / wanted.size, None, wrong == 0)
    if wanted.dtype.kind != "f":
        apart = np.abs(found.astype(np.float64) - wanted.astype(np.float64)).max()
        return Difference(float(apart), float(apart), None, bool(np.array_equal(found, wanted)))
    a, b = found.astype(np.float64), wanted.astype(np.float64)
    finite = np.isfinite(b)
    scale = _largest(b)
    with np.errstate(invalid="ignore"):
        gap = np.where(finite & np.isfinite(a), np.abs(a - b), 0.0)
    absolute = float(gap.max())
    least = max(atol * scale, noise) + np.finfo(np.float32).tiny
    ok = bool(np.allclose(a, b, rtol=rtol, atol=least, equal_nan=True))
    return Difference(absolute, absolute / scale if scale else absolute, ulps, ok)


def _largest(x: np.ndarray) -> float:
    return float(np.abs(x[np.isfinite(x)]).max(initial=0.0))


def _ulps(found: np.ndarray, wanted: np.ndarray) -> int | None:
    """The largest number of floating-point numbers between two elements."""
    size = wanted.dtype.itemsize
    if wanted.dtype == "bfloat16":
        found = found.astype(wanted.dtype)  # which the NumPy target has as float32
    if not is_float(str(wanted.dtype)) or found.dtype != wanted.dtype or not wanted.size:
        return None
    bits, lowest = np.dtype(f"int{8 * size}"), -(2 ** (8 * size - 1))

    def ordered(x: np.ndarray) -> np.ndarray:
        whole = np.ascontiguousarray(x).view(bits).astype(np.int64)
        return np.where(whole < 0, lowest - whole, whole)

    both = np.isfinite(found) & np.isfinite(wanted)
    return int(np.abs(ordered(found) - ordered(wanted))[both].max(initial=0))
