"""`--threads`: loops shared by OpenMP's threads, with the numbers of one thread."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import Input, Model, layers

import kgen
from kgen.errors import ExportError
from kgen.library import STRICT, Library

FLAGS = (*STRICT, "-O2", "-march=native")


def pictures() -> keras.Model:
    """Each kind whose loops are shared, and sizes that don't come out even."""
    x = picture = Input((50, 49, 8))
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    x = layers.Softmax()(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.LayerNormalization()(layers.Conv2D(80, 1, activation="gelu")(x))
    x = layers.Conv2D(40, 3, strides=2, groups=2)(x)
    return Model(picture, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def words() -> keras.Model:
    """Can fail: an id may be out of range."""
    ids = Input((200,), dtype="int32")
    return Model(ids, layers.Conv1D(64, 5)(layers.Embedding(9, 32)(ids)))


def tokens() -> keras.Model:
    """Heads of an attention are shared, each with scores of its own."""
    x = Input((90, 48))
    return Model(x, layers.MultiHeadAttention(4, 16)(x, x, use_causal_mask=True))


def exported(model: keras.Model, threads: bool) -> dict[str, str | bytes]:
    keras.utils.set_random_seed(1)
    return dict(kgen.export(model, name="model", check=False, threads=threads))


@pytest.mark.parametrize(("build", "least"), [(pictures, 6), (tokens, 2)])
def test_the_numbers_are_those_of_one_thread(build: Callable[[], keras.Model], least: int) -> None:
    gomp = ctypes.util.find_library("gomp")
    if gomp is None:
        pytest.skip("no OpenMP")
    model = build()
    files, plain = (exported(model, threads) for threads in (True, False))
    assert "OPENMP" not in str(plain["model.c"])
    assert str(files["model.c"]).count("MODEL_THREADS\n") >= least
    x = np.random.default_rng(0).standard_normal((2, *model.input_shape[1:]), np.float32)
    wanted = Library(plain, flags=FLAGS).predict(x)
    without = Library(files, flags=FLAGS)  # no warning of pragmas that nobody knows
    np.testing.assert_array_equal(without.predict(x), wanted)
    library = Library(files, flags=(*FLAGS, "-fopenmp"))
    for count in (1, 2, 3):
        ctypes.CDLL(gomp).omp_set_num_threads(count)
        np.testing.assert_array_equal(library.predict(x), wanted)


def test_errors() -> None:
    library = Library(exported(words(), threads=True), flags=(*FLAGS, "-fopenmp"))
    ids = np.zeros((1, 200), np.int32)
    found = np.full((1, 196, 64), 7, np.float32)
    ids[0, 150] = 9
    assert library.call(1, [ids], [found]) == 2
    assert (found == 7).all()
    ids[0, 150] = 8
    assert library.call(1, [ids], [found]) == 0
    assert (found != 7).any()


@pytest.mark.parametrize("options", [{"style": "readable"}, {"target": "numpy"}])
def test_refused(options: dict[str, str]) -> None:
    with pytest.raises(ExportError, match="--threads"):
        kgen.export(words(), threads=True, check=False, **options)
