"""Convolutions in NumPy, as a person writes them who wants them fast.

See numpy_speed.py. Each function takes the weights, as get_weights() has them, and gives the
function of a batch: what can be made of the weights once is not timed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from keras import Input, Model, Sequential, layers
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.by_hand import relu
from benchmarks.by_hand_windows import conv, depthwise, padded, same
from benchmarks.hand_rows import Function, Rows, Weights

CONVOLUTIONS = Rows()
row = CONVOLUTIONS.row


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


def overlapping(parts: np.ndarray) -> np.ndarray:
    """The sum of (samples, n, window, filters), each window two elements behind the one before."""
    samples, n, window, filters = parts.shape
    y = np.zeros((samples, 2 * n + window - 2, filters), np.float32)
    for i in range(window):
        y[:, i : i + 2 * n - 1 : 2] += parts[:, :, i]
    return y


@row(
    "Conv1DTranspose, 4, strides 2", convolution(layers.Conv1DTranspose, (64, 32), 24, 4, strides=2)
)
def transposed_line(w: Weights) -> Function:
    kernel = w[0].transpose(2, 0, 1).reshape(32, -1)
    return lambda x: relu(overlapping((x @ kernel).reshape(len(x), 64, 4, 24)) + w[1])


@row("SeparableConv1D, 5", convolution(layers.SeparableConv1D, (128, 32), 48, 5, padding="same"))
def separable_line(w: Weights) -> Function:
    kernel = w[1][0]
    return lambda x: relu(depthwise(same(x, (5,)), w[0][..., 0]) @ kernel + w[2])


@row(
    "Conv1DTranspose, 3, strides 2, same",
    convolution(layers.Conv1DTranspose, (64, 32), 24, 3, strides=2, padding="same"),
)
def transposed_line_same(w: Weights) -> Function:
    kernel = w[0].transpose(2, 0, 1).reshape(32, -1)

    def predict(x: np.ndarray) -> np.ndarray:
        y = overlapping((x @ kernel).reshape(len(x), 64, 3, 24))
        return relu(y[:, :128] + w[1])

    return predict


@row(
    "Conv3DTranspose, 2x2x2, strides 2",
    convolution(layers.Conv3DTranspose, (6, 7, 8, 16), 12, 2, strides=2),
)
def transposed_volume(w: Weights) -> Function:
    kernel = w[0].transpose(4, 0, 1, 2, 3).reshape(16, -1)

    def predict(x: np.ndarray) -> np.ndarray:
        y = (x @ kernel).reshape(len(x), 6, 7, 8, 2, 2, 2, 12).transpose(0, 1, 4, 2, 5, 3, 6, 7)
        return relu(y.reshape(len(x), 12, 14, 16, 12) + w[1])

    return predict
