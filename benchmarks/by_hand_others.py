"""Dense layers, functions, normalizations, sequences, attention: as by_hand_images.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import Input, Model, Sequential, layers, ops

from benchmarks.by_hand import attention, gelu, layer_norm, relu, sigmoid, softmax
from benchmarks.by_hand_images import conv, same
from benchmarks.hand_rows import Function, Rows, Weights

OTHERS = Rows()
row = OTHERS.row


def layer(size: tuple[int, ...], *parts: Any, dtype: str = "float32") -> Callable[[], Model]:
    """parts: functions that make the layers."""
    return lambda: Sequential([Input(size, dtype=dtype), *(make() for make in parts)])


# Dense layers


@row("XOR", layer((2,), lambda: layers.Dense(4, "relu"), lambda: layers.Dense(1, "sigmoid")))
def xor(w: Weights) -> Function:
    return lambda x: sigmoid(relu(x @ w[0] + w[1]) @ w[2] + w[3])


@row(
    "Dense 64-128-128-10",
    layer(
        (64,),
        lambda: layers.Dense(128, "relu"),
        lambda: layers.Dense(128, "tanh"),
        lambda: layers.Dense(10, "softmax"),
    ),
)
def dense_stack(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        x = relu(x @ w[0] + w[1])
        x = np.tanh(x @ w[2] + w[3])
        return softmax(x @ w[4] + w[5])

    return predict


@row(
    "EinsumDense, heads", layer((48, 64), lambda: layers.EinsumDense("abc,cde->abde", (48, 4, 24)))
)
def einsum_dense(w: Weights) -> Function:
    kernel = w[0].reshape(64, -1)
    return lambda x: (x @ kernel).reshape(len(x), 48, 4, 24)


@row(
    "einsum over two axes",
    layer((48, 4, 24), lambda: layers.EinsumDense("abcd,cde->abe", (48, 64))),
)
def einsum_joined(w: Weights) -> Function:
    kernel = w[0].reshape(-1, 64)
    return lambda x: x.reshape(len(x), 48, -1) @ kernel


# Functions


def function(name: str, size: tuple[int, ...] = (64, 96)) -> Callable[[], Model]:
    return layer(size, lambda: layers.Activation(name))


@row("relu", function("relu"))
def relu_alone(w: Weights) -> Function:
    return relu


@row("softmax", function("softmax"))
def softmax_alone(w: Weights) -> Function:
    return softmax


@row("gelu", function("gelu"))
def gelu_alone(w: Weights) -> Function:
    return gelu


@row("silu", function("silu"))
def silu(w: Weights) -> Function:
    return lambda x: x / (1 + np.exp(-x))


@row("sigmoid", function("sigmoid"))
def sigmoid_alone(w: Weights) -> Function:
    return sigmoid


@row("elu", function("elu"))
def elu(w: Weights) -> Function:
    return lambda x: relu(x) + np.expm1(np.minimum(x, 0))


@row("selu", function("selu"))
def selu(w: Weights) -> Function:
    outer, inner = np.float32(1.05070098), np.float32(1.75809934)
    return lambda x: outer * relu(x) + inner * np.expm1(np.minimum(x, 0))


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)), where exp overflows nowhere."""
    return relu(x) + np.log1p(np.exp(-np.abs(x)))


@row("softplus", function("softplus"))
def softplus_alone(w: Weights) -> Function:
    return softplus


@row("mish", function("mish"))
def mish(w: Weights) -> Function:
    return lambda x: x * np.tanh(softplus(x))


@row("hard_sigmoid", function("hard_sigmoid"))
def hard_sigmoid(w: Weights) -> Function:
    return lambda x: np.clip(x + 3, 0, 6) / 6


@row("LeakyReLU", layer((64, 96), lambda: layers.LeakyReLU(0.1)))
def leaky_relu(w: Weights) -> Function:
    return lambda x: np.maximum(x, x * np.float32(0.1))


@row("PReLU", layer((64, 96), layers.PReLU))
def prelu(w: Weights) -> Function:
    return lambda x: np.where(x > 0, x, x * w[0])


# Normalizations


@row("BatchNormalization", layer((28, 28, 24), layers.BatchNormalization))
def batch_normalization(w: Weights) -> Function:
    scale = w[0] / np.sqrt(w[3] + np.float32(1e-3))
    shift = w[1] - w[2] * scale
    return lambda x: x * scale + shift


@row("LayerNormalization", layer((64, 96), layers.LayerNormalization))
def layer_normalization(w: Weights) -> Function:
    return lambda x: layer_norm(x, *w)


@row("RMSNormalization", layer((64, 96), layers.RMSNormalization))
def rms_normalization(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-6)) * w[0]

    return predict


@row("GroupNormalization", layer((14, 14, 32), lambda: layers.GroupNormalization(8)))
def group_normalization(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        z = x.reshape(len(x), -1, 8, 4)
        z = z - z.mean((1, 3), keepdims=True)
        z /= np.sqrt((z * z).mean((1, 3), keepdims=True) + np.float32(1e-3))
        return z.reshape(x.shape) * w[0] + w[1]

    return predict


@row("UnitNormalization", layer((64, 96), layers.UnitNormalization))
def unit_normalization(w: Weights) -> Function:
    return lambda x: unit(x, 1e-24)


def unit(x: np.ndarray, epsilon: float) -> np.ndarray:
    """Of length 1; zeros stay zeros."""
    return x / np.sqrt(np.maximum((x * x).sum(-1, keepdims=True), np.float32(epsilon)))


@row("Normalization, Rescaling", lambda: _numbers())
def numbers(w: Weights) -> Function:
    mean, root = np.float32(1.5), np.sqrt(np.float32(2.5))
    return lambda x: (x * np.float32(0.5) + 1 - mean) / root


def _numbers() -> Model:
    return Sequential([
        Input((64, 96)), layers.Rescaling(0.5, 1.0), layers.Normalization(None, 1.5, 2.5),
    ])  # fmt: skip


# Sequences


@row("Embedding", layer((64,), lambda: layers.Embedding(500, 48), dtype="int32"))
def embedding(w: Weights) -> Function:
    return lambda x: w[0][x]


@row("Embedding, tied weights of 2000 words", lambda: _tied())
def tied(w: Weights) -> Function:
    table, turned = w[0], np.ascontiguousarray(w[0].T)
    return lambda x: relu(table[x] @ w[1] + w[2]) @ turned


def _tied() -> Model:
    x = Input((16,), dtype="int32")
    words = layers.Embedding(2000, 64)
    y = layers.Dense(64, "relu")(words(x))
    return Model(x, ops.matmul(y, ops.transpose(words.embeddings)))


def lstm(x: np.ndarray, w: Weights) -> np.ndarray:
    """States of all steps."""
    kernel, recurrent, bias = w
    units = len(recurrent)
    given = x @ kernel + bias
    h = c = np.zeros((len(x), units), np.float32)
    y = np.empty((len(x), x.shape[1], units), np.float32)
    for t in range(x.shape[1]):
        z = given[:, t] + h @ recurrent
        i, f, g, o = z[:, :units], z[:, units : 2 * units], z[:, 2 * units : -units], z[:, -units:]
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        y[:, t] = h = sigmoid(o) * np.tanh(c)
    return y


def gru(x: np.ndarray, w: Weights) -> np.ndarray:
    kernel, recurrent, (bias, inner_bias) = w
    units = len(recurrent)
    given = x @ kernel + bias
    h = np.zeros((len(x), units), np.float32)
    y = np.empty((len(x), x.shape[1], units), np.float32)
    for t in range(x.shape[1]):
        a, b = given[:, t], h @ recurrent + inner_bias
        update = sigmoid(a[:, :units] + b[:, :units])
        reset = sigmoid(a[:, units:-units] + b[:, units:-units])
        new = np.tanh(a[:, -units:] + reset * b[:, -units:])
        y[:, t] = h = update * h + (1 - update) * new
    return y


@row("LSTM(48)", layer((40, 16), lambda: layers.LSTM(48)))
def lstm_last(w: Weights) -> Function:
    return lambda x: lstm(x, w)[:, -1]


@row("LSTM(48), sequences", layer((40, 16), lambda: layers.LSTM(48, return_sequences=True)))
def lstm_sequences(w: Weights) -> Function:
    return lambda x: lstm(x, w)


@row("GRU(48)", layer((40, 16), lambda: layers.GRU(48)))
def gru_last(w: Weights) -> Function:
    return lambda x: gru(x, w)[:, -1]


@row("GRU(48), not reset_after", layer((40, 16), lambda: layers.GRU(48, reset_after=False)))
def gru_before(w: Weights) -> Function:
    kernel, recurrent, bias = w
    first, last = np.ascontiguousarray(recurrent[:, :96]), np.ascontiguousarray(recurrent[:, 96:])

    def predict(x: np.ndarray) -> np.ndarray:
        given = x @ kernel + bias
        h = np.zeros((len(x), 48), np.float32)
        for t in range(x.shape[1]):
            a, b = given[:, t], h @ first
            update, reset = sigmoid(a[:, :48] + b[:, :48]), sigmoid(a[:, 48:96] + b[:, 48:])
            new = np.tanh(a[:, 96:] + (reset * h) @ last)
            h = update * h + (1 - update) * new
        return h

    return predict


@row("SimpleRNN(48)", layer((40, 16), lambda: layers.SimpleRNN(48)))
def simple_rnn(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        given = x @ w[0] + w[2]
        h = np.zeros((len(x), 48), np.float32)
        for t in range(x.shape[1]):
            h = np.tanh(given[:, t] + h @ w[1])
        return h

    return predict


@row(
    "Bidirectional LSTM(24), sequences",
    layer((40, 16), lambda: layers.Bidirectional(layers.LSTM(24, return_sequences=True))),
)
def both_ways(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        back = lstm(x[:, ::-1], w[3:])[:, ::-1]
        return np.concatenate([lstm(x, w[:3]), back], -1)

    return predict


@row("LSTM(24) of masked words", lambda: _masked())
def masked_lstm(w: Weights) -> Function:
    def predict(words: np.ndarray) -> np.ndarray:
        kernel, recurrent, bias = w[1:]
        given = w[0][words] @ kernel + bias
        counts = words != 0
        h = c = np.zeros((len(words), 24), np.float32)
        for t in range(words.shape[1]):
            z = given[:, t] + h @ recurrent
            new = sigmoid(z[:, 24:48]) * c + sigmoid(z[:, :24]) * np.tanh(z[:, 48:72])
            keep = counts[:, t, None]
            h = np.where(keep, sigmoid(z[:, 72:]) * np.tanh(new), h)
            c = np.where(keep, new, c)
        return h

    return predict


def _masked() -> Model:
    return Sequential([
        Input((40,), dtype="int32"), layers.Embedding(100, 16, mask_zero=True), layers.LSTM(24),
    ])  # fmt: skip


@row("ConvLSTM2D", layer((6, 12, 12, 4), lambda: layers.ConvLSTM2D(8, 3, padding="same")))
def conv_lstm(w: Weights) -> Function:
    kernel, recurrent, bias = w

    def predict(x: np.ndarray) -> np.ndarray:
        batch, steps = x.shape[:2]
        given = conv(same(x.reshape(-1, 12, 12, 4), (3, 3)), kernel) + bias
        given = given.reshape(batch, steps, 12, 12, 32)
        h = c = np.zeros((batch, 12, 12, 8), np.float32)
        for t in range(steps):
            z = given[:, t] + conv(same(h, (3, 3)), recurrent)
            i, f, g, o = z[..., :8], z[..., 8:16], z[..., 16:24], z[..., 24:]
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        return h

    return predict


@row("TimeDistributed Conv2D", lambda: _frames())
def frames(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        y = conv(x.reshape(-1, 12, 12, 4), w[0]) + w[1]
        return relu(y).reshape(len(x), 6, 10, 10, 8)

    return predict


def _frames() -> Model:
    inner = layers.Conv2D(8, 3, activation="relu")
    return Sequential([Input((6, 12, 12, 4)), layers.TimeDistributed(inner)])


# Attention


def _attention(causal: bool) -> Callable[[], Model]:
    def make() -> Model:
        x = Input((32, 64))
        return Model(x, layers.MultiHeadAttention(4, 16)(x, x, use_causal_mask=causal))

    return make


@row("MultiHeadAttention", _attention(False))
def multi_head(w: Weights) -> Function:
    return lambda x: attention(x, w)


@row("MultiHeadAttention, causal", _attention(True))
def causal_attention(w: Weights) -> Function:
    mask = np.tri(32, dtype=bool)
    return lambda x: attention(x, w, mask)


def _block() -> Model:
    x = Input((32, 64))
    y = layers.LayerNormalization()(x)
    y = layers.Add()([x, layers.MultiHeadAttention(4, 16)(y, y)])
    z = layers.Dense(128, "gelu")(layers.LayerNormalization()(y))
    return Model(x, layers.Add()([y, layers.Dense(64)(z)]))


@row("transformer block", _block)
def block(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        x = x + attention(layer_norm(x, *w[:2]), w[2:10])
        return x + gelu(layer_norm(x, *w[10:12]) @ w[12] + w[13]) @ w[14] + w[15]

    return predict


# Several arrays


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
