"""Differences between arrays that should be equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kgen.ir.value import is_float
from kgen.targets.numpy import widened

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
) -> Difference:
    """How far `found` is from `wanted`; ok is what np.allclose says of rtol and atol * max
    |wanted|.

    precision: the type of the fewest digits that the model computes in, if fewer than float32's.
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
    scale = float(np.abs(b[finite]).max(initial=0.0))
    with np.errstate(invalid="ignore"):
        gap = np.where(finite & np.isfinite(a), np.abs(a - b), 0.0)
    absolute = float(gap.max())
    ok = bool(
        np.allclose(a, b, rtol=rtol, atol=atol * scale + np.finfo(np.float32).tiny, equal_nan=True)
    )
    return Difference(absolute, absolute / scale if scale else absolute, ulps, ok)


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


def in_batches(
    size: int,
    inputs: Sequence[np.ndarray],
    run: Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]],
) -> list[np.ndarray]:
    """What `run` returns for batches of this size, one after another; the last one is filled up."""
    count = len(inputs[0])
    parts = []
    for start in range(0, count, size):
        rows = np.minimum(np.arange(start, start + size), count - 1)
        parts.append(run([array[rows] for array in inputs]))
    return [np.concatenate(arrays)[:count] for arrays in zip(*parts, strict=True)]
