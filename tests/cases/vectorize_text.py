"""Text cut into words, and the words looked up."""

from __future__ import annotations

from typing import Any

import keras
from keras import Input, Model, layers

from tests.cases._build import Case, layer, table

WORDS = [
    "the",
    "cat",
    "the cat",
    "sat",
    "d\u00e9j\u00e0",
    "don't",
    "The",
    "a",
    "\u00e9",
    "cat sat on",
]


def _texts(*options: dict[str, Any], shape: tuple[int, ...] = (1,)) -> Case:
    def case() -> keras.Model:
        x = Input(shape, dtype="string", name="text")
        return Model(x, [layers.TextVectorization(vocabulary=WORDS, **more)(x) for more in options])

    return case


table(
    globals(),
    {
        "indices": _texts({"output_sequence_length": 6}, {"output_sequence_length": 1}),
        "one_text_without_axis": _texts({"output_sequence_length": 4}, shape=()),
        "standardizations": _texts(
            *(
                {"standardize": name, "output_sequence_length": 5}
                for name in (None, "lower", "strip_punctuation")
            )
        ),
        "characters": _texts(
            {"split": "character", "output_sequence_length": 30},
            {"split": "character", "standardize": None, "output_mode": "count"},
            {"split": "character", "ngrams": 2, "output_sequence_length": 20},
        ),
        "runs_of_words": _texts(
            {"ngrams": 2, "output_sequence_length": 9},
            {"ngrams": (3, 2), "output_mode": "count"},
        ),
        "counts": _texts(
            {"output_mode": "count"},
            {"output_mode": "multi_hot", "pad_to_max_tokens": True, "max_tokens": 15},
            {"output_mode": "multi_hot", "ngrams": 2},
            {"output_mode": "tf_idf", "idf_weights": [0.25 * n for n in range(1, 11)]},
        ),
        "not_split": _texts(
            {"split": None},
            {"split": None, "output_sequence_length": 2},
            {"split": None, "output_sequence_length": 6, "standardize": None},
            {"split": None, "output_mode": "count"},
            {"split": None, "ngrams": 2},
            shape=(4,),
        ),
    },
)


def words_without_axis() -> keras.Model:
    """One word a sample stays one number."""
    return layer(layers.TextVectorization(vocabulary=WORDS, split=None), dtype="string")


def classifier() -> keras.Model:
    x = Input((1,), dtype="string", name="text")
    ids = layers.TextVectorization(vocabulary=WORDS, output_sequence_length=7)(x)
    embedded = layers.Embedding(12, 3, mask_zero=True)(ids)
    return Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(embedded)))


def in_every_step() -> keras.Model:
    """A text at each step of a sequence."""
    x = Input((2, 1), dtype="string", name="texts")
    one = layers.TextVectorization(vocabulary=WORDS, output_sequence_length=3)
    return Model(x, layers.TimeDistributed(one)(x))
