"""Resizing one axis is a sparse matrix: for each output position, neighbours and their weights.

The numbers are those of TensorFlow's kernels (tf.image.resize with half-pixel centres), computed as
they are, in float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NEGLIGIBLE = 2.0**-24
"""A weight below this (sin(pi) as float32 computes it) is lost in its neighbours' rounding."""

Array = NDArray[Any]


class Resampling(NamedTuple):
    """starts: (outputs,), the first input position of each sum. weights: (outputs, taps)."""

    starts: Array
    weights: Array

    @property
    def is_identity(self) -> bool:
        return self.weights.shape[1] == 1 and bool(
            np.array_equal(self.starts, np.arange(len(self.starts))) and (self.weights == 1).all()
        )


def nearest(length: int, outputs: int) -> Array:
    """The input position that each output position is a copy of (ResizeNearestNeighbor)."""
    centres = (np.arange(outputs, dtype=np.float32) + np.float32(0.5)) * _scale(length, outputs)
    places: Array = np.clip(np.floor(centres), 0, length - 1).astype(np.int32)
    return places


def resampling(method: str, length: int, outputs: int, antialias: bool) -> Resampling:
    """The sums that resize an axis of `length` to `outputs` positions.

    method: bilinear, bicubic, area, lanczos3 or lanczos5.
    """
    if method == "area":
        dense = _area(length, outputs)
    elif method == "bilinear" and not antialias:
        dense = _bilinear(length, outputs)
    elif method == "bicubic" and not antialias:
        dense = _bicubic(length, outputs)
    else:
        dense = _scaled_kernel(method, length, outputs, antialias)
    return _sparse(dense)


def _scale(length: int, outputs: int) -> np.float32:
    return np.float32(length) / np.float32(outputs)


def _positions(length: int, outputs: int) -> Array:
    """Where in the input each output position's centre lies."""
    half = np.float32(0.5)
    return (np.arange(outputs, dtype=np.float32) + half) * _scale(length, outputs) - half


def _bilinear(length: int, outputs: int) -> Array:
    """ResizeBilinear: the two neighbours, the nearer the more."""
    places = _positions(length, outputs)
    below = np.floor(places)
    share = places - below
    dense = np.zeros((outputs, length), np.float32)
    rows = np.arange(outputs)
    np.add.at(dense, (rows, np.maximum(below, 0).astype(int)), 1 - share)
    np.add.at(dense, (rows, np.minimum(np.ceil(places), length - 1).astype(int)), share)
    return dense


def _bicubic(length: int, outputs: int) -> Array:
    """ResizeBicubic: Keys's cubic (a = -1/2) over four neighbours, from a table of 1024 steps;
    those outside the image don't count.
    """
    places = _positions(length, outputs)
    below = np.floor(places)
    step = np.rint((places - below) * np.float32(1024)).astype(np.float32) / np.float32(1024)
    dense = np.zeros((outputs, length), np.float32)
    rows = np.arange(outputs)
    for tap, distance in ((-1, 1 + step), (0, step), (1, 1 - step), (2, 2 - step)):
        neighbours = below.astype(int) + tap
        inside = (neighbours >= 0) & (neighbours < length)
        np.add.at(dense, (rows[inside], neighbours[inside]), _cubic(distance)[inside])
    return _normalized(dense)


def _area(length: int, outputs: int) -> Array:
    """ResizeArea: the mean over the stretch of input that an output position covers."""
    scale = _scale(length, outputs)
    starts = np.arange(outputs, dtype=np.float32)[:, None] * scale
    ends = np.arange(1, outputs + 1, dtype=np.float32)[:, None] * scale
    places = np.arange(length, dtype=np.float32)
    overlap = np.minimum(places + 1, ends) - np.maximum(places, starts)
    dense: Array = np.maximum(overlap, 0)
    # Rounding may take a stretch beyond the end, where the last element stands in.
    dense[:, -1] += np.maximum(ends[:, 0] - np.maximum(starts[:, 0], np.float32(length)), 0)
    dense /= scale
    return dense


def _scaled_kernel(method: str, length: int, outputs: int, antialias: bool) -> Array:
    """ScaleAndTranslate: a kernel around each centre, widened to a low-pass filter if antialias."""
    kernel, radius = {
        "bilinear": (_triangle, 1),
        "bicubic": (_cubic, 2),
        "lanczos3": (lambda x: _lanczos(x, 3), 3),
        "lanczos5": (lambda x: _lanczos(x, 5), 5),
    }[method]
    scale = np.float32(1) / (np.float32(outputs) / np.float32(length))
    width = max(scale, np.float32(1)) if antialias else np.float32(1)
    centres = (np.arange(outputs, dtype=np.float32) + np.float32(0.5))[:, None] * scale
    places = np.arange(length, dtype=np.float32) + np.float32(0.5)
    first = np.ceil(centres - radius * width - np.float32(0.5)).clip(0, length - 1)
    last = np.floor(centres + radius * width - np.float32(0.5)).clip(0, length - 1)
    numbers = np.arange(length)
    inside = (numbers >= first) & (numbers <= last) & (centres >= 0) & (centres <= length)
    dense = kernel(np.abs((places - centres) * (np.float32(1) / width)))
    return _normalized(np.where(inside, dense, np.float32(0)))


def _triangle(x: Array) -> Array:
    weights: Array = np.maximum(1 - x, 0)
    return weights


def _cubic(x: Array) -> Array:
    """Keys's cubic kernel with a = -1/2, for x >= 0."""
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0)).astype(np.float32)


def _lanczos(x: Array, radius: int) -> Array:
    """sinc(x) * sinc(x / radius), for x >= 0."""
    x64 = x.astype(np.float64)
    return np.where(x <= radius, np.sinc(x64) * np.sinc(x64 / radius), 0).astype(np.float32)


def _normalized(dense: Array) -> Array:
    total = dense.sum(axis=1, keepdims=True, dtype=np.float32)
    tiny = 1000 * np.finfo(np.float32).tiny
    return np.where(np.abs(total) >= tiny, dense / np.where(total == 0, 1, total), 0)


def _sparse(dense: Array) -> Resampling:
    """Each row's non-zero stretch, all of one length, none of them leaving the input."""
    length = dense.shape[1]
    counts = np.abs(dense) > NEGLIGIBLE
    first = np.where(counts.any(axis=1), counts.argmax(axis=1), 0)
    last = np.where(counts.any(axis=1), length - 1 - counts[:, ::-1].argmax(axis=1), 0)
    taps = int((last - first).max()) + 1
    starts = np.minimum(first, length - taps).astype(np.int32)
    weights = np.take_along_axis(dense, starts[:, None] + np.arange(taps), axis=1)
    return Resampling(starts, weights.astype(np.float32))
