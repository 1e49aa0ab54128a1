"""TensorFlow's functions in functional models of Keras 2, as TensorFlow itself computes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kgen import targets
from kgen.load import load
from kgen.pipeline import Export
from tests.legacy_files import called, entry, functional, numbers, write

FUNCTIONS: dict[str, dict[str, Any]] = {
    "split": {"num_or_size_splits": [1, 3], "axis": -1},
    "unstack": {"axis": 1},
    "compat.v1.gather": {"indices": [2, 0], "axis": 1},
    "math.cumsum": {"axis": 1, "reverse": True},
    "math.cumprod": {"axis": 2},
    "nn.bias_add": {"bias": [1.0, 2.0, 3.0, 4.0]},
    "math.argmax": {"axis": -1},
    "math.argmin": {"axis": 1},
    "compat.v1.floor_div": {"y": 0.5},
    "math.atan2": {"x": 2.0},
    "math.log_sigmoid": {},
    "nn.softsign": {},
}

IMAGES: dict[str, dict[str, Any]] = {
    "image.resize": {"size": [3, 5], "method": "bilinear"},
    "nn.space_to_depth": {"block_size": 2},
}


def _model(path: Path, *, images: bool = False, **functions: dict[str, Any]) -> Path:
    """A functional model that calls each function on its input."""
    shape = [None, 4, 6, 2] if images else [None, 3, 4]
    layers = [called(entry("InputLayer", "x", batch_input_shape=shape, dtype="float32"))]
    ends = []
    for function, options in functions.items():
        layer = entry("TFOpLambda", f"tf.{function}", dtype="float32", function=function)
        layers.append(called(layer, ["x", 0, 0, {**options, "name": None}]))
        count = {"split": 2, "unstack": 3}.get(function, 1)
        ends += [[f"tf.{function}", 0, number] for number in range(count)]
    config = functional("m", layers, [["x", 0, 0]], ends)
    return write(path, config, {}, version="2.9.0")


def _tensorflow(x: np.ndarray, functions: dict[str, dict[str, Any]]) -> list[np.ndarray]:
    results = []
    for name, options in functions.items():
        function: Any = tf
        for part in name.split("."):
            function = getattr(function, part)
        results += tf.nest.flatten(function(x, **options))
    return [np.asarray(result) for result in results]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("images", [False, True])
def test_as_tensorflow(images: bool, tmp_path: Path) -> None:
    functions = IMAGES if images else FUNCTIONS
    x = numbers(2, 4, 6, 2) if images else numbers(2, 3, 4)
    if not images:
        x[0] = [-1, -0.0, 0.0, -2]  # TensorFlow takes both zeros for equal
    job = Export(load(_model(tmp_path / "m.h5", images=images, **functions)), "m", {})
    found, expected = targets.evaluate(job.plan, [x]), _tensorflow(x, functions)
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
