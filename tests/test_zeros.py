"""Products that leave out the terms whose element of x is zero, a bit saying so of each."""

from __future__ import annotations

import ctypes
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import kgen
from kgen import targets
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from kgen.schedule import Product
from kgen.schedule.batch import SAMPLES
from kgen.schedule.sparse import WORDS
from kgen.targets.c_vectors import head, helpers

VARIANTS = {
    "widest": ("-march=native",),
    "avx2": ("-mavx2", "-mfma", "-mno-avx512f"),
    "sse2": (),
    "no_vectors": ("-DMODEL_NO_VECTORS",),
}

SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def flags_of(variant: str) -> tuple[str, ...]:
    if variant == "avx2" and not {"avx2", "fma"} <= set(Path("/proc/cpuinfo").read_text().split()):
        pytest.skip("no AVX2")
    return VARIANTS[variant]


def rectified(units: int = 70) -> keras.Model:
    """One pixel of 40 elements after a ReLU."""
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(40, activation="relu"),
            layers.Dense(units, name="last", bias_initializer="ones"),
        ]
    )


def skipping(model: keras.Model) -> int:
    """How many products of the fast style leave out zeros."""
    plan = targets.fast(Export(model, "model", {}).plan)
    return sum(isinstance(node, Product) and node.skips for node in plan.graph.nodes)


def test_skipped_zeros_hide_no_nan() -> None:
    """x: numbers, NaN, minus infinity (so that zeros are all that there is), infinity. Keras's own
    ReLU loses NaN on some processors; the readable style keeps it.
    """
    model = rectified()
    first = model.layers[0]
    first.set_weights([np.abs(w) for w in first.get_weights()])
    assert skipping(model) == 1
    x = np.random.default_rng(1).standard_normal((4, 12)).astype(np.float32)
    x[1, 3], x[2], x[3] = np.nan, -np.inf, np.inf
    found, plain = (
        Library(kgen.export(model, name="model", style=style, check=False)).predict(x)
        for style in ("fast", "readable")
    )
    np.testing.assert_allclose(found, plain, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[0], model.predict(x, verbose=0)[0], rtol=1e-5, atol=1e-6)
    assert np.isnan(found[1]).all()
    assert (found[2] == 1.0).all()


def test_zeros_are_not_skipped_in_vain() -> None:
    """Nor where a weight is infinite: zero times infinity is NaN."""
    assert skipping(rectified(units=8)) == 0
    model = rectified()
    kernel, bias = model.get_layer("last").get_weights()
    kernel[3, 5] = np.inf
    model.get_layer("last").set_weights([kernel, bias])
    assert skipping(model) == 0


def test_far_weights_are_asked_for_ahead() -> None:
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(1100, activation="relu"), layers.Dense(256)]
    )
    files = kgen.export(model, name="model", check=False)
    assert re.search(r"model_stream_some\(.*, 1, w", files["model.c"])
    x = np.random.default_rng(1).standard_normal((2, 8)).astype(np.float32)
    found = Library(files, flags=(*STRICT, "-O2")).predict(x)
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-5, atol=1e-5)


BITS = """
int find(int n, const float *x, uint64_t *nonzero) { return model_find_nonzero(n, x, nonzero); }
int lowest(uint64_t bits) { return model_lowest(bits); }
"""


@pytest.mark.parametrize("variant", [*VARIANTS, "another compiler"])
def test_bits_of_what_is_not_zero(variant: str, tmp_path: Path) -> None:
    """Of no more words than there are elements for, with and without gcc's functions for bits."""
    known = variant in VARIANTS
    flags = flags_of(variant if known else "no_vectors")
    text = "\n".join([head("model"), "#include <stdbool.h>", *helpers("model", [BITS]), BITS])
    text = text if known else text.replace("defined __GNUC__", "0")
    (tmp_path / "bits.c").write_text(text)
    command = ["cc", *STRICT, "-O2", *flags, "-fPIC", "-shared"]
    subprocess.run([*command, "bits.c", "-o", "bits.so"], cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "bits.so"))
    library.lowest.argtypes = [ctypes.c_uint64]
    assert [library.lowest(3 << k) for k in range(63)] == list(range(63))
    assert library.lowest(1 << 63) == 63
    generator = np.random.default_rng(0)
    special = np.array([0, -0.0, np.nan, np.inf, -np.inf, 1e-45, -1e-45, 1], np.float32)
    for n in (*range(1, 70), 127, 128, 129, 200):
        x, words = generator.choice(special, n), -(-n // 64)
        found = np.full(words + 1, 2**64 - 1, np.uint64)
        count = library.find(
            n, x.ctypes.data_as(ctypes.c_void_p), found.ctypes.data_as(ctypes.c_void_p)
        )
        bits = np.unpackbits(found.view(np.uint8), bitorder="little")
        np.testing.assert_array_equal(bits[:n], x != 0)
        assert not bits[n : 64 * words].any()
        assert bits[64 * words :].all()
        assert count == (x != 0).sum()


LENGTHS = (63, 64, 65, 127, 128, 129, 1)


def of_lengths(units: int) -> keras.Model:
    """Terms that fill words, or one more or less. units: of its last layers, so that panels are
    of one vector or of several."""
    keras.utils.set_random_seed(2)
    x = y = keras.Input((9,))
    outputs = []
    for length in LENGTHS:
        y = layers.Dense(length, activation="relu", bias_initializer="random_normal")(x)
        outputs.append(layers.Dense(units, bias_initializer="random_normal")(y))
    return keras.Model(x, outputs)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("units", [17, 100])
def test_terms_at_the_ends_of_words(units: int, variant: str) -> None:
    model = of_lengths(units)
    files = kgen.export(model, name="model", check=False)
    x = np.random.default_rng(1).standard_normal((SAMPLES + 2, 9)).astype(np.float32)
    library = Library(files, flags=(*STRICT, "-O1", *flags_of(variant)))
    for found, wanted in zip(library.predict(x), model(x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def deep(terms: int, units: int = 64) -> keras.Model:
    """Two layers of so many terms, of which about half are zero."""
    keras.utils.set_random_seed(2)
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(terms, activation="relu"),
            layers.Dense(units, activation="relu", bias_initializer="ones"),
        ]
    )


def words_of(files: dict[str, str]) -> list[int]:
    """How many the arrays of bits have, in the order of the code."""
    found = re.findall(r"uint64_t nonzero((?:\[\d+\])+);", files["model.c"])
    return [int(np.prod([int(n) for n in re.findall(r"\d+", one)])) for one in found]


EDGE = WORDS // SAMPLES * 64
"""Terms of which a block of samples has all bits at once, and no more."""


@pytest.mark.parametrize("terms", [EDGE, EDGE + 1, 2 * EDGE + 65])
def test_blocks_have_the_bits_of_some_terms_at_a_time(terms: int) -> None:
    """Those of one sample are of all; none is in the workspace."""
    model = deep(terms)
    files = kgen.export(model, name="model", check=False)
    assert words_of(files) == [-(-terms // 64), WORDS]
    assert ("first < " in files["model.c"]) == (terms > EDGE)
    x = np.random.default_rng(1).standard_normal((SAMPLES + 2, 8)).astype(np.float32)
    x[3] = 0  # biases of zero: nothing is left
    library = Library(files, flags=(*STRICT, "-O1", "-march=native"))
    np.testing.assert_allclose(library.predict(x), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("terms", [EDGE, 2 * EDGE + 65])
def test_nothing_is_read_or_written_beyond_the_bits(terms: int, tmp_path: Path) -> None:
    files = kgen.export(deep(terms), name="model", check=False)
    main = f"""
#include "model.h"
static float x[{SAMPLES * 8}], y[{SAMPLES * 64}];
int main(void)
{{
    for (int i = 0; i < {SAMPLES * 8}; ++i)
        x[i] = (float)(i * 37 % 61) / 32.0f - 1.0f;
    return model_predict(x, y) + model_predict_batch({SAMPLES}, x, y);
}}
"""
    for name, text in {**files, "main.c": main}.items():
        (tmp_path / name).write_text(text)
    sources = [name for name in (*files, "main.c") if name.endswith(".c")]
    command = ["cc", *STRICT, "-O1", "-march=native", *SANITIZERS, *sources, "-lm", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "main"], check=True)


def test_bits_take_no_workspace() -> None:
    """Of a dense network it is two layers' arrays at a time, of one sample or of a block."""
    sizes = (160, 112, 80, 48)
    model = keras.Sequential(
        [keras.Input((64,)), *(layers.Dense(n, activation="relu") for n in sizes), layers.Dense(3)]
    )
    files = kgen.export(model, name="model", check=False)
    assert skipping(model) >= 2
    assert "_some(" in files["model.c"]
    least = 4 * max(a + b for a, b in pairwise(sizes))
    found = dict(re.findall(r"define MODEL_(\w*)WORKSPACE_BYTES (\d+)", files["model.h"]))
    assert {name: int(size) for name, size in found.items()} == {"": least, "OWN_": least * SAMPLES}
