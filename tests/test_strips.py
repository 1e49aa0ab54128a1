"""Layers that are computed row by row: which, in how much memory, and with the same numbers."""

from __future__ import annotations

import ctypes
import ctypes.util

import numpy as np
import pytest

import kgen
from kgen import targets
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
}


@pytest.mark.parametrize("name", STAGES)
def test_which_layers(name: str) -> None:
    """All that may be, and the images between them are in no workspace."""
    scheduled = targets.fast(case(f"strips/{name}").plan)
    strips = [node for node in scheduled.graph.nodes if isinstance(node, Strip)]
    assert [len(strip.stages) for strip in strips] == STAGES[name]
    assert scheduled.macs == case(f"strips/{name}").plan.macs
    for strip in strips:
        for kept, stage in zip(strip.others, strip.stages, strict=False):
            assert kept.shape[1] == stage.kept < stage.rows.count / 3


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
