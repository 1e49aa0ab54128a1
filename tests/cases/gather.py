"""Rows picked by number."""

from __future__ import annotations

import keras
import numpy as np
from keras import Input, Sequential, layers, ops

from tests.cases._build import function, layer


def embedding() -> keras.Model:
    return layer(layers.Embedding(11, 4), 6, dtype="int32")


def embedding_of_one_id() -> keras.Model:
    return layer(layers.Embedding(11, 4), dtype="int32")


def embedding_with_float_input() -> keras.Model:
    return Sequential([Input((6,)), layers.Embedding(11, 4), layers.Flatten(), layers.Dense(3)])


def embedding_of_pairs() -> keras.Model:
    return layer(layers.Embedding(7, 3), 5, 2, dtype="int64")


def take_constant_rows() -> keras.Model:
    return function(lambda x: ops.take(x, np.array([2, 0, -1]), axis=1), (4, 5))


def take_constant_matrix_of_rows() -> keras.Model:
    return function(lambda x: ops.take(x, np.array([[2, 0], [1, -2]]), axis=2), (4, 5, 3))


def take_one() -> keras.Model:
    return function(lambda x: ops.take(x, 2, axis=1), (4, 5))


def take_computed_rows_of_a_constant() -> keras.Model:
    rows = ops.reshape(ops.arange(20.0), (5, 4))
    return function(lambda x: ops.take(rows, ops.argmax(x, axis=-1), axis=0), (3, 5))


def repeat_by_list() -> keras.Model:
    return function(lambda x: ops.repeat(x, [1, 0, 3], axis=1), (3, 4))


def pad_reflect() -> keras.Model:
    return function(lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 3)), mode="reflect"), (4, 5))


def pad_symmetric() -> keras.Model:
    return function(lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 3)), mode="symmetric"), (4, 5))
