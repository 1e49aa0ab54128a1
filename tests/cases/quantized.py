"""Models after `model.quantize`: int8, int4 and float8 weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
from keras import Input, Model, Sequential, layers
from keras.quantizers import Int4QuantizationConfig, Int8QuantizationConfig

from tests.cases._build import table


def _quantized(build: Callable[[], keras.Model], mode: Any) -> keras.Model:
    """The model, quantized. mode: a name, or a configuration."""
    keras.utils.set_random_seed(5)
    model = build()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers that stay as they are
        model.quantize(mode) if isinstance(mode, str) else model.quantize(config=mode)
    return model


def _classifier() -> keras.Model:
    return Sequential(
        [
            Input((7, 6, 2)),
            layers.Conv2D(3, 3, activation="relu"),  # stays as it is
            layers.Flatten(),
            layers.Dense(9, "gelu"),
            layers.Dense(5, use_bias=False),
            layers.Softmax(),
        ]
    )


def _transformer() -> keras.Model:
    ids = Input((5,), dtype="int32")
    embedding = layers.Embedding(11, 6)
    x = embedding(ids)
    y = layers.MultiHeadAttention(2, 3)(x, x)  # four EinsumDense
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    return Model(ids, layers.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d")(x))


def _tied() -> keras.Model:
    ids = Input((5,), dtype="int32")
    embedding = layers.ReversibleEmbedding(11, 6)
    return Model(ids, embedding(layers.Dense(6, "tanh")(embedding(ids)), reverse=True))


def _untied() -> keras.Model:
    ids = Input((5,), dtype="int32")
    embedding = layers.ReversibleEmbedding(11, 6, tie_weights=False)
    return Model(ids, embedding(layers.Dense(6, "tanh")(embedding(ids)), reverse=True))


def _half() -> keras.Model:
    return Sequential([Input((6,)), layers.Dense(5, "relu", dtype="mixed_bfloat16")])


def _scaled_float8() -> keras.Model:
    model = _quantized(_classifier, "float8")
    for layer in model.layers:
        if layer.quantization_mode:
            layer.inputs_scale.assign(0.013)
            layer.kernel_scale.assign(0.0021)
    return model


def _adapted(mode: str) -> keras.Model:
    """A quantized layer with low-rank float weights beside it."""
    model = _quantized(_classifier, mode)
    model.layers[2].enable_lora(2)
    return model


_MODELS = {"classifier": _classifier, "transformer": _transformer, "tied_embedding": _tied}
_MODES = {
    "int8": "int8",
    "int8_weights_only": Int8QuantizationConfig(activation_quantizer=None),
    "int4": "int4",
    "int4_in_blocks": Int4QuantizationConfig(block_size=4),
    "int4_by_channel": Int4QuantizationConfig(block_size=None),
}

table(
    globals(),
    {
        f"{kind}_in_{name}": (lambda build=build, mode=mode: _quantized(build, mode))
        for kind, build in _MODELS.items()
        for name, mode in _MODES.items()
    }
    | {
        "untied_embedding_in_int4": lambda: _quantized(_untied, "int4"),
        "adapted_in_int8": lambda: _adapted("int8"),
        "adapted_in_int4": lambda: _adapted("int4"),
        "transformer_in_float8": lambda: _quantized(_transformer, "float8"),
        "classifier_in_float8": lambda: _quantized(_classifier, "float8"),
        "classifier_in_scaled_float8": _scaled_float8,
        "bfloat16_in_int8": lambda: _quantized(_half, "int8"),
    },
)
