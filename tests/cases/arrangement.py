"""Turning, stacking, splitting; diagonals and triangles; numbers in a row."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from tests.cases._build import Function, function, layer


def turned() -> keras.Model:
    return function(
        lambda x: [
            ops.rot90(x, axes=(1, 2)),
            ops.rot90(x, 2, axes=(2, 1)),
            ops.rot90(x, 3, axes=(1, 2)),
            ops.fliplr(x),
            ops.rot90(x, 4, axes=(1, 2)),
            ops.roll(x, 2, axis=1),
        ],
        (4, 5),
    )


def joined_and_split() -> keras.Model:
    return function(
        lambda x: [
            ops.append(x, x * 2, axis=1),
            ops.dstack([x, x]),
            ops.hstack([x, x]),
            ops.hsplit(x, 2)[1],
            ops.dsplit(x, [1, 3])[1],
            ops.array_split(x, 3, axis=1)[0],
            ops.array_split(x, 3, axis=2)[2],
        ],
        (4, 5),
    )


def triangles() -> keras.Model:
    return function(
        lambda x: [ops.tril(x), ops.triu(x, 1), ops.tril(x, -1), ops.triu(x, -2)], (4, 5)
    )


def diagonals() -> keras.Model:
    return function(
        lambda x: [
            ops.diagonal(x, axis1=1, axis2=2),
            ops.diagonal(x, offset=-1, axis1=1, axis2=2),
            ops.diagonal(x, offset=2, axis1=2, axis2=1),
            ops.trace(x, axis1=1, axis2=2),
        ],
        (4, 5),
    )


def diagonal_inside() -> keras.Model:
    return function(lambda x: ops.trace(x, offset=1, axis1=1, axis2=2), (4, 5, 3))


def numbers_between_arrays() -> keras.Model:
    return function(
        lambda x, y: [
            ops.linspace(x, y, 6, axis=1),
            ops.linspace(x, y, 5, endpoint=False, axis=-1),
            ops.logspace(x, y, 4, axis=1),
            ops.moveaxis(ops.geomspace(ops.abs(x) + 1, ops.abs(y) + 2, 4), 0, 1),
        ],
        (4,), (4,),
    )  # fmt: skip


def places_in_an_array() -> keras.Model:
    return function(
        lambda x: [*ops.unravel_index(x, (3, 4, 9)), *ops.unravel_index(x[:, 0], (3, 4, 9))],
        (4,), dtype="int32",
    )  # fmt: skip


def made_from_nothing() -> keras.Model:
    """Arrays that Keras makes by itself: they are weights of the export."""

    def body(x):
        rows = [
            ops.arange(6, dtype="float32"),
            ops.full((6,), 2.5),
            ops.linspace(0.0, 1.0, 6),
            ops.logspace(0.0, 1.0, 6),
            ops.geomspace(1.0, 8.0, 6),
            ops.hamming(6),
            ops.hanning(6),
            ops.blackman(6),
            ops.bartlett(6),
            ops.kaiser(6, 2.0),
        ]
        table = ops.eye(6) + ops.identity(6) + ops.tri(6) + ops.ones((6, 6)) + ops.zeros((6, 6))
        grid = ops.meshgrid(np.arange(6.0, dtype="float32"), np.ones(6, "float32"))[0]
        return ops.matmul(x, table + grid) + sum(rows) + ops.empty_like(x) * 0

    return function(body, (6,))


def block_put_into_an_array() -> keras.Model:
    return function(
        lambda x: [
            ops.slice_update(x, (0, 1, 2), x[:, :2, :1] * 9),
            ops.slice_update(x, (0, 3, 0), x[:, :2] * 7),
        ],
        (4, 3),
    )


def copies() -> keras.Model:
    return function(lambda x: ops.conj(x) + ops.conjugate(x) - ops.array(x) * ops.copy(x), (4, 5))


def questions_about_arrays() -> keras.Model:
    """Answered when exporting."""

    def body(x):
        table = ops.empty((2, 5)) * 0 + np.ones((2, 5), np.float32)
        count = ops.size(table) + ops.ndim(table)
        known = ops.convert_to_numpy(table).sum() if ops.is_tensor(table) else 0
        return x * ops.cast(count, ops.dtype(x)) + float(known)

    return function(body, (4, 5))


def custom_gradient() -> keras.Model:
    def body(x):
        return ops.custom_gradient(lambda v: (v + 1, lambda upstream: upstream))(x) * 2

    return layer(Function(body), 4, 5)
