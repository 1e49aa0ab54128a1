"""float16, bfloat16 and float64: policies, mixed policies, inputs and outputs."""

from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers, ops

from tests.cases._build import function, layer


def _classifier(policy: str) -> keras.Model:
    return Sequential(
        [
            Input((7, 6, 2), dtype=policy.removeprefix("mixed_")),
            layers.Conv2D(3, 3, padding="same", activation="relu", dtype=policy),
            layers.BatchNormalization(dtype=policy),
            layers.MaxPooling2D(dtype=policy),
            layers.DepthwiseConv2D(2, activation="silu", dtype=policy),
            layers.GlobalAveragePooling2D(dtype=policy),
            layers.Dense(5, "gelu", dtype=policy),
            layers.Dense(4, "softmax", dtype="float32" if policy.startswith("mixed") else policy),
        ]
    )


def classifier_in_float16() -> keras.Model:
    return _classifier("float16")


def classifier_in_bfloat16() -> keras.Model:
    return _classifier("bfloat16")


def classifier_in_mixed_float16() -> keras.Model:
    return _classifier("mixed_float16")


def classifier_in_mixed_bfloat16() -> keras.Model:
    return _classifier("mixed_bfloat16")


def _transformer(policy: str) -> keras.Model:
    ids = Input((5,), dtype="int32")
    x = layers.Embedding(11, 6, dtype=policy)(ids)
    y = layers.MultiHeadAttention(2, 3, dtype=policy)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization(dtype=policy)(layers.Add(dtype=policy)([x, y]))
    return Model(ids, layers.Dense(4, "tanh", dtype=policy)(layers.Flatten(dtype=policy)(x)))


def transformer_in_float16() -> keras.Model:
    return _transformer("float16")


def transformer_in_mixed_bfloat16() -> keras.Model:
    return _transformer("mixed_bfloat16")


def classifier_in_float64() -> keras.Model:
    return _classifier("float64")


def transformer_in_float64() -> keras.Model:
    return _transformer("float64")


def _functions(dtype: str) -> keras.Model:
    def body(x: keras.KerasTensor, y: keras.KerasTensor) -> list[keras.KerasTensor]:
        return [
            ops.maximum(x * y - 2.7, 0.3) / 3.1,
            ops.reshape(x, (-1, 12)),
            ops.concatenate([ops.sum(x, axis=1), ops.mean(y, axis=1)], axis=-1),
            ops.exp(x) + ops.sqrt(ops.abs(y)),
            ops.cast(x * 100, "int32"),
            x > y,
            ops.cast(ops.cast(x, "float32") * 1.7, dtype),
            ops.cast(ops.cumsum(x, axis=1), "float32"),
        ]

    return function(body, (4, 3), (4, 3), dtype=dtype)


def functions_of_float16() -> keras.Model:
    return _functions("float16")


def functions_of_bfloat16() -> keras.Model:
    return _functions("bfloat16")


def identity_of_float16() -> keras.Model:
    return layer(layers.Flatten(dtype="float16"), 3, 2, dtype="float16")


def subnormal_and_infinite_float16() -> keras.Model:
    return function(
        lambda x: [x * 1e-5 * 1e-2, x * 3e4 * 9, (x * 6e4) - ops.exp(x * 20)],
        (6, 5), dtype="float16",
    )  # fmt: skip


def float16_after_bfloat16() -> keras.Model:
    return Sequential(
        [Input((5,)), layers.Dense(4, dtype="bfloat16"), layers.Dense(3, dtype="float16")]
    )


class _Scaled(keras.Layer):
    """A weight without axes."""

    def build(self, shape: object) -> None:
        self.scale = self.add_weight(shape=(), name="scale", initializer="ones")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return ops.where(x > 0, x * self.scale, ops.broadcast_to(self.scale, ops.shape(x)))


def scalar_weights() -> keras.Model:
    x = Input((5,), name="x")
    policies = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64")
    return Model(x, [_Scaled(dtype=policy)(x) for policy in policies])
