"""Arrays of samples: cut into batches, and as NumPy knows their types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def widened(array: np.ndarray) -> np.ndarray:
    """The array as NumPy knows it: bfloat16 as float32."""
    return array.astype(np.float32) if array.dtype == "bfloat16" else array


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
