"""Models of images that are not in the zoo: what the rules were not made for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
from keras import layers

from benchmarks.zoo import Entry


def application(name: str, size: int) -> Callable[[], keras.Model]:
    """One of keras.applications on size x size images."""
    return partial(getattr(keras.applications, name), weights=None, input_shape=(size, size, 3))


def _convolved(
    x: keras.KerasTensor, filters: int, window: int = 3, activation: str = "relu", **more: object
) -> keras.KerasTensor:
    """A convolution with BatchNormalization and an activation."""
    x = layers.Conv2D(filters, window, padding="same", use_bias=False, **more)(x)
    return layers.Activation(activation)(layers.BatchNormalization()(x))


def _classified(image: keras.KerasTensor, x: keras.KerasTensor) -> keras.Model:
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def vgg() -> keras.Model:
    """Plain convolutions of 3x3 between poolings, up to 512 channels."""
    image = x = keras.Input((64, 64, 3))
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3)):
        for _ in range(count):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return _classified(image, x)


def resnext() -> keras.Model:
    """Bottlenecks whose convolutions of 3x3 have 32 groups of 4, 8 and 16 channels."""
    image = keras.Input((112, 112, 3))
    x = _convolved(image, 64, 7, strides=2)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for width, strides in ((128, 1), (256, 2), (512, 2)):
        for step in (strides, 1):
            y = _convolved(x, width, 1)
            y = _convolved(y, width, 3, strides=step, groups=32)
            y = layers.BatchNormalization()(layers.Conv2D(2 * width, 1)(y))
            if x.shape[-1] != y.shape[-1]:
                x = layers.Conv2D(2 * width, 1, strides=step)(x)
            x = layers.ReLU()(layers.Add()([x, y]))
    return _classified(image, x)


def squeeze_excite() -> keras.Model:
    """Residual blocks whose channels are weighed by what their means say."""
    image = keras.Input((64, 64, 3))
    x = _convolved(image, 32)
    for filters, strides in ((32, 1), (64, 2), (128, 2)):
        y = _convolved(_convolved(x, filters, strides=strides), filters)
        weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
        weight = layers.Conv2D(filters // 8, 1, activation="relu")(weight)
        weight = layers.Conv2D(filters, 1, activation="sigmoid")(weight)
        y = layers.Multiply()([y, weight])
        if x.shape[-1] != filters or strides > 1:
            x = layers.Conv2D(filters, 1, strides=strides)(x)
        x = layers.ReLU()(layers.Add()([x, y]))
    return _classified(image, x)


def odd_channels() -> keras.Model:
    """17, 35, 61 and 7 channels."""
    image = x = keras.Input((48, 48, 3))
    for filters, window in ((17, 3), (35, 3), (35, 1), (61, 3), (61, 1), (7, 3)):
        x = layers.Conv2D(filters, window, padding="same", activation="relu")(x)
    return _classified(image, x)


def narrow() -> keras.Model:
    """24 and 40 channels, which fill a vector of 16 and half of the next."""
    image = keras.Input((96, 96, 3))
    x = _convolved(image, 24, strides=2)
    for filters in (24, 40, 40):
        x = _convolved(x, filters)
        x = _convolved(x, filters, 1)
    return _classified(image, _convolved(x, 40, strides=2))


def dilated() -> keras.Model:
    """A pyramid of dilated convolutions beside one another, as DeepLab has."""
    image = keras.Input((96, 96, 3))
    x = _convolved(_convolved(_convolved(image, 32, strides=2), 64, strides=2), 64)
    x = _convolved(x, 64, dilation_rate=2)
    branches = [_convolved(x, 64, 1), *(_convolved(x, 64, dilation_rate=d) for d in (3, 6, 9))]
    x = _convolved(layers.Concatenate()(branches), 64, 1)
    x = layers.UpSampling2D(4, interpolation="bilinear")(layers.Conv2D(8, 1)(x))
    return keras.Model(image, layers.Softmax()(x))


def large_windows() -> keras.Model:
    """5x5, 7x7, and 1x7 beside 7x1."""
    image = keras.Input((64, 64, 3))
    x = _convolved(image, 32, 7, strides=2)
    x = _convolved(_convolved(x, 48, 5), 48, 7)
    x = _convolved(_convolved(x, 64, (1, 7)), 64, (7, 1))
    return _classified(image, _convolved(x, 64, 5, strides=2))


def strided() -> keras.Model:
    """Images that shrink by strides alone."""
    image = x = keras.Input((128, 128, 3))
    for filters in (32, 64, 128, 256, 512):
        x = _convolved(x, filters, strides=2)
    return _classified(image, x)


def volumes() -> keras.Model:
    """Three-dimensional convolutions; TensorFlow has no poolings of those in float64."""
    image = x = keras.Input((16, 48, 48, 1))
    for filters, strides in ((16, 1), (32, 2), (32, 1), (64, 2)):
        convolution = layers.Conv3D(filters, 3, strides=strides, padding="same", activation="relu")
        x = convolution(x)
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling3D()(x)))


def generator() -> keras.Model:
    """DCGAN's: transposed convolutions of 5x5 with a stride of 2, from 4x4 to 64x64."""
    noise = keras.Input((100,))
    x = layers.Reshape((4, 4, 256))(layers.Dense(4096, activation="relu")(noise))
    for filters in (128, 64, 32):
        x = layers.Conv2DTranspose(filters, 5, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(3, 5, strides=2, padding="same", activation="tanh")(x)
    return keras.Model(noise, x)


def detector() -> keras.Model:
    """Tiny YOLO's shape: leaky activations, poolings, and two scales."""
    image = x = keras.Input((160, 160, 3))
    for filters in (16, 32, 64, 128, 256):
        x = _convolved(x, filters, activation="leaky_relu")
        near = x
        x = layers.MaxPooling2D()(x)
    x = _convolved(_convolved(x, 512, activation="leaky_relu"), 128, 1, activation="leaky_relu")
    far = layers.Conv2D(75, 1)(_convolved(x, 256, activation="leaky_relu"))
    x = layers.UpSampling2D()(_convolved(x, 64, 1, activation="leaky_relu"))
    x = _convolved(layers.Concatenate()([x, near]), 256, activation="leaky_relu")
    grids = [layers.Reshape((-1, 25))(grid) for grid in (layers.Conv2D(75, 1)(x), far)]
    return keras.Model(image, layers.Concatenate(axis=1)(grids))


def shuffled() -> keras.Model:
    """ShuffleNet's blocks: 1x1 convolutions in groups, whose channels then change places."""
    image = keras.Input((96, 96, 3))
    x = _convolved(_convolved(image, 24, strides=2), 96, strides=2)
    for _ in range(3):
        y = _convolved(x, 96, 1, groups=4)
        height, width, channels = y.shape[1:]
        y = layers.Reshape((height, width, 4, channels // 4))(y)
        y = layers.Reshape((height, width, channels))(layers.Permute((1, 2, 4, 3))(y))
        y = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(y))
        y = layers.BatchNormalization()(layers.Conv2D(96, 1, groups=4)(y))
        x = layers.ReLU()(layers.Add()([x, y]))
    return _classified(image, x)


def dense_blocks() -> keras.Model:
    """DenseNet's: each layer reads what all before it made, normalised anew."""
    image = keras.Input((64, 64, 3))
    x = _convolved(image, 64, 7, strides=2)
    for count in (6, 8):
        for _ in range(count):
            y = layers.ReLU()(layers.BatchNormalization()(x))
            y = _convolved(y, 128, 1)
            x = layers.Concatenate()([x, layers.Conv2D(32, 3, padding="same", use_bias=False)(y)])
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.AveragePooling2D(2)(layers.Conv2D(x.shape[-1] // 2, 1, use_bias=False)(x))
    return _classified(image, x)


def convnext_blocks() -> keras.Model:
    """Depthwise convolutions of 7x7, LayerNormalization, and four times the units with gelu."""
    image = keras.Input((64, 64, 3))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Conv2D(96, 4, strides=4)(image))
    for filters in (96, 192):
        if x.shape[-1] != filters:
            x = layers.Conv2D(filters, 2, strides=2)(layers.LayerNormalization(epsilon=1e-6)(x))
        for _ in range(2):
            y = layers.DepthwiseConv2D(7, padding="same")(x)
            y = layers.LayerNormalization(epsilon=1e-6)(y)
            y = layers.Dense(filters)(layers.Dense(4 * filters, activation="gelu")(y))
            x = layers.Add()([x, y])
    return _classified(image, x)


def separable_blocks() -> keras.Model:
    """Xception's: depthwise and 1x1 convolutions after an activation, and residual sums."""
    image = keras.Input((96, 96, 3))
    x = _convolved(_convolved(image, 32, strides=2), 64)
    for filters in (128, 256):
        y = x
        for _ in range(2):
            y = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(layers.ReLU()(y))
            y = layers.BatchNormalization()(y)
        y = layers.MaxPooling2D(3, strides=2, padding="same")(y)
        x = layers.Add()([y, layers.Conv2D(filters, 1, strides=2, padding="same")(x)])
    for _ in range(3):
        y = layers.SeparableConv2D(256, 3, padding="same", use_bias=False)(layers.ReLU()(x))
        x = layers.Add()([x, layers.BatchNormalization()(y)])
    return _classified(image, x)


def one_by_one() -> keras.Model:
    """Convolutions of 1x1 alone, whose channels fill a part of the last vector."""
    image = x = keras.Input((28, 28, 20))
    for filters in (40, 40, 72, 20, 100, 7):
        x = layers.Conv2D(filters, 1, activation="relu")(x)
    return keras.Model(image, layers.GlobalMaxPooling2D()(x))


def inception_blocks() -> keras.Model:
    """GoogLeNet's: windows of 1, 3 and 5 and a pooling beside one another, with few channels."""
    image = x = keras.Input((28, 28, 32))
    for _ in range(2):
        branches = [
            _convolved(x, 16, 1),
            _convolved(_convolved(x, 24, 1), 32),
            _convolved(_convolved(x, 4, 1), 8, 5),
            _convolved(layers.MaxPooling2D(3, strides=1, padding="same")(x), 8, 1),
        ]
        x = layers.Concatenate()(branches)
    return _classified(image, x)


def eegnet() -> keras.Model:
    """EEGNet on 22 electrodes: long windows in time, and two filters for each channel in space."""
    signal = keras.Input((22, 256, 1))
    x = layers.Conv2D(8, (1, 64), padding="same", use_bias=False)(signal)
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D((22, 1), depth_multiplier=2, use_bias=False)(x)
    x = layers.Activation("elu")(layers.BatchNormalization()(x))
    x = layers.AveragePooling2D((1, 4))(x)
    x = layers.SeparableConv2D(16, (1, 16), padding="same", use_bias=False)(x)
    x = layers.Activation("elu")(layers.BatchNormalization()(x))
    x = layers.Flatten()(layers.AveragePooling2D((1, 8))(x))
    return keras.Model(signal, layers.Dense(4, activation="softmax")(x))


IMAGES = {
    "eegnet": Entry("EEGNet, 22 x 256", eegnet),
    "one_by_one": Entry("1x1 of 7 to 100 channels, 28x28", one_by_one),
    "inception_blocks": Entry("GoogLeNet's blocks, 28x28", inception_blocks),
    "odd_channels": Entry("17, 35, 61, 7 channels, 48x48", odd_channels),
    "narrow": Entry("24 and 40 channels, 96x96", narrow),
    "strided": Entry("strides alone, 128x128", strided),
    "large_windows": Entry("5x5 and 7x7, 64x64", large_windows),
    "squeeze_excite": Entry("squeeze and excite, 64x64", squeeze_excite),
    "shuffled": Entry("ShuffleNet's blocks, 96x96", shuffled),
    "dilated": Entry("dilated, DeepLab-like, 96x96", dilated),
    "generator": Entry("DCGAN's generator, 64x64", generator),
    "volumes": Entry("Conv3D, 16x48x48", volumes),
    "resnext": Entry("ResNeXt's blocks, 112x112", resnext),
    "vgg": Entry("VGG-like, 64x64", vgg),
    "detector": Entry("tiny YOLO-like, 160x160", detector),
    "convnext_blocks": Entry("ConvNeXt's blocks, 64x64", convnext_blocks),
    "dense_blocks": Entry("DenseNet's blocks, 64x64", dense_blocks),
    "separable_blocks": Entry("Xception's blocks, 96x96", separable_blocks),
    "mobilenet_v3": Entry(
        "MobileNetV3Small, 128x128", application("MobileNetV3Small", 128), scale=255.0
    ),
    "efficientnet_v2": Entry(
        "EfficientNetV2B0, 128x128", application("EfficientNetV2B0", 128), scale=255.0
    ),
    "nasnet": Entry("NASNetMobile, 96x96", application("NASNetMobile", 96)),
    "densenet": Entry("DenseNet121, 128x128", application("DenseNet121", 128)),
    "inception": Entry("InceptionV3, 96x96", application("InceptionV3", 96)),
    "xception": Entry("Xception, 96x96", application("Xception", 96)),
    "convnext": Entry("ConvNeXtTiny, 96x96", application("ConvNeXtTiny", 96), scale=255.0),
}
"""The quick ones first."""
