"""Constants around arrays."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.cases._build import function, layer


def with_number() -> keras.Model:
    return function(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 3)), constant_values=-1.5), (4, 5))


def with_zeros() -> keras.Model:
    return function(lambda x: ops.pad(x, ((0, 0), (2, 0), (1, 1))), (4, 5))


def zero_padding_1d() -> keras.Model:
    return layer(layers.ZeroPadding1D((1, 2)), 4, 3)


def zero_padding_2d() -> keras.Model:
    return layer(layers.ZeroPadding2D(((1, 2), (0, 3))), 4, 5, 3)


def zero_padding_2d_channels_first() -> keras.Model:
    return layer(layers.ZeroPadding2D(((1, 2), (0, 3)), data_format="channels_first"), 3, 4, 5)


def zero_padding_3d() -> keras.Model:
    return layer(layers.ZeroPadding3D(((1, 0), (0, 2), (1, 1))), 2, 3, 4, 2)


def before_a_convolution() -> keras.Model:
    x = keras.Input((5, 6, 2))
    y = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    return keras.Model(x, layers.Conv2D(3, 3, strides=2)(y))
