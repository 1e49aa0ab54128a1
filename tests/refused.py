"""Models with the operations and the options that kgen refuses: why is what it says."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import Input, Model, layers, ops

from tests.cases._build import Function, function, layer


def _function(body: Callable[..., object], *shape: int, dtype: str = "float32") -> keras.Model:
    """A layer whose shape Keras is told, for it can't find it out itself."""
    return layer(Function(body, shape=(1,)), *shape, dtype=dtype)


REFUSED: dict[str, Callable[[], keras.Model]] = {
    "nonzero": lambda: _function(ops.nonzero, 4),
    "unique": lambda: _function(lambda x: ops.vectorized_map(ops.unique, x), 4),
    "bincount": lambda: _function(ops.bincount, 4, dtype="int32"),
    "argpartition": lambda: _function(lambda x: ops.argpartition(x, 2), 4),
    "eig": lambda: _function(ops.eig, 4, 4),
    "polar": lambda: _function(lambda x: ops.polar(x, x), 4),
    "view_as_complex": lambda: _function(ops.view_as_complex, 4, 2),
    "view_as_real": lambda: _function(ops.view_as_real, 4),
    "ctc_loss": lambda: _function(
        lambda x: ops.ctc_loss(np.ones((3, 2)), x, np.ones(3), np.ones(3)), 6, 4
    ),
    "jvp": lambda: _function(lambda x: ops.jvp(ops.sin, (x,), (x,))[0], 4),
    "image.elastic_transform": lambda: _function(ops.image.elastic_transform, 8, 8, 3),
}
"""{operation: a model with it}"""

_WORDS = ["a", "b"]


def _cut(text: object) -> object:
    return text


def _texts(**options: object) -> keras.Model:
    return layer(layers.TextVectorization(vocabulary=_WORDS, **options), dtype="string")


def _two(body: Callable[..., object], *shapes: tuple[int, ...]) -> keras.Model:
    """A function of each sample's x and n, integers."""

    def each(x: object, n: object) -> object:
        return ops.vectorized_map(lambda both: body(*both), (x, n))

    x, n = Input(shapes[0], name="x"), Input(shapes[1], dtype="int32", name="n")
    return Model([x, n], Function(each, shape=(1,))(x, n))


def _tracked() -> keras.Model:
    """A layer that counts its calls."""

    class Counting(keras.Layer):
        def build(self, shape: object) -> None:
            self.count = self.add_weight(shape=(), name="count", trainable=False)

        def call(self, x: object) -> object:
            self.count.assign(self.count + 1)
            return x

    return layer(Counting(), 3)


OPTIONS: dict[str, Callable[[], keras.Model]] = {
    "`MelSpectrogram` with decibels and a finite `top_db`": lambda: layer(
        layers.MelSpectrogram(32, 16, max_freq=3000), 99
    ),
    "`TextVectorization` of words without `output_sequence_length`": _texts,
    "`TextVectorization(ragged=True)`": lambda: _texts(ragged=True),
    "`TextVectorization(split=None, output_mode='count')` of inputs without an axis": lambda: (
        _texts(split=None, output_mode="count")
    ),
    "`TextVectorization` with a function for `standardize` or `split`": lambda: _texts(
        output_mode="count", split=_cut
    ),
    "`StringLookup(sparse=True)`, as of other layers": lambda: layer(
        layers.StringLookup(vocabulary=_WORDS, output_mode="count", sparse=True), 4, dtype="string"
    ),
    "`StringLookup` without a vocabulary": lambda: layer(layers.StringLookup(), 4, dtype="string"),
    "`StringLookup` of words with zero bytes": lambda: layer(
        layers.StringLookup(vocabulary=["a\0b"]), 4, dtype="string"
    ),
    "`Discretization` without boundaries": lambda: layer(layers.Discretization(num_bins=3), 4),
    "`CategoryEncoding(output_mode='count')` of inputs without an axis": lambda: layer(
        layers.CategoryEncoding(4, output_mode="count"), dtype="int32"
    ),
    "`CategoryEncoding(output_mode='count', dtype='float16')`": lambda: layer(
        layers.CategoryEncoding(4, output_mode="count", dtype="float16"), 3, dtype="int32"
    ),
    "`LSTM(use_cudnn=True)`, which needs a GPU in Keras itself": lambda: layer(
        layers.LSTM(3, use_cudnn=True), 4, 2
    ),
    "`RMSNormalization` over other than the last axes": lambda: layer(
        layers.RMSNormalization(axis=1), 5, 3
    ),
    "a layer that changes its weights": _tracked,
    "random numbers at inference": lambda: function(
        lambda x: x + layers.Lambda(lambda y: keras.random.normal((3,)))(x), (3,)
    ),
    "`one_hot(sparse=True)`": lambda: _function(
        lambda x: ops.one_hot(x, 4, sparse=True), 3, dtype="int32"
    ),
    "`multi_hot(sparse=True)`": lambda: _function(
        lambda x: ops.multi_hot(x, 4, sparse=True), 3, dtype="int32"
    ),
    "`where` with one argument": lambda: _function(ops.where, 4),
    "`x[n]` with a tensor `n`": lambda: _two(lambda x, n: x[n[0]], (4,), (1,)),
    "`slice` from where the data says": lambda: _two(
        lambda x, n: ops.slice(x, (n[0],), (2,)), (4,), (1,)
    ),
    "`slice_update` to where the data says": lambda: _two(
        lambda x, n: ops.slice_update(x, (n[0],), np.ones(1, np.float32)), (4,), (1,)
    ),
    "`pad` with values of an array": lambda: _two(
        lambda x, n: ops.pad(x, ((1, 1),), constant_values=n), (4,), (1,)
    ),
    "`arange` to where the data says": lambda: _two(lambda x, n: ops.arange(n[0]), (4,), (1,)),
    "`segment_sum` without `num_segments`": lambda: _two(
        lambda x, n: ops.segment_sum(x, n), (4,), (4,)
    ),
    "`tril` along a diagonal that the data says": lambda: _two(
        lambda x, n: ops.tril(x, n[0]), (4, 4), (1,)
    ),
    "`fori_loop` to where the data says": lambda: _two(
        lambda x, n: ops.fori_loop(0, n[0], lambda i, y: y + 1, x), (4,), (1,)
    ),
    "`while_loop` that the data ends, without `maximum_iterations`": lambda: _two(
        lambda x, n: ops.while_loop(lambda y: y < n[0], lambda y: (y + 1,), (n[0],))[0], (4,), (1,)
    ),
    "`scan`, `fori_loop` and others of more than 256 steps": lambda: _function(
        lambda x: ops.fori_loop(0, 999, lambda i, y: ops.sin(y), x), 4
    ),
    "`quantile` of a fraction that the data says": lambda: _two(
        lambda x, n: ops.quantile(x, x[0]), (4,), (1,)
    ),
    "`ctc_decode(strategy='beam_search')`": lambda: _function(
        lambda x: ops.ctc_decode(x, np.ones(3, np.int32), strategy="beam_search")[0], 6, 4
    ),
    "`view` as a type of another size": lambda: _function(lambda x: ops.view(x, "int8"), 4),
    "`einsum` along a diagonal": lambda: _function(lambda x: ops.einsum("bii->b", x), 4, 4),
    "`lu_factor` of matrices that are not square": lambda: _function(ops.lu_factor, 4, 3),
    "`svd` with vectors of large or oblong matrices": lambda: _function(ops.svd, 4, 3),
    "`map_coordinates` of other orders than 0 and 1": lambda: _function(
        lambda x: ops.image.map_coordinates(x, ops.zeros((2, 3)), order=3), 4
    ),
    "`size` of a tensor that holds samples": lambda: _function(ops.size, 4),
    "anything that mixes samples": lambda: function(lambda x: ops.softmax(x, axis=0), (4,)),
}
"""{option: a model with it}"""
