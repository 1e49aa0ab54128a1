"""Askers' programs with one mistake each: written down plainly, without any of kgen's code.

A program gets a model and samples, and returns its arrays; the last one is wrong. Each mistake is
made with at least three models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import Input, Model, Sequential, layers

Arrays = dict[str, np.ndarray]
Program = Callable[[Any, np.ndarray], Arrays]


@dataclass(frozen=True)
class Case:
    """keys: the mistakes that the last array has. model: a name in MODELS. others: models whose
    weights may have been used.
    """

    keys: tuple[str, ...]
    model: str
    program: Program
    samples: int = 5

    @property
    def name(self) -> str:
        return f"{' + '.join(self.keys)}-{self.program.__name__}-{self.model}"


CASES: list[Case] = []


def mistake(*keys: str, models: str, samples: int = 5) -> Callable[[Program], Program]:
    def register(program: Program) -> Program:
        CASES.extend(Case(keys, model, program, samples) for model in models.split())
        return program

    return register


# Models


def with_weights(model: keras.Model, seed: int) -> keras.Model:
    """Random weights; variances are positive."""
    generator = np.random.default_rng(seed)
    arrays = []
    for variable in model.weights:
        values = generator.normal(size=variable.shape) * 0.6
        if "variance" in variable.path:
            values = np.abs(values) + 0.1
        if variable.path.endswith(("gamma", "scale")):
            values += 1.5
        arrays.append(values.astype(np.float32))
    model.set_weights(arrays)
    return model


def mlp(sizes: tuple[int, ...], activations: tuple[str, ...], seed: int = 0) -> keras.Model:
    dense = [
        layers.Dense(units, activation, name=f"dense_{number}")
        for number, (units, activation) in enumerate(zip(sizes[1:], activations, strict=True), 1)
    ]
    return with_weights(Sequential([Input((sizes[0],)), *dense]), seed)


def stack(shape: tuple[int, ...], *inner: keras.Layer, seed: int = 0) -> keras.Model:
    return with_weights(Sequential([Input(shape), *inner]), seed)


def attending(heads: int, size: int, features: int, steps: int) -> keras.Model:
    x = Input((steps, features))
    y = layers.MultiHeadAttention(heads, size, name="attention")(x, x)
    return with_weights(Model(x, layers.Dense(2, name="after")(y)), heads)


def convolving(*, padding: str, strides: int, size: int, rows: int) -> keras.Model:
    conv = layers.Conv2D(4, size, strides=strides, padding=padding, activation="tanh", name="conv")
    return stack((rows, rows - 1, 3), conv, layers.Flatten(name="flat"), layers.Dense(3, name="d"))


def flattening(rows: int, columns: int, channels: int) -> keras.Model:
    dense = layers.Dense(4, "tanh", name="dense")
    return stack((rows, columns, channels), layers.Flatten(name="flatten"), dense)


def recurrent(kind: type[keras.Layer], **settings: Any) -> keras.Model:
    layer = kind(4, name="recurrent", **settings)
    return stack((5, 3), layer, layers.Dense(2, name="after"))


def normalized(layer: keras.Layer, shape: tuple[int, ...], seed: int = 0) -> keras.Model:
    return stack(shape, layer, layers.Dense(3, "tanh", name="after"), seed=seed)


MODELS: dict[str, Callable[[], keras.Model]] = {
    "wide": lambda: mlp((3, 5, 2), ("relu", "softmax")),
    "narrow": lambda: mlp((6, 4, 3, 1), ("tanh", "relu", "sigmoid")),
    "flat": lambda: mlp((4, 3, 4), ("sigmoid", "linear")),
    "flat_2": lambda: mlp((5, 4, 3), ("tanh", "linear")),
    "square": lambda: mlp((4, 4, 4, 2), ("tanh", "tanh", "softmax")),
    "square_sigmoid": lambda: mlp((3, 3, 3), ("sigmoid", "sigmoid")),
    "square_elu": lambda: mlp((6, 6, 6, 3), ("elu", "elu", "linear")),
    "hard": lambda: mlp((3, 5, 4), ("hard_sigmoid", "linear")),
    "hard_2": lambda: mlp((6, 4, 3), ("hard_sigmoid", "softmax")),
    "hard_3": lambda: mlp((2, 8, 3), ("hard_sigmoid", "tanh")),
    "image": lambda: flattening(3, 4, 2),
    "image_2": lambda: flattening(4, 3, 3),
    "image_3": lambda: flattening(2, 5, 4),
    "conv": lambda: convolving(padding="same", strides=2, size=3, rows=8),
    "conv_2": lambda: convolving(padding="same", strides=2, size=5, rows=9),
    "conv_3": lambda: convolving(padding="same", strides=3, size=4, rows=10),
    "conv_valid": lambda: convolving(padding="valid", strides=2, size=3, rows=8),
    "bn": lambda: normalized(layers.BatchNormalization(name="norm"), (5,)),
    "bn_image": lambda: normalized(layers.BatchNormalization(name="norm"), (4, 3, 2), 1),
    "bn_plain": lambda: normalized(layers.BatchNormalization(scale=False, name="norm"), (6,), 2),
    "ln": lambda: normalized(layers.LayerNormalization(name="norm"), (4, 6)),
    "ln_image": lambda: normalized(layers.LayerNormalization(name="norm"), (4, 3, 5), 1),
    "ln_plain": lambda: normalized(layers.LayerNormalization(scale=False, name="norm"), (3, 7), 2),
    "softmax": lambda: mlp((3, 4), ("softmax",)),
    "lstm": lambda: recurrent(layers.LSTM),
    "lstm_sequences": lambda: recurrent(layers.LSTM, return_sequences=True),
    "lstm_hard": lambda: recurrent(layers.LSTM, recurrent_activation="hard_sigmoid"),
    "gru": lambda: recurrent(layers.GRU),
    "gru_before": lambda: recurrent(layers.GRU, reset_after=False),
    "gru_sequences": lambda: recurrent(layers.GRU, return_sequences=True),
    "dropout": lambda: stack((8,), layers.Dropout(0.4, name="drop"), layers.Dense(3, name="d")),
    "dropout_2": lambda: stack((9,), layers.Dropout(0.2, name="drop"), layers.Dense(2, name="d")),
    "dropout_3": lambda: stack(
        (5, 4), layers.SpatialDropout1D(0.5, name="drop"), layers.Dense(2, name="d")
    ),
    "attention": lambda: attending(2, 3, 6, 4),
    "attention_2": lambda: attending(3, 4, 5, 3),
    "attention_3": lambda: attending(4, 2, 7, 5),
}  # fmt: skip


@cache
def model_of(name: str) -> keras.Model:
    keras.utils.clear_session()
    return MODELS[name]()


def samples_of(case: Case) -> np.ndarray:
    model = model_of(case.model)
    generator = np.random.default_rng(len(case.name))
    return generator.normal(size=(case.samples, *model.input_shape[1:])).astype(np.float32)


# What the programs share


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def softmax(z: np.ndarray, axis: Any = -1) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum(axis=axis, keepdims=True)


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softmax": softmax,
    "linear": lambda z: z,
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "softplus": lambda z: np.log1p(np.exp(z)),
    "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
}


def weights(model: keras.Model, index: int = 0) -> list[np.ndarray]:
    return [array.astype(np.float64) for array in model.layers[index].get_weights()]


def function(model: keras.Model, index: int = 0) -> Callable[[np.ndarray], np.ndarray]:
    return FUNCTIONS[model.layers[index].activation.__name__]


def forward(
    model: keras.Model, x: np.ndarray, first: int = 0, last: int | None = None
) -> np.ndarray:
    """Dense layers as they are right."""
    for index in range(first, len(model.layers) if last is None else last):
        kernel, bias = weights(model, index)
        x = function(model, index)(x @ kernel + bias)
    return x


# Dense

DENSE = "wide narrow flat"
SQUARE = ("square", "square_sigmoid", "square_elu")


@mistake("kernel reshaped", models=DENSE)
def reshaped(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x @ w.reshape(w.shape[::-1]).T + b}


@mistake("kernel reshaped", models=DENSE)
def reshaped_with_columns(model: Any, x: np.ndarray) -> Arrays:
    """Samples in columns: z = W x + b."""
    w, b = weights(model)
    return {"z1": w.reshape(w.shape[::-1]) @ x.T + b[:, None]}


@mistake("kernel reshaped", models=DENSE)
def reshaped_far_in_front(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    a = function(model)(x @ w.reshape(w.shape[::-1]).T + b)
    return {"out": forward(model, a, 1)}


def transposed(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x @ w.T + b}


def other_weights(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model, 1)
    return {"z1": x @ w + b}


def squared(model: Any, x: np.ndarray) -> Arrays:
    """Twice the first layer."""
    a = forward(model, x, 0, 1)
    w, b = weights(model, 0)
    return {"a1": a, "a2": function(model, 1)(a @ w + b)}


CASES += [Case(("kernel transposed",), name, transposed) for name in SQUARE]
CASES += [Case(("weights of another layer",), name, other_weights) for name in SQUARE]
CASES += [Case(("weights of another layer",), name, squared) for name in SQUARE]


@mistake("bias left out", models=DENSE)
def without_bias(model: Any, x: np.ndarray) -> Arrays:
    return {"a1": function(model)(x @ weights(model)[0])}


@mistake("bias added twice", models=DENSE)
def bias_twice(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x @ w + b + b}


@mistake("bias reshaped", models="wide", samples=5)
@mistake("bias reshaped", models="narrow", samples=4)
@mistake("bias reshaped", models="flat", samples=3)
def bias_in_a_column(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x @ w + b.reshape(-1, 1)}


@mistake("wrong activation", models="wide narrow flat square")
def softplus(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    z1 = x @ w + b
    return {"z1": z1, "a1": np.log(1 + np.exp(z1))}


@mistake("wrong activation", models="narrow flat hard")
def wrong_then_right(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"out": forward(model, np.maximum(x @ w + b, 0), 1)}


@mistake("activation left out", models="narrow flat square")
def without_activation(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    w2, b2 = weights(model, 1)
    return {"z2": (x @ w + b) @ w2 + b2}


def activation_elsewhere(model: Any, x: np.ndarray) -> Arrays:
    """The first layer's activation behind the second, which has none."""
    w, b = weights(model)
    w2, b2 = weights(model, 1)
    return {"out": function(model)((x @ w + b) @ w2 + b2)}


CASES += [
    Case(("activation left out", "wrong activation"), name, activation_elsewhere)
    for name in ("flat", "flat_2", "hard")
]


@mistake("activation twice", models="narrow flat square")
def activation_twice(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"a1": function(model)(function(model)(x @ w + b))}


@mistake("samples missing", models=DENSE)
def some_samples(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x[[0, 2, 3]] @ w + b}


@mistake("samples repeated", models=DENSE)
def repeated_samples(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x[[0, 1, 1, 2, 3]] @ w + b}


@mistake("samples in another order", models=DENSE)
def shuffled_samples(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x[[4, 2, 0, 1, 3]] @ w + b}


@mistake("product in the wrong order", models="wide", samples=3)
@mistake("product in the wrong order", models="narrow", samples=6)
@mistake("product in the wrong order", models="flat", samples=4)
def kernel_first(model: Any, x: np.ndarray) -> Arrays:
    """As many samples as inputs: W.T @ x has the right look."""
    return {"p": weights(model)[0].T @ x}


@mistake("wrong preprocessing", models=DENSE)
def divided_by_255(model: Any, x: np.ndarray) -> Arrays:
    return {"out": forward(model, x / 255)}


@mistake("softmax axis", models="softmax wide square")
def softmax_over_samples(model: Any, x: np.ndarray) -> Arrays:
    last = len(model.layers) - 1
    w, b = weights(model, last)
    return {"out": softmax(forward(model, x, 0, last) @ w + b, 0)}


@mistake("softmax axis", models="softmax wide square")
def softmax_over_all(model: Any, x: np.ndarray) -> Arrays:
    last = len(model.layers) - 1
    w, b = weights(model, last)
    return {"out": softmax(forward(model, x, 0, last) @ w + b, None)}


@mistake("hard_sigmoid of Keras 2", models="hard hard_2 hard_3")
def old_hard_sigmoid(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"a1": np.clip(0.2 * (x @ w + b) + 0.5, 0, 1)}


@mistake("float16", models=DENSE)
def in_float16(model: Any, x: np.ndarray) -> Arrays:
    w, b = (array.astype(np.float16) for array in weights(model))
    return {"z1": x.astype(np.float16) @ w + b}


@mistake("float16", models=DENSE)
def weights_of_float16(model: Any, x: np.ndarray) -> Arrays:
    w, b = (array.astype(np.float16).astype(float) for array in weights(model))
    return {"z1": x.astype(np.float16).astype(float) @ w + b}


@mistake("rounded", models=DENSE)
def rounded(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": np.round(x @ w + b, 3)}


@mistake("weights of another epoch", models="wide narrow flat", samples=12)
def other_epoch(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    generator = np.random.default_rng(9)
    return {"z1": x @ (w + generator.normal(size=w.shape)) + b}


@mistake("kernel reshaped", "wrong activation", models="wide narrow flat")
def reshaped_and_wrong(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    z1 = x @ w.reshape(w.shape[::-1]).T + b
    return {"a1": z1 / (1 + np.abs(z1))}


@mistake("kernel reshaped", "samples missing", models="wide narrow flat")
def reshaped_and_missing(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    return {"z1": x[:3] @ w.reshape(w.shape[::-1]).T + b}


@mistake("bias left out", "activation left out", models="narrow flat square")
def neither(model: Any, x: np.ndarray) -> Arrays:
    return {"out": forward(model, x @ weights(model)[0], 1)}


# Images

IMAGES = "image image_2 image_3"


@mistake("flatten order", models=IMAGES)
def column_major(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model, 1)
    return {"z": np.reshape(x, (len(x), -1), order="F") @ w + b}


@mistake("flatten order", models=IMAGES)
def channels_first(model: Any, x: np.ndarray) -> Arrays:
    return {"flat": np.moveaxis(x, -1, 1).reshape(len(x), -1)}


def convolve(
    x: np.ndarray, kernel: np.ndarray, stride: int, before: tuple[int, int], sizes: Any
) -> np.ndarray:
    """One window after the other; zeros in front, and behind as many as are needed."""
    height, width = kernel.shape[:2]
    padded = np.zeros((len(x), 99, 99, x.shape[-1]))
    padded[:, before[0] : before[0] + x.shape[1], before[1] : before[1] + x.shape[2]] = x
    y = np.zeros((len(x), *sizes, kernel.shape[-1]))
    for row in range(sizes[0]):
        for column in range(sizes[1]):
            top, left = row * stride, column * stride
            window = padded[:, top : top + height, left : left + width]
            y[:, row, column] = np.einsum("nijc,ijcu->nu", window, kernel)
    return y


def geometry(model: Any, x: np.ndarray) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """The stride, the zeros in front, and the size of the output, as Keras has them."""
    layer = model.layers[0]
    stride, size = layer.strides[0], layer.kernel_size[0]
    if layer.padding == "valid":
        return stride, (0, 0), tuple((n - size) // stride + 1 for n in x.shape[1:3])  # type: ignore
    sizes = tuple(-(-n // stride) for n in x.shape[1:3])
    before = tuple(
        max((m - 1) * stride + size - n, 0) // 2 for m, n in zip(sizes, x.shape[1:3], strict=True)
    )
    return stride, before, sizes  # type: ignore[return-value]


CONVOLUTIONS = "conv conv_2 conv_3"


@mistake("kernel flipped", models=f"{CONVOLUTIONS} conv_valid", samples=2)
def flipped(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    stride, before, sizes = geometry(model, x)
    return {"z": convolve(x, w[::-1, ::-1], stride, before, sizes) + b}


@mistake("symmetric padding", models=CONVOLUTIONS, samples=2)
def other_padding(model: Any, x: np.ndarray) -> Arrays:
    """As with PyTorch's padding, or the odd zero in front."""
    w, b = weights(model)
    stride, before, sizes = geometry(model, x)
    size = w.shape[0]
    total = [max((m - 1) * stride + size - n, 0) for m, n in zip(sizes, x.shape[1:3], strict=True)]
    front = tuple(t - t // 2 for t in total)
    if front == before:
        front = (size // 2, size // 2)
    return {"y": np.tanh(convolve(x, w, stride, front, sizes) + b)}  # type: ignore[arg-type]


@mistake("stride offset", models="conv conv_3 conv_valid", samples=2)
def late_start(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model)
    stride, before, sizes = geometry(model, x)
    dense = convolve(x, w, 1, before, (sizes[0] * stride, sizes[1] * stride))
    fits = tuple(slice(1, 1 + (m - 1) * stride + 1, stride) for m in sizes)
    if model.layers[0].padding == "same":  # until where the padding ends
        size = w.shape[0]
        ends = [
            n + max((m - 1) * stride + size - n, 0) - size + 1
            for m, n in zip(sizes, x.shape[1:3], strict=True)
        ]
    else:
        ends = [n - w.shape[0] + 1 for n in x.shape[1:3]]
    fits = tuple(slice(1, end, stride) for end in ends)
    return {"z": dense[(slice(None), *fits)] + b}


# Normalization

BATCH = "bn bn_image bn_plain"


def batch_parts(model: Any) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    arrays = weights(model)
    *scale, mean, variance = arrays
    gamma, beta = scale if len(scale) == 2 else (1.0, scale[0])
    return gamma, beta, mean, variance


@mistake("standard deviation for variance", models=BATCH)
def by_the_variance(model: Any, x: np.ndarray) -> Arrays:
    gamma, beta, mean, variance = batch_parts(model)
    return {"y": (x - mean) / (variance + 1e-3) * gamma + beta}


@mistake("wrong epsilon", models=BATCH)
def without_epsilon(model: Any, x: np.ndarray) -> Arrays:
    gamma, beta, mean, variance = batch_parts(model)
    return {"y": (x - mean) / np.sqrt(variance) * gamma + beta}


@mistake("wrong epsilon", models=BATCH)
def epsilon_of_torch(model: Any, x: np.ndarray) -> Arrays:
    gamma, beta, mean, variance = batch_parts(model)
    return {"y": (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta}


@mistake("batch statistics", models=BATCH)
def of_the_batch(model: Any, x: np.ndarray) -> Arrays:
    gamma, beta, _, _ = batch_parts(model)
    axes = tuple(range(x.ndim - 1))
    wide = x.astype(np.float64)
    return {"y": (wide - wide.mean(axes)) / np.sqrt(wide.var(axes) + 1e-3) * gamma + beta}


@mistake("wrong axis", models="ln ln_image ln_plain")
def over_the_steps(model: Any, x: np.ndarray) -> Arrays:
    *gamma, beta = weights(model)
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    return {"y": (x - mean) / np.sqrt(variance + 1e-3) * (gamma[0] if gamma else 1) + beta}


# Loops


def lstm(
    model: Any,
    x: np.ndarray,
    *,
    order: str = "ifco",
    gate: Any = None,
    start: float = 0.0,
    inside: int = -1,
) -> Arrays:
    """inside: the step whose values are returned, if it is one."""
    layer = model.layers[0]
    gate = gate or FUNCTIONS[layer.recurrent_activation.__name__]
    kernel, inner, bias = weights(model)
    h = c = np.full((len(x), 4), start)
    steps = []
    for step in range(x.shape[1]):
        parts = np.split(x[:, step] @ kernel + h @ inner + bias, 4, axis=-1)
        z = dict(zip(order, parts, strict=True))
        c = gate(z["f"]) * c + gate(z["i"]) * np.tanh(z["c"])
        h = gate(z["o"]) * np.tanh(c)
        steps.append(h)
        if step == inside:
            return {"f": gate(z["f"]), "c": c} if order[1] == "f" else {"c": c}
    return {"h": np.stack(steps, axis=1) if layer.return_sequences else h}


LSTMS = "lstm lstm_sequences lstm_hard"


@mistake("order of gates", models=LSTMS)
def gates_of_onnx(model: Any, x: np.ndarray) -> Arrays:
    return lstm(model, x, order="iofc")


@mistake("order of gates", models=LSTMS)
def gates_of_keras_1(model: Any, x: np.ndarray) -> Arrays:
    return lstm(model, x, order="icfo")


@mistake("order of gates", models=LSTMS)
def cell_state_of_onnx(model: Any, x: np.ndarray) -> Arrays:
    return lstm(model, x, order="iofc", inside=2)


@mistake("hard_sigmoid of Keras 2", models=LSTMS)
def old_gates(model: Any, x: np.ndarray) -> Arrays:
    return lstm(model, x, gate=lambda z: np.clip(0.2 * z + 0.5, 0, 1))


@mistake("initial state", models=LSTMS)
def begun_with_ones(model: Any, x: np.ndarray) -> Arrays:
    return lstm(model, x, start=1.0)


@mistake("initial state", models="lstm lstm_hard lstm_sequences")
def never_reset(model: Any, x: np.ndarray) -> Arrays:
    """One sample after the other, the states running on."""
    kernel, inner, bias = weights(model)
    layer = model.layers[0]
    gate = FUNCTIONS[layer.recurrent_activation.__name__]
    h = c = np.zeros(4)
    found = []
    for sample in x:
        steps = []
        for step in sample:
            i, f, g, o = np.split(step @ kernel + h @ inner + bias, 4)
            c = gate(f) * c + gate(i) * np.tanh(g)
            h = gate(o) * np.tanh(c)
            steps.append(h)
        found.append(np.stack(steps) if layer.return_sequences else h)
    return {"h": np.stack(found)}


def gru(
    model: Any, x: np.ndarray, *, after: bool, order: str = "zrh", inside: bool = False
) -> Arrays:
    """inside: return the update gates."""
    layer = model.layers[0]
    kernel, inner, bias = weights(model)
    b, c = bias if bias.ndim == 2 else (bias, 0 * bias)
    at = {gate: slice(4 * n, 4 * n + 4) for n, gate in enumerate(order)}
    h = np.zeros((len(x), 4))
    steps, gates = [], []
    for step in range(x.shape[1]):
        p = x[:, step] @ kernel + b
        q = h @ inner + c
        z, r = sigmoid(p[:, at["z"]] + q[:, at["z"]]), sigmoid(p[:, at["r"]] + q[:, at["r"]])
        before = (r * h) @ inner[:, at["h"]] + c[at["h"]]
        own = r * q[:, at["h"]] if after else before
        h = z * h + (1 - z) * np.tanh(p[:, at["h"]] + own)
        steps.append(h)
        gates.append(z)
    if inside:
        return {"z": np.stack(gates, axis=1)}
    return {"h": np.stack(steps, axis=1) if layer.return_sequences else h}


GRUS = "gru gru_before gru_sequences"


@mistake("reset_after", models=GRUS)
def other_reset(model: Any, x: np.ndarray) -> Arrays:
    return gru(model, x, after=not model.layers[0].reset_after)


@mistake("order of gates", models=GRUS)
def gates_of_torch(model: Any, x: np.ndarray) -> Arrays:
    return gru(model, x, after=model.layers[0].reset_after, order="rzh")


@mistake("order of gates", models=GRUS)
def update_gate_of_torch(model: Any, x: np.ndarray) -> Arrays:
    return gru(model, x, after=model.layers[0].reset_after, order="rzh", inside=True)


# Dropout and attention

DROPOUTS = "dropout dropout_2 dropout_3"


@mistake("dropout at inference", models=DROPOUTS)
def dropped(model: Any, x: np.ndarray) -> Arrays:
    rate = model.layers[0].rate
    kept = np.random.default_rng(3).random(x.shape) > rate
    return {"y": x * kept / (1 - rate)}


@mistake("dropout at inference", models=DROPOUTS)
def scaled(model: Any, x: np.ndarray) -> Arrays:
    w, b = weights(model, 1)
    return {"z": x * (1 - model.layers[0].rate) @ w + b}


ATTENTIONS = "attention attention_2 attention_3"


def attend(
    model: Any,
    x: np.ndarray,
    *,
    scale: Any = None,
    split: str = "",
    axis: int = -1,
    inside: bool = False,
) -> Arrays:
    """inside: return the query, and the weights of the first head."""
    wq, bq, wk, bk, wv, bv, wo, bo = weights(model, 1)
    features, heads, size = wq.shape

    def heads_of(w: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(samples, heads, steps, size)"""
        flat = x @ w.reshape(features, -1) + b.ravel()
        if split == "without transposition":
            return flat.reshape(len(x), heads, -1, size)
        if split == "size first":
            return flat.reshape(len(x), -1, size, heads).transpose(0, 3, 1, 2)
        return flat.reshape(len(x), -1, heads, size).transpose(0, 2, 1, 3)

    q, k, v = heads_of(wq, bq), heads_of(wk, bk), heads_of(wv, bv)
    scores = q @ k.swapaxes(2, 3) * (1 / np.sqrt(size) if scale is None else scale)
    if inside:
        return {"q": q, "a": softmax(scores, axis)[:, 0]}
    context = softmax(scores, axis) @ v
    joined = context.transpose(0, 2, 1, 3).reshape(len(x), -1, heads * size)
    return {"y": joined @ wo.reshape(heads * size, -1) + bo}


@mistake("scale of attention", models=ATTENTIONS)
def not_scaled(model: Any, x: np.ndarray) -> Arrays:
    return attend(model, x, scale=1.0)


@mistake("scale of attention", models=ATTENTIONS)
def weights_not_scaled(model: Any, x: np.ndarray) -> Arrays:
    return attend(model, x, scale=1.0, inside=True)


@mistake("heads split", models=ATTENTIONS)
def heads_reshaped(model: Any, x: np.ndarray) -> Arrays:
    return attend(model, x, split="without transposition")


@mistake("heads split", models=ATTENTIONS)
def heads_last(model: Any, x: np.ndarray) -> Arrays:
    return attend(model, x, split="size first")


@mistake("softmax axis", models=ATTENTIONS)
def over_queries(model: Any, x: np.ndarray) -> Arrays:
    return attend(model, x, axis=-2)
