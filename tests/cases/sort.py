"""Elements in order, the largest of them, and quantiles."""

from __future__ import annotations

import keras
from keras import ops

from tests.cases._build import Function, function, layer


def values_and_places() -> keras.Model:
    return function(lambda x: list(ops.top_k(x, 3)), (4, 6))


def all_of_them() -> keras.Model:
    return function(lambda x: ops.top_k(x, 5)[0], (4, 5))


def of_equal_numbers() -> keras.Model:
    return function(lambda x: ops.top_k(ops.cast(x * 2, "int32"), 4)[1], (3, 6))


def sparsemax() -> keras.Model:
    return function(lambda x: ops.sparsemax(x, axis=-1), (4, 5))


def sparsemax_of_middle_axis() -> keras.Model:
    return function(lambda x: ops.sparsemax(x, axis=1), (4, 5))


def in_order() -> keras.Model:
    return function(
        lambda x: [
            ops.sort(x),
            ops.sort(x, axis=1),
            ops.argsort(x),
            ops.argsort(ops.cast(x * 2, "int32"), axis=1),
            ops.sort(x > 0),
        ],
        (4, 5),
    )


def long_rows_in_order() -> keras.Model:
    """Sorted by heapsort."""

    def body(x):
        equals = ops.cast(x * 3, "int32")
        orders = [ops.sort(x), ops.argsort(x), ops.sort(equals), ops.argsort(equals)]
        return [*orders, *ops.top_k(x, 40), *ops.top_k(equals, 40)]

    return function(body, (3, 40))


def _holes(x):
    return ops.where(x > 1, float("nan"), x)


_METHODS = ("lower", "higher", "nearest", "midpoint", "linear")


def quantiles() -> keras.Model:
    return function(
        lambda x: [
            ops.median(x, axis=1),
            ops.median(x, axis=(1, 2)),
            ops.median(x, axis=2, keepdims=True),
            ops.quantile(x, 0.3, axis=1),
            ops.quantile(x, 0.3, axis=1, method="lower"),
            ops.moveaxis(ops.quantile(x, [0.1, 0.5, 0.9], axis=2), 0, 1),
            ops.median(_holes(x), axis=1),
            *(ops.percentile(x, 37, axis=1, method=method) for method in _METHODS),
        ],
        (4, 5),
    )


def quantiles_in_a_layer() -> keras.Model:
    """There Keras heeds the method."""
    return layer(
        Function(lambda x: [ops.quantile(x, 0.37, axis=1, method=method) for method in _METHODS]),
        4, 5,
    )  # fmt: skip


def quantiles_of_integers() -> keras.Model:
    return function(
        lambda x: [ops.median(x, axis=1), ops.quantile(x, 1.0, axis=1)], (4, 5), dtype="int32"
    )


def quantiles_without_nan() -> keras.Model:
    def body(x):
        holes, nothing = _holes(x), ops.where(x < 100, float("nan"), x)
        return [
            ops.nanmedian(holes, axis=1),
            ops.nanquantile(holes, 0.3, axis=2),
            ops.nanpercentile(holes, [30, 60.0], axis=1)[1],
            ops.nanmedian(nothing, axis=1),
            ops.nanmedian(holes, axis=(1, 2), keepdims=True),
            *(ops.nanquantile(holes, 0.37, axis=1, method=method) for method in _METHODS),
        ]

    return function(body, (4, 5))


def in_top_k() -> keras.Model:
    targets, predictions = keras.Input((1,), dtype="int32"), keras.Input((6,))
    rows = targets[:, 0]
    infinite = ops.where(predictions > 1.5, float("inf"), predictions)
    return keras.Model(
        [targets, predictions],
        [ops.in_top_k(rows, predictions, 2), ops.in_top_k(rows, infinite, 3)],
    )
