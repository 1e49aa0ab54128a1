"""Parts of arrays, forwards and backwards."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.cases._build import Function, function, layer


def with_steps() -> keras.Model:
    return function(lambda x: x[:, 1:6:2, ::3], (7, 8))


def negative_steps() -> keras.Model:
    return function(lambda x: x[:, ::-1, 5:1:-2], (4, 7))


def negative_indices() -> keras.Model:
    return function(lambda x: x[:, -3:-1, -1], (5, 4))


def ellipsis_and_new_axis() -> keras.Model:
    return function(lambda x: x[..., None, 1:], (4, 5))


def one_of_the_middle() -> keras.Model:
    return function(lambda x: x[:, 2], (4, 5, 3))


def slice_operation() -> keras.Model:
    return layer(Function(lambda x: ops.slice(x, (0, 1, 2), (ops.shape(x)[0], 2, 3))), 4, 5)


def split_in_sections() -> keras.Model:
    return function(lambda x: ops.split(x, 3, axis=-1), (2, 6))


def split_at_indices() -> keras.Model:
    return function(lambda x: ops.split(x, [1, 4], axis=1), (6, 2))


def unstack() -> keras.Model:
    return function(lambda x: ops.unstack(x, axis=1), (3, 4))


def flip_one_axis() -> keras.Model:
    return function(lambda x: ops.flip(x, axis=1), (4, 5))


def flip_two_axes() -> keras.Model:
    return function(lambda x: ops.flip(x, axis=(1, 2)), (4, 5))


def roll() -> keras.Model:
    return function(lambda x: ops.roll(x, 2, axis=1), (5, 3))


def roll_two_axes() -> keras.Model:
    return function(lambda x: ops.roll(x, (-1, 2), axis=(1, 2)), (5, 3))


def cropping_1d() -> keras.Model:
    return layer(layers.Cropping1D((1, 2)), 6, 3)


def cropping_2d() -> keras.Model:
    return layer(layers.Cropping2D(((1, 2), (0, 1))), 6, 5, 3)


def cropping_2d_channels_first() -> keras.Model:
    return layer(layers.Cropping2D(((1, 2), (0, 1)), data_format="channels_first"), 3, 6, 5)


def cropping_3d() -> keras.Model:
    return layer(layers.Cropping3D(((1, 0), (1, 1), (0, 2))), 3, 5, 6, 2)


def glu() -> keras.Model:
    return function(lambda x: ops.glu(x, axis=1), (6, 5))
