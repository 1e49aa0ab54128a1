"""kgen diagnose and loops: convolutions in them, stacked cells, cells of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import kgen
from kgen.diagnosis.report import Diagnosis
from tests.mistakes import sigmoid, stack

Arrays = Sequence[np.ndarray]


def judged(model: keras.Model, x: np.ndarray, mine: dict[str, np.ndarray]) -> Diagnosis:
    """The array called right is right, and so is all that Keras computes."""
    found = kgen.diagnose(model, x, mine)
    assert found["right"].verdict == "right", str(found)
    assert np.allclose(mine["right"], model.predict_on_batch(x), atol=1e-5)
    return found


def samples(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


# ConvLSTM


def same(x: np.ndarray, kernel: np.ndarray, strides: int = 1) -> np.ndarray:
    """x: (samples, rows, columns, inputs). A window of three by three, padded as 'same' is."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("npqcij,ijcu->npqu", windows, kernel)[:, ::strides, ::strides]


def conv_lstm(
    x: np.ndarray, weights: Arrays, order: str = "ifco", h0: float = 0.0, flip: bool = False
) -> np.ndarray:
    kernel, inner, bias = weights
    if flip:
        inner = inner[::-1, ::-1]
    h = np.full((len(x), *x.shape[2:4], inner.shape[2]), h0)
    c = np.full_like(h, h0)
    for step in range(x.shape[1]):
        z = same(x[:, step], kernel) + same(h, inner) + bias
        gate = dict(zip(order, np.split(z, 4, axis=-1), strict=True))
        c = sigmoid(gate["f"]) * c + sigmoid(gate["i"]) * np.tanh(gate["c"])
        h = sigmoid(gate["o"]) * np.tanh(c)
    return h


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_conv_lstm(data_format: str) -> None:
    x = samples(3, 4, 5, 6, 2)
    shape = (2, 5, 6) if data_format == "channels_first" else (5, 6, 2)
    model = stack((4, *shape), layers.ConvLSTM2D(3, 3, padding="same", data_format=data_format))
    weights = [array.astype(np.float64) for array in model.get_weights()]
    unbiased = [*weights[:2], 0 * weights[2]]
    mine = {
        "right": conv_lstm(x, weights),
        "order": conv_lstm(x, weights, "ifoc"),
        "start": conv_lstm(x, weights, h0=1.0),
        "flipped": conv_lstm(x, weights, flip=True),
        "bias": conv_lstm(x, unbiased),
    }
    if data_format == "channels_first":
        x = np.moveaxis(x, -1, 2)
        mine = {name: np.moveaxis(array, -1, 1) for name, array in mine.items()}
        found = kgen.diagnose(model, x, mine)  # TensorFlow computes no such convolutions here
        assert found["right"].verdict == "right"
    else:
        found = judged(model, x, mine)
    assert [one.mistakes for one in found.findings[1:]] == [
        ("order of gates",), ("initial state",), ("kernel flipped",), ("bias left out",),
    ]  # fmt: skip
    assert "the recurrent kernel is flipped" in " ".join(str(found).split())


# Cells


def simple(x: np.ndarray, weights: Arrays, activation: Any = np.tanh) -> np.ndarray:
    kernel, inner, bias = weights
    h, shown = np.zeros((len(x), len(inner))), []
    for step in range(x.shape[1]):
        h = activation(x[:, step] @ kernel + h @ inner + bias)
        shown.append(h)
    return np.stack(shown, axis=1)


def lstm(x: np.ndarray, weights: Arrays, order: str = "ifco") -> np.ndarray:
    kernel, inner, bias = weights
    h, c, shown = np.zeros((len(x), len(inner))), np.zeros((len(x), len(inner))), []
    for step in range(x.shape[1]):
        z = np.split(x[:, step] @ kernel + h @ inner + bias, 4, axis=-1)
        gate = dict(zip(order, z, strict=True))
        c = sigmoid(gate["f"]) * c + sigmoid(gate["i"]) * np.tanh(gate["c"])
        h = sigmoid(gate["o"]) * np.tanh(c)
        shown.append(h)
    return np.stack(shown, axis=1)


def test_one_cell() -> None:
    model = stack((5, 3), layers.RNN(layers.LSTMCell(4), return_sequences=True, name="loop"))
    x = samples(3, 5, 3)
    weights = [array.astype(np.float64) for array in model.get_weights()]
    mine = {"right": lstm(x, weights), "order": lstm(x, weights, "icfo")}
    found = judged(model, x, mine)
    assert found["order"].mistakes == ("order of gates",)


def test_stacked_cells() -> None:
    cells = [layers.LSTMCell(4), layers.SimpleRNNCell(3)]
    model = stack((5, 3), layers.RNN(cells, name="loop"), layers.Dense(2, name="after"))
    x = samples(3, 5, 3)
    first, second, after = np.split(
        np.array([a.astype(np.float64) for a in model.get_weights()], dtype=object), (3, 6)
    )
    inner = lstm(x, first)
    w, b = after
    mine = {
        "inner": inner,
        "right": simple(inner, second)[:, -1] @ w + b,
        "gates": lstm(x, first, "icfo"),
        "second": simple(inner, second, lambda z: np.maximum(z, 0))[:, -1] @ w + b,
        "first": simple(lstm(x, first, "icfo"), second)[:, -1] @ w + b,
        "bias": simple(inner, [*second[:2], 0 * second[2]])[:, -1] @ w + b,
    }
    found = judged(model, x, mine)
    assert found["inner"].values[0] == "the output of cell 1, the LSTMCell, of 'loop' (RNN)"
    assert found["gates"].mistakes == found["first"].mistakes == ("order of gates",)
    assert found["second"].mistakes == ("wrong activation",)
    assert found["bias"].mistakes == ("bias left out",)
    assert "get_weights()[5]" in str(found) or "get_weights()" in found["bias"].explanations[0].fix


class Leaky(layers.Layer):
    """A cell with two states: a leaky one, and the last input."""

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.units = units
        self.state_size = (units, units)

    def build(self, shape: tuple[int, ...]) -> None:
        self.a = self.add_weight(shape=(shape[-1], self.units), name="a")
        self.u = self.add_weight(shape=(self.units, self.units), name="u")

    def call(self, x: Any, states: Iterable[Any]) -> Any:
        h, last = states
        h = ops.tanh(ops.matmul(x, self.a) + ops.matmul(h, self.u)) * 0.5 + last
        return h, [h, ops.matmul(x, self.a)]


def leaky(x: np.ndarray, a: np.ndarray, u: np.ndarray, wrong: str = "") -> np.ndarray:
    h = last = np.full((len(x), len(u)), 1.0 if wrong == "start" else 0.0)
    steps = range(x.shape[1])
    for step in reversed(steps) if wrong == "turned" else steps:
        z = x[:, step] @ a + h @ (u.T if wrong == "transposed" else u)
        h = (1 / (1 + np.exp(-z)) if wrong == "sigmoid" else np.tanh(z)) * 0.5 + last
        last = x[:, step] @ a
    return h


def test_an_own_cell() -> None:
    """Keras calls it again, and leaves its weights as they were."""
    model = stack((5, 3), layers.RNN(Leaky(4), name="loop"), layers.Dense(2, name="after"))
    x = samples(3, 5, 3)
    before = model.get_weights()
    a, u, w, b = (array.astype(np.float64) for array in before)
    wrongs = ("start", "turned", "transposed", "sigmoid")
    mine = {"right": leaky(x, a, u) @ w + b, "products": x @ a}
    mine |= {wrong: leaky(x, a, u, wrong) for wrong in wrongs}
    mine["later"] = leaky(x, a, u, "transposed") @ w + b
    mine["noise"] = np.random.default_rng(0).normal(size=(3, 4))
    found = judged(model, x, mine)
    assert found["products"].verdict == "right"
    assert "of the cell" in found["products"].values[0]
    assert [found[name].mistakes for name in (*wrongs, "later")] == [
        ("initial state",), ("direction",), ("kernel transposed",), ("wrong activation",),
        ("kernel transposed",),
    ]  # fmt: skip
    assert found["noise"].verdict == "unknown"
    assert all(map(np.array_equal, before, model.get_weights()))
