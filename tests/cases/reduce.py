"""Sums, means and extremes over axes."""

from __future__ import annotations

from functools import partial

import keras
from keras import layers, ops

from tests.cases._build import function, layer, table

_NAMES = [
    "sum",
    "mean",
    "prod",
    "max",
    "min",
    "amax",
    "amin",
    "any",
    "all",
    "var",
    "std",
    "logsumexp",
]


def _last(name: str) -> keras.Model:
    return function(lambda x: getattr(ops, name)(x, axis=-1), (4, 3))


def _kept(name: str) -> keras.Model:
    return function(lambda x: getattr(ops, name)(x, axis=(1, 3), keepdims=True), (4, 3, 5))


table(globals(), {f"{name}_of_last_axis": partial(_last, name) for name in _NAMES})
table(globals(), {f"{name}_keeping_dims": partial(_kept, name) for name in _NAMES})


def on_both_sides_of_an_axis() -> keras.Model:
    """Those in front of it first."""
    x = keras.Input((3, 6, 2, 5), name="x")
    names = ("sum", "mean", "max", "min")
    return keras.Model(x, [getattr(ops, name)(x, axis=(1, 2, 4)) for name in names])


def mean_of_middle_axis() -> keras.Model:
    return function(lambda x: ops.mean(x, axis=2), (4, 3, 5))


def global_average_pooling_1d() -> keras.Model:
    return layer(layers.GlobalAveragePooling1D(), 5, 3)


def global_average_pooling_2d_keepdims() -> keras.Model:
    return layer(layers.GlobalAveragePooling2D(keepdims=True), 5, 4, 3)


def global_average_pooling_2d_channels_first() -> keras.Model:
    return layer(layers.GlobalAveragePooling2D(data_format="channels_first"), 3, 5, 4)


def global_average_pooling_3d() -> keras.Model:
    return layer(layers.GlobalAveragePooling3D(), 2, 5, 4, 3)


def global_max_pooling_1d() -> keras.Model:
    return layer(layers.GlobalMaxPooling1D(), 5, 3)


def global_max_pooling_2d() -> keras.Model:
    return layer(layers.GlobalMaxPooling2D(), 5, 4, 3)


def global_max_pooling_3d_keepdims() -> keras.Model:
    return layer(layers.GlobalMaxPooling3D(keepdims=True), 2, 5, 4, 3)


def moments() -> keras.Model:
    return function(lambda x: list(ops.moments(x, axes=[1], keepdims=False)), (4, 3))


def normalize_orders() -> keras.Model:
    def body(x):
        return [ops.normalize(x, axis=-1, order=order) for order in (1, 2, 3)]

    return function(body, (4, 5))


def unit_normalization() -> keras.Model:
    return layer(layers.UnitNormalization(axis=(1, 2)), 4, 3, 2)


def group_normalization() -> keras.Model:
    return layer(layers.GroupNormalization(groups=2), 5, 4, 6)


def group_normalization_of_all() -> keras.Model:
    return layer(layers.GroupNormalization(groups=1, scale=False), 5, 4)


def group_normalization_axis_1() -> keras.Model:
    return layer(layers.GroupNormalization(groups=-1, axis=1, center=False), 6, 4, 3)
