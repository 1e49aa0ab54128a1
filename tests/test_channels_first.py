"""Convolutions with channels first that TensorFlow 2.21 computes wrong on the CPU, called or by
predict: Keras's channels_last, with the same weights, is the judge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import Input, Model, layers

from kgen import targets
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from tests.harness import assert_close, randomize

LAYERS: dict[str, tuple[type[layers.Layer], dict[str, Any], tuple[int, ...]]] = {
    "depthwise_2d": (layers.DepthwiseConv2D, {"kernel_size": 3}, (3, 6, 5)),
    "three_dimensions": (layers.Conv3D, {"filters": 4, "kernel_size": 2}, (2, 3, 4, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_channels_first(name: str) -> None:
    kind, options, shape = LAYERS[name]
    x, z = Input(shape, name="x"), Input((*shape[1:], shape[0]), name="z")
    first = Model(x, kind(**options, data_format="channels_first")(x))
    last = Model(z, kind(**options, data_format="channels_last")(z))
    randomize(first, seed=1)
    last.set_weights(first.get_weights())
    job = Export(first, "model", {})
    inputs = job.samples(3, seed=7)
    moved = last.predict(np.moveaxis(inputs[0], 1, -1), verbose=0)
    expected = [np.moveaxis(moved, -1, 1)]
    assert_close(targets.evaluate(job.plan, inputs), expected)
    for style in ("readable", "fast"):
        found = Library(job.files("c", style), flags=(*STRICT, "-O2")).predict(*inputs)
        assert_close([found], expected)
