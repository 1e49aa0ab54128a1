"""Products of two computed arrays."""

from __future__ import annotations

import keras
import numpy as np
from keras import Input, layers, ops

from tests.cases._build import function, layer


class _Scaled(keras.layers.Layer):
    """A factor for each index of the last axis."""

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], name="scale")

    def call(self, x):
        return x * self.scale


def scaled_along_one_of_two_unit_axes() -> keras.Model:
    """The units of the product are both last axes, the factor's only one of them."""
    x = keras.Input((5, 16))
    return keras.Model(x, _Scaled()(layers.EinsumDense("abc,bcde->abde", (5, 3, 8))(x)))


class _Back(keras.layers.Layer):
    """Another layer's kernel transposed, and a bias."""

    def __init__(self, other):
        super().__init__()
        self.other = other

    def build(self, shape):
        self.bias = self.add_weight(shape=self.other.kernel.shape[:1], name="bias")

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.other.kernel)) + self.bias


def tied_embedding() -> keras.Model:
    ids = Input((5,), dtype="int32")
    words = layers.ReversibleEmbedding(23, 8)
    return keras.Model(ids, words(layers.Dense(8, "relu")(words(ids)), reverse=True))


def tied_autoencoder() -> keras.Model:
    x = Input((14,))
    dense = layers.Dense(9, "tanh")
    return keras.Model(x, layers.Activation("sigmoid")(_Back(dense)(dense(x))))


def matmul_of_matrices() -> keras.Model:
    return function(ops.matmul, (4, 5), (5, 3))


def matmul_of_batches_of_matrices() -> keras.Model:
    return function(ops.matmul, (2, 4, 5), (2, 5, 3))


def matmul_broadcasting() -> keras.Model:
    return function(ops.matmul, (2, 4, 5), (1, 5, 3))


def matmul_with_constant_matrices_on_the_left() -> keras.Model:
    weights = ops.reshape(ops.arange(12.0) / 7, (3, 4))
    return function(lambda x: ops.matmul(weights, x), (4, 5))


def matmul_with_constant_vector() -> keras.Model:
    return function(lambda x: ops.matmul(x, ops.arange(5.0)), (4, 5))


def matmul_with_stack_of_constants() -> keras.Model:
    weights = ops.reshape(ops.arange(30.0) / 13, (2, 5, 3))
    return function(lambda x: ops.matmul(x, weights), (2, 4, 5))


def einsum_implicit_output() -> keras.Model:
    table = np.arange(15, dtype="float32").reshape(5, 3) / 8
    return function(lambda x: ops.einsum("bij,jk", x, table), (4, 5))


def einsum_ellipsis() -> keras.Model:
    return function(lambda x, y: ops.einsum("...ij,...kj->...ik", x, y), (2, 4, 5), (2, 3, 5))


def einsum_of_three() -> keras.Model:
    return function(
        lambda x, y, z: ops.einsum("bi,bij,bj->b", x, y, z)[:, None], (4,), (4, 5), (5,)
    )


def einsum_outer() -> keras.Model:
    return function(lambda x, y: ops.einsum("bi,bj->bij", x, y), (4,), (5,))


def einsum_with_sum_of_one() -> keras.Model:
    return function(lambda x, y: ops.einsum("bij,bkl->bik", x, y), (4, 5), (3, 2))


def einsum_of_one() -> keras.Model:
    return function(lambda x: ops.einsum("bijk->bki", x), (4, 5, 3))


def dot_layer() -> keras.Model:
    x, y = Input((5, 4)), Input((3, 4))
    return keras.Model([x, y], layers.Dot(axes=(2, 2))([x, y]))


def dot_layer_normalized() -> keras.Model:
    x, y = Input((5,)), Input((5,))
    return keras.Model([x, y], layers.Dot(axes=1, normalize=True)([x, y]))


def dot_with_constant() -> keras.Model:
    return function(lambda x: ops.dot(x, ops.reshape(ops.arange(15.0) / 7, (5, 3))), (4, 5))


def self_product() -> keras.Model:
    return function(lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))), (4, 5))


def with_epilogue() -> keras.Model:
    return function(lambda x, y, z: ops.relu(ops.matmul(x, y) * 0.5 + z), (4, 5), (5, 3), (4, 3))


def einsum_dense_along_a_middle_axis_with_activation() -> keras.Model:
    return layer(layers.EinsumDense("abc,bde->adec", (2, 3, 5), activation="relu"), 4, 5)
