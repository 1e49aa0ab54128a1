"""Sequences and attention: as by_hand_convolutions.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras import Input, Model, Sequential, layers, ops

from benchmarks.by_hand import attention, relu, sigmoid, softmax
from benchmarks.by_hand_windows import conv, same
from benchmarks.hand_rows import Function, Rows, Weights, layer

SEQUENCES = Rows()
row = SEQUENCES.row


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


def _crossed() -> Model:
    x, y = Input((12, 64)), Input((40, 48))
    return Model([x, y], layers.MultiHeadAttention(4, 16)(x, y))


@row("MultiHeadAttention, 12 queries of 40", _crossed)
def crossed_attention(w: Weights) -> Function:
    def predict(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        def projected(x: np.ndarray, i: int) -> np.ndarray:
            y = x @ w[i].reshape(x.shape[-1], -1) + w[i + 1].reshape(-1)
            return y.reshape(*x.shape[:2], 4, 16).transpose(0, 2, 1, 3)

        q, k, v = projected(x, 0), projected(z, 2), projected(z, 4)
        scores = softmax((q * np.float32(0.25)) @ k.transpose(0, 1, 3, 2))
        joined = (scores @ v).transpose(0, 2, 1, 3).reshape(len(x), 12, -1)
        return joined @ w[6].reshape(-1, 64) + w[7]

    return predict


def _grouped() -> Model:
    x = Input((32, 64))
    return Model(x, layers.GroupQueryAttention(16, 4, 2)(x, x))


@row("GroupQueryAttention", _grouped)
def grouped_attention(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        def projected(i: int, heads: int) -> np.ndarray:
            y = x @ w[i].reshape(64, -1) + w[i + 1].reshape(-1)
            return y.reshape(len(x), 32, heads, 16).transpose(0, 2, 1, 3)

        q = projected(0, 4).reshape(len(x), 2, 2, 32, 16)
        k, v = projected(2, 2)[:, :, None], projected(4, 2)[:, :, None]
        scores = softmax((q * np.float32(0.25)) @ k.transpose(0, 1, 2, 4, 3))
        joined = (scores @ v).reshape(len(x), 4, 32, 16).transpose(0, 2, 1, 3)
        return joined.reshape(len(x), 32, -1) @ w[6].reshape(-1, 64) + w[7]

    return predict


def _dot_product() -> Model:
    x, y = Input((24, 32)), Input((40, 32))
    return Model([x, y], layers.Attention()([x, y]))


@row("Attention", _dot_product)
def plain_attention(w: Weights) -> Function:
    return lambda x, y: softmax(x @ y.transpose(0, 2, 1)) @ y


@row("Bidirectional GRU(24)", layer((40, 16), lambda: layers.Bidirectional(layers.GRU(24))))
def gru_both_ways(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        return np.concatenate([gru(x, w[:3])[:, -1], gru(x[:, ::-1], w[3:])[:, -1]], -1)

    return predict


@row(
    "two LSTM(32)",
    layer((30, 16), lambda: layers.LSTM(32, return_sequences=True), lambda: layers.LSTM(32)),
)
def stacked_lstm(w: Weights) -> Function:
    return lambda x: lstm(lstm(x, w[:3]), w[3:])[:, -1]


@row("GRU(128), sequences", layer((30, 64), lambda: layers.GRU(128, return_sequences=True)))
def wide_gru(w: Weights) -> Function:
    return lambda x: gru(x, w)


@row("mean of masked words", lambda: _mean_of_words())
def mean_of_words(w: Weights) -> Function:
    def predict(words: np.ndarray) -> np.ndarray:
        counts = (words != 0).astype(np.float32)[..., None]
        return (w[0][words] * counts).sum(1) / counts.sum(1)

    return predict


def _mean_of_words() -> Model:
    return Sequential([
        Input((40,), dtype="int32"), layers.Embedding(100, 16, mask_zero=True),
        layers.GlobalAveragePooling1D(),
    ])  # fmt: skip


@row(
    "ConvLSTM1D, sequences",
    layer((8, 32, 4), lambda: layers.ConvLSTM1D(8, 3, padding="same", return_sequences=True)),
)
def conv_lstm_line(w: Weights) -> Function:
    kernel, recurrent, bias = w

    def predict(x: np.ndarray) -> np.ndarray:
        given = conv(same(x.reshape(-1, 32, 4), (3,)), kernel) + bias
        given = given.reshape(len(x), 8, 32, 32)
        h = c = np.zeros((len(x), 32, 8), np.float32)
        y = np.empty((len(x), 8, 32, 8), np.float32)
        for t in range(8):
            z = given[:, t] + conv(same(h, (3,)), recurrent)
            i, f, g, o = z[..., :8], z[..., 8:16], z[..., 16:24], z[..., 24:]
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            y[:, t] = h = sigmoid(o) * np.tanh(c)
        return y

    return predict
