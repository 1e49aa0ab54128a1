"""Products of vectors and matrices."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from tests.cases._build import function


def products() -> keras.Model:
    return function(
        lambda x: [
            ops.kron(x, np.array([[1.0, 2.0, 3.0]], np.float32)),
            ops.kron(x, np.ones((1, 2, 2), np.float32)),
            ops.inner(x, np.arange(10, dtype="float32").reshape(2, 5)),
            ops.cdist(x, x * 2),
            ops.vander(x[:, 0, 0], N=4),
            ops.vander(x[:, 1, 0], N=3, increasing=True),
        ],
        (4, 5),
    )


def cross_products() -> keras.Model:
    return function(
        lambda x: [
            ops.cross(x[:, :, :3], x[:, :, 2:]),
            ops.cross(x[:, :, :2], x[:, :, 1:3]),
            ops.cross(x[:, :, :2], x[:, :, 1:4]),
            ops.cross(x[:, :3], x[:, 1:], axis=1),
        ],
        (4, 5),
    )
