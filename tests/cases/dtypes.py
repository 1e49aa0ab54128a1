"""Other types than float32."""

from __future__ import annotations

import keras
from keras import Input, Sequential, layers, ops

from tests.cases._build import function, layer


def float64_dense() -> keras.Model:
    return Sequential(
        [
            Input((5,), dtype="float64"),
            layers.Dense(4, "gelu", dtype="float64"),
            layers.Dense(3, "softmax", dtype="float64"),
        ]
    )


def float64_convolution() -> keras.Model:
    return layer(
        layers.Conv2D(3, 3, padding="same", dtype="float64", activation="elu"),
        5, 4, 2, dtype="float64",
    )  # fmt: skip


def float64_normalization() -> keras.Model:
    return layer(layers.LayerNormalization(dtype="float64"), 4, 5, dtype="float64")


def float64_layer_on_float32_input() -> keras.Model:
    return layer(layers.Dense(3, dtype="float64"), 5)


def float32_layer_on_float64_input() -> keras.Model:
    return layer(layers.Dense(3), 5, dtype="float64")


def integer_arithmetic() -> keras.Model:
    return function(lambda x, y: (x + y) * x - y * 3, (4, 3), (4, 3), dtype="int32")


def integer_division() -> keras.Model:
    return function(lambda x: [(x - 5) // 3, (x - 5) % 3, x // -2], (4, 3), dtype="int32")


def integers_become_floats() -> keras.Model:
    return function(lambda x, y: x / (y + 1) + 0.5, (4, 3), (4, 3), dtype="int32")


def integer_comparison() -> keras.Model:
    return function(lambda x, y: ops.maximum(x, y) > 4, (4, 3), (4, 3), dtype="int64")


def integer_sum_and_extremes() -> keras.Model:
    return function(
        lambda x: [ops.sum(x, 1), ops.max(x, 2), ops.prod(x - 4, 1)], (4, 3), dtype="int32"
    )


def bits() -> keras.Model:
    return function(
        lambda x, y: [ops.bitwise_and(x, y), ops.bitwise_or(x, y), ops.bitwise_xor(x, ~y)],
        (4, 3), (4, 3), dtype="int32",
    )  # fmt: skip


def unsigned_bytes() -> keras.Model:
    return function(lambda x: ops.cast(x, "float32") / 255, (4, 3), dtype="uint8")


def bytes_wrap_round() -> keras.Model:
    return function(lambda x: x * 100, (4, 3), dtype="uint8")


def booleans() -> keras.Model:
    return function(
        lambda x, y: ops.logical_and(x, ops.logical_not(y)), (4, 3), (4, 3), dtype="bool"
    )


def booleans_as_numbers() -> keras.Model:
    return function(lambda x: ops.sum(ops.cast(x, "float32"), axis=1), (4, 3), dtype="bool")


def floats_cut_to_integers() -> keras.Model:
    return function(lambda x: ops.cast(x * 3, "int32"), (4, 5))


def one_hot() -> keras.Model:
    return function(lambda x: ops.one_hot(x, 7), (4,), dtype="int32")


def one_hot_in_front() -> keras.Model:
    return function(lambda x: ops.one_hot(x, 5, axis=1), (4, 3), dtype="int32")


def dense_on_integers() -> keras.Model:
    return layer(layers.Dense(3), 5, dtype="int32")


def rescaled_bytes() -> keras.Model:
    return Sequential(
        [Input((4, 3, 2), dtype="uint8"), layers.Rescaling(1 / 127.5, offset=-1), layers.Flatten()]
    )
