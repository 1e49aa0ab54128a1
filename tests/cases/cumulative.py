"""Running sums and products."""

from __future__ import annotations

import keras
from keras import ops

from tests.cases._build import function


def cumsum() -> keras.Model:
    return function(lambda x: ops.cumsum(x, axis=1), (5, 4))


def cumsum_of_last_axis() -> keras.Model:
    return function(lambda x: ops.cumsum(x, axis=-1), (5, 4, 3))


def cumprod() -> keras.Model:
    return function(lambda x: ops.cumprod(x, axis=2), (5, 4, 3))


def cumsum_of_integers() -> keras.Model:
    return function(lambda x: ops.cumsum(x, axis=1), (5, 4), dtype="int32")


def cumsum_of_booleans() -> keras.Model:
    return function(lambda x: ops.cumsum(ops.cast(x > 0, "int32"), axis=1), (5, 4))
