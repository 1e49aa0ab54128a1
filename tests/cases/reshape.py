"""Other shapes for the same elements."""

from __future__ import annotations

import keras
from keras import Input, layers, ops

from tests.cases._build import Function, function, layer


def reshape() -> keras.Model:
    return layer(layers.Reshape((5, 2, 4)), 4, 10)


def with_unknown_size() -> keras.Model:
    return layer(layers.Reshape((-1, 4)), 6, 8)


def flatten() -> keras.Model:
    return layer(layers.Flatten(), 4, 5, 3)


def flatten_channels_first() -> keras.Model:
    return layer(layers.Flatten(data_format="channels_first"), 3, 4, 5)


def batch_size_from_shape() -> keras.Model:
    return layer(Function(lambda x: ops.reshape(x * 2, (ops.shape(x)[0], 10, 2))), 4, 5)


def merged_with_the_batch() -> keras.Model:
    def body(x):
        rows = ops.tanh(ops.reshape(x, (-1, 3)))
        return ops.reshape(rows, (-1, 4, 3)) * 2

    return function(body, (4, 3))


def expand_and_squeeze() -> keras.Model:
    return function(lambda x: ops.squeeze(ops.expand_dims(x, 2) * 2, 2), (4, 5))


def squeeze_of_all() -> keras.Model:
    return function(lambda x: ops.squeeze(x * 2, axis=(1, 3)), (1, 5, 1))


def of_an_input_as_output() -> keras.Model:
    return layer(layers.Reshape((5, 4)), 4, 5)


def of_a_value_used_elsewhere() -> keras.Model:
    x = Input((4, 6))
    y = ops.tanh(x)
    return keras.Model(x, [y, ops.reshape(y, (-1, 24)), ops.sum(y, axis=1)])


def added_to_its_own_transpose() -> keras.Model:
    """Two views of one array, read in different orders."""

    def body(x):
        y = ops.exp(x)
        return ops.reshape(y, (-1, 4, 3)) + ops.transpose(y, (0, 2, 1))

    return function(body, (3, 4))
