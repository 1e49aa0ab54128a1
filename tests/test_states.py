"""Stateful models: what they remember, in both targets, as Keras does."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import Input, Sequential, layers

from kgen import checking
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from tests.harness import randomize

CALLS = 3


def stateful(batch_size: int) -> keras.Model:
    model = Sequential(
        [
            Input(batch_shape=(batch_size, 4, 2), name="x"),
            layers.LSTM(3, stateful=True, return_sequences=True, name="lstm"),
            layers.GRU(2, stateful=True, name="gru"),
        ],
        name="stateful",
    )
    randomize(model, 5)
    return model


@pytest.fixture(params=[1, 2], scope="module")
def job(request: pytest.FixtureRequest) -> Export:
    keras.utils.clear_session()
    return Export(stateful(request.param), "stateful", {})


@pytest.fixture
def module(job: Export) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(job.files("numpy", "fast")["stateful.py"], names)
    return names


@pytest.fixture
def library(job: Export) -> Library:
    return Library(job.files("c", "readable"), flags=(*STRICT, "-O1"))


def batches(job: Export) -> list[np.ndarray]:
    size = job.signature.batch_size
    assert size is not None
    return np.split(job.samples(CALLS * size)[0], CALLS)


def of_keras(job: Export, parts: list[np.ndarray]) -> list[np.ndarray]:
    """What model.predict says of batches, one after another, from the reset state."""
    for layer in job.model.layers:
        layer.reset_state()
    return [job.model.predict(part, batch_size=len(part), verbose=0) for part in parts]


def test_states_go_from_call_to_call(job: Export, module, library: Library) -> None:
    parts = batches(job)
    expected = of_keras(job, parts)
    for part, wanted in zip(parts, expected, strict=True):
        found, in_c = module["predict"](part), library.predict(part)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(in_c, wanted, rtol=1e-4, atol=1e-5)


def test_reset_brings_back_the_first_answer(job: Export, module, library: Library) -> None:
    part = batches(job)[0]
    for predict, reset in (
        (module["predict"], module["reset"]),
        (library.predict, library.reset),
    ):
        first = predict(part)
        assert not np.array_equal(predict(part), first)
        reset()
        np.testing.assert_array_equal(predict(part), first)


def test_states_can_be_read_and_set(job: Export, library: Library) -> None:
    part = batches(job)[0]
    library.predict(part)
    states = library.get_state()
    assert {name: array.shape for name, array in states.items()} == {
        "lstm_h": (3,),
        "lstm_c": (3,),
        "gru_h": (2,),
    }
    again = library.predict(part)
    library.set_state(**states)
    np.testing.assert_array_equal(library.predict(part)[:1], again[:1])
    with pytest.raises(ValueError, match="the states are lstm_h, lstm_c, gru_h"):
        library.set_state(lstm_h=states["lstm_h"])


def test_a_batch_of_another_size_is_refused(job: Export, module) -> None:
    part = batches(job)[0]
    module["predict"](part)
    with pytest.raises(ValueError, match="another size"):
        module["predict"](np.concatenate([part, part]))
    module["reset"]()
    module["predict"](np.concatenate([part, part]))


def test_an_error_leaves_states_as_they_were() -> None:
    keras.utils.clear_session()
    model = Sequential(
        [
            Input(batch_shape=(1, 3), dtype="int32", name="ids"),
            layers.Embedding(5, 2),
            layers.GRU(2, stateful=True, name="gru"),
        ]
    )
    randomize(model, 3)
    job = Export(model, "model", {})
    library = Library(job.files("c", "fast"), flags=(*STRICT, "-O1"))
    library.predict(np.array([[1, 2, 3]]))
    before = library.get_state()["gru_h"]
    with pytest.raises(IndexError):
        library.predict(np.array([[1, 2, 5]]))
    np.testing.assert_array_equal(library.get_state()["gru_h"], before)


def test_exporting_leaves_the_models_own_states_alone() -> None:
    keras.utils.clear_session()
    model = stateful(1)
    model.predict(np.ones((1, 4, 2)), batch_size=1, verbose=0)

    def states() -> list[np.ndarray]:
        return [state.value.numpy().copy() for state in model.layers[0].states]

    before = states()
    checking.check(Export(model, "model", {}))
    for now, then in zip(states(), before, strict=True):
        np.testing.assert_array_equal(now, then)
