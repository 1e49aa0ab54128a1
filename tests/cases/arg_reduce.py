"""Positions of extremes."""

from __future__ import annotations

import keras
import numpy as np
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


def nan_and_signed_zeros() -> keras.Model:
    nan, inf = np.nan, np.inf
    rows = np.array(
        [[nan, 1, 2], [1, nan, 2], [2, nan, 1], [nan, nan, nan], [-inf, -inf, nan], [nan, -inf, 1],
         [-0.0, 0.0, -0.0], [0.0, -0.0, 0.0], [inf, nan, inf], [3, 3, 1]], np.float32,
    )  # fmt: skip
    return function(
        lambda x: [
            f(ops.where(x < 100, rows, x), axis=2)
            for f in (ops.argmax, ops.argmin, ops.max, ops.min)
        ],
        (10, 3),
    )


def of_integers_and_booleans() -> keras.Model:
    return function(
        lambda x: [ops.argmax(x, 1), ops.argmin(x - 5, 2), ops.argmax(x > 4, 1)],
        (4, 5), dtype="int32",
    )  # fmt: skip
