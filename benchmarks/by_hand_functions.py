"""Dense layers, functions, normalizations: as by_hand_convolutions.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras import Input, Model, Sequential, layers

from benchmarks.by_hand import gelu, layer_norm, relu, sigmoid, softmax
from benchmarks.hand_rows import Function, Rows, Weights, layer

FUNCTIONS = Rows()
row = FUNCTIONS.row


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


@row("LayerNormalization over two axes", layer((24, 32), lambda: layers.LayerNormalization([1, 2])))
def matrix_normalization(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        d = x - x.mean((1, 2), keepdims=True)
        root = np.sqrt((d * d).mean((1, 2), keepdims=True) + np.float32(1e-3))
        return d / root * w[0] + w[1]

    return predict


@row(
    "GroupNormalization of one group",
    layer((128, 32), lambda: layers.GroupNormalization(1, epsilon=1e-3)),
)
def one_group(w: Weights) -> Function:
    """The same, whose weights stretch over the steps."""
    return matrix_normalization(w)


@row("softmax over steps", layer((64, 96), lambda: layers.Softmax(1)))
def softmax_over_steps(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    return predict


@row("softmax over an image", layer((12, 12, 16), lambda: layers.Softmax((1, 2))))
def softmax_over_image(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        e = np.exp(x - x.max((1, 2), keepdims=True))
        return e / e.sum((1, 2), keepdims=True)

    return predict


@row("log_softmax", function("log_softmax"))
def log_softmax(w: Weights) -> Function:
    def predict(x: np.ndarray) -> np.ndarray:
        x = x - x.max(-1, keepdims=True)
        return x - np.log(np.exp(x).sum(-1, keepdims=True))

    return predict


@row("tanh", function("tanh"))
def tanh_alone(w: Weights) -> Function:
    return np.tanh


@row("relu6", function("relu6"))
def relu_to_six(w: Weights) -> Function:
    return lambda x: np.clip(x, 0, 6)


@row("hard_silu", function("hard_silu"))
def hard_silu(w: Weights) -> Function:
    return lambda x: x * (np.clip(x + 3, 0, 6) / 6)


@row("softsign", function("softsign"))
def softsign(w: Weights) -> Function:
    return lambda x: x / (1 + np.abs(x))


@row("log_sigmoid", function("log_sigmoid"))
def log_sigmoid(w: Weights) -> Function:
    return lambda x: -softplus(-x)


@row("ELU layer, alpha 0.5", layer((64, 96), lambda: layers.ELU(0.5)))
def elu_layer(w: Weights) -> Function:
    half = np.float32(0.5)
    return lambda x: np.where(x > 0, x, half * np.expm1(np.minimum(x, 0)))
