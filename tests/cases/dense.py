"""Weights times the last axis."""

from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers, ops

from tests.cases._build import function, layer


def plain() -> keras.Model:
    return layer(layers.Dense(4), 5)


def no_bias() -> keras.Model:
    return layer(layers.Dense(4, use_bias=False, activation="relu"), 5)


def one_unit() -> keras.Model:
    return layer(layers.Dense(1, activation="sigmoid"), 5)


def on_sequence() -> keras.Model:
    return layer(layers.Dense(4, activation="tanh"), 3, 5)


def on_image() -> keras.Model:
    return layer(layers.Dense(4, activation="gelu"), 3, 2, 5)


def softmax_after() -> keras.Model:
    return Sequential([Input((7,)), layers.Dense(6, "relu"), layers.Dense(5, "softmax")])


def residual() -> keras.Model:
    x = Input((5,))
    return keras.Model(x, layers.ReLU()(layers.Dense(5)(x) + x))


def sum_of_two() -> keras.Model:
    x, y = Input((5,)), Input((3,))
    return keras.Model([x, y], ops.tanh(layers.Dense(4)(x) + layers.Dense(4)(y)))


def scaled_by_the_input() -> keras.Model:
    x = Input((4, 5))
    return keras.Model(x, layers.Dense(5)(x) * ops.sigmoid(x[:, :1]))


def einsum_dense() -> keras.Model:
    return layer(layers.EinsumDense("abc,cd->abd", (None, 6), bias_axes="d"), 4, 5)


def einsum_dense_ellipsis() -> keras.Model:
    return layer(layers.EinsumDense("...x,xy->...y", 6, bias_axes="y", activation="relu"), 2, 4, 5)


def einsum_dense_to_heads() -> keras.Model:
    return layer(layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), 4, 5)


def einsum_dense_from_heads() -> keras.Model:
    return layer(layers.EinsumDense("abcd,cde->abe", (None, 6), bias_axes="e"), 4, 2, 3)


def einsum_dense_over_the_middle() -> keras.Model:
    return layer(layers.EinsumDense("abc,bd->adc", (6, 5), bias_axes="d"), 4, 5)


def einsum_dense_no_bias() -> keras.Model:
    return layer(layers.EinsumDense("ab,bc->ac", 3), 5)


def reversible_embedding_as_projection() -> keras.Model:
    ids = Input((4,), dtype="int32")
    table = layers.ReversibleEmbedding(9, 5)
    return keras.Model(ids, table(ops.tanh(table(ids)), reverse=True))


def reversible_embedding_untied() -> keras.Model:
    ids = Input((4,), dtype="int32")
    table = layers.ReversibleEmbedding(9, 5, tie_weights=False, logit_soft_cap=2.0)
    return keras.Model(ids, table(table(ids), reverse=True))


def spectral_normalization() -> keras.Model:
    return layer(layers.SpectralNormalization(layers.Dense(4)), 5)


def matmul_with_constant() -> keras.Model:
    return function(lambda x: ops.matmul(x, ops.reshape(ops.arange(15.0) / 7, (5, 3))), (4, 5))


def tensordot_with_constant() -> keras.Model:
    weights = ops.reshape(ops.arange(40.0) / 11, (4, 5, 2))
    return function(lambda x: ops.tensordot(x, weights, axes=[[1, 2], [0, 1]]), (4, 5))


def residual_over_its_own_input() -> keras.Model:
    """What is added is also what is multiplied: the sum can't take its place."""
    x = Input((3, 4))
    y = layers.Activation("tanh")(x)
    return Model(x, layers.Add()([y, layers.Dense(4)(y)]))
