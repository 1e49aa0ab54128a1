"""Transposed convolutions."""

from __future__ import annotations

import keras
from keras import layers

from tests.cases._build import layer


def one_dimension() -> keras.Model:
    return layer(layers.Conv1DTranspose(4, 3, strides=2), 5, 3)


def one_dimension_same() -> keras.Model:
    return layer(layers.Conv1DTranspose(4, 3, strides=2, padding="same", activation="relu"), 5, 3)


def one_dimension_output_padding() -> keras.Model:
    return layer(layers.Conv1DTranspose(4, 3, strides=3, padding="same", output_padding=1), 5, 2)


def two_dimensions() -> keras.Model:
    return layer(layers.Conv2DTranspose(4, (3, 2)), 4, 5, 3)


def with_strides() -> keras.Model:
    return layer(layers.Conv2DTranspose(4, 2, strides=(2, 3)), 4, 3, 2)


def same_with_strides() -> keras.Model:
    return layer(layers.Conv2DTranspose(3, 3, strides=2, padding="same", use_bias=False), 4, 5, 2)


def same_kernel_smaller_than_strides() -> keras.Model:
    return layer(layers.Conv2DTranspose(3, 2, strides=3, padding="same"), 3, 4, 2)


def output_padding() -> keras.Model:
    return layer(
        layers.Conv2DTranspose(3, 4, strides=3, padding="same", output_padding=(1, 2)), 3, 4, 2
    )


def output_padding_valid() -> keras.Model:
    return layer(layers.Conv2DTranspose(3, 3, strides=2, output_padding=1), 3, 4, 2)


def dilated() -> keras.Model:
    return layer(layers.Conv2DTranspose(3, 3, dilation_rate=2), 4, 5, 2)


def one_by_one_with_strides() -> keras.Model:
    return layer(layers.Conv2DTranspose(3, 1, strides=2), 4, 3, 2)


def three_dimensions() -> keras.Model:
    return layer(layers.Conv3DTranspose(3, (2, 3, 2), strides=(1, 2, 2)), 2, 3, 4, 2)


def three_dimensions_same() -> keras.Model:
    return layer(layers.Conv3DTranspose(3, 3, strides=2, padding="same"), 2, 3, 2, 4)
