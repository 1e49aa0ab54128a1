"""What several rows by hand do with windows over images, signals and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def padded(x: np.ndarray, *sides: tuple[int, int], fill: float = 0) -> np.ndarray:
    """x with `sides` (before, after) of zeros along the axes behind the first one."""
    sizes = [n + a + b for n, (a, b) in zip(x.shape[1:-1], sides, strict=True)]
    y = (
        np.full((len(x), *sizes, x.shape[-1]), fill, x.dtype)
        if fill
        else np.zeros((len(x), *sizes, x.shape[-1]), x.dtype)
    )
    y[(slice(None), *(slice(a, a + n) for n, (a, _) in zip(x.shape[1:-1], sides, strict=True)))] = x
    return y


def same(x: np.ndarray, window: Sequence[int], strides: int = 1, rate: int = 1, **how: Any) -> Any:
    """x with the zeros of padding="same"."""
    sides = []
    for n, w in zip(x.shape[1:-1], window, strict=True):
        total = max((-(-n // strides) - 1) * strides + (w - 1) * rate + 1 - n, 0)
        sides.append((total // 2, total - total // 2))
    return padded(x, *sides, **how) if any(map(any, sides)) else x


def conv(x: np.ndarray, kernel: np.ndarray, strides: int = 1, rate: int = 1) -> np.ndarray:
    """Of any rank: windows side by side, and one product."""
    *window, _, filters = kernel.shape
    rank = len(window)
    axes = tuple(range(1, rank + 1))
    seen = sliding_window_view(x, [(w - 1) * rate + 1 for w in window], axes)
    skip, inner = slice(None, None, strides), slice(None, None, rate)
    seen = seen[(slice(None), *[skip] * rank, slice(None), *[inner] * rank)]
    seen = np.moveaxis(seen, rank + 1, -1)
    places = seen.shape[: rank + 1]
    return (seen.reshape(-1, kernel.size // filters) @ kernel.reshape(-1, filters)).reshape(
        *places, filters
    )


def shifted(x: np.ndarray, window: Sequence[int], strides: int = 1) -> list[np.ndarray]:
    """What each position of a window sees, one array a position."""
    counts = [(n - w) // strides + 1 for n, w in zip(x.shape[1:-1], window, strict=True)]
    found = []
    for first in product(*map(range, window)):
        places = (
            slice(a, a + (n - 1) * strides + 1, strides) for a, n in zip(first, counts, strict=True)
        )
        found.append(x[(slice(None), *places)])
    return found


def depthwise(x: np.ndarray, kernel: np.ndarray, strides: int = 1) -> np.ndarray:
    """kernel: (*window, channels)"""
    *window, channels = kernel.shape
    weights = kernel.reshape(-1, channels)
    total = 0
    for seen, weight in zip(shifted(x, window, strides), weights, strict=True):
        total = total + seen * weight
    return np.asarray(total)


def largest(x: np.ndarray, window: Sequence[int], strides: int) -> np.ndarray:
    first, *others = shifted(x, window, strides)
    y = first.copy()
    for one in others:
        np.maximum(y, one, out=y)
    return y
