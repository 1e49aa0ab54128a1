"""Roots of positive definite matrices."""

from __future__ import annotations

import keras
from keras import ops

from tests.cases._build import function
from tests.cases.linalg import _positive_definite


def lower_and_upper() -> keras.Model:
    def body(x):
        matrix = _positive_definite(x)
        lower, upper = ops.cholesky(matrix), ops.cholesky(matrix, upper=True)
        return [
            lower,
            upper,
            ops.logdet(matrix),
            ops.cholesky_inverse(lower),
            ops.cholesky_inverse(upper, upper=True),
        ]

    return function(body, (5, 5))
