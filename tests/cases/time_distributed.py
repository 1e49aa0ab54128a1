"""Layers applied to every step of a sequence."""

from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers, ops

from tests.cases._build import layer

L = layers


def dense() -> keras.Model:
    return Sequential([Input((5, 2), name="x"), L.TimeDistributed(L.Dense(3, activation="relu"))])


def dense_after_lstm() -> keras.Model:
    return Sequential(
        [Input((5, 2)), L.LSTM(4, return_sequences=True), L.TimeDistributed(L.Dense(3))]
    )


def cnn_lstm() -> keras.Model:
    return Sequential(
        [
            Input((3, 6, 5, 2)),
            L.TimeDistributed(L.Conv2D(4, 3, activation="relu")),
            L.TimeDistributed(L.BatchNormalization()),
            L.TimeDistributed(L.MaxPooling2D(2)),
            L.TimeDistributed(L.Flatten()),
            L.LSTM(3),
        ]
    )


def layers_that_fold_into_rows() -> keras.Model:
    x = Input((4, 3, 6), name="x")
    makes = (
        L.LayerNormalization(),
        L.Softmax(axis=1),
        L.Permute((2, 1)),
        L.GlobalAveragePooling1D(),
        L.Reshape((2, 9)),
        L.EinsumDense("abc,cd->adb", (5, 3)),
        L.Cropping1D(1),
        L.Dropout(0.3),
    )
    return Model(x, [L.TimeDistributed(one)(x) for one in makes])


def embedding() -> keras.Model:
    x = Input((4, 3), dtype="int32", name="ids")
    return Model(x, L.TimeDistributed(L.Embedding(6, 2))(x))


def recurrent() -> keras.Model:
    x = Input((3, 4, 2), name="x")
    y = L.TimeDistributed(L.LSTM(5, return_sequences=True))(x)
    return Model(x, L.TimeDistributed(L.Bidirectional(L.GRU(3)))(y))


def attention() -> keras.Model:
    inner = Input((3, 4))
    block = Model(inner, L.LayerNormalization()(inner + L.MultiHeadAttention(2, 3)(inner, inner)))
    return layer(L.TimeDistributed(block), 5, 3, 4)


def nested() -> keras.Model:
    return layer(L.TimeDistributed(L.TimeDistributed(L.Dense(3))), 2, 4, 5)


def model_with_a_branch() -> keras.Model:
    inner = Input((6, 5, 1))
    flat = L.Flatten()(L.AveragePooling2D(2)(L.Conv2D(2, 2)(inner)))
    block = Model(inner, L.Concatenate()([flat, L.Dense(3)(flat)]))
    x = Input((3, 6, 5, 1))
    return Model(x, L.GRU(4)(L.TimeDistributed(block)(x)))


def masked() -> keras.Model:
    ids = Input((5,), dtype="int32", name="ids")
    x = L.TimeDistributed(L.Dense(3))(L.Embedding(3, 2, mask_zero=True)(ids))
    return Model(ids, [L.LSTM(4)(x), L.GlobalAveragePooling1D()(x)])


def masked_inside() -> keras.Model:
    """Each step of the outer sequence has a mask of its own."""
    x = Input((3, 4, 2), name="x")
    y = L.Masking(0.0)(x * ops.cast(x[..., :1] > 0, "float32"))
    return Model(x, L.TimeDistributed(L.GRU(3))(y))


def quantized() -> keras.Model:
    """Keras takes the integers for the weights there, without their scale."""
    x, ids = Input((5, 6), name="x"), Input((5, 3), dtype="int32", name="ids")
    outputs = []
    for mode in ("int8", "int4", "float8"):
        dense, embedding = L.Dense(4, "tanh"), L.Embedding(7, 2)
        outputs += [L.TimeDistributed(dense)(x), L.TimeDistributed(embedding)(ids)]
        dense.quantize(mode)
        if mode != "float8":
            embedding.quantize(mode)
    return Model([x, ids], outputs)


def images_stay_bytes() -> keras.Model:
    """Where predict casts the images of a Resizing layer by itself to floats."""
    x = Input((2, 7, 6, 3), dtype="uint8", name="images")
    resized = L.TimeDistributed(L.Resizing(5, 9, "nearest"))(x)
    return Model(x, L.TimeDistributed(L.CenterCrop(3, 4))(resized))
