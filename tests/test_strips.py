"""Layers that are computed row by row: which, in how much memory, and with the same numbers."""

from __future__ import annotations

import ctypes
import ctypes.util

import keras
import numpy as np
import pytest

import kgen
from kgen import targets
from kgen.inspection import choices
from kgen.library import STRICT, Library
from kgen.schedule import Strip
from tests.harness import case

FLAGS = (*STRICT, "-O2", "-march=native")

STAGES = {
    "inverted_residual": [3],
    "strides": [4],
    "dilation": [3],
    "after_a_window": [3],
    "depthwise_first": [4],
    "beyond_the_window": [2],
    "gates": [2],
    "squeeze_and_excite": [2, 2],
    "read_twice": [2, 2],
    "pooled": [3],
    "pooled_means": [2, 2],
    "pooled_tiles": [2, 2],
    "pooled_and_more": [2, 2],
    "pooled_sequences": [2, 2],
    "pooled_volumes": [2],
}


@pytest.mark.parametrize("name", STAGES)
def test_which_layers(name: str) -> None:
    """All that may be, and the images between them are in no workspace."""
    scheduled = targets.fast(case(f"strips/{name}").plan)
    strips = [node for node in scheduled.graph.nodes if isinstance(node, Strip)]
    assert [len(strip.stages) for strip in strips] == STAGES[name]
    assert scheduled.macs == case(f"strips/{name}").plan.macs
    for strip in strips:
        *before, _ = strip.stages
        for kept, stage in zip(strip.others, before, strict=False):
            assert kept.shape[1] == stage.kept <= stage.rows.count / 3


def test_memory() -> None:
    """Of 338 KB between the layers, three rows and one are kept."""
    scheduled = targets.fast(case("strips/inverted_residual").plan)
    assert scheduled.workspace_bytes < 4.1 * 46 * 41 * 4


def test_weights_from_a_file() -> None:
    """Which the functions of rows have as a parameter, beside the row's number."""
    one = case("strips/inverted_residual")
    files = kgen.export(one.export.model, name="model", check=False, weights="file")
    found = Library(files, flags=(*STRICT, "-O1")).predict(*one.inputs)
    one.assert_agrees([found])


@pytest.mark.parametrize("name", STAGES)
def test_threads(name: str) -> None:
    """Bands of rows give the bits that one loop over all rows gives."""
    gomp = ctypes.util.find_library("gomp")
    if gomp is None:
        pytest.skip("no OpenMP")
    one = case(f"strips/{name}")
    files = kgen.export(one.export.model, name="model", check=False, threads=True)
    wanted = Library(one.files("c"), flags=FLAGS).outputs(*one.inputs)
    library = Library(files, flags=(*FLAGS, "-fopenmp"))
    for count in (1, 3):
        ctypes.CDLL(gomp).omp_set_num_threads(count)
        for a, b in zip(library.outputs(*one.inputs), wanted, strict=True):
            np.testing.assert_array_equal(a, b)


def test_why_poolings_are_apart() -> None:
    """Each of the reasons, and of those that take turns what they wait for."""
    x = keras.Input((64, 60, 3))
    first = keras.layers.Conv2D(72, 3, strides=(1, 2), padding="same")(x)
    y = keras.layers.MaxPooling2D(name="turns")(first)
    second = keras.layers.Conv2D(150, 1)(y)
    y = keras.layers.MaxPooling2D((1, 2), name="skipped")(second)
    y = keras.layers.MaxPooling2D(name="again")(keras.layers.Conv2D(8, 1)(y))
    y = keras.layers.MaxPooling2D(name="pooled_before")(keras.layers.UpSampling2D()(y))
    model = keras.Model(x, [y, second])
    found = {step.name: step.why for step in choices(model).steps}
    assert found["turns_row"] == "a row as soon as those that it meets are there"
    assert found["skipped"] == "its input is read elsewhere too, and must be whole"
    assert found["again"] == "its input's 7 KB stay near"
    assert found["pooled_before"] == "what makes its input is not made row by row"


def test_what_is_not_a_number() -> None:
    """Is passed over, as Keras does, wherever it is in a window that rows come late for."""
    x = keras.Input((45, 46, 36))
    y = keras.layers.MaxPooling2D(3, strides=2, padding="same")(keras.layers.Conv2D(33, 1)(x))
    model = keras.Model(x, y)
    values = np.random.default_rng(0).standard_normal((1, 45, 46, 36)).astype(np.float32)
    values[0, ::3, ::4] = np.nan
    values[0, 30:40, 10:20] = np.nan
    files = kgen.export(model, name="model", check=False)
    assert "row by row" in files["model.c"]
    found = Library(files, flags=FLAGS).predict(values)
    wanted = model.predict(values, verbose=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
