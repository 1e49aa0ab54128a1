"""Outputs that are small because what gave them cancelled out, and what rounding does to them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import kgen
from kgen.checking import check, noise
from kgen.errors import ExportError
from kgen.library import STRICT
from kgen.pipeline import Export
from tests.harness import case


def gelu_as_written(x: keras.KerasTensor) -> keras.KerasTensor:
    return 0.5 * x * (1 + ops.erf(x / 2**0.5))


def in_the_tail(bias: float, activation: object = "gelu") -> keras.Model:
    """All of whose outputs come from far below zero."""
    x = keras.Input((4,))
    small = keras.initializers.Constant(0.01)
    far = keras.initializers.Constant(bias)
    y = layers.Dense(3, activation, kernel_initializer=small, bias_initializer=far)(x)
    return keras.Model(x, layers.Dense(2, kernel_initializer=small)(y))


@pytest.mark.parametrize("activation", ["gelu", gelu_as_written])
@pytest.mark.parametrize("bias", [-4.6, -5.2, -6.0])
def test_every_output_in_the_tail(bias: float, activation: object) -> None:
    check(Export(in_the_tail(bias, activation), "model", {}))


def test_noise_is_that_of_the_function_that_cancels() -> None:
    """An ulp of -5.2, times the weights behind it, and not much more."""
    job = Export(in_the_tail(-5.2), "model", {})
    (found,) = noise(job, job.samples(2), {}) or [0.0]
    assert 1e-8 < found < 1e-6


def test_noise_is_small_where_nothing_cancels() -> None:
    job = Export(in_the_tail(5.2), "model", {})
    inputs = job.samples(2)
    (found,) = noise(job, inputs, {}) or [0.0]
    assert found < 2e-6 * np.abs(job.evaluated(inputs, [])[0]).max()


@pytest.mark.parametrize("name", ["vectorize_text/classifier", "reshape/merged_with_the_batch"])
def test_noise_of_models_with_strings_and_merged_axes(name: str) -> None:
    job = case(name).export
    found = noise(job, case(name).inputs, {}) or [1.0]
    largest = max(float(np.abs(y).max()) for y in case(name).expected)
    assert max(found) < 1e-4 * max(largest, 1.0)


def test_a_mistake_in_the_tail_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is far larger than what rounding does."""
    job = Export(in_the_tail(-5.2), "model", {})
    evaluated = Export.evaluated
    monkeypatch.setattr(Export, "evaluated", lambda *args: [1e-5 + y for y in evaluated(*args)])
    with pytest.raises(ExportError, match="differs by"):
        check(job)


def test_the_self_test_knows_of_it(tmp_path: Path) -> None:
    """TensorFlow's graph says zero, where the function is not."""
    kgen.export(in_the_tail(-6.0), "c", tmp_path, name="m", with_test=True)
    sources = [str(path) for path in tmp_path.glob("*.c")]
    subprocess.run(["cc", *STRICT, *sources, "-o", tmp_path / "test", "-lm"], check=True)
    found = subprocess.run([tmp_path / "test"], capture_output=True, text=True, check=True)
    assert "pass" in found.stdout
