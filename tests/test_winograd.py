"""Winograd's convolutions: the transforms, where they are taken, and how exact they are."""

from __future__ import annotations

import ctypes
import ctypes.util

import keras
import numpy as np
import pytest
from keras import Input, Model, layers

import kgen
from kgen import targets
from kgen.inspection import choices, memory
from kgen.library import STRICT, Library
from kgen.options import Form
from kgen.pipeline import Export
from kgen.schedule import Product
from kgen.schedule.fewer_products import OUTPUTS
from kgen.schedule.winograd import CACHE, LEAST, NEAR, POINTS, Line, Winograd, transformed
from tests.harness import assert_close, case
from tests.test_fast import VARIANTS, test_compilers_and_vectors

CASES = (
    "padded",
    "unpadded",
    "small_tiles",
    "residual",
    "long_epilogue",
    "sequences",
    "dilated_sequences",
    "dilated",
    "large_windows",
    "strided",
    "strided_large_windows",
    "strided_volumes",
    "volumes",
    "volumes_in_turn",
    "images_in_turn",
)


def nodes(name: str, form: Form | None = None) -> list[object]:
    plan = case(f"winograd/{name}").plan
    graph = (targets.fast(plan, form) if form else targets.fast(plan)).graph
    return [node for node in graph.walk() if isinstance(node, Winograd | Product)]


def test_the_cases_are_what_they_say() -> None:
    """All numbers of outputs, several tiles of registers with a rest, zeros around."""
    found = [node for name in (*CASES, "in_a_loop") for node in nodes(name)]
    taken = [node for node in found if isinstance(node, Winograd)]
    lines = [line for node in taken for line in (node.rows, node.columns)]
    assert {line.positions for line in lines} == {1, *POINTS}
    assert {line.outputs for line in lines} == {1, *OUTPUTS}
    assert {line.rate for line in lines} == {1, 2, 3, 4, 5}
    assert any(node.tiles % node.tile.widest.columns for node in taken)
    assert any(node.columns.before for node in taken)
    planes = [node.planes for node in taken]
    assert {line.blocks for line in planes} == {1, 2, 3}
    assert {line.blocks for line in lines} >= {1, 2, 3}
    assert {(line.stride, line.taps) for line in lines} >= {(2, 2), (2, 3), (2, 4), (3, 2)}
    assert {(line.phases, line.grid) for line in planes} >= {(2, 1), (2, 3)}
    assert {line.before for line in planes if line.phases == 2} == {0, 1}
    assert all(any(isinstance(node, Winograd) for node in nodes(name)) for name in CASES)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", CASES)
def test_vectors(name: str, variant: str) -> None:
    test_compilers_and_vectors(f"winograd/{name}", variant)


@pytest.mark.parametrize("positions", POINTS)
def test_weights_of_every_size(positions: int) -> None:
    """The transformed taps, multiplied as polynomials are at the points, and taken back."""
    one, line = Line(1, 1, 1, 0), Line(9, 9, 3, 0, outputs=positions - 2, taps=3)
    taps = np.random.default_rng(0).standard_normal((1, 1, 3, 1, 1))
    factors = np.concatenate(transformed(taps, (one, one, line))).reshape(-1)
    points = np.array(POINTS[positions])
    scale = [np.prod([p - q for q in points if q != p]) for p in points]
    exact = np.polynomial.polynomial.polyval(points, taps.reshape(-1)) / scale
    np.testing.assert_allclose(factors, [*exact, taps[0, 0, -1, 0, 0]])


def big() -> keras.Model:
    keras.utils.set_random_seed(7)
    x = Input((30, 33, 64))
    y = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    return Model(x, layers.Conv2D(48, 3)(y))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return big()


def test_switch(model: keras.Model) -> None:
    files, plain = (kgen.export(model, name="m", check=False, winograd=w) for w in (True, False))
    assert "m_winograd_in" in str(files["m.c"])
    assert "winograd" not in str(plain["m.c"])
    assert [c.kind for c in choices(model).steps] == ["winograd", "winograd"]
    assert all("times as fast" in c.why for c in choices(model).steps)


def test_workspace_is_bounded(model: keras.Model) -> None:
    """What is transformed at a time stays in a second-level cache, whatever the image's size."""
    found = {one.style: one for one in memory(model)}
    fast = found["fast"]
    assert fast.workspace < found["readable"].workspace + (1 << 20)
    assert any(name.endswith("tiles") for name, _ in fast.alive)


def test_tiles_leave_room_for_weights_that_nearly_fill_the_cache() -> None:
    """Then fewer are done at once than beside weights that come from further away anyway."""
    taken = {}
    for channels in (30, 32, 64):
        x = Input((64, 64, channels))
        model = Model(x, layers.Conv2D(64, 3, strides=2, padding="same")(x))
        graph = targets.fast(Export(model, "model", {}).plan).graph
        (node,) = [node for node in graph.nodes if isinstance(node, Winograd)]
        taken[channels] = node.kernel.nbytes, 4 * node.space
    assert taken[30][0] <= NEAR < taken[32][0] <= CACHE - LEAST < CACHE < taken[64][0]
    assert sum(taken[32]) <= 1 << 20  # narrower vectors round up to more tiles
    assert taken[32][1] < min(taken[30][1], taken[64][1])


def test_errors_are_about_those_of_keras(model: keras.Model) -> None:
    x = np.random.default_rng(1).standard_normal((2, 30, 33, 64), np.float32)
    found = Library(kgen.export(model, name="m", check=False)).predict(x)
    wanted = model.predict(x, verbose=0)
    with_doubles = keras.models.clone_model(
        model,
        clone_function=lambda one: one.__class__.from_config(
            one.get_config() | {"dtype": "float64"}
        ),
    )
    with_doubles.set_weights(model.get_weights())
    exact = with_doubles.predict(x.astype(np.float64), verbose=0)

    def typical(y: np.ndarray) -> float:
        return float(np.sqrt(np.mean((y - exact) ** 2)))

    assert typical(found) < 1.5 * typical(wanted)


def test_threads_make_the_same_bits(model: keras.Model) -> None:
    gomp = ctypes.util.find_library("gomp")
    if gomp is None:
        pytest.skip("no OpenMP")
    flags = (*STRICT, "-O2", "-march=native")
    plain, files = (
        dict(kgen.export(model, name="model", check=False, threads=t)) for t in (False, True)
    )
    x = np.random.default_rng(0).standard_normal((1, 30, 33, 64), np.float32)
    wanted = Library(plain, flags=flags).predict(x)
    library = Library(files, flags=(*flags, "-fopenmp"))
    for count in (1, 2, 3):
        ctypes.CDLL(gomp).omp_set_num_threads(count)
        np.testing.assert_array_equal(library.predict(x), wanted)


def test_blocks_of_samples() -> None:
    """32 images at once, before a dense layer that pays for it."""
    keras.utils.set_random_seed(2)
    x = Input((6, 7, 16))
    y = layers.Flatten()(layers.Conv2D(32, 3, padding="same", activation="relu")(x))
    model = Model(x, layers.Dense(512)(y))
    files = kgen.export(model, name="model", check=False)
    assert str(files["model.c"]).count("Winograd") == 1  # both read the same weights
    images = np.random.default_rng(0).standard_normal((43, 6, 7, 16), np.float32)
    found = Library(files, flags=(*STRICT, "-O2")).predict(images)
    assert_close([found], [model.predict(images, verbose=0)])


def test_lengths_known_at_run_time_take_all_products() -> None:
    model = keras.Sequential([keras.Input((None, 16)), keras.layers.Conv1D(16, 3)], name="open")
    files = kgen.export(model, max_shapes={"n": 50}, check=False)
    assert "Winograd" not in str(files["open.c"])
