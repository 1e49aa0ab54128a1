"""Arrays one after another."""

from __future__ import annotations

import keras
from keras import Input, layers, ops

from tests.cases._build import Function, function, layer


def last_axis() -> keras.Model:
    x, y = Input((4, 3)), Input((4, 2))
    return keras.Model([x, y], layers.Concatenate()([x, y]))


def first_axis() -> keras.Model:
    x, y = Input((4, 3)), Input((2, 3))
    return keras.Model([x, y], layers.Concatenate(axis=1)([x, y]))


def middle_axis_of_three() -> keras.Model:
    return function(
        lambda x, y, z: ops.concatenate([x, y, z], axis=2), (2, 3, 4), (2, 1, 4), (2, 5, 4)
    )


def the_same_twice() -> keras.Model:
    return function(lambda x: ops.concatenate([x, x * 2, x], axis=-1), (4, 3))


def with_a_constant() -> keras.Model:
    def body(x):
        return ops.concatenate([ops.zeros((ops.shape(x)[0], 1, 3)), x], axis=1)

    return layer(Function(body), 4, 3)


def stack_in_front() -> keras.Model:
    return function(lambda x, y: ops.stack([x, y], axis=1), (4, 3), (4, 3))


def stack_behind() -> keras.Model:
    return function(lambda x, y: ops.stack([x, y], axis=-1), (4, 3), (4, 3))


def hstack() -> keras.Model:
    return function(lambda x, y: ops.hstack([x, y]), (4, 3), (2, 3))


def of_different_dtypes() -> keras.Model:
    return function(lambda x: ops.concatenate([x, ops.argmax(x, -1)[:, :, None]], -1), (4, 3))
