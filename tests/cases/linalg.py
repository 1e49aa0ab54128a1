"""Systems of equations, determinants and norms."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from tests.cases._build import Function, function, layer


def _positive_definite(x):
    return ops.matmul(x, ops.swapaxes(x, -1, -2)) + 2 * np.eye(x.shape[-1], dtype="float32")


def solutions_and_determinants() -> keras.Model:
    return function(
        lambda x, b: [
            ops.solve(x, b), ops.solve(x, b[:, :, 0]), ops.inv(x), ops.det(x), *ops.slogdet(x)
        ],
        (5, 5), (5, 3),
    )  # fmt: skip


def several_matrices_in_double() -> keras.Model:
    return function(lambda x: [ops.det(x), ops.inv(x)], (2, 4, 4), dtype="float64")


def lu_factor() -> keras.Model:
    return layer(Function(lambda x: ops.map(ops.lu_factor, x)), 5, 5)


def norms_of_vectors() -> keras.Model:
    return function(
        lambda x: [
            ops.norm(x, axis=1),
            ops.norm(x, axis=-1, ord=1),
            ops.norm(x, axis=1, ord=math.inf, keepdims=True),
            ops.norm(x, axis=1, ord=-math.inf),
            ops.norm(x, axis=1, ord=0),
            ops.norm(x, axis=1, ord=3),
            ops.normalize(x, axis=1),
        ],
        (4, 5),
    )


def norms_of_matrices() -> keras.Model:
    orders = ("fro", 1, -1, math.inf, -math.inf)
    return function(
        lambda x: [
            ops.norm(x, axis=(1, 2)),
            ops.norm(x, axis=(2, 1), ord=1, keepdims=True),
            *(ops.norm(x, axis=(1, 2), ord=order) for order in orders),
        ],
        (4, 5),
    )
