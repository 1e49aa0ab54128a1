"""Several arrays, operations of keras.ops, preprocessing: as by_hand_convolutions.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import Input, Model, layers, ops

from benchmarks.by_hand_functions import unit
from benchmarks.hand_rows import Function, Rows, Weights, layer

ARRAYS = Rows()
row = ARRAYS.row


def _merged() -> Model:
    a, b = Input((64, 48)), Input((64, 48))
    y = layers.Multiply()([layers.Add()([a, b]), layers.Maximum()([a, b])])
    return Model([a, b], layers.Concatenate()([y, layers.Average()([a, b])]))


@row("Add, Maximum, Multiply, Average, Concatenate", _merged)
def merged(w: Weights) -> Function:
    def predict(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        total = a + b
        return np.concatenate([total * np.maximum(a, b), total * np.float32(0.5)], -1)

    return predict


def _dots() -> Model:
    a, b = Input((48, 32)), Input((40, 32))
    return Model([a, b], layers.Dot(2, normalize=True)([a, b]))


@row("Dot, normalized", _dots)
def cosines(w: Weights) -> Function:
    return lambda a, b: unit(a, 1e-14) @ unit(b, 1e-14).transpose(0, 2, 1)


def _sums() -> Model:
    x = Input((64, 48))
    return Model(
        x,
        ops.cumsum(x, axis=1)
        + ops.max(x, axis=-1, keepdims=True)
        - ops.std(x, axis=-1, keepdims=True),
    )


@row("ops: cumsum, max, std", _sums)
def sums(w: Weights) -> Function:
    return lambda x: np.cumsum(x, 1) + x.max(-1, keepdims=True) - x.std(-1, keepdims=True)


def _best() -> Model:
    x = Input((64, 48))
    values, places = ops.top_k(x, 5)
    return Model(x, [values, places])


@row("ops: top_k", _best)
def best(w: Weights) -> Function:
    def predict(x: np.ndarray) -> Any:
        places = np.argsort(-x, -1, kind="stable")[..., :5]
        return np.take_along_axis(x, places, -1), places

    return predict


@row("CategoryEncoding", layer((16,), lambda: layers.CategoryEncoding(50), dtype="int32"))
def categories(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        y = np.zeros((len(x), 50), np.float32)
        y[np.arange(len(x))[:, None], x] = 1
        return y

    return predict


@row("Discretization", layer((64, 48), lambda: layers.Discretization([-1.0, -0.5, 0.0, 0.5, 1.0])))
def bins(w: Weights) -> Function:
    edges = np.array([-1, -0.5, 0, 0.5, 1], np.float32)
    return lambda x: np.searchsorted(edges, x, "right")


@row(
    "CategoryEncoding, counts",
    layer((16,), lambda: layers.CategoryEncoding(50, "count"), dtype="int32"),
)
def counts(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        places = (x + np.arange(0, 50 * len(x), 50)[:, None]).ravel()
        return np.bincount(places, minlength=50 * len(x)).reshape(len(x), 50).astype(np.float32)

    return predict


@row("one_hot", layer((16,), lambda: _Of(lambda x: ops.one_hot(x, 30)), dtype="int32"))
def one_hot(w: Weights) -> Function:
    rows = np.eye(30, dtype=np.float32)
    return lambda x: rows[x]


class _Of(layers.Layer):
    """A function of keras.ops as a layer."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)


def of(size: tuple[int, ...], function: Any) -> Any:
    return layer(size, lambda: _Of(function))


@row("IntegerLookup", lambda: _looked_up())
def looked_up(w: Weights) -> Function:
    keys = np.arange(10, 110, 10)

    def predict(x: np.ndarray) -> np.ndarray:
        places = np.minimum(np.searchsorted(keys, x), 9)
        return np.where(keys[places] == x, places + 1, 0)

    return predict


def _looked_up() -> Model:
    lookup = layers.IntegerLookup(vocabulary=list(range(10, 110, 10)))
    x = Input((16,), dtype="int64")
    return Model(x, lookup(x))


def _einsums() -> Model:
    a, b = Input((4, 24, 16)), Input((4, 32, 16))
    return Model([a, b], ops.einsum("bhqd,bhkd->bhqk", a, b))


@row("ops: einsum, heads", _einsums)
def head_products(w: Weights) -> Function:
    return lambda a, b: a @ b.transpose(0, 1, 3, 2)


def _outer() -> Model:
    a, b = Input((24, 16)), Input((24, 20))
    return Model([a, b], ops.einsum("bti,btj->bij", a, b))


@row("ops: einsum over steps", _outer)
def step_products(w: Weights) -> Function:
    return lambda a, b: a.transpose(0, 2, 1) @ b


@row("ops: sort", of((64, 48), lambda x: ops.sort(x, axis=-1)))
def sorted_rows(w: Weights) -> Function:
    return lambda x: np.sort(x, -1)


@row("ops: argmax", of((64, 48), lambda x: ops.argmax(x, axis=-1)))
def places_of_largest(w: Weights) -> Function:
    return lambda x: x.argmax(-1).astype(np.int32)


@row("ops: logsumexp", of((64, 48), lambda x: ops.logsumexp(x, axis=-1)))
def log_of_sums(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        top = x.max(-1, keepdims=True)
        return np.log(np.exp(x - top).sum(-1)) + top[..., 0]

    return predict


@row("ops: var, mean", of((64, 48), lambda x: ops.var(x, axis=1) + ops.mean(x, axis=1)))
def moments(w: Weights) -> Function:
    return lambda x: x.var(1) + x.mean(1)


@row("ops: norm", of((64, 48), lambda x: ops.norm(x, axis=-1)))
def lengths(w: Weights) -> Function:
    return lambda x: np.sqrt((x * x).sum(-1))


@row("ops: where, clip", of((64, 48), lambda x: ops.where(x > 0, ops.clip(x, 0.1, 0.9), x * x)))
def chosen(w: Weights) -> Function:
    return lambda x: np.where(x > 0, np.clip(x, 0.1, 0.9), x * x)


@row("Permute, Reshape", layer((12, 8, 6), lambda: layers.Permute((3, 1, 2)), layers.Flatten))
def permuted(w: Weights) -> Function:
    return lambda x: x.transpose(0, 3, 1, 2).reshape(len(x), -1)


@row("RepeatVector", layer((32,), lambda: layers.RepeatVector(20)))
def repeated_vector(w: Weights) -> Function:
    return lambda x: x[:, None].repeat(20, 1)


@row("ops: roll, flip", of((64, 48), lambda x: ops.roll(x, 3, axis=1) + ops.flip(x, axis=2)))
def moved(w: Weights) -> Function:
    return lambda x: np.roll(x, 3, 1) + x[:, :, ::-1]
