"""Layer and RMS normalisation."""

from __future__ import annotations

import warnings

import keras
from keras import Input, Model, layers, ops

from tests.cases._build import function, layer


def layer_normalization() -> keras.Model:
    return layer(layers.LayerNormalization(), 4, 5)


def layer_normalization_two_axes() -> keras.Model:
    return layer(layers.LayerNormalization(axis=(1, 3), epsilon=1e-2), 4, 3, 5)


def layer_normalization_last_axes() -> keras.Model:
    return layer(layers.LayerNormalization(axis=(2, 3)), 4, 3, 5)


def layer_normalization_whole_sample() -> keras.Model:
    return layer(layers.LayerNormalization(axis=(2, 1), center=False), 9, 5)


def layer_normalization_axes_between() -> keras.Model:
    return layer(layers.LayerNormalization(axis=(2, 3)), 2, 20, 3, 7)


def layer_normalization_first_axis() -> keras.Model:
    return layer(layers.LayerNormalization(axis=1), 4, 5)


def layer_normalization_no_scale() -> keras.Model:
    return layer(layers.LayerNormalization(scale=False), 4, 5)


def layer_normalization_no_center() -> keras.Model:
    return layer(layers.LayerNormalization(center=False), 4, 5)


def layer_normalization_neither() -> keras.Model:
    return layer(layers.LayerNormalization(center=False, scale=False), 4, 5)


def layer_normalization_by_variance_alone() -> keras.Model:
    """As the deprecated rms_scaling=True has it."""
    x = Input((4, 3, 5), name="x")
    options = {"rms_scaling": True, "epsilon": 1e-2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [layers.LayerNormalization(axis=axis, **options) for axis in (-1, (1, 3))]
        return Model(x, [one(x) for one in made])


def rms_normalization() -> keras.Model:
    return layer(layers.RMSNormalization(), 4, 5)


def rms_normalization_other_axis() -> keras.Model:
    return layer(layers.RMSNormalization(axis=-1, epsilon=0.1), 3, 4, 5)


def operation() -> keras.Model:
    return function(lambda x: ops.layer_normalization(x, axis=-1), (4, 5))


def rms_operation() -> keras.Model:
    return function(lambda x: ops.rms_normalization(x, axis=1), (4, 5))
