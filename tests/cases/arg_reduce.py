"""Positions of extremes."""

from __future__ import annotations

import keras
from keras import ops

from tests.cases._build import function


def argmax_of_last_axis() -> keras.Model:
    return function(lambda x: ops.argmax(x, axis=-1), (5, 4))


def argmax_keeping_dims() -> keras.Model:
    return function(lambda x: ops.argmax(x, axis=1, keepdims=True), (5, 4, 3))


def argmin_of_middle_axis() -> keras.Model:
    return function(lambda x: ops.argmin(x, axis=2), (5, 4, 3))


def argmax_of_equal_numbers() -> keras.Model:
    return function(lambda x: ops.argmax(ops.cast(x > 0, "int32"), axis=1), (6, 4))
