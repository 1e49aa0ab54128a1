"""Blocks of several layers: as by_hand_convolutions.py."""

from __future__ import annotations

import numpy as np
from keras import Input, Model, layers

from benchmarks.by_hand import attention, by_fours, gelu, layer_norm, relu
from benchmarks.by_hand_windows import conv, depthwise, same
from benchmarks.hand_rows import Function, Rows, Weights

BLOCKS = Rows()
row = BLOCKS.row


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


def _block() -> Model:
    x = Input((32, 64))
    y = layers.LayerNormalization()(x)
    y = layers.Add()([x, layers.MultiHeadAttention(4, 16)(y, y)])
    z = layers.Dense(128, "gelu")(layers.LayerNormalization()(y))
    return Model(x, layers.Add()([y, layers.Dense(64)(z)]))


@row("transformer block", _block)
def block(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        x = x + attention(layer_norm(x, *w[:2]), w[2:10])
        return x + gelu(layer_norm(x, *w[10:12]) @ w[12] + w[13]) @ w[14] + w[15]

    return predict
