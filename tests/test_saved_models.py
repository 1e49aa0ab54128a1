"""SavedModel folders of Keras 2, against what Keras 2 computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kgen.errors import ExportError
from kgen.load import load
from tests.legacy_files import numbers

pytestmark = pytest.mark.filterwarnings("ignore")  # of Keras 2's own


def test_a_folder(tmp_path: Path) -> None:
    """Weights lie in the order of layers, those of a model within the model among them."""
    keras2 = pytest.importorskip("tf_keras")
    layers = keras2.layers
    step = keras2.Sequential(
        [layers.Dense(4, input_shape=(3,)), layers.BatchNormalization(), layers.Dense(3)]
    )
    x, z = keras2.Input((5, 3), name="x"), keras2.Input((3,), name="z")
    y = layers.TimeDistributed(layers.Dense(3, activation="hard_sigmoid"))(x)
    y = layers.Bidirectional(layers.LSTM(3, recurrent_activation="hard_sigmoid"))(y)
    y = layers.BatchNormalization()(layers.Concatenate()([y, step(z)]))
    model = keras2.Model([x, z], [layers.Dense(2)(y) * 2.0, step(step(z))])
    for number, weight in enumerate(model.weights):
        values = numbers(*weight.shape, seed=number)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.name else values)
    model.save(tmp_path / "saved", save_format="tf")
    inputs = [numbers(2, 5, 3), numbers(2, 3, seed=1)]
    expected, found = (m(inputs, training=False) for m in (model, load(tmp_path / "saved")))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5, atol=1e-6)


def test_a_folder_without_a_configuration(tmp_path: Path) -> None:
    keras2 = pytest.importorskip("tf_keras")

    class Own(keras2.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras2.layers.Dense(2)

        def call(self, x: object) -> object:
            return self.dense(x)

    model = Own()
    model(numbers(1, 3))
    model.save(tmp_path / "saved", save_format="tf")
    with pytest.raises(ExportError, match=r"a class of its own.*pass it to kgen\.export"):
        load(tmp_path / "saved")
