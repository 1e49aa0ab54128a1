"""The largest elements in order."""

from __future__ import annotations

import keras
from keras import ops

from tests.cases._build import function


def values_and_places() -> keras.Model:
    return function(lambda x: list(ops.top_k(x, 3)), (4, 6))


def all_of_them() -> keras.Model:
    return function(lambda x: ops.top_k(x, 5)[0], (4, 5))


def of_equal_numbers() -> keras.Model:
    return function(lambda x: ops.top_k(ops.cast(x * 2, "int32"), 4)[1], (3, 6))


def sparsemax() -> keras.Model:
    return function(lambda x: ops.sparsemax(x, axis=-1), (4, 5))


def sparsemax_of_middle_axis() -> keras.Model:
    return function(lambda x: ops.sparsemax(x, axis=1), (4, 5))
