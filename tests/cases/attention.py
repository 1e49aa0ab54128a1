"""Attention layers."""

from __future__ import annotations

import keras
from keras import Input, Model, layers, ops

from tests.cases._build import function


def _query_and_value(size: int = 6) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    return Input((4, size)), Input((5, size))


def dot_product_attention() -> keras.Model:
    query, value = _query_and_value()
    return Model([query, value], layers.Attention()([query, value]))


def scaled() -> keras.Model:
    query, value = _query_and_value()
    return Model([query, value], layers.Attention(use_scale=True, dropout=0.3)([query, value]))


def concat_scores() -> keras.Model:
    query, value = _query_and_value()
    attention = layers.Attention(use_scale=True, score_mode="concat")
    return Model([query, value], attention([query, value]))


def with_key() -> keras.Model:
    query, value = _query_and_value()
    key = Input((5, 6))
    return Model([query, value, key], layers.Attention()([query, value, key]))


def causal() -> keras.Model:
    x = Input((5, 6))
    return Model(x, layers.Attention()([x, x], use_causal_mask=True))


def with_scores() -> keras.Model:
    query, value = _query_and_value()
    return Model([query, value], layers.Attention()([query, value], return_attention_scores=True))


def with_masks() -> keras.Model:
    query, value = _query_and_value()
    masks = [Input((4,), dtype="bool"), Input((5,), dtype="bool")]
    return Model([query, value, *masks], layers.Attention()([query, value], mask=masks))


def additive() -> keras.Model:
    query, value = _query_and_value()
    return Model([query, value], layers.AdditiveAttention()([query, value]))


def additive_without_scale() -> keras.Model:
    query, value = _query_and_value()
    return Model([query, value], layers.AdditiveAttention(use_scale=False)([query, value]))


def multi_head() -> keras.Model:
    x = Input((5, 6))
    return Model(x, layers.MultiHeadAttention(2, 3)(x, x))


def multi_head_of_two_sequences() -> keras.Model:
    query, value = _query_and_value()
    return Model([query, value], layers.MultiHeadAttention(2, 3, value_dim=4)(query, value))


def multi_head_with_key() -> keras.Model:
    query, value = _query_and_value()
    key = Input((5, 3))
    attention = layers.MultiHeadAttention(2, 3, use_bias=False, output_shape=7)
    return Model([query, value, key], attention(query, value, key))


def multi_head_with_scores() -> keras.Model:
    query, value = _query_and_value()
    attention = layers.MultiHeadAttention(2, 3)
    return Model([query, value], attention(query, value, return_attention_scores=True))


def multi_head_causal() -> keras.Model:
    x = Input((5, 6))
    return Model(x, layers.MultiHeadAttention(3, 2)(x, x, use_causal_mask=True))


def multi_head_causal_with_dropout() -> keras.Model:
    x = Input((5, 6))
    return Model(x, layers.MultiHeadAttention(3, 2, dropout=0.2)(x, x, use_causal_mask=True))


def multi_head_with_mask() -> keras.Model:
    x, mask = Input((5, 6)), Input((5, 5), dtype="bool")
    return Model([x, mask], layers.MultiHeadAttention(2, 3)(x, x, attention_mask=mask))


def multi_head_with_causal_and_other_mask() -> keras.Model:
    x, mask = Input((5, 6)), Input((5, 5), dtype="bool")
    attention = layers.MultiHeadAttention(2, 3)
    return Model([x, mask], attention(x, x, attention_mask=mask, use_causal_mask=True))


def multi_head_over_two_axes() -> keras.Model:
    x = Input((3, 4, 6))
    return Model(x, layers.MultiHeadAttention(2, 3, attention_axes=(1, 2))(x, x))


def multi_head_over_the_second_axis() -> keras.Model:
    x = Input((3, 4, 6))
    return Model(x, layers.MultiHeadAttention(2, 3, attention_axes=(2,))(x, x))


def multi_head_flash_off() -> keras.Model:
    x = Input((5, 6))
    return Model(x, layers.MultiHeadAttention(2, 3, flash_attention=False)(x, x))


def group_query() -> keras.Model:
    x = Input((5, 8))
    return Model(x, layers.GroupQueryAttention(3, 4, 2)(x, x))


def group_query_one_key_head() -> keras.Model:
    query, value = _query_and_value()
    return Model([query, value], layers.GroupQueryAttention(3, 4, 1)(query, value))


def group_query_causal_with_scores() -> keras.Model:
    x = Input((5, 8))
    attention = layers.GroupQueryAttention(3, 4, 2, use_bias=False)
    return Model(x, attention(x, x, use_causal_mask=True, return_attention_scores=True))


def group_query_with_mask() -> keras.Model:
    x, mask = Input((5, 8)), Input((5, 5), dtype="bool")
    return Model([x, mask], layers.GroupQueryAttention(3, 4, 2)(x, x, attention_mask=mask))


def operation_with_bias() -> keras.Model:
    return function(
        lambda q, k, v, b: ops.dot_product_attention(q, k, v, bias=b, scale=0.3),
        (4, 2, 3),
        (5, 2, 3),
        (5, 2, 3),
        (2, 4, 5),
    )


def operation_causal() -> keras.Model:
    return function(
        lambda q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
        (5, 2, 3),
        (5, 2, 3),
        (5, 2, 3),
    )
