"""Arrays repeated along axes."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.cases._build import Function, function, layer


def broadcast_to() -> keras.Model:
    return layer(Function(lambda x: ops.broadcast_to(x, (ops.shape(x)[0], 4, 3))), 1, 3)


def repeat_vector() -> keras.Model:
    return layer(layers.RepeatVector(4), 5)


def repeat_each() -> keras.Model:
    return function(lambda x: ops.repeat(x, 3, axis=1), (2, 5))


def tile_several_axes() -> keras.Model:
    return function(lambda x: ops.tile(x, (1, 3, 2)), (2, 5))


def tile_adds_axes() -> keras.Model:
    return function(lambda x: ops.tile(ops.expand_dims(x, 1), (1, 2, 3, 1)), (4, 5))


def upsampling_1d() -> keras.Model:
    return layer(layers.UpSampling1D(3), 4, 2)


def upsampling_2d() -> keras.Model:
    return layer(layers.UpSampling2D((2, 3)), 4, 3, 2)


def upsampling_2d_channels_first() -> keras.Model:
    return layer(layers.UpSampling2D((3, 2), data_format="channels_first"), 2, 4, 3)


def upsampling_3d() -> keras.Model:
    return layer(layers.UpSampling3D((2, 1, 3)), 2, 3, 4, 2)


def batch_size_from_the_input() -> keras.Model:
    def body(x):
        ones = ops.broadcast_to(ops.ones((1, 1, 3)), (ops.shape(x)[0], 1, 3))
        return ops.concatenate([x, ones], axis=1)

    return layer(Function(body), 4, 3)
