"""take_along_axis."""

from __future__ import annotations

import keras
import numpy as np
from keras import Input, ops

from tests.cases._build import function


def constant_places() -> keras.Model:
    places = np.array([[[1, 0, 2], [3, 3, 0]]])
    return function(lambda x: ops.take_along_axis(x, places, axis=1), (4, 3))


def computed_places() -> keras.Model:
    x = Input((4, 5))
    places = ops.argmax(x, axis=2, keepdims=True)
    return keras.Model(x, ops.take_along_axis(x, places, axis=2))


def places_as_input() -> keras.Model:
    x, places = Input((4, 5)), Input((2, 5), dtype="int32")
    return keras.Model([x, places], ops.take_along_axis(x, places, axis=1))


def broadcast_places() -> keras.Model:
    x = Input((4, 5))
    places = ops.argmax(ops.sum(x, axis=2, keepdims=True), axis=1, keepdims=True)
    return keras.Model(x, ops.take_along_axis(x, places, axis=1))


def sorting() -> keras.Model:
    return function(lambda x: ops.take_along_axis(x, ops.top_k(x, 4)[1], axis=-1), (3, 4))
