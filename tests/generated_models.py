"""The small models that generated/ shows the source of. Their weights are exact dyadic numbers, the
same everywhere and short to read; together they use every kind of node.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import Input, Model, Sequential, layers, ops
from keras.quantizers import Int4QuantizationConfig

EXAMPLES = Path(__file__).parent.parent / "examples"


def dyadic(shape: tuple[int, ...], salt: int) -> np.ndarray:
    """Sixty-fourths between -30/64 and 30/64, none of them 0 in a row."""
    n = np.arange(int(np.prod(shape)))
    return (((n * 37 + salt * 11) % 61 - 30) / 64).reshape(shape).astype(np.float32)


def with_dyadic_weights(model: keras.Model) -> keras.Model:
    for salt, weight in enumerate(model.weights):
        values = dyadic(tuple(weight.shape), salt)
        positive = weight.name in ("moving_variance", "gamma")
        weight.assign(np.abs(values) + 0.5 if positive else values)
    return model


def xor() -> keras.Model:
    """The trained network of the examples."""
    return keras.saving.load_model(EXAMPLES / "xor.keras", compile=False)


def image_classifier() -> keras.Model:
    """Convolutions of all sorts on an 8x7 image."""
    return Sequential(
        [
            Input((8, 7, 1), name="image"),
            layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="stem"),
            layers.BatchNormalization(name="stem_bn"),
            layers.ReLU(name="stem_relu"),
            layers.DepthwiseConv2D(3, padding="same", name="depthwise"),
            layers.Conv2D(6, 1, activation="relu", name="pointwise"),
            layers.Conv2DTranspose(3, 2, strides=2, name="upsample"),
            layers.MaxPooling2D(3, strides=2, padding="same", name="pool"),
            layers.AdaptiveAveragePooling2D((2, 3), name="adaptive"),
            layers.Flatten(name="flatten"),
            layers.Dense(5, activation="softmax", name="classes"),
        ],
        name="image_classifier",
    )


def text_classifier() -> keras.Model:
    """Embedding, masked attention and layer normalisation on a sequence of six ids."""
    ids = Input((6,), dtype="int32", name="ids")
    x = layers.Embedding(11, 4, mask_zero=True, name="embedding")(ids)
    attended = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.LayerNormalization(name="norm")(x + attended)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    return Model(ids, layers.Dense(3, name="scores")(x), name="text_classifier")


def operations() -> keras.Model:
    """keras.ops between layers: what moves, picks, sorts and accumulates."""
    x = Input((4, 6), name="x")
    padded = ops.pad(x, ((0, 0), (1, 0), (0, 0)))
    sums = ops.cumsum(padded, axis=1)
    swapped = ops.transpose(sums, (0, 2, 1))[:, ::2, 1:4]
    joined = ops.concatenate([swapped, ops.flip(swapped, axis=-1)], axis=-1)
    tiled = ops.tile(ops.max(joined, axis=-1, keepdims=True), (1, 1, 2))
    values, places = ops.top_k(joined, k=2)
    scores = ops.where(values > tiled / 2, values, ops.tanh(tiled))
    return Model(x, [scores, ops.argmax(places * 2, axis=1)], name="operations")


def mathematics() -> keras.Model:
    """Order, places in it, updates at places; equations, and a Fourier transform."""
    x = Input((5, 5), name="x")
    ordered = ops.sort(x, axis=2)
    bins = ops.digitize(ordered, np.array([-1.0, 0.0, 1.0]))
    counts = ops.vectorized_map(count_bins, bins)
    percent = counts * 100 // ops.sum(counts, axis=1, keepdims=True)
    square = ops.matmul(x, ops.transpose(x, (0, 2, 1))) + np.eye(5, dtype="float32")
    solution = ops.solve(x, x[:, :, :1]) + ops.cholesky(square)[:, :, :1]
    waves = ops.rfft(x)[0]
    outputs = [ops.median(x, axis=1), percent, solution, waves]
    return Model(x, outputs, name="mathematics")


def count_bins(bins: keras.KerasTensor) -> keras.KerasTensor:
    """How many of one sample's elements fell into each of the four bins."""
    flat = ops.reshape(bins, (-1,))
    return ops.segment_sum(ops.ones_like(flat), flat, num_segments=4)


def scaled() -> keras.Model:
    """A batch normalisation that has nothing to be folded into."""
    return Sequential(
        [
            Input((3, 5), name="x"),
            layers.BatchNormalization(name="normalise"),
            layers.MaxPooling1D(2, name="pool"),
        ],
        name="scaled",
    )


def image_preparation() -> keras.Model:
    """A photo made smaller, its numbers about zero."""
    return Sequential(
        [
            Input((6, 5, 3), name="photo"),
            layers.Resizing(4, 3, interpolation="bilinear", name="resizing"),
            layers.Rescaling(1 / 128, offset=-1, name="rescaling"),
        ],
        name="image_preparation",
    )


def sentiment() -> keras.Model:
    """From a sentence to a score."""
    words = ["film", "good", "bad", "not good", "a", "caf\u00e9"]
    vectorize = layers.TextVectorization(
        vocabulary=words, ngrams=2, output_sequence_length=8, name="vectorize"
    )
    return Sequential(
        [
            Input((1,), dtype="string", name="review"),
            vectorize,
            layers.Embedding(8, 2, name="embedding"),
            layers.GlobalMaxPooling1D(name="strongest"),
            layers.Dense(1, activation="sigmoid", name="score"),
        ],
        name="sentiment",
    )


def customer() -> keras.Model:
    """A table's columns, each made into numbers that a Dense layer can use."""
    age, city, street, plan, visits = (
        Input((1,), name="age"),
        Input((1,), dtype="string", name="city"),
        Input((1,), dtype="string", name="street"),
        Input((1,), dtype="int32", name="plan"),
        Input((5,), dtype="int32", name="visits"),
    )
    cities = ["Oslo", "Lima", "Z\u00fcrich", "Accra"]
    parts = [
        layers.StringLookup(vocabulary=cities, output_mode="one_hot", name="city_encoding")(city),
        layers.Hashing(3, output_mode="one_hot", name="street_hash")(street),
        layers.Discretization([18, 30, 65], output_mode="one_hot", name="age_group")(age),
        layers.CategoryEncoding(3, output_mode="one_hot", name="plan_encoding")(plan),
        layers.CategoryEncoding(4, output_mode="count", name="visit_counts")(visits),
    ]
    joined = layers.Concatenate(name="joined")(parts)
    return Model(
        [age, city, street, plan, visits], layers.Dense(2, name="scores")(joined), name="customer"
    )


def recurrent() -> keras.Model:
    """An LSTM and a GRU, one after the other, on a sequence of four steps."""
    return Sequential(
        [
            Input((4, 2), name="sequence"),
            layers.LSTM(3, return_sequences=True, name="lstm"),
            layers.GRU(2, name="gru"),
            layers.Dense(1, activation="sigmoid", name="score"),
        ],
        name="recurrent",
    )


def stateful() -> keras.Model:
    """A GRU that goes on, sample after sample, where it was; each sample is one step."""
    return Sequential(
        [
            Input(batch_shape=(1, 1, 2), name="measurement"),
            layers.GRU(3, stateful=True, name="gru"),
            layers.Dense(1, name="forecast"),
        ],
        name="stateful",
    )


def quantized() -> keras.Model:
    """Layers of eight and four bits."""
    first = layers.Dense(5, "relu", name="eight_bits")
    second = layers.Dense(3, name="four_bits")
    model = with_dyadic_weights(Sequential([Input((6,), name="x"), first, second]))
    first.quantize("int8")
    second.quantize("int4", config=Int4QuantizationConfig(block_size=3))
    return Model(model.inputs, model.outputs, name="quantized")


MODELS: dict[str, Callable[[], keras.Model]] = {
    function.__name__: function
    for function in (
        xor,
        image_classifier,
        text_classifier,
        operations,
        mathematics,
        scaled,
        image_preparation,
        customer,
        sentiment,
        recurrent,
        stateful,
        quantized,
    )
}
