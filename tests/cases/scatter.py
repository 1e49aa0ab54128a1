"""Updates at places given by number, and rows reduced by segment."""

from __future__ import annotations

import keras
import numpy as np
from keras import Input, ops

from tests.cases._build import Function, layer

_PLACES = np.array([[0], [3], [1], [3]], np.int32)
_SEGMENTS = np.array([0, 2, -1, 2, 1], np.int32)


def into_vectors() -> keras.Model:
    def each(v):
        updates = v[:4] * 2
        return [
            ops.scatter(_PLACES, updates, (5,)),
            ops.scatter_update(v, _PLACES, updates),
            ops.scatter_update(v, ops.expand_dims(ops.argsort(v), -1), v),
            ops.scatter_update(v, ops.convert_to_tensor(_PLACES), updates, reduction="mul"),
            *(
                ops.scatter_update(v, _PLACES, updates, reduction=reduction)
                for reduction in ("add", "max", "min")
            ),
        ]

    return layer(Function(lambda x: ops.map(each, x)), 5)


def into_matrices() -> keras.Model:
    def each(v):
        return [
            ops.scatter(np.array([[0, 1], [2, 2], [0, 1]]), v[0, :3], (4, 3)),
            ops.scatter_update(v, np.array([[1, 2], [3, 0]]), v[0, :2]),
            ops.scatter_update(v, _PLACES, v),
        ]

    return layer(Function(lambda x: ops.map(each, x)), 4, 4)


def along_another_axis_than_the_batch() -> keras.Model:
    def body(x):
        rows = ops.moveaxis(x, 1, 0)
        return [
            ops.moveaxis(ops.scatter_update(rows, _PLACES, rows[:4] * 3), 0, 1),
            ops.moveaxis(ops.segment_sum(rows, _SEGMENTS, num_segments=4), 0, 1),
            ops.moveaxis(ops.segment_max(rows, np.array([0, 1, 1, 2, 2]), sorted=True), 0, 1),
        ]

    return layer(Function(body), 5, 3)


def places_as_input() -> keras.Model:
    x, places = Input((6,)), Input((3,), dtype="int32")

    def each(pair):
        v, indices = pair
        return ops.scatter_update(v, ops.expand_dims(indices, -1), v[:3] * 5, reduction="add")

    whole = Function(lambda x, places: ops.map(each, (x, places)), shape=(6,))
    return keras.Model([x, places], whole(x, places))


def segments() -> keras.Model:
    def each(v):
        return [
            ops.segment_sum(v, _SEGMENTS, num_segments=4),
            ops.segment_max(v, _SEGMENTS, num_segments=4),
            ops.segment_min(v, _SEGMENTS, num_segments=4),
            ops.segment_prod(v, _SEGMENTS, num_segments=4),
            ops.segment_sum(v, ops.cast(ops.abs(v), "int32") % 3, num_segments=3),
        ]

    return layer(Function(lambda x: ops.map(each, x)), 5)


def segments_of_integers() -> keras.Model:
    def each(v):
        return [
            ops.segment_sum(v * 2**30, _SEGMENTS, num_segments=4),
            ops.segment_max(v, _SEGMENTS, num_segments=4),
            ops.segment_min(v, _SEGMENTS, num_segments=4),
        ]

    return layer(Function(lambda x: ops.map(each, x)), 5, dtype="int32")
