"""Weights of two bytes: rounded by --weights-dtype, or of models that compute in such types."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers

import kgen
from kgen import ExportError, checking, targets
from kgen.ir.value import HALVES, rounded
from kgen.library import STRICT, Library
from kgen.options import FORMS, STYLES
from kgen.passes.packing import store_halves
from kgen.pipeline import Export
from kgen.render.literals import shortened
from tests.harness import randomize
from tests.test_weights import built, run


def images() -> keras.Model:
    """Every kind of convolution, with normalisations behind them."""
    model = Sequential(name="images")
    model.add(Input((9, 8, 3)))
    for layer in (
        layers.Conv2D(20, 3, strides=2),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.DepthwiseConv2D(3, padding="same"),
        layers.BatchNormalization(),
        layers.Conv2DTranspose(7, 2, strides=2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(70, activation="tanh"),
        layers.Dense(5),
    ):
        model.add(layer)
    return model


def words() -> keras.Model:
    """Embeddings, loops and attention."""
    tokens = Input((6,), dtype="int32")
    options = {"return_sequences": True, "recurrent_initializer": "zeros"}  # bfloat16 has no other
    x = layers.Embedding(50, 20, name="table")(tokens)
    x = layers.Bidirectional(layers.LSTM(9, **options), name="both")(x)
    x = layers.GRU(11, name="gru", **options)(x)
    x = layers.LayerNormalization(name="norm")(layers.MultiHeadAttention(2, 5, name="att")(x, x))
    return Model(tokens, layers.Dense(4, name="last")(x), name="words")


MODELS = {"images": images, "words": words}


@pytest.fixture(scope="module", params=[(m, d) for m in MODELS for d in HALVES], ids="-".join)
def job(request: pytest.FixtureRequest) -> Export:
    name, dtype = request.param
    keras.utils.clear_session()
    model = MODELS[name]()
    randomize(model, 3)
    return Export(model, name, {}, weights_dtype=dtype)


def wanted(job: Export, inputs: list[np.ndarray]) -> np.ndarray:
    with job.rounding():
        return np.asarray(job.model(*inputs, training=False))


@pytest.mark.parametrize("style", STYLES)
def test_equal_to_the_rounded_model(job: Export, style: str) -> None:
    inputs = job.samples(3)
    found = Library(job.files("c", style), flags=(*STRICT, "-O2")).predict(*inputs)
    np.testing.assert_allclose(found, wanted(job, inputs), rtol=1e-4, atol=2e-6)
    assert not np.allclose(found, np.asarray(job.model(*inputs)), rtol=1e-5)


def test_numpy_holds_the_same_numbers(job: Export) -> None:
    inputs = job.samples(3)
    text = job.files("numpy", "fast")[f"{job.name}.py"]
    (found,) = targets.run(text, inputs)
    np.testing.assert_array_equal(found, job.evaluated(inputs, found)[0])
    np.testing.assert_allclose(found, wanted(job, inputs), rtol=1e-4, atol=2e-6)
    whole = Export(job.model, job.name, {}).files("numpy", "fast")[f"{job.name}.py"]
    assert len(text) < 0.85 * len(whole)


def test_which_are_rounded(job: Export) -> None:
    """Kernels and tables, and nothing else; the model keeps its own weights."""
    before = job.model.get_weights()
    evidence = checking.check(job)
    assert evidence.parity is not None
    assert evidence.parity < 1e-5 < evidence.rounding < 0.1
    for constant in job.graph.constants:
        kernel = constant.name.rpartition("/")[2].startswith(("kernel", "recurrent", "embeddings"))
        depthwise = constant.name.endswith("depthwise_kernel")
        assert bool(constant.stored) == (kernel or depthwise), constant.name
        if constant.stored:
            np.testing.assert_array_equal(rounded(constant.data, constant.stored), constant.data)
    whole = Export(job.model, job.name, {}).plan
    small = sum(c.nbytes for c in job.graph.constants if c.stored)
    assert job.plan.weight_bytes < whole.weight_bytes - 0.9 * small
    for old, new in zip(before, job.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


FLAGS = {
    "native": ("-O2", "-march=native"),
    "plain": ("-O1",),
    "scalar": ("-O1", "-DALL_NO_VECTORS"),
}


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("dtype", [*HALVES, "float8_e4m3fn"])
def test_every_number(dtype: str, flags: str) -> None:
    """All there are, read as vectors (the kernel) and one by one (the table)."""
    whole = np.uint16 if dtype in HALVES else np.uint8
    numbers = np.arange(np.iinfo(whole).max + 1, dtype=whole).view(dtype).astype(np.float32)
    rows = numbers.size // 64
    product = Sequential([Input((1,)), layers.Dense(numbers.size, use_bias=False)])
    product.layers[0].set_weights([numbers.reshape(1, -1)])
    table = Sequential([Input((rows,), dtype="int32"), layers.Embedding(rows, 64)])
    table.layers[0].set_weights([numbers.reshape(rows, 64)])
    for model, x in ((product, np.ones((1, 1), np.float32)), (table, np.arange(rows)[None])):
        job = Export(model, "all", {})
        vars(job)["graph"] = store_halves(job.graph, [dtype])
        files = job.files("c", "fast")
        found = Library(files, flags=(*STRICT, *FLAGS[flags])).predict(x).reshape(-1)
        assert job.graph.constants[0].stored == dtype
        np.testing.assert_array_equal(found, numbers)
        known = ~np.isnan(numbers) & ((numbers != 0) | (model is table))  # 0 + -0 is 0
        np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(numbers)[known])


@pytest.mark.parametrize("dtype", HALVES)
def test_short_decimals(dtype: str) -> None:
    numbers = np.arange(2**16, dtype=np.uint16).view(dtype).astype(np.float32)
    short = shortened(numbers, dtype)
    np.testing.assert_array_equal(rounded(short, dtype), numbers)
    texts = [str(x).partition("e")[0] for x in short[np.isfinite(short)][::97]]
    digits = [len(text.replace(".", "").strip("-0")) for text in texts]
    assert max(digits) <= 5


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, tmp_path: Path) -> None:
    keras.utils.clear_session()
    model = Sequential([Input((5,)), layers.Dense(33, name="a"), layers.Dense(3, name="b")])
    randomize(model, 1)
    files = kgen.export(model, name="m", weights=form, with_test=True, weights_dtype="bfloat16")
    result = run(built(files, tmp_path))
    assert result.returncode == 0, result.stdout
    assert '"weights_dtype": "bfloat16"' in str(files["m.json"])
    assert "rounded to bfloat16" in str(files["m_README.md"])


def test_verify() -> None:
    keras.utils.clear_session()
    model = images()
    randomize(model, 3)
    report = kgen.verify(model, count=2, weights_dtype="bfloat16")
    assert report.ok
    assert max(one.difference.relative for one in report.comparisons) < 1e-5
    assert [one.output for one in report.rounding] == ["dense_1"]
    assert 1e-5 < report.rounding[0].difference.relative < 0.1
    assert not kgen.verify(model, count=1).rounding


def test_refusals() -> None:
    model = Sequential([Input((2,)), layers.Dense(3, name="wide")], name="m")
    model.layers[0].set_weights([np.full((2, 3), 1e5), np.zeros(3)])
    with pytest.raises(ExportError, match=r"float16 .*'?wide/kernel.*bfloat16"):
        kgen.export(model, weights_dtype="float16")
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], np.full((2, 3), 1e5))
    kgen.export(model, weights_dtype="bfloat16", check=False)
    with pytest.raises(ExportError, match="choose float32, float16 or bfloat16"):
        kgen.export(model, weights_dtype="int8")


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_models_that_compute_in_halves(policy: str) -> None:
    """Their weights take two bytes, though the source computes with floats."""
    keras.utils.clear_session()
    keras.config.set_dtype_policy(policy)
    try:
        model = words()
    finally:
        keras.config.set_dtype_policy("float32")
    randomize(model, 4)
    job = Export(model, "words", {})
    assert checking.check(job).parity < 2e-2
    large = [constant for constant in job.graph.constants if constant.size > 50]
    assert large
    assert {constant.stored for constant in large} == {policy.removeprefix("mixed_")}
