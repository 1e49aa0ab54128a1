"""keras.ops that sum up: averages, counts and differences, and the variants that skip NaN."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.trace.arithmetic_ops import alike, is_float, promised
from kgen.trace.builder import UnsupportedError
from kgen.trace.table import decomposes


@decomposes("CountNonzero")
def count_nonzero(op: Any, x: Any) -> Any:
    return ops.sum(ops.cast(ops.not_equal(x, 0), "int32"), axis=op.axis)


@decomposes("AllClose")
def allclose(op: Any, x1: Any, x2: Any) -> Any:
    close = ops.isclose(x1, x2, rtol=op.rtol, atol=op.atol, equal_nan=op.equal_nan)
    return ops.all(ops.logical_or(close, ops.equal(x1, x2)))


@decomposes("Average")
def average(op: Any, x: Any, weights: Any = None) -> Any:
    if weights is None:
        return ops.mean(ops.cast(x, promised(op, x)), axis=op.axis)
    x, weights = alike(x, weights, dtype=promised(op, x, weights))
    if op.axis is not None and len(weights.shape) != len(x.shape):
        total = ops.sum(weights)
        return ops.tensordot(x, weights, axes=[[op.axis], [0]]) / total
    return ops.sum(x * weights, axis=op.axis) / ops.sum(weights, axis=op.axis)


@decomposes("Ptp")
def ptp(op: Any, x: Any) -> Any:
    largest = ops.max(x, axis=op.axis, keepdims=op.keepdims)
    return largest - ops.min(x, axis=op.axis, keepdims=op.keepdims)


@decomposes("Diff")
def diff(op: Any, a: Any) -> Any:
    a = ops.moveaxis(a, op.axis, -1)
    minus = ops.not_equal if keras.backend.standardize_dtype(a.dtype) == "bool" else ops.subtract
    for _ in range(op.n):
        a = minus(a[..., 1:], a[..., :-1])
    return ops.moveaxis(a, -1, op.axis)


@decomposes("Trapezoid")
def trapezoid(op: Any, y: Any) -> Any:
    y = ops.moveaxis(ops.cast(y, promised(op, y)), op.axis, -1)
    if op.x is None:
        widths = op.dx
    else:
        widths = ops.diff(ops.cast(ops.convert_to_tensor(op.x), y.dtype), axis=op.axis)
        widths = ops.moveaxis(widths, op.axis, -1)
    return ops.sum(0.5 * (y[..., 1:] + y[..., :-1]) * widths, axis=-1)


@decomposes("Corrcoef")
def corrcoef(op: Any, x: Any) -> Any:
    x = ops.cast(x, promised(op, x))
    centered = x - ops.mean(x, axis=-1, keepdims=True)
    covariance = ops.matmul(centered, ops.swapaxes(centered, -1, -2)) / (x.shape[-1] - 1)
    deviation = ops.sqrt(ops.diagonal(covariance, axis1=-2, axis2=-1))
    scale = ops.expand_dims(deviation, -1) * ops.expand_dims(deviation, -2)
    return ops.clip(covariance / scale, -1.0, 1.0)


@decomposes("Histogram")
def histogram(op: Any, x: Any) -> Any:
    """The last of equal-width bins includes its right edge."""
    x = ops.reshape(x, (-1,))
    if op.range is None:
        low, high = ops.min(x), ops.max(x)
    else:
        low, high = (ops.cast(limit, x.dtype) for limit in op.range)
    edges = ops.cast(ops.linspace(low, high, op.bins + 1), x.dtype)
    inside = ops.logical_and(x >= low, x <= high)
    bins = ops.searchsorted(edges[1:-1], x, side="right")
    hits = ops.logical_and(
        ops.equal(ops.expand_dims(bins, 0), np.arange(op.bins, dtype=np.int32)[:, None]), inside
    )
    return ops.sum(ops.cast(hits, x.dtype), axis=1), edges


@decomposes("Bincount")
def bincount(op: Any, x: Any) -> Any:
    raise UnsupportedError(
        "bincount's length depends on the data; use keras.ops.one_hot and a sum over it"
    )


@decomposes("Nonzero", "Unique")
def data_dependent(op: Any, x: Any) -> Any:
    name = type(op).__name__.lower()
    hint = (
        "keras.ops.where with three arguments, or a mask"
        if name == "nonzero"
        else "keras.ops.sort and a comparison of neighbours"
    )
    raise UnsupportedError(f"{name}'s result has a size that depends on the data; use {hint}")


# Variants that skip NaN


def _without_nan(x: Any, instead: float) -> Any:
    return ops.where(ops.isnan(x), instead, x) if is_float(x) else x


def _reduced(op: Any, function: Any, x: Any) -> Any:
    return function(x, axis=op.axis, keepdims=op.keepdims)


@decomposes("Nansum")
def nansum(op: Any, x: Any) -> Any:
    return _reduced(op, ops.sum, _without_nan(x, 0.0))


@decomposes("Nanprod")
def nanprod(op: Any, x: Any) -> Any:
    return _reduced(op, ops.prod, _without_nan(x, 1.0))


EXTREMES = {
    "Nanmax": (ops.max, -math.inf, math.nan),
    "Nanmin": (ops.min, math.inf, math.nan),
    "Nanargmax": (ops.argmax, -math.inf, -1),
    "Nanargmin": (ops.argmin, math.inf, -1),
}
"""The function of numbers alone, what it never chooses, and the result where all are NaN."""


@decomposes(*EXTREMES)
def nan_extreme(op: Any, x: Any) -> Any:
    function, worst, of_none = EXTREMES[type(op).__name__]
    if not is_float(x):
        return _reduced(op, function, x)
    found = _reduced(op, function, _without_nan(x, worst))
    return ops.where(_reduced(op, ops.all, ops.isnan(x)), of_none, found)


def _mean_of_numbers(x: Any, axis: Any, keepdims: bool) -> Any:
    count = ops.sum(ops.cast(~ops.isnan(x), x.dtype), axis=axis, keepdims=keepdims)
    return ops.sum(_without_nan(x, 0.0), axis=axis, keepdims=keepdims) / count


@decomposes("Nanmean")
def nanmean(op: Any, x: Any) -> Any:
    if op.axis in ((), []):
        return ops.convert_to_tensor(x)
    if not is_float(x):
        return _reduced(op, ops.mean, ops.cast(x, "float32"))
    return _mean_of_numbers(x, op.axis, op.keepdims)


@decomposes("Nanvar")
def nanvar(op: Any, x: Any) -> Any:
    x = ops.cast(x, promised(op, x))
    deviations = ops.square(x - _mean_of_numbers(x, op.axis, keepdims=True))
    return _mean_of_numbers(deviations, op.axis, op.keepdims)


@decomposes("Nanstd")
def nanstd(op: Any, x: Any) -> Any:
    return ops.sqrt(_reduced(op, ops.nanvar, x))


@decomposes("Nancumsum", "Nancumprod")
def nancumsum(op: Any, x: Any) -> Any:
    """Keras brings infinities down to the largest number as well."""
    if type(op).__name__ == "Nancumsum":
        return ops.cumsum(ops.nan_to_num(x), axis=op.axis, dtype=op.dtype)
    return ops.cumprod(ops.nan_to_num(x, nan=1.0), axis=op.axis, dtype=op.dtype)
