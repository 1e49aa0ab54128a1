"""Two mistakes in two different layers, of which only the last output is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import Input, Model, layers

import kgen
from tests.mistakes import FUNCTIONS, mlp, sigmoid, stack, weights, with_weights

Wrong = Callable[[np.ndarray, list[np.ndarray], str], np.ndarray]
"""One Dense layer with a mistake: from its input, weights and activation."""


def right(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    return FUNCTIONS[name](x @ own[0] + own[1])


def reshaped(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    kernel, bias = own
    return FUNCTIONS[name](x @ kernel.reshape(kernel.shape[::-1]).T + bias)


def without_bias(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    return FUNCTIONS[name](x @ own[0])


def bias_twice(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    return FUNCTIONS[name](x @ own[0] + 2 * own[1])


def with_sigmoid(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    return sigmoid(x @ own[0] + own[1])


def linear(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    return np.asarray(x @ own[0] + own[1])


KEYS: dict[Wrong, str] = {
    reshaped: "kernel reshaped",
    without_bias: "bias left out",
    bias_twice: "bias added twice",
    with_sigmoid: "wrong activation",
    linear: "activation left out",
}


def by_hand(model: keras.Model, x: np.ndarray, wrong: dict[int, Wrong]) -> np.ndarray:
    for index, layer in enumerate(model.layers):
        made = wrong.get(index, right)
        x = made(x, weights(model, index), layer.activation.__name__)
    return x


def samples(model: keras.Model, seed: int = 0, count: int = 5) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, *model.input_shape[1:])).astype(np.float32)


@pytest.mark.parametrize(
    ("sizes", "activations", "wrong"),
    [
        ((6, 4, 3, 1), ("tanh", "relu", "sigmoid"), {0: reshaped, 1: with_sigmoid}),
        ((6, 4, 3, 1), ("tanh", "relu", "sigmoid"), {0: linear, 1: without_bias}),
        ((3, 5, 4, 2), ("relu", "tanh", "softmax"), {0: bias_twice, 1: reshaped}),
        ((4, 5, 6, 5, 3), ("elu", "tanh", "elu", "linear"), {0: without_bias, 2: linear}),
        ((4, 5, 6, 5, 3), ("elu", "tanh", "elu", "linear"), {1: with_sigmoid, 2: reshaped}),
        ((5,) * 7 + (3,), ("tanh",) * 6 + ("softmax",), {1: with_sigmoid, 4: without_bias}),
    ],
)
def test_two_dense_layers(
    sizes: tuple[int, ...], activations: tuple[str, ...], wrong: dict[int, Wrong]
) -> None:
    model = mlp(sizes, activations)
    x = samples(model)
    found = kgen.diagnose(model, x, {"out": by_hand(model, x, wrong)})["out"]
    assert found.verdict == "wrong"
    layers_of = [(slip.layer, slip.key) for slip in found.explanations[0].mistakes]
    assert layers_of == [(f"dense_{index + 1}", KEYS[one]) for index, one in wrong.items()]
    assert found.explanations[0].fix.count("dense_") >= 2  # a line for each of the two


def test_the_lines_mend_both() -> None:
    model = mlp((6, 4, 3, 2), ("tanh", "relu", "sigmoid"))
    x = samples(model)
    out = by_hand(model, x, {0: without_bias, 1: with_sigmoid})
    fix = kgen.diagnose(model, x, {"out": out})["out"].explanations[0].fix
    names: dict[str, Any] = {"model": model, "x": x, "np": np}
    exec(fix, names)
    assert np.allclose(names["dense_2"], by_hand(model, x, {2: lambda x, *_: x}), atol=1e-5)


def test_convolution_and_normalization() -> None:
    model = stack(
        (6, 6, 2),
        layers.Conv2D(4, 1, use_bias=False, name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="relu"),
        layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(3, name="out"),
    )
    x = samples(model)
    (kernel,), (gamma, beta, mean, variance), *_ = (weights(model, n) for n in range(2))
    z = np.maximum(x @ kernel[0, 0], 0)  # an activation too many
    z = (z - mean) / (variance + 1e-3) * gamma + beta  # a standard deviation that is none
    w, b = weights(model, 4)
    out = np.maximum(z, 0).mean((1, 2)) @ w + b
    found = kgen.diagnose(model, x, {"out": out})["out"]
    assert found.mistakes == ("wrong activation", "standard deviation for variance"), found


def test_a_loop_and_a_layer() -> None:
    model = stack((5, 3), layers.SimpleRNN(4, name="rnn"), layers.Dense(4, "tanh", name="a"),
                  layers.Dense(3, name="b"))  # fmt: skip
    x = samples(model)
    kernel, inner, bias = weights(model)
    h = np.zeros((len(x), 4))
    for step in reversed(range(5)):
        h = np.tanh(x[:, step] @ kernel + h @ inner + bias)
    (w1, b1), (w2, b2) = weights(model, 1), weights(model, 2)
    found = kgen.diagnose(model, x, {"out": (h @ w1 + b1) @ w2 + b2})["out"]
    assert found.mistakes == ("direction", "activation left out")


def test_samples_may_be_missing_besides() -> None:
    model = mlp((6, 4, 3, 2), ("tanh", "relu", "sigmoid"))
    x = samples(model)
    out = by_hand(model, x, {0: without_bias, 1: with_sigmoid})[[0, 2, 3, 4]]
    found = kgen.diagnose(model, x, {"out": out})["out"]
    assert found.mistakes == ("bias left out", "wrong activation", "samples missing")


def test_branches_that_meet() -> None:
    x = Input((4,))
    one = layers.Dense(3, "tanh", name="one")(x)
    other = layers.Dense(3, "relu", name="other")(x)
    model = with_weights(Model(x, layers.Dense(2, name="out")(layers.Add()([one, other]))), 0)
    given = samples(model)
    w1, _, w2, b2, w3, b3 = (array.astype(np.float64) for array in model.get_weights())
    first, second = np.tanh(given @ w1), given @ w2 + b2
    found = kgen.diagnose(model, given, {"out": (first + second) @ w3 + b3})["out"]
    assert found.mistakes == ("bias left out", "activation left out")


def unknown(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    """A mistake that nobody knows."""
    return np.sin(x @ own[0] + own[1])


def nudged(x: np.ndarray, own: list[np.ndarray], name: str) -> np.ndarray:
    return right(x, [own[0] * 1.05, own[1]], name)


STRANGE: Sequence[dict[int, Wrong]] = (
    {0: unknown}, {1: unknown}, {0: nudged}, {1: nudged},
    {0: without_bias, 1: unknown}, {0: unknown, 1: linear}, {0: reshaped, 1: nudged},
)  # fmt: skip


SEEDS = [*range(40), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(40, 200))]


@pytest.mark.parametrize("seed", SEEDS)
def test_accuses_nobody(seed: int) -> None:
    """Arrays with mistakes of which at least one is none that anybody knows."""
    sizes = [(6, 4, 3, 2), (5, 3, 4, 3), (3, 6, 5, 2), (4, 4, 4, 3)][seed % 4]
    last = ("softmax", "linear", "sigmoid")[seed % 3]
    model = mlp(sizes, ("tanh", "softplus" if seed % 5 else "elu", last), seed)
    x = samples(model, seed)
    out = by_hand(model, x, STRANGE[seed % len(STRANGE)])
    found = kgen.diagnose(model, x, {"out": out})["out"]
    assert found.verdict in ("unknown", "too little"), str(found)


def test_units_that_are_never_active_tell_nothing() -> None:
    """Equal rows are no equations for the weights that somebody may have used."""
    model = mlp((6, 4, 3, 2), ("tanh", "relu", "linear"), 28)
    x = samples(model, 28)
    out = by_hand(model, x, {0: unknown})
    assert len(np.unique(np.round(out, 6), axis=0)) < len(x)
    assert kgen.diagnose(model, x, {"out": out})["out"].verdict == "unknown"
