"""Chains of layers with images between them that are large enough to be computed row by row."""

from __future__ import annotations

import keras
from keras import Input, Model, layers


def _expanded(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    return layers.Conv2D(channels, 1, activation="relu6")(x)


def inverted_residual() -> Model:
    x = Input((38, 46, 7), name="x")
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu")(_expanded(x, 41))
    return Model(x, layers.Conv2D(7, 1)(y) + x)


def strides() -> Model:
    """Down twice, without an image between that is whole; sizes are odd."""
    x = Input((55, 59, 5), name="x")
    y = layers.DepthwiseConv2D(3, strides=2, padding="same")(_expanded(x, 84))
    y = layers.Conv2D(88, 1)(y)
    y = layers.DepthwiseConv2D((5, 2), strides=2, padding="same", activation="silu")(y)
    return Model(x, layers.Conv2D(18, 1)(y))


def dilation() -> Model:
    x = Input((43, 37, 6), name="x")
    y = layers.DepthwiseConv2D((3, 2), dilation_rate=(3, 2), padding="same")(_expanded(x, 42))
    return Model(x, layers.Conv2D(3, 1, activation="tanh")(y))


def after_a_window() -> Model:
    """The first one takes several rows of the model's input; nothing is padded."""
    x = Input((89, 93, 3), name="x")
    y = layers.Conv2D(38, 3, strides=2, activation="relu")(x)
    y = layers.DepthwiseConv2D((4, 3), activation="relu")(y)
    return Model(x, layers.Conv2D(9, 1)(y))


def depthwise_first() -> Model:
    """A kernel of a single row, one of two, and channels that vectors come out even with."""
    x = Input((37, 39, 48), name="x")
    y = layers.DepthwiseConv2D((1, 3), padding="same")(x)
    y = layers.DepthwiseConv2D((2, 1), padding="same", activation="relu")(y)
    return Model(x, layers.DepthwiseConv2D(1)(layers.Conv2D(53, 1)(y)))


def beyond_the_window() -> Model:
    """So much padding that whole windows lie in it."""
    x = Input((41, 42, 5), name="x")
    y = layers.ZeroPadding2D(((4, 3), (2, 0)))(_expanded(x, 39))
    return Model(x, layers.DepthwiseConv2D(3, strides=2)(y))


def gates() -> Model:
    """One factor for each channel, one for each element."""
    x, gate = Input((34, 45, 8), name="x"), Input((1, 1, 44), name="gate")
    other = Input((17, 23, 44), name="other")
    y = layers.Conv2D(44, 1, activation="sigmoid")(x) * gate
    y = layers.DepthwiseConv2D(3, strides=2, padding="same")(y) * other
    return Model([x, gate, other], layers.Conv2D(5, 1)(y) * 0.5)


def read_twice() -> Model:
    """Images that must be whole: an output of the model in the middle, one with two readers."""
    x = Input((39, 44, 4), name="x")
    first = _expanded(x, 40)
    second = layers.DepthwiseConv2D(3, padding="same", activation="relu")(first)
    third = layers.Conv2D(40, 1)(second)
    y = layers.DepthwiseConv2D(3, padding="same")(third)
    return Model(x, [first, layers.Conv2D(6, 1)(y) + layers.Conv2D(6, 1)(third)])


def pooled() -> Model:
    """A pooling of what a window made, with windows that overlap, inside the zeros of a layer; its
    rows are the next one's. Negative elements at the border are less than the zeros.
    """
    x = Input((83, 87, 3), name="x")
    y = layers.ZeroPadding2D(((1, 2), (2, 1)))(layers.Conv2D(72, 3, strides=2)(x))
    return Model(x, layers.Conv2D(9, 1)(layers.MaxPooling2D(3, strides=(1, 2))(y)))


def pooled_means() -> Model:
    """Means of what lies inside, behind a depthwise convolution, and of zeros too."""
    x = Input((41, 45, 37), name="x")
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    y = layers.AveragePooling2D((3, 2), strides=2, padding="same")(y)
    z = layers.ZeroPadding2D(1)(layers.Conv2D(38, 1)(x))
    return Model(x, [y, layers.AveragePooling2D((2, 3), strides=(2, 1))(z)])


def pooled_tiles() -> Model:
    """Rows of Winograd's tiles: as many as are pooled together, or not; the last rows are not whole
    tiles, or of no use to anyone.
    """
    x = Input((45, 42, 36), name="x")
    y = layers.Conv2D(37, 3, padding="same", activation="tanh")(x)
    y = layers.MaxPooling2D(3, strides=2, padding="same")(y)
    z = layers.Conv2D(44, (5, 3), activation="relu")(x)
    return Model(x, [y, layers.MaxPooling2D(2)(z)])


def pooled_and_more() -> Model:
    """A residual sum before the pooling, two layers after it, and another pooling."""
    x, other = Input((49, 47, 32), name="x"), Input((47, 45, 33), name="other")
    y = layers.ReLU()(layers.Conv2D(33, 3)(x) + other)
    y = layers.Conv2D(120, 1, activation="relu")(layers.MaxPooling2D((2, 1))(y))
    return Model([x, other], layers.MaxPooling2D((3, 2), strides=(2, 3))(y))


def pooled_sequences() -> Model:
    """Some positions at a time: of Winograd's tiles, and of others; windows that overlap, or leave
    x.
    """
    x, other = Input((1900, 36), name="x"), Input((4000, 3), name="other")
    y = layers.Conv1D(38, 5, padding="same", activation="relu")(x)
    z = layers.Conv1D(40, 5, strides=2, padding="same", activation="tanh")(other)
    z = layers.AveragePooling1D(3, strides=2, padding="same")(z)
    return Model([x, other], [layers.MaxPooling1D(3, strides=2)(y), z])


def pooled_volumes() -> Model:
    """A plane at a time."""
    x = Input((17, 15, 20, 2), name="x")
    y = layers.Conv3D(17, 3, padding="same", activation="relu")(x)
    return Model(x, layers.MaxPooling3D((2, 3, 2), padding="same")(y))


def squeeze_and_excite() -> Model:
    """The factors are in the weights of a strip's first stage, which follows from all of x."""
    x = Input((37, 46, 7), name="x")
    y = layers.DepthwiseConv2D(3, padding="same", activation="silu")(_expanded(x, 41))
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(y)
    factors = layers.Conv2D(5, 1, activation="silu")(pooled)
    y = layers.Multiply()([y, layers.Conv2D(41, 1, activation="sigmoid")(factors)])
    y = layers.Conv2D(45, 1)(y)
    return Model(x, layers.DepthwiseConv2D((5, 3), strides=2, padding="same")(y))
