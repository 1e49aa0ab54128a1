"""Python's operators in layers of the user's own, where Keras has TensorFlow's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import Input, Model, ops

from kgen.pipeline import Export
from kgen.trace import reference


class Own(keras.layers.Layer):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def call(self, *inputs: Any) -> Any:
        return self.function(*inputs)


X = np.array([[[0.5, 0.0, -2.0], [3.0, -0.0, 1.0]]], np.float32)
I = np.array([[[4, 0, -2], [3, 7, 1]]], np.int32)  # noqa: E741
N = np.array([1], np.int32)

FUNCTIONS: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "equal": (lambda x: ops.where(x == 0, 7.0, x), [X]),
    "not_equal": (lambda x: ops.cast(x != 0, "float32"), [X]),
    "equal_integer": (lambda i: ops.cast(i == 7, "int32"), [I]),
    "equal_tensors": (lambda x, i: x == ops.cast(i, "float32"), [X, I]),
    "known_tensor_on_the_left": (
        lambda x, n: ops.where(ops.arange(2)[None] < n[:, None], x[..., 0], 0.0),
        [X, N],
    ),
    "equal_to_known_tensor": (lambda i: ops.arange(3) == i, [I]),
    "array_on_the_left": (lambda x: np.arange(3.0) * x - np.ones((2, 3)) / (x * x + 1), [X]),
    "array_compared": (lambda x: ops.where(np.zeros((2, 3)) < x, x, -x), [X]),
    "number_of_numpy": (lambda x: np.sqrt(3.0) * x / np.sqrt(2.0) + np.float64(1), [X]),
    "integer_of_numpy": (lambda i: i * np.int64(3) - np.arange(3), [I]),
    "integers_divided": (lambda i: [i / 2, 7 / (i * 0 + 3), i // 2], [I]),
    "bytes_divided": (lambda i: ops.cast(ops.abs(i), "uint8") / 3, [I]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_between_tensorflow_s_tensors(name: str) -> None:
    """The numbers and their type."""
    function, given = FUNCTIONS[name]
    inputs = [Input(x.shape[1:], dtype=str(x.dtype), name=f"x{k}") for k, x in enumerate(given)]
    job = Export(Model(inputs, Own(function)(*inputs)), "model", {})
    wanted = reference.outputs(job.model, job.signature, given)
    found = job.evaluated(given, wanted)
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_keras_is_as_before() -> None:
    x = keras.KerasTensor((2, 3))
    assert (x == 0) is False
    assert not hasattr(x, "__array_ufunc__")
