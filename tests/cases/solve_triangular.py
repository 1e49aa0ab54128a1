"""Triangular systems of equations."""

from __future__ import annotations

import keras
from keras import ops

from tests.cases._build import function
from tests.cases.linalg import _positive_definite


def either_triangle() -> keras.Model:
    def body(x, b):
        matrix = _positive_definite(x)
        return [
            ops.solve_triangular(matrix, b, lower=True),
            ops.solve_triangular(matrix, b),
            ops.solve_triangular(matrix, b[:, :, 0], lower=True),
        ]

    return function(body, (5, 5), (5, 3))
