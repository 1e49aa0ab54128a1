"""The small layers that docs/layers works out: sizes and numbers that a person can follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import Input, Model, Sequential, layers


@dataclass(frozen=True)
class Example:
    """model: makes a model that has, besides its inputs, the layers to show. x: its samples."""

    model: Callable[[], keras.Model]
    x: np.ndarray | list[np.ndarray]


def quarters(shape: Sequence[int], salt: int = 0) -> np.ndarray:
    """Numbers from -1.25 to 1.25 in steps of a quarter, in an order that repeats after eleven."""
    n = np.arange(int(np.prod(shape)))
    return (((n * 7 + salt * 4) % 11 - 5) / 4).reshape(shape).astype(np.float32)


def counting(*shape: int) -> np.ndarray:
    """1, 2, 3, ... in memory order."""
    return np.arange(1, np.prod(shape) + 1, dtype=np.float32).reshape(shape)


def with_quarters(model: keras.Model) -> keras.Model:
    """The model with weights of quarters; scales and variances are positive."""
    for salt, weight in enumerate(model.weights):
        values = quarters(tuple(weight.shape), salt)
        positive = weight.name in ("moving_variance", "gamma")
        weight.assign(np.abs(values) + 0.5 if positive else values)
    return model


def _layer(layer: Callable[[], keras.Layer], x: np.ndarray) -> Example:
    """A model of one layer. layer: makes it."""

    def model() -> keras.Model:
        return Sequential([Input(x.shape[1:], dtype=str(x.dtype)), layer()], name="example")

    return Example(model, x)


def _attention() -> keras.Model:
    query, value = Input((2, 2), name="query"), Input((3, 2), name="value")
    return Model([query, value], layers.Attention(name="attention")([query, value]))


def _additive_attention() -> keras.Model:
    query, value = Input((2, 2), name="query"), Input((3, 2), name="value")
    return Model([query, value], layers.AdditiveAttention(name="attention")([query, value]))


def _self_attention() -> keras.Model:
    x = Input((2, 3), name="x")
    attention = layers.MultiHeadAttention(num_heads=2, key_dim=2, name="attention")
    return Model(x, attention(x, x))


def _masked_rnn() -> keras.Model:
    return Sequential(
        [
            Input((4, 1)),
            layers.Masking(0.0, name="masking"),
            layers.SimpleRNN(1, return_sequences=True, name="rnn"),
        ]
    )


def _masked_mean() -> keras.Model:
    return Sequential(
        [
            Input((4,), dtype="int32"),
            layers.Embedding(4, 2, mask_zero=True, name="embedding"),
            layers.GlobalAveragePooling1D(name="mean"),
        ]
    )


def _bidirectional() -> keras.Layer:
    return layers.Bidirectional(
        layers.SimpleRNN(1, return_sequences=True, name="rnn"), name="bidirectional"
    )


def _pair(layer: Callable[[], keras.Layer], first: np.ndarray, second: np.ndarray) -> Example:
    """A model of one layer with two inputs."""

    def model() -> keras.Model:
        inputs = [Input(first.shape[1:], name="first"), Input(second.shape[1:], name="second")]
        return Model(inputs, layer()(inputs), name="example")

    return Example(model, [first, second])


def _normalization() -> keras.Layer:
    return layers.Normalization(mean=[2.0, 4.0], variance=[4.0, 0.25], name="norm")


IDS = np.array([[3, 1, 0, 0]], np.int32)
PICTURE = counting(1, 4, 4, 1)
SEQUENCE = quarters((1, 3, 2), 1)
ROWS = quarters((2, 3), 2)

EXAMPLES: dict[str, Example] = {
    "dense": _layer(lambda: layers.Dense(3, "relu", name="dense"), counting(2, 2)),
    "dense_sequence": _layer(lambda: layers.Dense(2, name="dense"), counting(1, 3, 2)),
    "flatten": _layer(lambda: layers.Flatten(name="flatten"), counting(1, 2, 2, 3)),
    "reshape": _layer(lambda: layers.Reshape((3, 2), name="reshape"), counting(1, 2, 3)),
    "permute": _layer(lambda: layers.Permute((2, 1), name="permute"), counting(1, 2, 3)),
    "embedding": _layer(lambda: layers.Embedding(4, 3, name="embedding"), IDS),
    "softmax": _layer(lambda: layers.Softmax(name="softmax"), counting(2, 3)),
    "relu": _layer(lambda: layers.ReLU(name="relu"), ROWS),
    "leaky_relu": _layer(lambda: layers.LeakyReLU(name="leaky_relu"), ROWS),
    "prelu": _layer(lambda: layers.PReLU(name="prelu"), ROWS),
    "conv1d": _layer(lambda: layers.Conv1D(2, 3, name="conv"), counting(1, 5, 1)),
    "conv1d_causal": _layer(
        lambda: layers.Conv1D(1, 3, padding="causal", name="conv"), counting(1, 4, 1)
    ),
    "conv2d": _layer(lambda: layers.Conv2D(1, 2, activation="relu", name="conv"), -PICTURE),
    "conv2d_same": _layer(
        lambda: layers.Conv2D(1, 3, strides=2, padding="same", name="conv"), PICTURE
    ),
    "conv3d": _layer(lambda: layers.Conv3D(1, 2, name="conv"), counting(1, 2, 2, 3, 1)),
    "depthwise": _layer(
        lambda: layers.DepthwiseConv2D(2, depth_multiplier=2, name="conv"), counting(1, 2, 3, 2)
    ),
    "separable": _layer(lambda: layers.SeparableConv2D(2, 2, name="conv"), counting(1, 2, 3, 2)),
    "conv2d_transpose": _layer(
        lambda: layers.Conv2DTranspose(1, 3, strides=2, name="conv"), counting(1, 2, 2, 1)
    ),
    "max_pooling": _layer(lambda: layers.MaxPooling2D(2, name="pool"), PICTURE),
    "average_pooling": _layer(
        lambda: layers.AveragePooling2D(2, strides=2, padding="same", name="pool"),
        counting(1, 3, 3, 1),
    ),
    "global_average": _layer(
        lambda: layers.GlobalAveragePooling2D(name="pool"), counting(1, 2, 2, 3)
    ),
    "batch_normalization": _layer(lambda: layers.BatchNormalization(name="norm"), counting(2, 3)),
    "layer_normalization": _layer(lambda: layers.LayerNormalization(name="norm"), counting(2, 3)),
    "group_normalization": _layer(
        lambda: layers.GroupNormalization(groups=2, name="norm"), counting(1, 2, 4)
    ),
    "rms_normalization": _layer(lambda: layers.RMSNormalization(name="norm"), counting(2, 3)),
    "unit_normalization": _layer(lambda: layers.UnitNormalization(name="norm"), counting(2, 2)),
    "zero_padding": _layer(
        lambda: layers.ZeroPadding2D(((1, 0), (0, 1)), name="pad"), counting(1, 2, 2, 1)
    ),
    "cropping": _layer(lambda: layers.Cropping1D((1, 2), name="crop"), counting(1, 5, 2)),
    "simple_rnn": _layer(lambda: layers.SimpleRNN(2, name="rnn"), SEQUENCE),
    "lstm": _layer(lambda: layers.LSTM(2, name="lstm"), SEQUENCE),
    "gru": _layer(lambda: layers.GRU(2, name="gru"), SEQUENCE),
    "gru_reset_before": _layer(lambda: layers.GRU(2, reset_after=False, name="gru"), SEQUENCE),
    "bidirectional": _layer(_bidirectional, quarters((1, 3, 1), 1)),
    "attention": Example(_attention, [quarters((1, 2, 2), 1), quarters((1, 3, 2), 2)]),
    "additive_attention": Example(
        _additive_attention, [quarters((1, 2, 2), 1), quarters((1, 3, 2), 2)]
    ),
    "multi_head_attention": Example(_self_attention, quarters((1, 2, 3), 1)),
    "add": _pair(lambda: layers.Add(name="add"), counting(1, 2, 3), quarters((1, 1, 3))),
    "concatenate": _pair(
        lambda: layers.Concatenate(axis=-1, name="join"), counting(2, 2), -counting(2, 1)
    ),
    "dot": _pair(lambda: layers.Dot(axes=-1, name="dot"), counting(2, 3), quarters((2, 3))),
    "time_distributed": _layer(
        lambda: layers.TimeDistributed(layers.Flatten(name="inner"), name="each"),
        counting(1, 2, 2, 2),
    ),
    "up_sampling": _layer(
        lambda: layers.UpSampling2D(2, interpolation="bilinear", name="up"), counting(1, 2, 2, 1)
    ),
    "normalization": _layer(_normalization, counting(2, 2)),
    "rescaling": _layer(lambda: layers.Rescaling(1 / 128, -1, name="scale"), counting(1, 3) * 64),
    "masked_rnn": Example(_masked_rnn, np.array([[[1], [0], [2], [0]]], np.float32)),
    "masked_mean": Example(_masked_mean, IDS),
}
