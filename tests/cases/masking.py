"""Masks, from the layers that make them through those that hand them on to those that use them."""

from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers, ops


def _embedded(length: int = 5, size: int = 4) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    ids = Input((length,), dtype="int32")
    return ids, layers.Embedding(6, size, mask_zero=True)(ids)


def average_of_embedding() -> keras.Model:
    ids, x = _embedded()
    return Model(ids, layers.GlobalAveragePooling1D()(x))


def masking_layer() -> keras.Model:
    return Sequential([Input((5, 3)), layers.Masking(0.0), layers.GlobalAveragePooling1D()])


def masking_of_rounded_numbers() -> keras.Model:
    x = Input((5, 1))
    y = layers.Masking(1.0)(ops.round(x))
    return Model(x, layers.GlobalAveragePooling1D()(y))


def through_layers_that_hand_it_on() -> keras.Model:
    ids, x = _embedded()
    for one in (layers.Dropout(0.5), layers.Dense(6), layers.Activation("tanh"), layers.ReLU()):
        x = one(x)
    x = layers.LayerNormalization()(layers.BatchNormalization()(x))
    return Model(ids, layers.GlobalAveragePooling1D()(x))


def through_add() -> keras.Model:
    ids, x = _embedded()
    return Model(ids, layers.GlobalAveragePooling1D()(layers.Add()([x, layers.Dense(4)(x)])))


def through_multiply() -> keras.Model:
    first, x = _embedded()
    second, y = _embedded()
    return Model([first, second], layers.GlobalAveragePooling1D()(layers.Multiply()([x, y])))


def through_concatenate() -> keras.Model:
    first, x = _embedded()
    second, y = _embedded(size=3)
    return Model([first, second], layers.GlobalAveragePooling1D()(layers.Concatenate()([x, y])))


def into_attention() -> keras.Model:
    first, query = _embedded()
    second, value = _embedded(length=3)
    return Model([first, second], layers.Attention()([query, value]))


def into_additive_attention() -> keras.Model:
    first, query = _embedded()
    second, value = _embedded(length=3)
    return Model([first, second], layers.AdditiveAttention()([query, value]))


def into_multi_head_attention() -> keras.Model:
    first, query = _embedded()
    second, value = _embedded(length=3)
    return Model([first, second], layers.MultiHeadAttention(2, 3)(query, value))


def into_causal_self_attention_and_average() -> keras.Model:
    ids, x = _embedded()
    y = layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)
    return Model(ids, layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x + y)))


def into_group_query_attention() -> keras.Model:
    ids, x = _embedded(size=8)
    return Model(ids, layers.GroupQueryAttention(3, 4, 2)(x, x))


def into_softmax() -> keras.Model:
    x = Input((5, 3))
    y = layers.Masking(0.0)(ops.relu(x))
    return Model(
        x, layers.Softmax(axis=1)(y, mask=ops.any(ops.not_equal(x, 0), axis=-1)[..., None])
    )


def lost_in_flatten() -> keras.Model:
    ids, x = _embedded()
    return Model(ids, layers.Dense(3)(layers.Flatten()(x)))


def repeated() -> keras.Model:
    ids, x = _embedded()
    return Model(ids, layers.GlobalAveragePooling1D()(layers.Permute((2, 1))(x)))


def in_a_nested_model() -> keras.Model:
    inner_in = Input((5, 4))
    inner = Model(inner_in, layers.Dense(3)(inner_in))
    ids, x = _embedded()
    return Model(ids, layers.GlobalAveragePooling1D()(inner(x)))


def everything_masked_out() -> keras.Model:
    ids = Input((4,), dtype="int32")
    x = layers.Embedding(3, 2, mask_zero=True)(ids * 0)
    return Model(ids, layers.Attention()([x, x]))
