"""Layers of Keras 2 that Keras 3 has no more, in files that Keras 2 writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen import checking
from kgen.compare import difference
from kgen.load import load
from kgen.pipeline import Export


def models(keras2: Any) -> dict[str, tuple[Any, list[Any]]]:
    """(shape of the input, layers)"""
    L = keras2.layers  # noqa: N806
    found: dict[str, tuple[Any, list[Any]]] = {
        "1d": ((9, 3), [L.LocallyConnected1D(4, 3, strides=2, activation="hard_sigmoid")]),
        "1d_channels_first": (
            (3, 9),
            [L.LocallyConnected1D(4, 3, data_format="channels_first", use_bias=False)],
        ),
        "2d": ((6, 7, 2), [L.LocallyConnected2D(3, (2, 3), strides=(2, 1), activation="relu")]),
        "2d_channels_first": (
            (2, 6, 7),
            [L.LocallyConnected2D(3, (2, 3), data_format="channels_first")],
        ),
        "batch_normalization": ((4, 5, 3), [L.BatchNormalization(axis=[1, -1], scale=False)]),
        "random_crop": ((9, 14, 2), [L.RandomCrop(6, 4), L.Conv2D(2, 3)]),
    }
    for number in (2, 3):
        more = {"implementation": number, "padding": "same", "strides": 2}
        found[f"1d_implementation_{number}"] = ((8, 3), [L.LocallyConnected1D(2, 4, **more)])
        for form in ("channels_last", "channels_first"):
            shape = (5, 6, 2) if form == "channels_last" else (2, 5, 6)
            layer = L.LocallyConnected2D(3, (3, 2), data_format=form, **more)
            found[f"2d_implementation_{number}_{form}"] = (shape, [layer])
    return found


@pytest.mark.filterwarnings("ignore")  # of Keras 2
def test_same_as_in_keras_2(tmp_path: Path) -> None:
    keras2 = pytest.importorskip("tf_keras")
    rng = np.random.default_rng(3)
    for name, (shape, layers) in models(keras2).items():
        old = keras2.Sequential([keras2.layers.InputLayer(shape), *layers])
        old.set_weights([rng.uniform(0.2, 1.0, w.shape).astype("float32") for w in old.weights])
        path = tmp_path / f"{name}.{'keras' if name.endswith('first') else 'h5'}"
        old.save(path)
        x = rng.standard_normal((3, *shape)).astype("float32")
        expected = np.asarray(old(x, training=False))
        job = Export(load(path), "model", {})
        gap = difference(job.evaluated([x], [expected])[0], expected)
        assert gap.ok, f"{name}: {gap}"
        checking.check(job)


@pytest.mark.filterwarnings("ignore")  # of Keras 2
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_steps_first(kind: str, tmp_path: Path) -> None:
    """time_major=True, between transpositions."""
    keras2, tf = pytest.importorskip("tf_keras"), pytest.importorskip("tensorflow")
    x = keras2.Input((5, 3))
    layer = getattr(keras2.layers, kind)
    steps = tf.transpose(x, (1, 0, 2))
    y = layer(4, time_major=True, return_sequences=True)(steps)
    last = layer(2, time_major=True)(y)
    outputs = [tf.transpose(y, (1, 0, 2)), last]
    old = keras2.Model(x, outputs)
    old.save(tmp_path / "m.h5")
    given = np.random.default_rng(3).standard_normal((4, 5, 3)).astype("float32")
    expected = [np.asarray(one) for one in old(given, training=False)]
    job = Export(load(tmp_path / "m.h5"), "model", {})
    for found, wanted in zip(job.evaluated([given], expected), expected, strict=True):
        assert difference(found, wanted).ok
