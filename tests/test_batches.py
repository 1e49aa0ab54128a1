"""NAME_predict_batch: samples in blocks where one alone would only stream weights."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers

import kgen
from kgen.library import STRICT, Library
from kgen.schedule.batch import SAMPLES

FAR = keras.initializers.Constant(20.0)
"""A bias under which a ReLU gives no zero."""

COUNTS = (1, 2, 4, 7, 11, SAMPLES - 1, SAMPLES, SAMPLES + 3, 2 * SAMPLES - 3)

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")

MAIN = """
#include "model.h"
#include <math.h>
#include <stdlib.h>

static float *filled(size_t count)
{
    float *const x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; ++i)
        x[i] = (float)(i * 37 % 61) / 32.0f - 1.0f;
    return x;
}

int main(void)
{
    static const size_t counts[] = {COUNTS};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; ++k) {
        const size_t n = counts[k];
        float *const a = filled(n * 90), *const b = filled(n * 14);
        float *const y = malloc(n * 12), *const z = malloc(n * 160), one[3], other[40];
        if (model_predict_batch(n, a, b, y, z) != MODEL_OK)
            return 1;
        for (size_t s = 0; s < n; ++s) {
            model_predict(a + s * 90, b + s * 14, one, other);
            for (size_t i = 0; i < 3; ++i)
                if (!(fabsf(one[i] - y[s * 3 + i]) < 1e-5f))
                    return 2;
            for (size_t i = 0; i < 40; ++i)
                if (!(fabsf(other[i] - z[s * 40 + i]) < 1e-5f))
                    return 3;
        }
        free(a), free(b), free(y), free(z);
    }
    return 0;
}
"""


def several() -> keras.Model:
    """Two inputs and two outputs, and kinds of nodes that have a batch axis of their own."""
    a, b = Input((90,), name="a"), Input((2, 7), name="b")
    x = layers.Concatenate()([a, layers.Flatten()(b)])
    hidden = layers.LayerNormalization()(layers.Dense(110, activation="gelu")(x))
    y = layers.Dense(3, activation="softmax")(layers.Dense(110)(hidden) + hidden)
    z = layers.Permute((2, 1))(layers.Reshape((4, 10))(layers.Dense(40)(hidden)))
    return Model([a, b], [y, z])


def rectified() -> keras.Model:
    """Rows of which half is zero, or nothing; whole and partial panels, and parts of the terms."""
    a, b = Input((90,), name="a"), Input((2, 7), name="b")
    x = layers.Concatenate()([a, layers.Flatten()(b)])
    half = layers.Dense(110, activation="relu", name="half")(x)
    full = layers.Dense(90, activation="relu", name="full")(half)
    far = layers.Dense(60, activation="relu", bias_initializer=FAR, name="far")(full)
    y = layers.Dense(110, activation="tanh", use_bias=False, name="late")(far) + half
    z = layers.Reshape((10, 4))(layers.Dense(40, name="narrow")(half))
    return Model([a, b], [layers.Dense(3, activation="softmax")(y), z])


def words() -> keras.Model:
    """Can fail: an id may be out of range."""
    ids = Input((6,), dtype="int32")
    x = layers.Flatten()(layers.Embedding(9, 20)(ids))
    return Model(ids, layers.Dense(5)(layers.Dense(90, activation="relu")(x)))


def images() -> keras.Model:
    return Sequential(
        [Input((8, 8, 3)), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(50), layers.Dense(2)]
    )


def sequences() -> keras.Model:
    return Sequential([Input((3, 40)), layers.LSTM(60), layers.Dense(2)])


def tiny() -> keras.Model:
    return Sequential([Input((20,)), layers.Dense(30), layers.Dense(2)])


def exported(model: keras.Model, style: str = "fast") -> dict[str, str]:
    keras.utils.set_random_seed(1)
    return kgen.export(model, style=style, name="model", check=False)


@pytest.mark.parametrize("build", [images, sequences, tiny])
def test_no_blocks_where_they_would_not_pay(build: Callable[[], keras.Model]) -> None:
    assert "run_block" not in exported(build())["model.c"]


def test_blocks_on_weights_of_four_bits() -> None:
    """They read the single sample's integers, scales and zeros."""
    keras.utils.set_random_seed(1)
    model = Sequential([Input((330,)), layers.Dense(230, "tanh"), layers.Dense(3)])
    for layer in model.layers:
        layer.quantize("int4", config=keras.quantizers.Int4QuantizationConfig(block_size=48))
    files = kgen.export(model, style="fast", name="model", check=False)
    assert "model_run_block" in files["model.c"]
    assert files["model.c"].count("_kernel[") <= 2
    x = np.random.default_rng(1).standard_normal((SAMPLES + 5, 330)).astype(np.float32)
    found = Library(files, flags=(*STRICT, "-O1")).predict(x)
    np.testing.assert_allclose(found, model(x), rtol=1e-4, atol=1e-5)


def test_blocks_with_few_units_at_the_end() -> None:
    """Their weights, too, are there once."""
    keras.utils.set_random_seed(1)
    model = Sequential([Input((330,)), layers.Dense(230, "tanh"), layers.Dense(1, "sigmoid")])
    files = kgen.export(model, style="fast", name="model", check=False)
    assert "model_run_block" in files["model.c"]
    assert "model_dot(230, " in files["model.c"]
    assert files["model.c"].count("_kernel[") <= 2
    x = np.random.default_rng(1).standard_normal((SAMPLES + 5, 330)).astype(np.float32)
    found = Library(files, flags=(*STRICT, "-O1")).predict(x)
    np.testing.assert_allclose(found, model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("build", [several, rectified])
@pytest.mark.parametrize(("cc", "flags"), [("gcc", SANITIZERS), ("clang", ())])
def test_blocks_are_as_one_by_one(
    build: Callable[[], keras.Model], cc: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    """Of all sizes, with sanitizers, each array just as large as it has to be."""
    if shutil.which(cc) is None:
        pytest.skip(f"no {cc}")
    files = exported(build())
    assert "model_run_block" in files["model.c"]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "main.c").write_text(MAIN.replace("COUNTS", ", ".join(map(str, COUNTS))))
    sources = [name for name in files if name.endswith(".c")]
    command = [cc, *STRICT, "-O1", "-march=native", *flags, "-o", "main", "main.c", *sources]
    subprocess.run([*command, "-lm"], cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "main"], check=True)


def test_blocks_agree_with_keras() -> None:
    model = several()
    x = [
        np.random.default_rng(0).random((SAMPLES + 3, *i.shape[1:]), np.float32)
        for i in model.inputs
    ]
    found = Library(exported(model)).predict(*x)
    for a, b in zip(found, model.predict(x, verbose=0), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


VECTORS = (("-march=native",), ("-mavx2", "-mfma", "-mno-avx512f"), ("-DMODEL_NO_VECTORS",))


@pytest.mark.parametrize("flags", VECTORS)
def test_zeros_are_left_out_of_blocks(flags: tuple[str, ...]) -> None:
    """Where they are many when the code runs; a NaN stays in its sample."""
    if "-mavx2" in flags and not {"avx2", "fma"} <= set(Path("/proc/cpuinfo").read_text().split()):
        pytest.skip("no AVX2")
    model = rectified()
    files = exported(model)
    both = {"full": "first, int last, ", "far": "first, int last, ", "late": "width, "}
    for layer, first in both.items():
        assert f"void model_{layer}_block_some(int {first}" in files["model.c"]
        assert f"model_{layer}_block_all(samples, x" in files["model.c"]
    assert "narrow_block_some" not in files["model.c"]  # it would save too little
    generator = np.random.default_rng(0)
    x = [
        generator.standard_normal((SAMPLES, *i.shape[1:])).astype(np.float32) for i in model.inputs
    ]
    x[0][7, 3] = np.nan
    found = Library(files, flags=(*STRICT, "-O2", *flags)).predict(*x)
    for a, b in zip(found, model.predict(x, verbose=0), strict=True):
        assert np.isnan(a[7]).all()  # TensorFlow's ReLU makes zero of it
        others = (np.delete(values, 7, 0) for values in (a, b))
        np.testing.assert_allclose(*others, rtol=1e-4, atol=1e-5)


def test_an_input_that_nothing_reads() -> None:
    """No warning of it."""
    x, idle = Input((40,)), Input((3,), name="idle")
    made = Model([x, idle], layers.Dense(300)(x))
    files = exported(made)
    assert "(void)idle" in files["model.c"]
    batch = [np.ones((SAMPLES, 40), np.float32), np.zeros((SAMPLES, 3), np.float32)]
    found = Library(files, flags=(*STRICT, "-O1")).predict(*batch)
    np.testing.assert_allclose(found, np.asarray(made(batch)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("wrong", [5, SAMPLES + 8, 2 * SAMPLES - 4])
def test_an_error_in_a_block(wrong: int) -> None:
    """The samples before the wrong one are done, the others' outputs are as they were."""
    model = words()
    library = Library(exported(model))
    count = 2 * SAMPLES - 3
    ids = np.random.default_rng(0).integers(0, 9, (count, 6), np.int32)
    right = library.predict(ids)
    ids[wrong, 3] = 9
    found = np.full_like(right, 7)
    assert library.call(count, [ids], [found]) == 2
    np.testing.assert_allclose(found[:wrong], right[:wrong], rtol=1e-5, atol=1e-6)
    assert (found[wrong:] == 7).all()


def test_the_own_workspace_is_reported() -> None:
    files = exported(several())
    sizes = re.findall(r"_WORKSPACE_BYTES (\d+)", files["model.h"])
    one, own = map(int, sizes)
    arrays = re.findall(r"float arena\[(\d+)\]", files["model.h"] + files["model.c"])
    assert [one, own] == [4 * int(count) for count in arrays]


def test_a_limit_counts_the_block() -> None:
    assert "run_block" in exported(several())["model.c"]
    for workspace in ("static", "caller"):
        options = {"check": False, "ram_limit": "8k", "workspace": workspace}
        files = kgen.export(several(), name="model", **options)
        assert "run_block" not in files["model.c"]
        assert ("sample by sample" in files["model_README.md"]) == (workspace == "static")
