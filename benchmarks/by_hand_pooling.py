"""Pooling, and images of other sizes: as by_hand_convolutions.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import Input, Model, Sequential, layers

from benchmarks.by_hand_windows import largest, padded, same, shifted
from benchmarks.hand_rows import Function, Rows, Weights

POOLING = Rows()
row = POOLING.row


# Pooling


def layer(kind: type, size: tuple[int, ...], *arguments: Any, **options: Any) -> Any:
    return lambda: Sequential([Input(size), kind(*arguments, **options)])


@row("MaxPooling2D, 2x2", layer(layers.MaxPooling2D, (32, 32, 32)))
def halved(w: Weights) -> Function:
    return lambda x: largest(x, (2, 2), 2)


@row("MaxPooling2D, 3x3, strides 2, same", layer(layers.MaxPooling2D, (32, 32, 32), 3, 2, "same"))
def overlapping(w: Weights) -> Function:
    return lambda x: largest(same(x, (3, 3), 2, fill=-np.inf), (3, 3), 2)


@row("AveragePooling2D, 2x2", layer(layers.AveragePooling2D, (32, 32, 32), 2))
def averaged(w: Weights) -> Function:
    quarter = np.float32(0.25)
    return lambda x: sum(shifted(x, (2, 2), 2)) * quarter


@row("AveragePooling2D, 3x3, same", layer(layers.AveragePooling2D, (28, 28, 32), 3, 1, "same"))
def smoothed(w: Weights) -> Function:
    counts = sum(shifted(same(np.ones((1, 28, 28, 1), np.float32), (3, 3)), (3, 3)))
    return lambda x: sum(shifted(same(x, (3, 3)), (3, 3))) / counts


@row("MaxPooling1D, 2", layer(layers.MaxPooling1D, (256, 32)))
def line_halved(w: Weights) -> Function:
    return lambda x: np.maximum(x[:, ::2], x[:, 1::2])


@row("MaxPooling3D, 2x2x2", layer(layers.MaxPooling3D, (12, 12, 12, 16)))
def volume_halved(w: Weights) -> Function:
    return lambda x: largest(x, (2, 2, 2), 2)


@row("AveragePooling3D, 2x2x2", layer(layers.AveragePooling3D, (12, 12, 12, 16), 2))
def volume_averaged(w: Weights) -> Function:
    eighth = np.float32(0.125)
    return lambda x: sum(shifted(x, (2, 2, 2), 2)) * eighth


@row("GlobalAveragePooling2D", layer(layers.GlobalAveragePooling2D, (14, 14, 64)))
def average_of_all(w: Weights) -> Function:
    return lambda x: x.mean((1, 2))


@row("GlobalMaxPooling2D", layer(layers.GlobalMaxPooling2D, (14, 14, 64)))
def largest_of_all(w: Weights) -> Function:
    return lambda x: x.max((1, 2))


@row("AdaptiveAveragePooling2D, 4x4", layer(layers.AdaptiveAveragePooling2D, (14, 14, 32), 4))
def adaptive(w: Weights) -> Function:
    bounds = [(i * 14 // 4, -(-(i + 1) * 14 // 4)) for i in range(4)]

    def predict(x: np.ndarray) -> np.ndarray:
        x = np.stack([x[:, a:b].mean(1) for a, b in bounds], 1)
        return np.stack([x[:, :, a:b].mean(2) for a, b in bounds], 2)

    return predict


# Other sizes


@row("UpSampling2D", layer(layers.UpSampling2D, (14, 14, 32)))
def repeated(w: Weights) -> Function:
    return lambda x: x.repeat(2, 1).repeat(2, 2)


@row("UpSampling2D, bilinear", layer(layers.UpSampling2D, (14, 14, 32), interpolation="bilinear"))
def interpolated(w: Weights) -> Function:
    return _resized(14, 28)


@row("Resizing to 20x20, bilinear", layer(layers.Resizing, (32, 32, 8), 20, 20))
def resized(w: Weights) -> Function:
    return _resized(32, 20)


def _resized(length: int, size: int) -> Function:
    """Two neighbours, the nearer the more, along one axis and then the other."""
    places = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    low = np.minimum(places.astype(int), length - 2)
    share = (places - low).astype(np.float32)[:, None]

    def predict(x: np.ndarray) -> np.ndarray:
        rows = share[..., None]
        x = x[:, low] * (1 - rows) + x[:, low + 1] * rows
        return x[:, :, low] * (1 - share) + x[:, :, low + 1] * share

    return predict


@row("Resizing to 20x20, nearest", layer(layers.Resizing, (32, 32, 8), 20, 20, "nearest"))
def nearest(w: Weights) -> Function:
    places = ((np.arange(20) + 0.5) * 1.6).astype(int)
    return lambda x: x[:, places[:, None], places]


@row("ZeroPadding2D", layer(layers.ZeroPadding2D, (28, 28, 16), 2))
def zeros_around(w: Weights) -> Function:
    return lambda x: padded(x, (2, 2), (2, 2))


@row("Cropping2D and a sum", lambda: _cropped())
def cropped(w: Weights) -> Function:
    return lambda x: x[:, 2:-2, 3:-3] + x[:, 4:, 6:]


def _cropped() -> Model:
    x = Input((28, 28, 16))
    one, other = layers.Cropping2D((2, 3)), layers.Cropping2D(((4, 0), (6, 0)))
    return Model(x, layers.Add()([one(x), other(x)]))


# Sequences and volumes


@row("MaxPooling1D, 3, strides 2, same", layer(layers.MaxPooling1D, (256, 32), 3, 2, "same"))
def line_overlapping(w: Weights) -> Function:
    return lambda x: largest(same(x, (3,), 2, fill=-np.inf), (3,), 2)


@row("MaxPooling1D, 5", layer(layers.MaxPooling1D, (255, 32), 5))
def line_by_fives(w: Weights) -> Function:
    return lambda x: largest(x, (5,), 5)


@row("AveragePooling1D, 2", layer(layers.AveragePooling1D, (256, 32), 2))
def line_averaged(w: Weights) -> Function:
    half = np.float32(0.5)
    return lambda x: (x[:, ::2] + x[:, 1::2]) * half


@row("AveragePooling1D, 3, same", layer(layers.AveragePooling1D, (128, 32), 3, 1, "same"))
def line_smoothed(w: Weights) -> Function:
    counts = sum(shifted(same(np.ones((1, 128, 1), np.float32), (3,)), (3,)))
    return lambda x: sum(shifted(same(x, (3,)), (3,))) / counts


@row("AveragePooling3D, 3x3x3, same", layer(layers.AveragePooling3D, (8, 9, 10, 16), 3, 2, "same"))
def volume_smoothed(w: Weights) -> Function:
    ones = np.ones((1, 8, 9, 10, 1), np.float32)
    counts = sum(shifted(same(ones, (3, 3, 3), 2), (3, 3, 3), 2))
    return lambda x: sum(shifted(same(x, (3, 3, 3), 2), (3, 3, 3), 2)) / counts


@row("GlobalMaxPooling1D", layer(layers.GlobalMaxPooling1D, (128, 32)))
def largest_of_line(w: Weights) -> Function:
    return lambda x: x.max(1)


@row("UpSampling1D, 3", layer(layers.UpSampling1D, (64, 32), 3))
def line_repeated(w: Weights) -> Function:
    return lambda x: x.repeat(3, 1)


@row("UpSampling3D", layer(layers.UpSampling3D, (6, 7, 8, 16)))
def volume_repeated(w: Weights) -> Function:
    return lambda x: x.repeat(2, 1).repeat(2, 2).repeat(2, 3)


@row("Resizing to 40x40, bicubic", layer(layers.Resizing, (20, 20, 8), 40, 40, "bicubic"))
def resized_bicubic(w: Weights) -> Function:
    """Sums of rows and columns as products with matrices, half a pixel off at the edges as ever."""
    places = (np.arange(40) + 0.5) / 2 - 0.5
    steps = np.abs(places[:, None] - np.arange(20))
    near, far = (1.5 * steps - 2.5) * steps**2 + 1, ((-0.5 * steps + 2.5) * steps - 4) * steps + 2
    weights = np.where(steps < 1, near, np.where(steps < 2, far, 0))
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)

    def predict(x: np.ndarray) -> np.ndarray:
        y = (weights @ x.reshape(len(x), 20, -1)).reshape(len(x), 40, 20, 8)
        return weights @ y

    return predict


@row("ZeroPadding1D", layer(layers.ZeroPadding1D, (128, 32), 3))
def zeros_at_the_ends(w: Weights) -> Function:
    return lambda x: padded(x, (3, 3))


@row("Cropping1D", layer(layers.Cropping1D, (128, 32), 3))
def ends_cut(w: Weights) -> Function:
    return lambda x: x[:, 3:-3].copy()
