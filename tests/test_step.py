"""Exporting a recurrent model as a function of one time step."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers, ops

from kgen import checking, stepping
from kgen.api import export
from kgen.errors import ExportError
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from kgen.trace import reference
from tests.harness import assert_close, randomize

L = layers


def tagger() -> keras.Model:
    return Sequential(
        [
            Input((5, 2), name="x"),
            L.LSTM(3, return_sequences=True, name="lstm"),
            L.TimeDistributed(L.Dense(4, activation="relu")),
            L.GRU(2, return_sequences=True, name="gru"),
            L.Dense(3, activation="softmax"),
        ]
    )


def of_any_length() -> keras.Model:
    return Sequential([Input((None, 2), name="x"), L.SimpleRNN(3), L.Dense(2)])


def masked_ids() -> keras.Model:
    ids = Input((None,), dtype="int32", name="ids")
    x = L.Embedding(3, 2, mask_zero=True)(ids)
    x = L.RNN([L.LSTMCell(3), L.GRUCell(4)], return_sequences=True)(x)
    return Model(ids, [x, L.GRU(2)(x)])


def output_that_is_no_state() -> keras.Model:
    class Doubled(L.SimpleRNNCell):
        def call(self, x, states, training=False):
            output, states = super().call(x, states, training=training)
            return ops.multiply(output, 2), states

    ids = Input((4,), dtype="int32", name="ids")
    x = L.Embedding(3, 2, mask_zero=True)(ids)
    return Model(ids, L.RNN(Doubled(3), return_sequences=True)(x))


def stateful_already() -> keras.Model:
    return Sequential([Input(batch_shape=(1, 4, 2), name="x"), L.GRU(3, stateful=True)])


def decoder() -> keras.Model:
    """Looks at a memory of any length in each step."""
    memory = Input((None, 6), name="memory")
    tokens = Input((None,), dtype="int32", name="tokens")
    hidden = L.GRU(6, return_sequences=True)(L.Embedding(9, 4)(tokens))
    return Model([memory, tokens], L.Concatenate()([hidden, L.Attention()([hidden, memory])]))


def built(make: Callable[[], keras.Model]) -> keras.Model:
    keras.utils.clear_session()
    model = make()
    randomize(model, 11)
    return model


@pytest.mark.parametrize(
    "make", [tagger, of_any_length, masked_ids, output_that_is_no_state, stateful_already]
)
def test_steps_make_up_the_sequence(make: Callable[[], keras.Model]) -> None:
    job = Export(built(make), "model", {}, step=True)
    checking.check(job)
    inputs = job.samples(1, seed=3)
    expected = reference.outputs(job.model, job.signature, inputs)
    assert_close(job.evaluated(inputs, expected), expected)
    library = Library(job.files("c", "fast"), flags=(*STRICT, "-O1"))
    for _ in range(2):
        found = [
            results if isinstance(results, tuple) else (results,)
            for results in (
                library.predict(*call)
                for call in stepping.calls(inputs, job.signature, job.plan.graph)
            )
        ]
        assert_close(stepping.joined(found, expected), expected)
        library.reset()


def test_predict_batch_takes_one_step_after_another() -> None:
    job = Export(built(tagger), "model", {}, step=True)
    inputs = job.samples(1, seed=3)
    expected = reference.outputs(job.model, job.signature, inputs)[0]
    library = Library(job.files("c", "readable"), flags=(*STRICT, "-O1"))
    found = library.predict(inputs[0].reshape(5, 1, 2))
    np.testing.assert_allclose(found.reshape(1, 5, 3), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (L.Conv1D(3, 2, padding="causal"), "reaches over several steps"),
        (L.Bidirectional(L.LSTM(2, return_sequences=True)), "begins at the end of the sequence"),
        (L.Flatten(), "can't be exported"),
    ],
)
def test_what_reaches_over_steps_is_refused(one: keras.Layer, reason: str) -> None:
    model = Sequential([Input((4, 2)), L.GRU(3, return_sequences=True), one, L.Dense(2)])
    with pytest.raises(ExportError, match=reason):
        export(built(lambda: model), step=True)


def test_a_model_without_recurrent_layers_is_refused() -> None:
    with pytest.raises(ExportError, match="no recurrent layer"):
        export(Sequential([Input((4,)), L.Dense(2)]), step=True)


def test_a_given_state_is_refused() -> None:
    source, target = Input((4, 3), name="source"), Input((4, 2), name="target")
    _, state = L.GRU(2, return_state=True)(source)
    model = Model([source, target], L.GRU(2)(target, initial_state=state))
    with pytest.raises(ExportError, match="starts from a state that is given to it"):
        export(model, step=True)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")
def test_another_input_of_any_length() -> None:
    job = Export(built(decoder), "model", {}, step=True, max_shapes={"memory": "slots:7,*"})
    checking.check(job)
    library = Library(job.files("c", "fast"), flags=(*STRICT, "-O1"))
    for point in job.points:
        inputs = job.samples(1, seed=3, point=point)
        expected = reference.outputs(job.model, job.signature, inputs)
        calls = stepping.calls(inputs, job.signature, job.plan.graph)
        assert calls[0][0].shape == (1, point["slots"], 6)
        assert calls[0][1].shape == (1, 1)
        found = [(library.predict(*call),) for call in calls]
        assert_close(stepping.joined(found, expected), expected)
        library.reset()


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ({"slots": 7}, "no dimension is open"),
        ({"": 7}, "no dimension is open"),
        ({"tokens": "steps:9", "memory": "slots:7,6"}, "takes sequences of any length"),
    ],
)
def test_bounds_of_the_sequences_themselves(bounds: dict[str, int | str], reason: str) -> None:
    with pytest.raises(ExportError, match=reason):
        export(built(decoder), step=True, max_shapes=bounds)
