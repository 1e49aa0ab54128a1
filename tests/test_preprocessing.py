"""What preprocessing layers refuse, and what their exports answer to bad input."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import Input, Model, layers

from kgen import targets
from kgen.errors import ExportError
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from kgen.verification import verify
from tests.cases._build import layer


def _both(model: keras.Model) -> list[object]:
    """predict of the C and of the NumPy text."""
    job = Export(model, "model", {})
    library = Library(job.files("c", "readable"), flags=(*STRICT, "-O1"))
    return [library.predict, lambda *inputs: targets.evaluate(job.plan, inputs)[0]]


@pytest.mark.parametrize(
    ("one", "good", "bad"),
    [
        (layers.IntegerLookup(vocabulary=[3, 5], num_oov_indices=0), [[3, 5]], [[5, 4]]),
        (layers.CategoryEncoding(4), [[3, 9]], [[3, -1]]),
    ],
)
def test_an_error_where_tensorflow_raises(
    one: keras.Layer, good: list[list[int]], bad: list[list[int]]
) -> None:
    model = layer(one, 2, dtype="int64")
    for predict in _both(model):
        predict(np.array(good))  # type: ignore[operator]
        with pytest.raises(IndexError):
            predict(np.array(bad))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("body", "bad"),
    [
        (lambda x: 7 // x, 0),
        (lambda x: x % (x - 2), 2),
        (lambda x: keras.ops.power(2, x), -1),
    ],
)
def test_an_error_where_integers_have_no_result(body: Callable[..., object], bad: int) -> None:
    x = Input((3,), dtype="int32", name="x")
    job = Export(Model(x, body(x)), "model", {})
    files = job.files("c", "fast")
    library = Library(files, flags=(*STRICT, "-O1"))
    good, numbers = np.array([[1, 3, 5]], np.int32), np.array([[1, bad, 5]], np.int32)
    y = np.full((1, 3), 99, np.int32)
    assert library.call(1, [numbers], [y]) == 8
    assert "MODEL_ERROR_VALUE = 8" in files["model.h"]
    assert (y == 99).all()
    for predict in (library.predict, lambda x: targets.evaluate(job.plan, [x])[0]):
        np.testing.assert_array_equal(predict(good), body(good))
        with pytest.raises(ValueError, match=r"divided by zero|negative"):
            predict(numbers)


def test_a_null_pointer_among_strings() -> None:
    model = layer(layers.StringLookup(vocabulary=["a", "b"]), 2, dtype="string")
    library = Library(Export(model, "model", {}).files("c", "fast"), flags=(*STRICT, "-O1"))
    words = np.array([["a", None]], object)
    assert library.call(1, [words], [np.zeros((1, 2), np.int64)]) == 1


def test_strings_given_as_str_and_as_bytes() -> None:
    model = layer(layers.StringLookup(vocabulary=["\u00e9", "b"]), 2, dtype="string")
    for predict in _both(model):
        for words in (np.array([["\u00e9", "x"]]), np.array([["\u00e9".encode(), b"x"]], object)):
            assert predict(words).tolist() == [[1, 0]]  # type: ignore[operator]
    with pytest.raises(ValueError, match="expected strings"):
        _both(model)[1](np.array([[1, 2]]))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (layers.TextVectorization(vocabulary=["a"]), "set output_sequence_length"),
        (
            layers.TextVectorization(
                vocabulary=["a"], output_mode="count", split=lambda x: x
            ),
            "its split is a Python function",
        ),
        (layers.StringLookup(), "it has no vocabulary"),
        (layers.StringLookup(vocabulary=["a\0b"]), "holds a zero byte"),
    ],
)  # fmt: skip
def test_refusals(one: keras.Layer, reason: str) -> None:
    x = Input((1,), dtype="string")
    with pytest.raises(ExportError, match=reason):
        _ = Export(Model(x, one(x)), "model", {}).graph


def test_decibels_of_a_batch_are_refused() -> None:
    with pytest.raises(ExportError, match=r"top_db=float\('inf'\)"):
        _ = Export(layer(layers.MelSpectrogram(32, 16, max_freq=3000), 99), "model", {}).graph


def test_words_of_a_batch_are_not_counted_together() -> None:
    words = layers.TextVectorization(vocabulary=["a"], split=None, output_mode="count")
    with pytest.raises(ExportError, match="give its input an axis of one"):
        _ = Export(layer(words, dtype="string"), "model", {}).graph


def test_verify_with_strings() -> None:
    x = Input((1,), dtype="string", name="word")
    known = layers.StringLookup(vocabulary=["a", "b"])(x)
    back = layers.StringLookup(vocabulary=["a", "b"], invert=True)(known)
    report = verify(Model(x, [back, layers.Embedding(3, 2)(known)]), count=4)
    assert report.ok
