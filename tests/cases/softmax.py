"""Softmax along axes."""

from __future__ import annotations

import keras
from keras import Input, layers, ops

from tests.cases._build import function, layer


def last_axis() -> keras.Model:
    return layer(layers.Softmax(), 4, 5)


def first_axis() -> keras.Model:
    return layer(layers.Softmax(axis=1), 4, 5)


def middle_axis() -> keras.Model:
    return function(lambda x: ops.softmax(x, axis=2), (3, 4, 5))


def two_classes() -> keras.Model:
    return layer(layers.Softmax(), 13, 5, 2)


def three_classes() -> keras.Model:
    return layer(layers.Softmax(), 37, 3)


def columns() -> keras.Model:
    return layer(layers.Softmax(axis=1), 7, 37)


def columns_of_large_numbers() -> keras.Model:
    return function(lambda x: ops.softmax(x * 500, axis=2), (3, 5, 16))


def log_of_columns() -> keras.Model:
    return function(lambda x: ops.log_softmax(x, axis=1), (5, 19))


def two_axes() -> keras.Model:
    return layer(layers.Softmax(axis=(1, 2)), 4, 5)


def one_axis_in_a_tuple() -> keras.Model:
    return layer(layers.Softmax(axis=(2,)), 4, 5)


def log() -> keras.Model:
    return function(ops.log_softmax, (4, 5))


def log_of_middle_axis() -> keras.Model:
    return function(lambda x: ops.log_softmax(x, axis=1), (4, 5))


def large_numbers() -> keras.Model:
    return function(lambda x: ops.softmax(x * 500), (4, 5))


def with_mask() -> keras.Model:
    x, mask = Input((4, 5)), Input((4, 5), dtype="bool")
    return keras.Model([x, mask], layers.Softmax()(x, mask=mask))


def with_mask_and_two_axes() -> keras.Model:
    x, mask = Input((4, 5)), Input((4, 5), dtype="bool")
    return keras.Model([x, mask], layers.Softmax(axis=(1, 2))(x, mask=mask))
