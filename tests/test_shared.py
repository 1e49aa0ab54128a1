"""Layers that differ in their weights alone share a function in the fast style."""

from __future__ import annotations

import shutil

import keras
import numpy as np
import pytest
from keras import layers

import kgen
from kgen.library import STRICT, Library


def towers(units: int = 33) -> keras.Model:
    """Layers alike, one by one and over pixels, and one that is not."""
    x = y = keras.Input((6, 6, 20))
    for number in range(3):
        y = layers.Conv2D(20, 3, padding="same", activation="relu", name=f"conv_{number}")(y)
    y = layers.Flatten()(y)
    for number in range(3):
        y = layers.Dense(units, activation="tanh", name=f"dense_{number}")(y)
    return keras.Model(x, layers.Dense(units, name="last")(y))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_one_function_for_layers_alike(compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    keras.utils.set_random_seed(1)
    model = towers()
    files = kgen.export(model, style="fast", name="model", check=False, winograd=False)
    code = str(files["model.c"])
    for shared, users in {
        "conv_0": ["conv_0", "conv_1", "conv_2"],
        "dense_1": ["dense_1", "dense_2"],
    }.items():
        assert code.count(f" model_{shared}_alike(const float *restrict x") == 1
        for user in users:
            assert f"model_{shared}_alike(x" in code.split(f"void model_{user}(")[1].split("}")[0]
    assert "model_last_alike" not in code
    assert "model_dense_0_alike" not in code
    assert "model_dense_2_tile" not in code
    x = np.random.default_rng(1).standard_normal((3, 6, 6, 20)).astype(np.float32)
    found = Library(files, cc=compiler, flags=(*STRICT, "-O1", "-march=native")).predict(x)
    np.testing.assert_allclose(found, model(x), rtol=1e-4, atol=1e-5)


def test_no_function_where_weights_come_from_a_file() -> None:
    """There the weights' place is known only when the program runs."""
    files = kgen.export(towers(), style="fast", name="model", check=False, weights="file")
    assert "_alike(" not in str(files["model.c"])
