"""Adaptive pooling."""

from __future__ import annotations

import keras
from keras import layers

from tests.cases._build import layer


def average_1d() -> keras.Model:
    return layer(layers.AdaptiveAveragePooling1D(3), 7, 2)


def average_2d() -> keras.Model:
    return layer(layers.AdaptiveAveragePooling2D((3, 2)), 7, 5, 2)


def average_2d_channels_first() -> keras.Model:
    return layer(layers.AdaptiveAveragePooling2D((3, 4), data_format="channels_first"), 2, 7, 9)


def average_3d() -> keras.Model:
    return layer(layers.AdaptiveAveragePooling3D((2, 3, 1)), 5, 4, 3, 2)


def max_1d() -> keras.Model:
    return layer(layers.AdaptiveMaxPooling1D(4), 9, 2)


def max_to_one() -> keras.Model:
    """Which Keras 3.15 itself does not survive."""
    x = keras.Input((3, 4, 2))
    rows = layers.Reshape((12, 2))(x)
    outputs = [layers.AdaptiveMaxPooling2D(1)(x), layers.AdaptiveMaxPooling1D(1)(rows)]
    return keras.Model(x, outputs)


def max_2d() -> keras.Model:
    return layer(layers.AdaptiveMaxPooling2D((2, 3)), 5, 7, 3)


def max_3d() -> keras.Model:
    return layer(layers.AdaptiveMaxPooling3D(2), 3, 4, 5, 2)
