"""Every activation of Keras, as an argument, and those that are layers."""

from __future__ import annotations

from functools import partial

import keras
from keras import Input, Sequential, activations, layers

from tests.cases._build import function, layer, table

_NAMES = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def _after_dense(name: str) -> keras.Model:
    activation = getattr(activations, name)
    if name == "threshold":
        activation = partial(activation, threshold=0.2, default_value=-0.5)
    return Sequential([Input((3, 4)), layers.Dense(6), layers.Activation(activation)])


table(globals(), {name: partial(_after_dense, name) for name in _NAMES})


def gelu_approximate() -> keras.Model:
    return function(lambda x: activations.gelu(x, approximate=True), (4, 5))


def elu_alpha() -> keras.Model:
    return layer(layers.ELU(alpha=0.3), 4, 5)


def celu_alpha() -> keras.Model:
    return function(lambda x: activations.celu(x, alpha=0.3), (4, 5))


def soft_shrink_threshold() -> keras.Model:
    return function(lambda x: activations.soft_shrink(x, threshold=0.2), (4, 5))


def hard_shrink_threshold() -> keras.Model:
    return function(lambda x: activations.hard_shrink(x, threshold=0.2), (4, 5))


def squareplus_b() -> keras.Model:
    return function(lambda x: activations.squareplus(x, b=2), (4, 5))


def relu_layer() -> keras.Model:
    return layer(layers.ReLU(), 4, 5)


def relu_max_value() -> keras.Model:
    return layer(layers.ReLU(max_value=0.8), 4, 5)


def relu_of_six() -> keras.Model:
    return layer(layers.ReLU(max_value=6), 4, 5)


def relu_negative_slope() -> keras.Model:
    return layer(layers.ReLU(negative_slope=0.1), 4, 5)


def relu_threshold() -> keras.Model:
    return layer(layers.ReLU(threshold=0.3), 4, 5)


def relu_all_parameters() -> keras.Model:
    return layer(layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.3), 4, 5)


def leaky_relu_layer() -> keras.Model:
    return layer(layers.LeakyReLU(negative_slope=0.05), 4, 5)


def prelu() -> keras.Model:
    return layer(layers.PReLU(), 4, 5)


def prelu_shared_axes() -> keras.Model:
    return layer(layers.PReLU(shared_axes=(1, 2)), 4, 3, 5)


def saturated() -> keras.Model:
    """Both ends of the exponentials."""
    return function(
        lambda x: [
            layers.Activation(name)(x * 60) for name in ("sigmoid", "silu", "softplus", "mish")
        ],
        (4, 5),
    )
