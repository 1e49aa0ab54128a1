"""Layers of images, signals and volumes in NumPy, as a person writes them who wants them fast.

See numpy_speed.py. Each function takes the weights, as get_weights() has them, and gives the
function of a batch: what can be made of the weights once is not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from keras import Input, Model, Sequential, layers
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.by_hand import by_fours, relu
from benchmarks.hand_rows import Function, Rows, Weights

IMAGES = Rows()
row = IMAGES.row


# What several rows use


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


# Convolutions


def convolution(
    kind: type, size: tuple[int, ...], filters: int, window: Any, **options: Any
) -> Callable[[], Model]:
    return lambda: Sequential([Input(size), kind(filters, window, activation="relu", **options)])


@row("Conv1D, 5, causal", convolution(layers.Conv1D, (128, 32), 48, 5, padding="causal"))
def causal(w: Weights) -> Function:
    return lambda x: relu(conv(padded(x, (4, 0)), w[0]) + w[1])


@row("Conv1D, 3, dilated 4", convolution(layers.Conv1D, (128, 32), 48, 3, dilation_rate=4))
def dilated_line(w: Weights) -> Function:
    return lambda x: relu(conv(x, w[0], rate=4) + w[1])


@row(
    "Conv1D, 9, strides 4, of one channel", convolution(layers.Conv1D, (1024, 1), 32, 9, strides=4)
)
def wave(w: Weights) -> Function:
    return lambda x: relu(conv(x, w[0], 4) + w[1])


@row("Conv2D, 3x3, valid", convolution(layers.Conv2D, (32, 32, 16), 32, 3))
def valid(w: Weights) -> Function:
    return lambda x: relu(conv(x, w[0]) + w[1])


@row("Conv2D, 3x3, same", convolution(layers.Conv2D, (28, 28, 24), 40, 3, padding="same"))
def same_padding(w: Weights) -> Function:
    return lambda x: relu(conv(same(x, (3, 3)), w[0]) + w[1])


@row("Conv2D, 5x5, of one channel", convolution(layers.Conv2D, (28, 28, 1), 16, 5, padding="same"))
def grey(w: Weights) -> Function:
    return lambda x: relu(conv(same(x, (5, 5)), w[0]) + w[1])


@row(
    "Conv2D, 3x3, strides 2, of three channels",
    convolution(layers.Conv2D, (64, 64, 3), 16, 3, strides=2, padding="same"),
)
def first_layer(w: Weights) -> Function:
    return lambda x: relu(conv(same(x, (3, 3), 2), w[0], 2) + w[1])


@row("Conv2D, 1x1", convolution(layers.Conv2D, (28, 28, 32), 64, 1))
def pointwise(w: Weights) -> Function:
    kernel = w[0][0, 0]
    return lambda x: relu(x @ kernel + w[1])


@row("Conv2D, 1x1, strides 2", convolution(layers.Conv2D, (28, 28, 32), 64, 1, strides=2))
def projection(w: Weights) -> Function:
    kernel = w[0][0, 0]
    return lambda x: relu(x[:, ::2, ::2] @ kernel + w[1])


@row(
    "Conv2D, 3x3, dilated 2, same",
    convolution(layers.Conv2D, (28, 28, 16), 24, 3, dilation_rate=2, padding="same"),
)
def dilated(w: Weights) -> Function:
    return lambda x: relu(conv(same(x, (3, 3), 1, 2), w[0], rate=2) + w[1])


@row("Conv2D, 3x3, 4 groups", convolution(layers.Conv2D, (20, 20, 32), 48, 3, groups=4))
def grouped(w: Weights) -> Function:
    kernels = np.split(w[0], 4, -1)

    def predict(x: np.ndarray) -> np.ndarray:
        parts = [conv(x[..., 8 * g : 8 * g + 8], kernel) for g, kernel in enumerate(kernels)]
        return relu(np.concatenate(parts, -1) + w[1])

    return predict


@row("Conv2D, 3x3, 16 groups", convolution(layers.Conv2D, (20, 20, 64), 64, 3, groups=16))
def many_groups(w: Weights) -> Function:
    """All groups' products at once."""
    kernel = w[0].reshape(9, 4, 16, 4).transpose(2, 0, 1, 3).reshape(16, 36, 4)

    def predict(x: np.ndarray) -> np.ndarray:
        seen = sliding_window_view(x.reshape(len(x), 20, 20, 16, 4), (3, 3), (1, 2))
        rows = seen.transpose(3, 0, 1, 2, 5, 6, 4).reshape(16, -1, 36)
        y = (rows @ kernel).reshape(16, len(x), 18, 18, 4)
        return relu(y.transpose(1, 2, 3, 0, 4).reshape(len(x), 18, 18, 64) + w[1])

    return predict


@row("Conv3D, 3x3x3, same", convolution(layers.Conv3D, (10, 12, 14, 8), 16, 3, padding="same"))
def volume(w: Weights) -> Function:
    return lambda x: relu(conv(same(x, (3, 3, 3)), w[0]) + w[1])


def depthwise_model(size: tuple[int, ...], kind: type, window: int, **options: Any) -> Any:
    return lambda: Sequential([Input(size), kind(window, activation="relu", **options)])


@row(
    "DepthwiseConv2D, 3x3, same",
    depthwise_model((28, 28, 32), layers.DepthwiseConv2D, 3, padding="same"),
)
def depthwise_same(w: Weights) -> Function:
    return lambda x: relu(depthwise(same(x, (3, 3)), w[0][..., 0]) + w[1])


@row(
    "DepthwiseConv2D, 5x5, strides 2",
    depthwise_model((28, 28, 32), layers.DepthwiseConv2D, 5, strides=2, padding="same"),
)
def depthwise_strided(w: Weights) -> Function:
    return lambda x: relu(depthwise(same(x, (5, 5), 2), w[0][..., 0], 2) + w[1])


@row(
    "DepthwiseConv2D, 3x3, two filters a channel",
    depthwise_model((28, 28, 16), layers.DepthwiseConv2D, 3, depth_multiplier=2),
)
def depthwise_multiplied(w: Weights) -> Function:
    kernel = w[0].reshape(3, 3, 32)
    return lambda x: relu(depthwise(np.repeat(x, 2, -1), kernel) + w[1])


@row("DepthwiseConv1D, 9", depthwise_model((128, 32), layers.DepthwiseConv1D, 9, padding="same"))
def depthwise_line(w: Weights) -> Function:
    return lambda x: relu(depthwise(same(x, (9,)), w[0][..., 0]) + w[1])


@row("SeparableConv2D, 3x3", convolution(layers.SeparableConv2D, (28, 28, 32), 48, 3))
def separable(w: Weights) -> Function:
    kernel = w[1][0, 0]
    return lambda x: relu(depthwise(x, w[0][..., 0]) @ kernel + w[2])


@row(
    "Conv2DTranspose, 2x2, strides 2",
    convolution(layers.Conv2DTranspose, (14, 14, 32), 24, 2, strides=2),
)
def doubling(w: Weights) -> Function:
    """Nothing overlaps: one product, and its parts in their places."""
    kernel = w[0].transpose(3, 0, 1, 2).reshape(32, -1)

    def predict(x: np.ndarray) -> np.ndarray:
        y = (x @ kernel).reshape(len(x), 14, 14, 2, 2, 24).transpose(0, 1, 3, 2, 4, 5)
        return relu(y.reshape(len(x), 28, 28, 24) + w[1])

    return predict


@row(
    "Conv2DTranspose, 3x3, strides 2, same",
    convolution(layers.Conv2DTranspose, (14, 14, 32), 24, 3, strides=2, padding="same"),
)
def transposed_same(w: Weights) -> Function:
    kernel = w[0].transpose(3, 0, 1, 2).reshape(32, -1)

    def predict(x: np.ndarray) -> np.ndarray:
        parts = (x @ kernel).reshape(len(x), 14, 14, 3, 3, 24)
        y = np.zeros((len(x), 29, 29, 24), np.float32)
        for i, j in product(range(3), range(3)):
            y[:, i : i + 27 : 2, j : j + 27 : 2] += parts[:, :, :, i, j]
        return relu(y[:, :28, :28] + w[1])

    return predict


@row(
    "Conv2DTranspose, 3x3",
    convolution(layers.Conv2DTranspose, (14, 14, 32), 24, 3, padding="same"),
)
def transposed_plain(w: Weights) -> Function:
    """Without strides it is a convolution with the kernel turned round."""
    kernel = np.ascontiguousarray(w[0][::-1, ::-1].transpose(0, 1, 3, 2))
    return lambda x: relu(conv(same(x, (3, 3)), kernel) + w[1])


@row(
    "Conv1DTranspose, 4, strides 2", convolution(layers.Conv1DTranspose, (64, 32), 24, 4, strides=2)
)
def transposed_line(w: Weights) -> Function:
    kernel = w[0].transpose(2, 0, 1).reshape(32, -1)

    def predict(x: np.ndarray) -> np.ndarray:
        parts = (x @ kernel).reshape(len(x), 64, 4, 24)
        y = np.zeros((len(x), 130, 24), np.float32)
        for i in range(4):
            y[:, i : i + 127 : 2] += parts[:, :, i]
        return relu(y + w[1])

    return predict


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


# Blocks


def _residual_block() -> Model:
    x = Input((16, 16, 32))
    y = layers.Conv2D(32, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(32, 3, padding="same", use_bias=False)(y)
    return Model(x, layers.ReLU()(layers.Add()([x, layers.BatchNormalization()(y)])))


@row("residual block", _residual_block)
def residual_block(w: Weights) -> Function:
    """The normalizations are parts of the kernels."""
    first, second = folded(w[0], *w[1:5]), folded(w[5], *w[6:])

    def predict(x: np.ndarray) -> np.ndarray:
        y = relu(conv(same(x, (3, 3)), first[0]) + first[1])
        return relu(conv(same(y, (3, 3)), second[0]) + second[1] + x)

    return predict


def folded(kernel: np.ndarray, *normalization: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A kernel and a bias that do what the convolution and BatchNormalization do."""
    gamma, beta, mean, variance = normalization
    scale = gamma / np.sqrt(variance + np.float32(1e-3))
    return kernel * scale, beta - mean * scale


def _inverted_residual() -> Model:
    x = Input((14, 14, 24))
    y = layers.Conv2D(96, 1, use_bias=False)(x)
    y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)
    y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
    y = layers.BatchNormalization()(layers.Conv2D(24, 1, use_bias=False)(y))
    return Model(x, layers.Add()([x, y]))


@row("inverted residual", _inverted_residual)
def inverted_residual(w: Weights) -> Function:
    (wide, a), (own, b), (narrow, c) = (
        folded(w[0][0, 0], *w[1:5]),
        folded(w[5][..., 0], *w[6:10]),
        folded(w[10][0, 0], *w[11:]),
    )

    def predict(x: np.ndarray) -> np.ndarray:
        y = np.clip(x @ wide + a, 0, 6)
        y = np.clip(depthwise(same(y, (3, 3)), own) + b, 0, 6)
        return y @ narrow + c + x

    return predict


def _small_unet() -> Model:
    x = Input((32, 32, 3))
    wide = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    deep = layers.Conv2D(32, 3, padding="same", activation="relu")(layers.MaxPooling2D()(wide))
    y = layers.Concatenate()([layers.UpSampling2D()(deep), wide])
    y = layers.Conv2D(16, 3, padding="same", activation="relu")(y)
    return Model(x, layers.Conv2D(1, 1, activation="sigmoid")(y))


@row("small U-Net", _small_unet)
def small_unet(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        wide = relu(conv(same(x, (3, 3)), w[0]) + w[1])
        deep = relu(conv(same(by_fours(wide).max((2, 4)), (3, 3)), w[2]) + w[3])
        y = np.concatenate([deep.repeat(2, 1).repeat(2, 2), wide], -1)
        y = relu(conv(same(y, (3, 3)), w[4]) + w[5])
        return 1 / (1 + np.exp(-(y @ w[6][0, 0] + w[7])))

    return predict
