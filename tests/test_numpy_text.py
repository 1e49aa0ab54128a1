"""What the NumPy modules do for speed: numbers at the edges, and what their text says."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers, ops

from kgen import targets
from kgen.pipeline import Export
from kgen.render.environment import environment
from kgen.targets.numpy_op import Functions
from tests.cases._build import Function
from tests.harness import randomize

EDGES = np.float32([-np.inf, -3e38, -90, -20, -3, -1e-3, -0.0, 0, 1e-3, 3, 20, 90, 3e38, np.inf])


def text_of(model: keras.Model) -> str:
    return str(Export(model, "model", {}).files("numpy", "fast")["model.py"])


def check(model: keras.Model, x: np.ndarray, **tolerance: float) -> str:
    """The module's text, which gives what the model gives."""
    text = text_of(model)
    with np.errstate(all="ignore"):
        wanted = model.predict(x, verbose=0)
    np.testing.assert_allclose(targets.run(text, [x])[0], wanted, **tolerance)
    return text


@pytest.mark.parametrize(
    "name", ["softplus", "mish", "elu", "selu", "leaky_relu", "log_sigmoid", "gelu"]
)
def test_functions_at_the_edges(name: str) -> None:
    """Infinities too. TensorFlow's own mish and gelu of -inf are NaN, as is 0 * inf."""
    x = EDGES[:, None]
    model = Sequential([Input((1,)), layers.Activation(name)])
    x = x[1:] if name in ("mish", "gelu") else x
    check(model, x, rtol=1e-5, atol=1e-7)
    (of_nan,) = targets.run(text_of(model), [np.float32([[np.nan]])])
    assert np.isnan(of_nan).all()


def test_slopes_above_one() -> None:
    model = Sequential([Input((1,)), layers.LeakyReLU(1.5)])
    check(model, EDGES[:, None], rtol=1e-6)


@pytest.mark.parametrize("kind", [layers.MaxPooling2D, layers.AveragePooling2D])
@pytest.mark.parametrize("options", [
    {"pool_size": (2, 3), "strides": (2, 1)},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": 1, "strides": 2},
])  # fmt: skip
def test_pooling(kind: type, options: dict[str, object]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype(np.float32)
    check(Sequential([Input((7, 6, 3)), kind(**options)]), x, rtol=1e-5, atol=1e-6)


def test_pooling_passes_nan_over() -> None:
    """A window of nothing else gives the lowest number, as in TensorFlow."""
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    x[0, 0, 1] = x[0, 2:, 2:] = np.nan
    check(Sequential([Input((4, 4, 1)), layers.MaxPooling2D()]), x)


@pytest.mark.parametrize("options", [
    {"pool_size": 2}, {"pool_size": 3, "strides": 2}, {"pool_size": 4, "strides": 1},
    {"pool_size": 2, "padding": "same"},
])  # fmt: skip
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_pooling_begins_with_the_lowest_number(
    options: dict[str, object], data_format: str
) -> None:
    """It is what TensorFlow makes of NaN and -inf alone; numbers whose squares are infinite, and
    infinities, stay themselves.
    """
    x = np.full((1, 13, 1), -np.inf, np.float32)
    x[0, 3, 0], x[0, 6, 0], x[0, 9, 0], x[0, 12, 0] = np.nan, 3e38, np.inf, -3e38
    model = Sequential([Input((13, 1)), layers.MaxPooling1D(**options)])
    wanted = model.predict(x, verbose=0)
    if data_format == "channels_first":  # TensorFlow has none on processors
        model = Sequential(
            [Input((1, 13)), layers.MaxPooling1D(**options, data_format=data_format)]
        )
        x, wanted = x.swapaxes(1, 2), wanted.swapaxes(1, 2)
    np.testing.assert_array_equal(targets.run(text_of(model), [x])[0], wanted)


def test_small_windows_are_slices() -> None:
    x = Input((9, 8, 2))
    largest = layers.MaxPooling2D((3, 2), 2, name="largest")(x)
    model = Model(x, layers.AveragePooling2D((1, 2), (2, 1), name="mean")(largest))
    text = check(model, np.random.default_rng(0).normal(size=(2, 9, 8, 2)).astype(np.float32))
    assert "largest = np.fmax(largest[:, :, ::2], largest[:, :, 1::2])" in text
    assert "mean = (mean[:, :, :3] + mean[:, :, 1:]) / 2" in text


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_numbers_that_are_not_counted(dtype: str, mode: str) -> None:
    """Too large ones are left out; negative ones are refused, those that are -1 - 2**n too."""
    model = Sequential([Input((3,), dtype=dtype), layers.CategoryEncoding(4, output_mode=mode)])
    predict, limits = text_of(model), np.iinfo(dtype)
    found = targets.run(predict, [np.array([[1, 2, 1], [3, 4, limits.max], [0, 3, 3]], dtype)])[0]
    of_two = 1 if mode == "multi_hot" else 2
    np.testing.assert_array_equal(found, [[0, of_two, 1, 0], [0, 0, 0, 1], [1, 0, 0, of_two]])
    assert found.dtype == np.float32
    for wrong in (-1, -4, -5, limits.min, limits.min + 1):
        with pytest.raises(IndexError, match="negative"):
            targets.run(predict, [np.array([[1, 2, 3], [0, wrong, 1]], dtype)])


@pytest.mark.parametrize("strides", [(1, 2), (3, 2), (4, 5)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
@pytest.mark.parametrize("crop", [0, 1])
def test_transposed_by_runs(strides: tuple[int, ...], dilation: tuple[int, ...], crop: int) -> None:
    """The function itself, for Keras has no strides together with dilation."""
    generator = np.random.default_rng(0)
    x, kernel = generator.normal(size=(2, 3, 4, 2)), generator.normal(size=(2, 3, 4, 5))
    each = zip((3, 4), (3, 4), strides, dilation, strict=True)
    rows, columns = (s * (n - 1) + d * (w - 1) + 2 for n, w, s, d in each)
    wanted = np.zeros((2, rows, columns, 5))
    for p, q, i, j in np.ndindex(3, 4, 3, 4):
        row, column = strides[0] * p + dilation[0] * i, strides[1] * q + dilation[1] * j
        wanted[:, row, column] += x[:, p, q] @ kernel[:, i, j]
    functions = Functions(environment("numpy"), set())
    functions.use("conv_transpose")
    module: dict[str, Any] = {"np": np}
    exec("\n".join(functions.texts), module)
    sizes = (rows - crop, columns - crop)
    found = module["conv_transpose"](x, kernel, strides, (crop, crop), sizes, dilation)
    np.testing.assert_allclose(found, wanted[:, crop:, crop:], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("options", [
    {"kernel_size": (3, 2)}, {"kernel_size": 3, "padding": "same"},
    {"kernel_size": 2, "dilation_rate": 3},
])  # fmt: skip
def test_transposed_without_strides_is_a_convolution(options: dict[str, object]) -> None:
    model = Sequential([Input((5, 6, 3)), layers.Conv2DTranspose(4, **options)])
    randomize(model, 0)
    x = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype(np.float32)
    text = check(model, x, rtol=1e-4, atol=1e-5)
    assert "kernel_turned = np.ascontiguousarray(" in text
    assert "def conv_transpose" not in text


def test_convolutions_of_one_pixel_are_products() -> None:
    """Where lines are short, of all pixels at once, lest a large kernel is read for each."""
    x = Input((12, 12, 3))
    y = layers.Conv2D(5, 1, strides=(1, 2), name="wide")(layers.Conv2D(4, 1, name="first")(x))
    model = Model(x, layers.Conv2D(2, 1, name="narrow")(y))
    randomize(model, 0)
    inputs = np.random.default_rng(0).normal(size=(3, 12, 12, 3)).astype(np.float32)
    text = check(model, inputs, rtol=1e-4, atol=1e-5)
    assert " @ first_kernel[0, 0] + first_bias" in text
    assert "wide = conv(first, wide_kernel, strides=(1, 2)) + wide_bias" in text
    assert "narrow = conv(wide, narrow_kernel) + narrow_bias" in text


def test_a_tied_table_is_written_once() -> None:
    x = Input((3,), dtype="int32")
    words = layers.Embedding(40, 8, name="words")
    model = Model(x, ops.matmul(words(x), ops.transpose(words.embeddings)))
    text = check(model, np.int32([[1, 2, 39], [0, 5, 7]]), rtol=1e-5, atol=1e-6)
    turned = "words_embeddings_transposed"
    assert f"{turned} = np.ascontiguousarray(words_embeddings.T)" in text
    assert f" @ {turned}" in text
    assert text.count("np.array(") == 1


def test_upsampling_is_repeat() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2)).astype(np.float32)
    text = check(Sequential([Input((3, 4, 2)), layers.UpSampling2D((2, 3))]), x)
    assert ".repeat(2, axis=1)" in text
    assert ".repeat(3, axis=2)" in text
    assert ".reshape(" not in text
    assert ".copy()" not in text


def test_what_else_reads_a_repeated_array() -> None:
    """By the shapes that the graph has for it; of one shape it stays the array that it was."""
    x = Input((3, 2))
    y = layers.UpSampling1D(2, name="wide")(x)
    model = Model(x, [y, ops.reshape(y, (-1, 4, 3)), layers.UpSampling1D(3)(y)])
    array = np.random.default_rng(0).normal(size=(2, 3, 2)).astype(np.float32)
    text = text_of(model)
    for found, wanted in zip(targets.run(text, [array]), model(array), strict=True):
        np.testing.assert_array_equal(found, np.asarray(wanted))
    assert text.count(".repeat(") == 2


@pytest.mark.parametrize("shape", [(40, 40, 32), (20, 20, 32), (9, 3, 2)])
def test_convolutions_by_parts(shape: tuple[int, ...]) -> None:
    """Of lines, of samples, and all at once."""
    model = Sequential([Input(shape), layers.Conv2D(3, 3)])
    randomize(model, 0)
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    check(model, x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_gates_of_convolutions_are_one(data_format: str) -> None:
    """Of what comes in and of the state a convolution each; its parts have the names they had."""
    kind = layers.ConvLSTM1D(3, 2, padding="same", data_format=data_format, name="loop")
    shape = (4, 5, 2) if data_format == "channels_last" else (4, 2, 5)
    model = Sequential([Input(shape), kind])
    randomize(model, 0)
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    text = text_of(model)
    wanted = np.asarray(model(x))
    np.testing.assert_allclose(targets.run(text, [x])[0], wanted, rtol=1e-4, atol=1e-5)
    assert "loop_x_gates_frames = conv(" in text
    assert "loop_x_gates = loop_x_gates_steps[:, t]" in text
    assert text.count("= conv(") == 2
    assert "\nloop_kernel = " in text
    assert "loop_kernel_input" not in text


def test_results_of_all_steps_may_be_too_large() -> None:
    """Then each step convolves its own."""
    cell = layers.ConvLSTM2D(32, 1, name="loop")
    text = text_of(Sequential([Input((9, 32, 32, 1)), cell]))
    assert "loop_x_gates = conv(" in text or "loop_x_gates = loop_x @" in text
    assert "loop_x_gates_steps" not in text


def test_backwards_too() -> None:
    inner = layers.ConvLSTM1D(3, 2, padding="same", return_sequences=True, go_backwards=True)
    model = Sequential([Input((4, 5, 2)), inner])
    randomize(model, 0)
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 2)).astype(np.float32)
    text = text_of(model)
    wanted = np.asarray(model(x))
    np.testing.assert_allclose(targets.run(text, [x])[0], wanted, rtol=1e-4, atol=1e-5)
    assert "_gates_steps[:, -1 - t]" in text


def test_steps_without_states_are_samples() -> None:
    inner = layers.Conv1D(3, 2, activation="relu", name="inner")
    model = Sequential([Input((4, 5, 2)), layers.TimeDistributed(inner, name="steps")])
    randomize(model, 0)
    x = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype(np.float32)
    text = check(model, x, rtol=1e-4, atol=1e-5)
    assert "steps_x = input_layer" in text
    assert ".reshape(-1, 5, 2)" in text
    assert "for t in" not in text


@pytest.mark.parametrize("of", [np.nan, np.inf, 3e38, 1])
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_resizing_by_a_product(method: str, of: float) -> None:
    """What is not finite reaches its neighbours alone."""
    x = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype(np.float32)
    x[0, 1, 2, 1] = of
    model = Sequential([Input((5, 7, 3)), layers.Resizing(8, 11, method, name="large")])
    text = text_of(model) if of != 1 else check(model, x, rtol=1e-4, atol=1e-5)
    gathering = text.replace("if matrix is not None and", "if False and")
    (found,), (wanted,) = targets.run(text, [x]), targets.run(gathering, [x])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert gathering != text
    assert "matrix=large_resize_matrix" in text
    assert text.count("_matrix = resize(np.eye(") == 2


def test_long_axes_are_gathered() -> None:
    text = text_of(Sequential([Input((40, 8, 1)), layers.Resizing(20, 16)]))
    assert text.count("matrix=resizing_matrix") == 1
    assert "np.eye(40" not in text


@pytest.mark.parametrize("function", ["argmax", "argmin"])
def test_first_of_equals(function: str) -> None:
    """Zeros of both signs, NaN, infinities, and none of them."""
    zeros, rest = [1, -0.0, 0.0, -0.0, 2], [3, np.nan, -np.inf, 3, -np.inf]
    rows = [zeros, [-1, -0.0, 0.0, -0.0, -2], rest, [5, 4, 3, 2, 1], [np.nan] * 5]
    layer = Function(lambda x: getattr(ops, function)(x, axis=-1))
    model = Sequential([Input((5,)), layer])
    for x in (np.float32(rows), np.float32([rows[3]]), np.float32(rows[:2]), np.float32(rows[2:3])):
        check(model, x)
