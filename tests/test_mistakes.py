"""Each mistake, on at least three models: it is named, and nothing else is."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

import kgen
from tests.mistakes import CASES, MODELS, Case, forward, model_of, samples_of, weights


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_names_the_mistake(case: Case) -> None:
    model, x = model_of(case.model), samples_of(case)
    arrays = case.program(model, x)
    *before, last = arrays
    found = kgen.diagnose(model, x, arrays)
    assert [found[name].verdict for name in before] == ["right"] * len(before)
    assert found[last].verdict == "wrong", str(found)
    assert sorted(found[last].mistakes) == sorted(case.keys), str(found)


def test_each_on_three_models() -> None:
    models = defaultdict(set)
    for case in CASES:
        models[case.keys].add(case.model)
    few = {keys for keys, names in models.items() if len(names) < 3 and len(keys) == 1}
    assert not few


TRIALS = {
    "softmax": 50, "wide": 40, "bn": 30, "ln": 30, "flat": 30, "narrow": 10,
    "lstm": 5, "attention": 5,
}  # fmt: skip


@pytest.mark.parametrize("name", TRIALS)
def test_accuses_nobody(name: str) -> None:
    """200 seeded trials in all: right arrays are right, random ones are nothing known."""
    assert sum(TRIALS.values()) == 200
    model = model_of(name)
    shape = model.input_shape[1:]
    for seed in range(TRIALS[name]):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(4, *shape)).astype(np.float32)
        right = model.predict_on_batch(x)
        noise = generator.normal(size=right.shape) * np.abs(right).max()
        found = kgen.diagnose(model, x, {"right": right, "noise": noise})
        assert found["right"].verdict == "right"
        assert found["noise"].verdict == "unknown", str(found)
        assert found["noise"].nearest is not None


def test_weights_of_a_named_epoch() -> None:
    model, other = MODELS["narrow"](), model_of("narrow")
    model.set_weights([array + 0.1 for array in other.get_weights()])
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    w, b = weights(other)
    found = kgen.diagnose(model, x, {"z1": x @ w + b}, others=[other])
    assert "weights of another epoch" in found["z1"].mistakes
    assert "model 1 of others" in str(found)


def test_float64_is_no_mistake() -> None:
    model = model_of("narrow")
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    found = kgen.diagnose(model, x, {"out": forward(model, x)})
    assert found["out"].verdict == "right"
    assert 0 < found["out"].rounding < 1e-6
    assert "rounding and no mistake" in str(found)


def test_an_activation_left_out_is_seen_twice() -> None:
    """An array that was to be activated equals the pre-activation, as the one before it does."""
    model = model_of("flat")
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    w, b = weights(model)
    found = kgen.diagnose(model, x, {"z1": x @ w + b})
    assert found["z1"].verdict == "step"
    assert found["z1"].mistakes == ("activation left out",)
