"""The models whose self-tests run on other machines: see tests/test_targets.py."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

from benchmarks.zoo import ZOO, Entry
from tests.generated_models import xor


def lstm() -> keras.Model:
    """A small one: 20 steps of 10 features."""
    return keras.Sequential(
        [keras.Input((20, 10)), layers.LSTM(24), layers.Dense(5, activation="softmax")]
    )


def transformer() -> keras.Model:
    """One encoder block: 14 tokens of 24 features, 3 heads."""
    tokens = keras.Input((14, 24))
    attended = layers.MultiHeadAttention(num_heads=3, key_dim=8)(tokens, tokens)
    x = layers.LayerNormalization()(layers.Add()([tokens, attended]))
    hidden = layers.Dense(40, activation="gelu")(x)
    x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(24)(hidden)]))
    return keras.Model(tokens, layers.Dense(6)(layers.GlobalAveragePooling1D()(x)))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "xor": xor,
    "keywords": ZOO["keywords"].model,
    "lstm": Entry("LSTM(24), 20 steps", lstm).model,
    "transformer": Entry("transformer, 1 block", transformer).model,
    "mobilenet": ZOO["mobilenet"].model,
}
