"""Max and average pooling."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from tests.cases._build import function, layer


def max_1d() -> keras.Model:
    return layer(layers.MaxPooling1D(2), 7, 3)


def max_1d_same() -> keras.Model:
    return layer(layers.MaxPooling1D(3, strides=2, padding="same"), 8, 3)


def average_1d() -> keras.Model:
    return layer(layers.AveragePooling1D(3, strides=1), 7, 3)


def average_1d_same() -> keras.Model:
    return layer(layers.AveragePooling1D(3, strides=2, padding="same"), 8, 3)


def average_1d_channels_first() -> keras.Model:
    return layer(layers.AveragePooling1D(2, data_format="channels_first"), 3, 7)


def max_2d() -> keras.Model:
    return layer(layers.MaxPooling2D((2, 3)), 6, 7, 3)


def max_2d_same_odd() -> keras.Model:
    return layer(layers.MaxPooling2D(3, strides=2, padding="same"), 7, 5, 3)


def max_2d_channels_first() -> keras.Model:
    return layer(layers.MaxPooling2D(2, data_format="channels_first"), 3, 6, 7)


def average_2d() -> keras.Model:
    return layer(layers.AveragePooling2D(2), 6, 7, 3)


def average_2d_same_odd() -> keras.Model:
    return layer(layers.AveragePooling2D(3, strides=2, padding="same"), 7, 5, 3)


def average_2d_same_uneven() -> keras.Model:
    return layer(layers.AveragePooling2D((4, 2), strides=(1, 3), padding="same"), 5, 8, 2)


def max_3d() -> keras.Model:
    return layer(layers.MaxPooling3D(2), 4, 5, 6, 2)


def average_3d_same() -> keras.Model:
    return layer(layers.AveragePooling3D(3, strides=2, padding="same"), 4, 5, 6, 2)


def max_pool_operation() -> keras.Model:
    return function(lambda x: ops.max_pool(x, (2, 1), strides=(1, 2)), (5, 6, 2))


def all_negative_with_padding() -> keras.Model:
    return function(lambda x: ops.max_pool(-ops.abs(x) - 1, 3, 2, padding="same"), (6, 5, 2))


def on_vectors() -> keras.Model:
    """Of one to three dimensions, with windows that leave x; more channels than a vector has."""
    line, image = keras.Input((11, 19), name="line"), keras.Input((7, 6, 5), name="image")
    volume = keras.Input((5, 4, 7, 6), name="volume")
    results = [
        layers.AveragePooling1D(3, strides=2, padding="same")(line),
        layers.MaxPooling1D(4, strides=3)(line),
        layers.AveragePooling2D((3, 2), strides=2, padding="same")(image),
        layers.MaxPooling2D(3, strides=(1, 2), padding="same")(image),
        layers.AveragePooling3D((2, 3, 3), strides=2, padding="same")(volume),
        layers.MaxPooling3D((2, 1, 3), strides=(2, 3, 1))(volume),
    ]
    return keras.Model([line, image, volume], results)


def inside_constants() -> keras.Model:
    """What is around x counts, in windows that lie beyond it too; of all elements the largest."""
    x = keras.Input((6, 5, 7), name="x")
    zeros = layers.ZeroPadding2D(((3, 2), (1, 2)))(x)
    around = ((0, 0), (1, 1), (0, 2), (0, 0))
    less = ops.pad(x - 2, around, constant_values=-1.5)
    low = ops.pad(x, around, constant_values=-np.inf)
    results = [
        layers.MaxPooling2D(2)(zeros),
        layers.AveragePooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x)),
        layers.MaxPooling2D((3, 2))(less),
        layers.MaxPooling2D(2)(low),
        layers.AveragePooling2D(2)(low + 0),
        layers.MaxPooling2D(2, padding="same")(layers.ZeroPadding2D(1)(x)),
        layers.MaxPooling2D(1, strides=(2, 1))(layers.ZeroPadding2D(1)(x)),
    ]
    return keras.Model(x, results)


def beyond_both_ends() -> keras.Model:
    """Windows larger than x, each of which leaves it before and behind."""
    x = keras.Input((2, 1, 5), name="x")
    results = [
        layers.AveragePooling2D(5, strides=3, padding="same")(x),
        layers.MaxPooling2D((5, 4), strides=1, padding="same")(x - 9.0),
        layers.AveragePooling1D(7, strides=2, padding="same")(layers.Reshape((5, 2))(x)),
    ]
    return keras.Model(x, results)
