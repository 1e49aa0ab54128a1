"""Matrices taken apart."""

from __future__ import annotations

from functools import partial

import keras
from keras import ops

from tests.cases._build import Function, function, layer, table


def _qr(*shape: int) -> keras.Model:
    return function(lambda x: [*ops.qr(x), *ops.qr(x, mode="complete")], shape)


table(
    globals(),
    {
        "qr_of_a_square": partial(_qr, 4, 4),
        "qr_of_a_tall_matrix": partial(_qr, 5, 3),
        "qr_of_a_wide_matrix": partial(_qr, 3, 5),
        "qr_of_a_column": partial(_qr, 4, 1),
    },
)


def eigenvalues_and_vectors() -> keras.Model:
    """What does not depend on the vectors' signs, which TensorFlow's rounding decides."""

    def body(x):
        values, vectors = ops.eigh(x + ops.swapaxes(x, -1, -2))
        root = ops.matmul(
            vectors * ops.expand_dims(ops.tanh(values), -2), ops.swapaxes(vectors, -1, -2)
        )
        return [values, ops.abs(vectors), root]

    return function(body, (5, 5))


def eigenvalues_of_doubles() -> keras.Model:
    return function(lambda x: ops.eigh(x + ops.swapaxes(x, -1, -2))[0], (2, 3, 3), dtype="float64")


def _svd(size: int) -> keras.Model:
    return function(lambda x: list(ops.svd(x)), (size, size))


table(globals(), {f"svd_of_{size}": partial(_svd, size) for size in (1, 2, 5)})


def singular_values() -> keras.Model:
    return function(
        lambda x: [
            ops.svd(x, compute_uv=False),
            ops.norm(x, ord=2, axis=(1, 2)),
            ops.norm(x, ord=-2, axis=(1, 2), keepdims=True),
            ops.norm(x, ord="nuc", axis=(1, 2)),
            ops.matrix_rank(x),
            ops.matrix_rank(x, tol=1.2),
            ops.pinv(x),
            ops.pinv(ops.swapaxes(x, 1, 2)),
        ],
        (4, 3),
    )


def singular_matrices() -> keras.Model:
    def body(x):
        twice = ops.concatenate([x, x[:, :1] * 2], axis=1)
        return [
            ops.matrix_rank(twice),
            ops.svd(twice)[1],
            ops.pinv(twice),
            *ops.svd(x[:, :, :3] * 0),
        ]

    return function(body, (3, 4))


def least_squares() -> keras.Model:
    def each(v):
        return [ops.lstsq(v, v[:, 0] * 2 + 1), ops.lstsq(v, v[:, :2] + 1)]

    return layer(Function(lambda x: ops.map(each, x)), 6, 3)
