"""Averages, counts, differences, and the variants that skip NaN."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
from keras import ops

from tests.cases._build import function, table


def _holes(x):
    return ops.where(x > 1, float("nan"), x)


def _skipping_nan(*names: str) -> keras.Model:
    def body(x):
        some, none = _holes(x), ops.where(x < 100, float("nan"), x)
        results = []
        for name in names:
            f = getattr(ops, name)
            results += [f(some, axis=1), f(some, axis=-1, keepdims=True), f(none, axis=1)]
        return results

    return function(body, (4, 5))


table(
    globals(),
    {
        "sums_without_nan": partial(_skipping_nan, "nansum", "nanprod", "nanmean"),
        "spread_without_nan": partial(_skipping_nan, "nanvar", "nanstd"),
        "extremes_without_nan": partial(
            _skipping_nan, "nanmax", "nanmin", "nanargmax", "nanargmin"
        ),
    },
)


def running_sums_without_nan() -> keras.Model:
    return function(
        lambda x: [ops.nancumsum(_holes(x), axis=1), ops.nancumprod(_holes(x), axis=-1)], (4, 5)
    )


def integers_without_nan() -> keras.Model:
    functions = (ops.nansum, ops.nanprod, ops.nanmax, ops.nanmin, ops.nanmean, ops.nanargmax)
    return function(lambda x: [f(x, axis=1) for f in functions], (4, 5), dtype="int32")


def averages() -> keras.Model:
    weights = np.arange(1, 6, dtype="float32")
    return function(
        lambda x: [
            ops.average(x, axis=1),
            ops.average(x, axis=2, weights=weights),
            ops.average(x, axis=1, weights=x * x),
            ops.count_nonzero(x > 0, axis=1),
            ops.ptp(x, axis=1),
            ops.ptp(x, axis=2, keepdims=True),
            ops.max(x, axis=1, initial=0.5),
            ops.min(x, axis=2, initial=0.5, keepdims=True),
        ],
        (4, 5),
    )


def differences() -> keras.Model:
    places = np.array([0.0, 1.0, 3.0, 4.0, 9.0], np.float32)
    return function(
        lambda x: [
            ops.diff(x, n=2, axis=1),
            ops.diff(x > 0),
            ops.trapezoid(x),
            ops.trapezoid(x, dx=0.5, axis=1),
            ops.trapezoid(x, x=places),
        ],
        (4, 5),
    )
