"""Every architecture of keras.applications, at its smallest legal size, against Keras."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

from kgen import targets
from kgen.compare import RTOL
from kgen.conditioning import in_float64
from kgen.pipeline import Export
from kgen.plan import plan
from kgen.trace import reference
from tests.real_models import images, randomize

pytestmark = pytest.mark.slow

ARCHITECTURES = sorted(
    name
    for name, function in vars(keras.applications).items()
    if inspect.isfunction(function) and name[0].isupper()
)

SMALLEST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
"""Pixels, where Keras does not take 32."""

RESCALING = (keras.layers.Rescaling, keras.layers.Normalization)

CLASSES = 7
CHAOS = 0.01
"""Keras's own error in a probability, beyond which its results mean nothing."""

WORSE = 3
"""How much larger than Keras's, which differs with the order of sums, the error may be."""

IMAGES = 2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architecture(name: str) -> None:
    """The NumPy text; tests/test_real_models.py compiles the C of some."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    size = SMALLEST.get(name, 32)
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=(size, size, 3), classes=CLASSES)
    randomize(model, prepared(model, images(64, size, seed=2)), seed=3)
    calm(model)
    job = Export(model, "model", {})
    inputs = [prepared(model, images(IMAGES, size))]
    (expected,) = reference.outputs(model, job.signature, inputs)
    (found,) = targets.evaluate(job.plan, inputs)
    (exact,) = targets.evaluate(plan(in_float64(job.traced)), inputs)
    # Hundreds of layers with random weights multiply the rounding of the first ones.
    errors = [np.abs(outputs - exact).max() for outputs in (found, expected)]
    assert errors[1] < CHAOS
    assert errors[0] <= WORSE * errors[1] + RTOL


def calm(model: keras.Model) -> None:
    """Variances not far below their layer's mean: a channel that was nearly dead for the images of
    which they were taken would blow up others.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            variance = keras.ops.convert_to_numpy(layer.moving_variance)
            layer.moving_variance.assign(np.maximum(variance, 0.3 * variance.mean()))


def prepared(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """Colours from -1 to 1, unless the model takes pixels and rescales them itself."""
    takes_pixels = any(isinstance(x, RESCALING) for x in model.layers)
    return pixels if takes_pixels else pixels / 127.5 - 1
