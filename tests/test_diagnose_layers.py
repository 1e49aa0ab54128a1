"""kgen diagnose and layers off the beaten track: custom ones, and what is inside of layers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers, ops

import kgen
from kgen.diagnosis.report import Diagnosis
from tests.mistakes import softmax, with_weights

X = np.random.default_rng(0).normal(size=(4, 6, 8)).astype(np.float32)


def verdicts(layer: keras.Layer, x: np.ndarray, mine: Any) -> Diagnosis:
    """mine: from the layer's weights to arrays."""
    model = with_weights(Sequential([Input(x.shape[1:]), layer]), 0)
    arrays = [array.astype(np.float64) for array in model.get_weights()]
    found = kgen.diagnose(model, x, mine(*arrays))
    assert found["right"].verdict == "right", str(found)
    return found


class Scaled(layers.Layer):
    def build(self, shape: tuple[int, ...]) -> None:
        self.a = self.add_weight(shape=(shape[-1], shape[-1]), name="a")
        self.c = self.add_weight(shape=(shape[-1],), name="c")

    def call(self, x: Any) -> Any:
        return ops.softmax(ops.tanh(ops.matmul(x, self.a)) * self.c)


def test_custom_layers() -> None:
    """Keras itself computes them with a wrong weight, activation or axis."""
    found = verdicts(
        Scaled(name="own"),
        X,
        lambda a, c: {
            "product": X @ a,
            "right": softmax(np.tanh(X @ a) * c),
            "turned": softmax(np.tanh(X @ a.T) * c),
            "sigmoid": softmax(1 / (1 + np.exp(-X @ a)) * c),
            "without": softmax(X @ a * c),
            "steps": softmax(np.tanh(X @ a) * c, 1),
            "inside": np.tanh(X @ a.T),
            "noise": np.random.default_rng(1).normal(size=X.shape),
        },
    )
    assert found["product"].values == ("the result of ops.matmul (operation 1) of 'own' (Scaled)",)
    assert found["turned"].mistakes == found["inside"].mistakes == ("kernel transposed",)
    assert "model.layers[0].get_weights()[0]" in found["turned"].explanations[0].fix
    assert found["sigmoid"].mistakes == ("wrong activation",)
    text = " ".join(str(found).split())
    assert "sigmoid is applied, where 'own' has tanh (operation 2)" in text
    assert found["without"].mistakes == ("activation left out",)
    assert found["steps"].mistakes == ("wrong axis",)
    assert found["noise"].verdict == "unknown"


def test_a_custom_layer_before_others() -> None:
    model = with_weights(Sequential([Input((8,)), Scaled(), layers.Dense(3)]), 0)
    a, c, w, b = model.get_weights()
    before = [array.copy() for array in model.get_weights()]
    out = softmax(np.tanh(X[0] @ a.T) * c) @ w + b
    found = kgen.diagnose(model, X[0], {"out": out})
    assert found["out"].mistakes == ("kernel transposed",)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_prelu() -> None:
    found = verdicts(
        layers.PReLU(),
        X,
        lambda alpha: {
            "right": np.where(X > 0, X, alpha * X),
            "relu": np.maximum(X, 0),
            "leaky": np.where(X > 0, X, 0.3 * X),
        },
    )
    assert found["relu"].mistakes == found["leaky"].mistakes == ("wrong activation",)
    assert "leaky_relu with the slope 0.3 is applied" in " ".join(str(found).split())


def test_group_normalization() -> None:
    def norm(gamma: Any, beta: Any, epsilon: float = 1e-3, axes: Any = (1, 3)) -> np.ndarray:
        z = X.astype(np.float64).reshape(4, 6, 2, 4)
        z = (z - z.mean(axes, keepdims=True)) / np.sqrt(z.var(axes, keepdims=True) + epsilon)
        return z.reshape(X.shape) * gamma + beta

    found = verdicts(
        layers.GroupNormalization(2),
        X,
        lambda gamma, beta: {
            "right": norm(gamma, beta),
            "epsilon": norm(gamma, beta, 1e-5),
            "axis": norm(gamma, beta, axes=(3,)),
            "beta": norm(gamma, 0 * beta),
        },
    )
    assert [one.mistakes for one in found.findings[1:]] == [
        ("wrong epsilon",), ("wrong axis",), ("beta left out",),
    ]  # fmt: skip


def test_unit_normalization() -> None:
    squares = (X.astype(np.float64) ** 2).sum(-1, keepdims=True)
    over_steps = X / np.sqrt((X.astype(np.float64) ** 2).sum(1, keepdims=True))
    mine = {"right": X / np.sqrt(squares), "squares": X / squares, "steps": over_steps}
    found = verdicts(layers.UnitNormalization(), X, lambda: mine)
    assert found["squares"].mistakes == ("wrong normalization",)
    assert found["steps"].mistakes == ("wrong axis",)


def test_masked_average() -> None:
    words = np.array([[3, 1, 2, 0, 0], [4, 2, 1, 5, 0], [1, 2, 3, 4, 5]])
    embedding = layers.Embedding(6, 4, mask_zero=True, name="e")
    model = Sequential([Input((5,)), embedding, layers.GlobalAveragePooling1D(name="g")])
    rows, mask = model.get_weights()[0][words], (words != 0)[:, :, None]
    right = (rows * mask).sum(1) / mask.sum(1)
    mine = {"right": right, "all": rows.mean(1), "zeros": (rows * mask).mean(1)}
    found = kgen.diagnose(model, words, mine)
    assert found["right"].verdict == "right"
    assert found["all"].mistakes == found["zeros"].mistakes == ("mask ignored",)
    assert "mask[:, :, None]" in found["all"].explanations[0].fix


def test_separable_convolutions() -> None:
    x = X.reshape(4, 6, 4, 2)
    model = Sequential([Input((6, 4, 2)), layers.SeparableConv2D(2, 2, name="s")])
    model = with_weights(model, 0)
    deep, point, bias = (array.astype(np.float64) for array in model.get_weights())
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))
    inner = np.einsum("npqcij,ijcm->npqc", windows, deep)
    mine = {"inner": inner, "y": inner @ point[0, 0] + bias, "t": inner @ point[0, 0].T + bias}
    found = kgen.diagnose(model, x, mine)
    assert found["inner"].values == (
        "the product with the depthwise kernel of 's' (SeparableConv2D)",
    )
    assert found["y"].verdict == "right"
    assert found["t"].mistakes == ("kernel transposed",)
    assert "pointwise" in str(found)


@pytest.mark.parametrize("sequences", [False, True])
def test_directions(sequences: bool) -> None:
    loop = layers.SimpleRNN(3, return_sequences=sequences)
    model = with_weights(Sequential([Input((6, 8)), layers.Bidirectional(loop, name="both")]), 0)
    wf, uf, bf, wb, ub, bb = model.get_weights()

    def run(x: np.ndarray, w: np.ndarray, u: np.ndarray, b: np.ndarray) -> np.ndarray:
        h, shown = np.zeros((len(x), 3)), []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ w + h @ u + b)
            shown.append(h)
        return np.stack(shown, axis=1)

    ahead, back = run(X, wf, uf, bf), run(X[:, ::-1], wb, ub, bb)
    never = run(X, wb, ub, bb)
    wrong = {"never": never, "last": back[:, ::-1]}
    if sequences:
        wrong["last"] = back
    mine = {name: np.concatenate([ahead, one], -1) for name, one in wrong.items()}
    if not sequences:
        mine = {name: array[:, -1] for name, array in mine.items()}
    found = kgen.diagnose(model, X, mine)
    assert found["never"].mistakes == ("direction",)
    assert found["last"].mistakes == ("backward not turned round",)


def test_attention_with_added_scores() -> None:
    query, value = Input((6, 8)), Input((5, 8))
    model = Model([query, value], layers.AdditiveAttention(name="a")([query, value]))
    q, v = X, np.random.default_rng(1).normal(size=(4, 5, 8)).astype(np.float32)
    (scale,) = with_weights(model, 0).get_weights()
    scores = (scale * np.tanh(q[:, :, None] + v[:, None])).sum(-1)
    mine = {"s": scores, "y": softmax(scores) @ v, "wrong": softmax(scores, 1) @ v}
    found = kgen.diagnose(model, [q, v], mine)
    assert [one.verdict for one in found.findings] == ["right", "right", "wrong"]
    assert found["wrong"].mistakes == ("wrong axis",)


IMAGES = np.random.default_rng(3).normal(size=(3, 4, 5, 2)).astype(np.float32)
"""Another number of rows than of columns."""


def mistakes(layer: keras.Layer, x: np.ndarray, **mine: np.ndarray) -> dict[str, str]:
    """What the mistakes in each array are called."""
    found = verdicts(layer, x, lambda *_: mine)
    return {one.name: ", ".join(one.mistakes) for one in found.findings if one.name != "right"}


def pad(x: np.ndarray, rows: tuple[int, int], columns: tuple[int, int], **how: Any) -> np.ndarray:
    return np.pad(x, ((0, 0), rows, columns, (0, 0)), **how)


def test_zero_padding() -> None:
    found = mistakes(
        layers.ZeroPadding2D(((1, 2), (0, 1))),
        IMAGES,
        right=pad(IMAGES, (1, 2), (0, 1)),
        edge=pad(IMAGES, (1, 2), (0, 1), mode="edge"),
        mirror=pad(IMAGES, (1, 2), (0, 1), mode="reflect"),
        end=pad(IMAGES, (0, 3), (0, 1)),
        turned=pad(IMAGES, (2, 1), (1, 0)),
    )
    assert set(found.values()) == {"wrong padding"}
    assert len(found) == 4


def test_cropping() -> None:
    found = mistakes(
        layers.Cropping2D(((1, 0), (2, 1))),
        IMAGES,
        right=IMAGES[:, 1:, 2:-1],
        turned=IMAGES[:, :-1, 1:-2],
        end=IMAGES[:, :-1, :-3],
    )
    assert found == {"turned": "wrong cropping", "end": "wrong cropping"}
    steps = mistakes(layers.Cropping1D((1, 2)), X, right=X[:, 1:-2], end=X[:, :-3])
    assert steps == {"end": "wrong cropping"}


def bilinear(x: np.ndarray, size: int, corners: bool) -> np.ndarray:
    """Twice along each axis, by looking up the two neighbours."""
    for axis in (1, 2):
        length = x.shape[axis]
        places = (np.arange(length * size) + 0.5) / size - 0.5
        if corners:
            places = np.arange(length * size) * (length - 1) / (length * size - 1)
        places = np.clip(places, 0, length - 1)
        low = np.minimum(places.astype(int), length - 2)
        part = (places - low).reshape(-1, *[1] * (3 - axis))
        x = x.take(low, axis) * (1 - part) + x.take(low + 1, axis) * part
    return x


def test_up_sampling() -> None:
    nearest = IMAGES.repeat(2, 1).repeat(3, 2)
    spread = np.zeros_like(nearest)
    spread[:, ::2, ::3] = IMAGES
    tiled = np.tile(IMAGES, (1, 2, 3, 1))
    found = mistakes(layers.UpSampling2D((2, 3)), IMAGES, right=nearest, tiled=tiled, zeros=spread)
    assert found == {"tiled": "wrong upsampling", "zeros": "wrong upsampling"}
    found = mistakes(
        layers.UpSampling2D(2, interpolation="bilinear"),
        IMAGES,
        right=bilinear(IMAGES, 2, False),
        corners=bilinear(IMAGES, 2, True),
        nearest=IMAGES.repeat(2, 1).repeat(2, 2),
    )
    assert found == {"corners": "wrong upsampling", "nearest": "wrong upsampling"}
    assert mistakes(layers.UpSampling1D(2), X, right=X.repeat(2, 1)) == {}


@pytest.mark.parametrize("adapted", [True, False])
def test_normalization(adapted: bool) -> None:
    x = X.reshape(-1, 8) * 3 + 1
    mean, variance = np.linspace(0.5, 2, 8), np.linspace(1.5, 4, 8)
    layer = layers.Normalization() if adapted else layers.Normalization(-1, mean, variance)
    if adapted:
        layer.build(x.shape)
        layer.set_weights([mean, variance, np.array(1)])
        layer.finalize_state()
    root = np.sqrt(variance)
    model = Sequential([Input((8,)), layer])
    arrays = {
        "right": (x - mean) / root,
        "variance": (x - mean) / variance,
        "own": (x - x.mean(0)) / x.std(0),
        "mean": x / root,
        "back": x * root + mean,
    }
    found = kgen.diagnose(model, x, arrays)
    assert [one.mistakes for one in found.findings] == [
        (), ("standard deviation for variance",), ("batch statistics",), ("mean left out",),
        ("wrong preprocessing",),
    ]  # fmt: skip


def test_dot() -> None:
    a, b = Input((4, 5)), Input((3, 5))
    x = [np.random.default_rng(n).normal(size=(6, *one.shape[1:])) for n, one in enumerate((a, b))]
    for normalize in (False, True):
        y, z = (one / np.sqrt((one**2).sum(2, keepdims=True)) for one in x)
        plain, cosines = x[0] @ x[1].swapaxes(1, 2), y @ z.swapaxes(1, 2)
        right, other = (cosines, plain) if normalize else (plain, cosines)
        arrays = {"right": right, "other": other, "scaled": right / 5**0.5}
        model = Model([a, b], layers.Dot(2, normalize=normalize)([a, b]))
        found = kgen.diagnose(model, x, arrays)
        assert [one.mistakes for one in found.findings] == [
            (), ("wrong normalization",), ("scale of attention",),
        ]  # fmt: skip
