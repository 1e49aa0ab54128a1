"""Numbers sorted into bins."""

from __future__ import annotations

import keras
from keras import Input, Model, layers

from tests.cases._build import function

BINS = [-0.5, 0.0, 0.25, 1.5]


def discretization() -> keras.Model:
    x = Input((3, 2), name="x")
    return Model(
        x,
        [
            layers.Discretization(BINS, output_mode=mode)(x)
            for mode in ("int", "one_hot", "multi_hot", "count")
        ],
    )


def discretization_of_integers() -> keras.Model:
    return function(layers.Discretization([1, 3.5, 8]), (4,), dtype="int64")


def discretization_of_one_feature() -> keras.Model:
    """The last axis of length one gives way to the categories."""
    x = Input((1,), name="x")
    return Model(x, [layers.Discretization(BINS, output_mode=m)(x) for m in ("one_hot", "count")])


def discretization_of_nan() -> keras.Model:
    """The square root of a negative number lies beyond the last boundary."""
    return function(lambda x: layers.Discretization([0.2, 0.7])(keras.ops.sqrt(x)), (9,))
