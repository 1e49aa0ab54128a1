"""Batch normalisation, folded and alone."""

from __future__ import annotations

import keras
from keras import Input, Sequential, layers

from tests.cases._build import layer


def alone() -> keras.Model:
    return layer(layers.BatchNormalization(), 5, 4, 3)


def alone_on_vector() -> keras.Model:
    return layer(layers.BatchNormalization(epsilon=0.01), 5)


def axis_1() -> keras.Model:
    return layer(layers.BatchNormalization(axis=1), 3, 5, 4)


def no_scale() -> keras.Model:
    return layer(layers.BatchNormalization(scale=False), 5, 3)


def no_center() -> keras.Model:
    return layer(layers.BatchNormalization(center=False), 5, 3)


def after_dense() -> keras.Model:
    return Sequential([Input((5,)), layers.Dense(4), layers.BatchNormalization(), layers.ReLU()])


def after_dense_without_bias() -> keras.Model:
    return Sequential(
        [Input((5,)), layers.Dense(4, use_bias=False), layers.BatchNormalization(scale=False)]
    )


def after_convolution() -> keras.Model:
    return Sequential(
        [Input((5, 6, 2)), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization()]
    )


def after_depthwise() -> keras.Model:
    return Sequential([Input((5, 6, 3)), layers.DepthwiseConv2D(3), layers.BatchNormalization()])


def after_transposed_convolution() -> keras.Model:
    return Sequential(
        [Input((4, 3, 2)), layers.Conv2DTranspose(5, 3, strides=2), layers.BatchNormalization()]
    )


def after_convolution_channels_first() -> keras.Model:
    return Sequential(
        [
            Input((2, 5, 6)),
            layers.Conv2D(4, 3, data_format="channels_first"),
            layers.BatchNormalization(axis=1),
        ]
    )


def after_activation() -> keras.Model:
    return Sequential(
        [Input((5, 6, 2)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()]
    )


def before_convolution() -> keras.Model:
    return Sequential(
        [Input((5, 6, 2)), layers.BatchNormalization(), layers.Conv2D(4, 3, padding="same")]
    )


def of_another_axis_than_the_convolution() -> keras.Model:
    return Sequential([Input((5, 6, 2)), layers.Conv2D(4, 3), layers.BatchNormalization(axis=1)])


def kernel_shared_with_another_branch() -> keras.Model:
    x = Input((5, 6, 2))
    convolution = layers.Conv2D(4, 3)
    y = layers.BatchNormalization()(convolution(x))
    return keras.Model(x, y + convolution(x * 2))


def result_used_twice() -> keras.Model:
    x = Input((5,))
    y = layers.Dense(4)(x)
    return keras.Model(x, layers.BatchNormalization()(y) * y)
