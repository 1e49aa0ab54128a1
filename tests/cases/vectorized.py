"""Functions of one element, mapped over all: they may do what would mix samples outside."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from tests.cases._build import Function, function, layer

_TABLE = np.arange(12, dtype="float32").reshape(3, 4) / 10


def two_arrays() -> keras.Model:
    return function(
        lambda x, y: ops.vectorized_map(lambda pair: ops.outer(pair[0], pair[1]), (x, y)),
        (5,), (3,),
    )  # fmt: skip


def map_over_the_batch_and_another_axis() -> keras.Model:
    def scaled(v):
        return v * ops.max(v, axis=1, keepdims=True)

    return function(
        lambda x: [
            ops.map(lambda v: ops.sum(v, 0) * 2, x),
            ops.moveaxis(ops.map(scaled, ops.moveaxis(x, 1, 0)), 0, 1),
        ],
        (4, 3),
    )


def of_vectors() -> keras.Model:
    def each(v):
        return [
            ops.diag(v), ops.diag(v, k=1), ops.diagflat(v, k=-2), ops.vander(v),
            ops.correlate(v, np.array([1.0, 2.0, 3.0], np.float32), mode="full"),
            ops.correlate(v, v * 2, mode="same"), ops.correlate(v, v[:2], mode="valid"),
            ops.vdot(v, v), ops.ravel(v),
            ops.roll(v, 2), ops.append(v, v), ops.argmax(v), ops.cumsum(v),
            ops.softmax(v), ops.pad(v, [(1, 2)]), ops.linspace(v[0], v[1], 4), ops.full((3,), v[0]),
        ]  # fmt: skip

    return layer(Function(lambda x: ops.map(each, x)), 5)


def of_vectors_with_places() -> keras.Model:
    def each(v):
        return [
            ops.take(v, ops.argmax(v)),
            ops.take(v, ops.argsort(v)),
            ops.take(_TABLE, ops.cast(ops.abs(v), "int32") % 3, axis=0),
            ops.searchsorted(ops.sort(v), v),
            ops.searchsorted(ops.sort(v), v, side="right"),
            ops.meshgrid(v, v[:3], indexing="ij")[1],
            ops.meshgrid(v, v[:3])[0],
            ops.allclose(v, v),
            *ops.histogram(v, bins=4),
            ops.histogram(v, bins=3, range=(-1.0, 1.0))[0],
        ]

    return layer(Function(lambda x: ops.map(each, x)), 5)


def of_matrices() -> keras.Model:
    def each(v):
        return [
            ops.rearrange(v, "(h r) w -> h (w r)", r=2), ops.trace(v), ops.rot90(v),
            ops.flipud(v), ops.vstack([v, v]), ops.vsplit(v, 2)[0],
            ops.matmul(v, ops.transpose(v)), ops.matmul(ops.transpose(v), _TABLE[0]),
            ops.median(v), ops.quantile(v, [0.2, 0.7]), ops.nanmedian(v), ops.std(v),
            ops.concatenate([v, np.ones((2, 3), np.float32)], axis=0), ops.diag(v),
            ops.expand_dims(v, 0) + _TABLE[0][:, None], ops.broadcast_to(v, (2, 4, 3)),
        ]  # fmt: skip

    return layer(Function(lambda x: ops.map(each, x)), 4, 3)


def correlation_coefficients() -> keras.Model:
    return layer(Function(lambda x: ops.map(ops.corrcoef, x), shape=(4, 4)), 4, 6)
