"""Categories counted, or marked where they occur."""

from __future__ import annotations

import keras
from keras import Input, Model, layers

MODES = ("one_hot", "multi_hot", "count")


def category_encoding() -> keras.Model:
    """Ids from 7 on are not counted."""
    x = Input((5,), dtype="int32", name="ids")
    return Model(x, [layers.CategoryEncoding(7, output_mode=mode)(x) for mode in MODES])


def category_encoding_of_one_id() -> keras.Model:
    x = Input((1,), dtype="int64", name="ids")
    return Model(x, [layers.CategoryEncoding(11, output_mode=mode)(x) for mode in MODES])


def category_encoding_of_sequences() -> keras.Model:
    """With more than two axes Keras sums over the second."""
    x = Input((4, 3), dtype="int32", name="ids")
    return Model(x, [layers.CategoryEncoding(7, output_mode=mode)(x) for mode in MODES])


def category_encoding_of_floats() -> keras.Model:
    x = Input((5,), name="ids")
    return Model(
        x, [layers.CategoryEncoding(3, output_mode=mode)(keras.ops.abs(x)) for mode in MODES]
    )


def weighted_counts() -> keras.Model:
    ids, weights = Input((5,), dtype="int32", name="ids"), Input((5,), name="weights")
    counted = layers.CategoryEncoding(9, output_mode="count")(ids, count_weights=weights)
    return Model([ids, weights], counted)
