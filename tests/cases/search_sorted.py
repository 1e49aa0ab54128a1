"""Numbers found in ascending rows."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from tests.cases._build import function

_EDGES = np.array([-1.0, 0.0, 0.5, 0.5, 2.0], np.float32)


def on_either_side() -> keras.Model:
    def body(x):
        holes = ops.where(x > 1, float("nan"), x)
        halves = ops.cast(ops.cast(x * 2, "int32"), "float32") / 2
        return [
            ops.searchsorted(_EDGES, holes[:, 0]),
            ops.searchsorted(_EDGES, holes[:, 1], side="right"),
            ops.searchsorted(_EDGES, halves[:, 2]),
            ops.searchsorted(_EDGES, halves[:, 3], side="right"),
        ]

    return function(body, (4,))


def bins() -> keras.Model:
    return function(
        lambda x: [
            ops.digitize(ops.where(x > 1, float("nan"), x), _EDGES),
            ops.digitize(ops.cast(x * 2, "int32"), np.array([0.0, 1.0, 3.0])),
        ],
        (4, 5),
    )


def bins_of_doubles() -> keras.Model:
    return function(lambda x: ops.digitize(x, np.array([0.1, 0.5])), (4, 5), dtype="float64")
