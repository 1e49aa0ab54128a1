"""Numbers and words looked up in vocabularies, and back."""

from __future__ import annotations

import keras
from keras import Input, Model, layers

from tests.cases._build import layer

WORDS = ["pear", "apple", "fig", "\u00e9clair", 'a "quoted" word??/', "fig tree", "Apple"]
MODES = ("int", "one_hot", "multi_hot", "count")


def string_lookup() -> keras.Model:
    x = Input((4,), dtype="string", name="words")
    return Model(x, [layers.StringLookup(vocabulary=WORDS, output_mode=m)(x) for m in MODES])


def string_lookup_with_mask() -> keras.Model:
    """Masked words are index 0, or not counted at all."""
    x = Input((4,), dtype="string", name="words")
    return Model(
        x,
        [
            layers.StringLookup(vocabulary=WORDS, mask_token="", output_mode=mode)(x)
            for mode in MODES
        ],
    )


def string_lookup_with_oov_indices() -> keras.Model:
    x = Input((6,), dtype="string", name="words")
    return Model(
        x,
        [
            layers.StringLookup(vocabulary=WORDS, num_oov_indices=3)(x),
            layers.StringLookup(vocabulary=WORDS, num_oov_indices=5, mask_token="")(x),
            layers.StringLookup(vocabulary=WORDS, num_oov_indices=4, salt=(133, 137))(x),
            layers.StringLookup(vocabulary=WORDS, num_oov_indices=2, output_mode="count")(x),
        ],
    )


def string_lookup_tf_idf() -> keras.Model:
    weights = [0.5, 2.0, 0.25, 1.5, 3.0, 0.75, 1.25]
    x = Input((5,), dtype="string", name="words")
    lookup = layers.StringLookup(
        vocabulary=WORDS, output_mode="tf_idf", idf_weights=weights, pad_to_max_tokens=False
    )
    return Model(x, lookup(x))


def string_lookup_before_embedding() -> keras.Model:
    x = Input((1,), dtype="string", name="word")
    ids = layers.StringLookup(vocabulary=WORDS)(x)
    return Model(x, layers.Flatten()(layers.Embedding(8, 3)(ids)))


def inverted_string_lookup() -> keras.Model:
    x = Input((6,), dtype="int64", name="ids")
    return Model(
        x,
        [
            layers.StringLookup(vocabulary=WORDS, invert=True)(x),
            layers.StringLookup(
                vocabulary=WORDS, invert=True, mask_token="", num_oov_indices=2, oov_token="?"
            )(x),
        ],
    )


def words_moved_about() -> keras.Model:
    """Strings reshaped, joined and given back."""
    x, y = (Input((2, 3), dtype="string", name=name) for name in "xy")
    back = layers.StringLookup(vocabulary=WORDS, invert=True)
    there = layers.StringLookup(vocabulary=WORDS)
    again = back(there(x) + 1)
    joined = layers.Concatenate(axis=1)([layers.Reshape((3, 2))(again), layers.Reshape((3, 2))(y)])
    return Model([x, y], [there(joined), layers.Permute((2, 1))(joined)])


def integer_lookup() -> keras.Model:
    x = Input((7,), dtype="int64", name="numbers")
    options = ({}, {"mask_token": 2}, {"num_oov_indices": 3}, {"output_mode": "multi_hot"})
    farmhash = (
        {"oov_method": "farmhash", "num_oov_indices": 3},
        {"oov_method": "farmhash", "num_oov_indices": 3, "salt": 5},
    )
    return Model(
        x,
        [
            layers.IntegerLookup(vocabulary=[7, 3, -5, 4], **more)(x - 2)
            for more in (*options, *farmhash)
        ],
    )


def integer_lookup_of_int32() -> keras.Model:
    return layer(layers.IntegerLookup(vocabulary=[7, 3, 4]), 5, dtype="int32")


def inverted_integer_lookup() -> keras.Model:
    return layer(
        layers.IntegerLookup(vocabulary=[7, 3, 4], invert=True, mask_token=0), 5, dtype="int64"
    )


def everything_known() -> keras.Model:
    """Without an index for unknown numbers they are an error."""
    return layer(
        layers.IntegerLookup(vocabulary=list(range(9, -1, -1)), num_oov_indices=0),
        5, dtype="int64",
    )  # fmt: skip


def words_that_must_be_known() -> keras.Model:
    """Without an index for others, one of them is an error."""
    x, y = Input((4,), dtype="string", name="words"), Input((3,), dtype="int64", name="numbers")
    words = layers.StringLookup(vocabulary=WORDS, num_oov_indices=0)(x)
    numbers = layers.IntegerLookup(vocabulary=[3, -7, 11], num_oov_indices=0)(y)
    return Model([x, y], [words, numbers])
