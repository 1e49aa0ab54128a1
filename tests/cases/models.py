"""Whole models: their structure, their inputs and outputs."""

from __future__ import annotations

import keras
import numpy as np
from keras import Input, Model, Sequential, layers, ops


def sequential() -> keras.Model:
    return Sequential([Input((5,)), layers.Dense(4, "relu"), layers.Dense(3)])


def nested_sequential() -> keras.Model:
    inner = Sequential([Input((4,)), layers.Dense(6, "relu"), layers.Dense(3)], name="inner")
    return Sequential([Input((5,)), layers.Dense(4), inner, layers.Dense(2)])


def nested_functional() -> keras.Model:
    inner_in = Input((4, 3))
    inner = Model(inner_in, layers.Conv1D(2, 2)(inner_in), name="encoder")
    x = Input((4, 3))
    return Model(x, layers.Flatten()(inner(x * 2)))


def nested_model_called_twice() -> keras.Model:
    inner = Sequential([Input((4,)), layers.Dense(3, "tanh")])
    x, y = Input((4,)), Input((4,))
    return Model([x, y], inner(x) - inner(y))


def several_inputs_and_outputs() -> keras.Model:
    x, y = Input((4,), name="left"), Input((3, 2), name="right")
    joined = layers.Concatenate()([layers.Dense(5)(x), layers.Flatten()(y)])
    return Model([x, y], [layers.Dense(2)(joined), layers.Dense(3, "softmax")(joined)])


def dict_of_inputs() -> keras.Model:
    inputs = {"b": Input((4,), name="b"), "a": Input((3,), name="a")}
    return Model(inputs, layers.Dense(2)(inputs["a"]) + layers.Dense(2)(inputs["b"]))


def dict_of_outputs() -> keras.Model:
    x = Input((4,))
    return Model(x, {"z": layers.Dense(2)(x), "a": layers.Dense(3)(x)})


def shared_layer() -> keras.Model:
    x, y = Input((4,)), Input((4,))
    dense = layers.Dense(3, "relu")
    return Model([x, y], layers.Concatenate()([dense(x), dense(y)]))


def layer_called_on_its_own_output() -> keras.Model:
    x = Input((4,))
    dense = layers.Dense(4, "tanh")
    return Model(x, dense(dense(x)))


def output_used_further() -> keras.Model:
    x = Input((4,))
    y = layers.Dense(3, "relu")(x)
    return Model(x, [y, layers.Dense(2)(y)])


def input_is_an_output() -> keras.Model:
    x = Input((4,))
    return Model(x, [x, layers.Dense(2)(x)])


def the_same_output_twice() -> keras.Model:
    x = Input((4,))
    y = layers.Dense(3)(x)
    return Model(x, [y, y])


def identity() -> keras.Model:
    x = Input((4, 3))
    return Model(x, layers.Identity()(x))


def unused_input() -> keras.Model:
    x, y = Input((4,)), Input((3,))
    return Model([x, y], [layers.Dense(2)(x), y])


def constant_output() -> keras.Model:
    x = Input((4,))
    return Model(x, ops.zeros_like(x) + 3)


def one_number() -> keras.Model:
    return Sequential([Input((1,)), layers.Dense(1)])


def scalar_output_for_each_sample() -> keras.Model:
    x = Input((4,))
    return Model(x, ops.sum(x, axis=-1))


class _Custom(keras.Layer):
    """A layer with weights of its own, written with keras.ops."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")
        self.matrix = self.add_weight(shape=(shape[-1], 3), name="matrix")

    def call(self, x):
        return ops.relu(ops.matmul(x * self.scale, self.matrix)) + ops.mean(x, -1, keepdims=True)


def custom_layer() -> keras.Model:
    return Sequential([Input((2, 5)), _Custom(), layers.Dense(2)])


class _Block(keras.Layer):
    """A layer made of layers."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.first = layers.Dense(units, activation="relu")
        self.second = layers.Dense(units)
        self.norm = layers.LayerNormalization()

    def call(self, x, training=False):
        return self.norm(x + self.second(self.first(x)), training=training)


def layers_in_layers() -> keras.Model:
    return Sequential([Input((4,)), _Block(4), _Block(4)])


def lambda_layer() -> keras.Model:
    return Sequential([Input((4, 3)), layers.Lambda(lambda x: ops.flip(x, 1) * 2 - 1)])


class _Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(4, activation="relu")
        self.out = layers.Dense(3)

    def call(self, x, training=False):
        y = self.hidden(x)
        return self.out(ops.concatenate([y, ops.reshape(x, (ops.shape(x)[0], -1))], axis=-1))


def subclassed() -> keras.Model:
    model = _Subclassed()
    model(np.zeros((1, 5), np.float32))
    return model


class _TwoInputs(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, inputs):
        return {"sum": self.dense(inputs["a"]) + inputs["b"], "product": inputs["b"] * 2}


def subclassed_with_dicts() -> keras.Model:
    model = _TwoInputs()
    model({"a": ops.ones((1, 4)), "b": ops.ones((1, 3))})
    return model


def residual_network() -> keras.Model:
    x = inputs = Input((9, 8, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(x)))
    y = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(y))
    x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(5, "softmax")(x))


def u_net() -> keras.Model:
    x = inputs = Input((8, 12, 2))
    skips = []
    for filters in (3, 5):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(7, 3, padding="same", activation="relu")(x)
    for filters, skip in zip((5, 3), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        x = layers.Concatenate()([x, skip])
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def mobile_network() -> keras.Model:
    x = inputs = Input((12, 10, 3))
    for filters, strides in ((4, 2), (6, 1)):
        y = layers.Conv2D(3 * filters, 1, use_bias=False)(x)
        y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
        y = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(y)
        y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
        x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(y))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return Model(inputs, layers.Dense(5, "softmax")(x))


def transformer() -> keras.Model:
    ids = Input((6,), dtype="int32")
    places = ops.expand_dims(ops.arange(6), 0)
    x = layers.Embedding(11, 8)(ids) + layers.Embedding(6, 8)(places)
    for _ in range(2):
        y = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
        x = layers.LayerNormalization()(x + y)
        y = layers.Dense(8)(layers.Dense(12, activation="gelu")(x))
        x = layers.LayerNormalization()(x + y)
    return Model(ids, layers.Dense(11)(x))


def keyword_spotter() -> keras.Model:
    x = inputs = Input((13, 10, 1))
    x = layers.Conv2D(6, (5, 4), strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for _ in range(2):
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2D(6, 1, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Flatten()(layers.AveragePooling2D((7, 5))(x))
    return Model(inputs, layers.Dense(4, "softmax")(x))


def autoencoder() -> keras.Model:
    model = [Input((10,))]
    for units in (8, 6, 2, 6, 8):
        model += [layers.Dense(units), layers.BatchNormalization(), layers.ReLU()]
    return Sequential([*model, layers.Dense(10)])


def operators_and_operations_between_layers() -> keras.Model:
    """What other exporters drop, or get wrong: all but the layers."""
    a, b = Input((4, 6), name="a"), Input((4, 6), name="b")
    y = layers.Dense(6)((a - b) * a / (b * b + 1))
    z = ops.exp(-ops.abs(y)) + ops.sum(b, axis=-1, keepdims=True)
    z = ops.where(z > a, ops.matmul(z, ops.transpose(a, (0, 2, 1)))[:, :, :1], z)
    scores = ops.einsum("btf,bsf->bts", y, z)
    scores = ops.concatenate([ops.cumsum(scores, axis=1), ops.flip(scores, axis=2)], axis=-1)
    best, places = ops.top_k(layers.Dense(5)(scores[:, 1:3, ::2]), 2)
    return Model([a, b], [z, best, places])
