"""Convolutions of 3x3 that the fast style does with fewer products: tiles that don't come out even,
channels and units beside cache lines, and what is fused into the way back.
"""

from __future__ import annotations

from keras import Input, Model, layers

from tests.cases._build import layer


def padded() -> Model:
    return layer(layers.Conv2D(37, 3, padding="same", activation="relu"), 11, 31, 20)


def unpadded() -> Model:
    return layer(layers.Conv2D(16, 3, use_bias=False), 8, 11, 33)


def small_tiles() -> Model:
    return layer(layers.Conv2D(48, 3, padding="same"), 2, 6, 40)


def residual() -> Model:
    """Added to the sum, and overwritten by it."""
    x = Input((13, 8, 24), name="x")
    y = layers.Conv2D(24, 3, padding="same", activation="tanh")(x)
    z = layers.Conv2D(24, 3, padding="same", use_bias=False)(y)
    z = layers.ReLU()(layers.Add()([layers.BatchNormalization()(z), y]))
    return Model(x, layers.GlobalMaxPooling2D()(z))


def long_epilogue() -> Model:
    """More steps after the sum than may stand in the code many times."""
    inputs = [Input((7, 9, 20), name=name) for name in "abcd"]
    y = layers.Conv2D(20, 3, padding="same")(inputs[0])
    y = layers.Average()([y, *inputs])
    return Model(inputs, layers.ReLU()(y))


def sequences() -> Model:
    x = Input((37, 32), name="x")
    y = layers.Conv1D(40, 3, padding="causal", activation="relu")(x)
    return Model(x, layers.Conv1D(32, 3)(y))


def dilated_sequences() -> Model:
    """Taps 4, 3, 2 and 5 apart, whose steps come out even or not."""
    x = Input((36, 32), name="x")
    y = layers.Conv1D(40, 3, padding="causal", dilation_rate=4, activation="relu")(x)
    z = layers.Conv1D(40, 3, padding="same", dilation_rate=3)(y)
    last = layers.Conv1D(24, 3, dilation_rate=2, activation="tanh")
    return Model(x, [last(y + z), layers.Conv1D(32, 3, padding="causal", dilation_rate=5)(z)])


def dilated() -> Model:
    """Taps 2, 3 and 5 apart: some tiles have fewer outputs than others."""
    x = Input((11, 13, 24), name="x")
    y = layers.Conv2D(33, 3, padding="same", dilation_rate=2, activation="relu")(x)
    z = layers.Conv2D(32, 3, dilation_rate=(3, 1))(y)
    far = layers.Conv2D(24, 3, padding="same", dilation_rate=5)
    return Model(x, [z, layers.Add()([far(y), x])])


def large_windows() -> Model:
    """Blocks of taps along both lines, or along one, the other one's taps one by one."""
    x = Input((13, 27, 20), name="x")
    y = layers.Conv2D(33, 5, padding="same", activation="relu")(x)
    z = layers.Conv2D(20, 7, padding="same")(y)
    return Model(x, [layers.Add()([z, x]), layers.Conv2D(32, (2, 6), padding="same")(y)])


def strided() -> Model:
    """Phases of two taps and of one, in tiles that don't come out even; one line with strides."""
    x = Input((15, 22, 20), name="x")
    y = layers.Conv2D(33, 3, strides=2, padding="same", activation="relu")(x)
    z = layers.Conv2D(40, 3, strides=(1, 2), padding="same", use_bias=False)(y)
    return Model(x, [z, layers.Conv2D(32, 3, strides=(2, 1))(y)])


def strided_large_windows() -> Model:
    """Phases of two to four taps, and with strides of three; the last window is of a sequence."""
    x = Input((23, 26, 20), name="x")
    y = layers.Conv2D(24, 4, strides=2, padding="same", activation="tanh")(x)
    z = layers.Conv2D(20, (5, 7), strides=2, padding="same")(x)
    w = layers.Conv2D(20, (7, 5), strides=(2, 3))(x)
    v = layers.Conv1D(24, 5, strides=2, padding="causal")(layers.Reshape((156, 24))(y))
    return Model(x, [y, z, w, v])


def strided_volumes() -> Model:
    """Planes have phases too, with zeros around or without; the first output is one plane."""
    x = Input((3, 13, 33, 16), name="x")
    y = layers.Conv3D(24, (3, 4, 4), strides=2, padding="same", activation="relu")(x)
    z = layers.Conv3D(24, (2, 3, 3), strides=(1, 2, 2))(x)
    return Model(x, [layers.Conv3D(16, (2, 3, 3), strides=(2, 1, 1))(y), z])


def volumes() -> Model:
    """Several planes of taps, with and without zeros around; the last one has no other taps."""
    x = Input((5, 9, 10, 18), name="x")
    y = layers.Conv3D(24, 3, padding="same", activation="relu")(x)
    z = layers.Conv3D(18, (2, 3, 3), padding="same", use_bias=False)(y)
    return Model(
        x, [layers.Add()([z, x]), layers.Conv3D(16, 3)(y), layers.Conv3D(16, (3, 1, 1))(y)]
    )


def volumes_in_turn() -> Model:
    return layer(layers.TimeDistributed(layers.Conv3D(16, 3, padding="same")), 2, 4, 9, 8, 16)


def images_in_turn() -> Model:
    one = layers.Conv2D(32, 3, padding="same", activation="sigmoid")
    return layer(layers.TimeDistributed(one), 3, 6, 7, 16)


def in_a_loop() -> Model:
    return layer(layers.ConvLSTM2D(16, 3, padding="same"), 2, 7, 9, 5)
