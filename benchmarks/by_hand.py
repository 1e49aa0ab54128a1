"""Models of zoo.py in NumPy as a person writes them who wants them fast: see numpy_speed.py.

Each takes the model's weights, as Keras's get_weights() has them, and a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Weights = Sequence[np.ndarray]


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + np.float32(1e-3)) * gamma + beta


def conv(x: np.ndarray, kernel: np.ndarray, pad: int = 0) -> np.ndarray:
    """x: (batch, rows, columns, channels). kernel: (height, width, channels, filters)."""
    if pad:
        x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    height, width, _, filters = kernel.shape
    seen = sliding_window_view(x, (height, width), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return seen.reshape(*seen.shape[:3], -1) @ kernel.reshape(-1, filters)


def by_fours(x: np.ndarray) -> np.ndarray:
    """Windows of 2x2, an axis each; what is left over at the ends is not part of any."""
    batch, rows, columns, channels = x.shape
    x = x[:, : rows // 2 * 2, : columns // 2 * 2]
    return x.reshape(batch, rows // 2, 2, columns // 2, 2, channels)


def mlp(w: Weights, x: np.ndarray) -> np.ndarray:
    x = relu(x @ w[0] + w[1])
    x = relu(x @ w[2] + w[3])
    return softmax(x @ w[4] + w[5])


def mnist_cnn(w: Weights, x: np.ndarray) -> np.ndarray:
    x = by_fours(relu(conv(x, w[0]) + w[1])).max((2, 4))
    x = by_fours(relu(conv(x, w[2]) + w[3])).max((2, 4))
    return softmax(x.reshape(len(x), -1) @ w[4] + w[5])


def lenet(w: Weights, x: np.ndarray) -> np.ndarray:
    x = by_fours(np.tanh(conv(x, w[0], 2) + w[1])).mean((2, 4))
    x = by_fours(np.tanh(conv(x, w[2]) + w[3])).mean((2, 4))
    x = np.tanh(x.reshape(len(x), -1) @ w[4] + w[5])
    x = np.tanh(x @ w[6] + w[7])
    return softmax(x @ w[8] + w[9])


def lstm(w: Weights, x: np.ndarray) -> np.ndarray:
    units = w[1].shape[0]
    given = x @ w[0] + w[2]
    h = c = np.zeros((len(x), units), np.float32)
    for t in range(x.shape[1]):
        z = given[:, t] + h @ w[1]
        i, f, g, o = z[:, :units], z[:, units : 2 * units], z[:, 2 * units : -units], z[:, -units:]
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return softmax(h @ w[3] + w[4])


def gelu(x: np.ndarray) -> np.ndarray:
    """By Abramowitz and Stegun's 7.1.26, whose error is below float32's."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    p = np.float32(1.061405429)
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        p = p * t + np.float32(c)
    return relu(x) - 0.5 * np.abs(x) * p * t * np.exp(-z * z)


def transformer(w: Weights, x: np.ndarray) -> np.ndarray:
    for k in (0, 16):
        x = _encoder(w[k : k + 16], x)
    return x.mean(1) @ w[32] + w[33]


def attention(x: np.ndarray, w: Weights, mask: np.ndarray | None = None) -> np.ndarray:
    batch, tokens, features = x.shape
    heads, size = w[0].shape[1:]

    def projected(kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
        y = x @ kernel.reshape(features, -1) + bias.reshape(-1)
        return y.reshape(batch, tokens, heads, size).transpose(0, 2, 1, 3)

    q, k, v = (projected(w[i], w[i + 1]) for i in (0, 2, 4))
    scores = (q * np.float32(size**-0.5)) @ k.transpose(0, 1, 3, 2)
    if mask is not None:
        scores = np.where(mask, scores, np.float32(-1e9))
    joined = (softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(batch, tokens, -1)
    return joined @ w[6].reshape(-1, w[6].shape[-1]) + w[7]


def _encoder(w: Weights, x: np.ndarray) -> np.ndarray:
    x = layer_norm(x + attention(x, w[:8]), w[8], w[9])
    return layer_norm(x + gelu(x @ w[10] + w[11]) @ w[12] + w[13], w[14], w[15])


MODELS: dict[str, Callable[[Weights, np.ndarray], np.ndarray]] = {
    "mlp": mlp,
    "mnist_cnn": mnist_cnn,
    "lenet": lenet,
    "lstm": lstm,
    "transformer": transformer,
}
"""By their names in zoo.py."""
