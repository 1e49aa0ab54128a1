"""Convolutions, plain, grouped, depthwise and separable."""

from __future__ import annotations

from typing import Any

import keras
from keras import Input, Model, layers, ops

from tests.cases._build import layer


def one_dimension() -> keras.Model:
    return layer(layers.Conv1D(4, 3), 7, 2)


def one_dimension_same_with_strides() -> keras.Model:
    return layer(layers.Conv1D(4, 3, strides=2, padding="same", activation="relu"), 8, 3)


def one_dimension_causal_dilated() -> keras.Model:
    return layer(layers.Conv1D(4, 3, padding="causal", dilation_rate=2), 9, 2)


def one_dimension_causal_with_strides() -> keras.Model:
    return layer(layers.Conv1D(3, 4, padding="causal", strides=2), 9, 2)


def one_dimension_groups() -> keras.Model:
    return layer(layers.Conv1D(6, 3, groups=2), 7, 4)


def one_dimension_channels_first() -> keras.Model:
    return layer(layers.Conv1D(5, 3, padding="same", data_format="channels_first"), 2, 7)


def two_dimensions() -> keras.Model:
    return layer(layers.Conv2D(4, (3, 2)), 7, 6, 3)


def same_with_strides() -> keras.Model:
    return layer(layers.Conv2D(4, 3, strides=2, padding="same"), 7, 6, 2)


def same_with_uneven_strides() -> keras.Model:
    return layer(layers.Conv2D(4, (3, 2), strides=(1, 3), padding="same"), 5, 8, 2)


def same_with_even_kernel() -> keras.Model:
    return layer(layers.Conv2D(3, (4, 2), padding="same", use_bias=False), 5, 6, 2)


def dilated() -> keras.Model:
    return layer(layers.Conv2D(4, 3, dilation_rate=(2, 1)), 8, 6, 2)


def dilated_same() -> keras.Model:
    return layer(layers.Conv2D(4, 3, dilation_rate=(1, 2), padding="same"), 5, 6, 2)


def kernel_larger_than_the_image() -> keras.Model:
    return layer(layers.Conv2D(3, (5, 7), padding="same"), 3, 4, 2)


def one_by_one() -> keras.Model:
    return layer(layers.Conv2D(5, 1, activation="swish"), 4, 3, 2)


def one_by_one_with_strides() -> keras.Model:
    return layer(layers.Conv2D(5, 1, strides=2, padding="same"), 5, 4, 2)


def one_filter() -> keras.Model:
    return layer(layers.Conv2D(1, 3), 5, 6, 2)


def one_channel() -> keras.Model:
    return layer(layers.Conv2D(4, 3), 5, 6, 1)


def groups() -> keras.Model:
    return layer(layers.Conv2D(6, 3, groups=3, padding="same"), 5, 4, 9)


def channels_first() -> keras.Model:
    return layer(layers.Conv2D(4, (3, 2), data_format="channels_first"), 3, 7, 6)


def channels_first_same_with_strides() -> keras.Model:
    return layer(
        layers.Conv2D(4, 3, strides=2, padding="same", data_format="channels_first"), 3, 7, 6
    )


def three_dimensions() -> keras.Model:
    return layer(layers.Conv3D(4, (2, 3, 2), activation="relu"), 4, 5, 6, 2)


def three_dimensions_same_with_strides() -> keras.Model:
    return layer(layers.Conv3D(3, 3, strides=(1, 2, 2), padding="same"), 4, 5, 6, 2)


def three_dimensions_groups() -> keras.Model:
    return layer(layers.Conv3D(4, 2, groups=2), 3, 4, 5, 6)


def depthwise_1d() -> keras.Model:
    return layer(layers.DepthwiseConv1D(3, depth_multiplier=2), 7, 3)


def depthwise_1d_same_with_strides() -> keras.Model:
    return layer(layers.DepthwiseConv1D(3, strides=2, padding="same"), 7, 3)


def depthwise_2d() -> keras.Model:
    return layer(layers.DepthwiseConv2D((3, 2), padding="same"), 5, 6, 4)


def depthwise_2d_multiplier() -> keras.Model:
    return layer(layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu6"), 5, 6, 3)


def depthwise_2d_with_strides() -> keras.Model:
    return layer(layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False), 7, 6, 3)


def depthwise_2d_dilated() -> keras.Model:
    return layer(layers.DepthwiseConv2D(3, dilation_rate=2), 7, 8, 3)


def separable_1d() -> keras.Model:
    return layer(layers.SeparableConv1D(5, 3, depth_multiplier=2, padding="same"), 7, 3)


def separable_2d() -> keras.Model:
    return layer(layers.SeparableConv2D(5, (3, 2), activation="relu"), 6, 7, 3)


def separable_2d_with_strides() -> keras.Model:
    return layer(
        layers.SeparableConv2D(5, 3, strides=2, padding="same", depth_multiplier=2), 6, 7, 3
    )


def separable_2d_dilated() -> keras.Model:
    return layer(layers.SeparableConv2D(4, 3, dilation_rate=2), 7, 8, 3)


def separable_2d_channels_first() -> keras.Model:
    return layer(layers.SeparableConv2D(4, 3, data_format="channels_first"), 3, 6, 5)


def residual() -> keras.Model:
    x = keras.Input((6, 5, 3))
    y = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    return keras.Model(x, layers.ReLU()(layers.Conv2D(3, 3, padding="same")(y) + x))


def gated_by_its_channels() -> keras.Model:
    """Squeeze and excite."""
    x = keras.Input((6, 5, 3))
    y = layers.Conv2D(4, 3, padding="same")(x)
    gate = layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    return keras.Model(x, layers.Conv2D(2, 1)(y * gate))


def several_images_in_a_sample() -> keras.Model:
    """Frames folded into the batch: one sample is three images to the layers."""
    x = Input((3, 9, 8, 4), name="frames")
    images = layers.Lambda(lambda x: ops.reshape(x, (-1, 9, 8, 4)))(x)
    made = [
        layers.Conv2D(5, 3, padding="same", activation="relu")(images),
        layers.Conv2D(6, 2, strides=2, groups=2)(images),
        layers.DepthwiseConv2D(3, padding="same")(images),
        layers.Conv2DTranspose(5, 3, strides=2)(images),
        layers.MaxPooling2D(2)(images),
        layers.AveragePooling2D(3, strides=2, padding="same")(images),
        layers.AdaptiveAveragePooling2D((2, 3))(images),
    ]

    def apart(y: Any) -> Any:
        return ops.reshape(y, (-1, 3, *y.shape[1:]))

    return Model(x, [layers.Lambda(apart)(y) for y in made])
