"""What passes and the plan make of loops."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import Input, Model, Sequential, layers, ops

from kgen.library import STRICT, Library
from kgen.ops.dense import Dense
from kgen.ops.scan import Scan
from kgen.ops.slice import Slice
from kgen.pipeline import Export

L = layers


def exported(model: keras.Model) -> Export:
    return Export(model, "model", {})


def loops(job: Export) -> list[Scan]:
    return [node for node in job.graph.walk() if isinstance(node, Scan)]


def kinds(loop: Scan) -> list[str]:
    return [node.kind for node in loop.body.nodes]


def test_the_input_projection_leaves_the_loop() -> None:
    for one in (L.LSTM(3), L.GRU(3), L.GRU(3, reset_after=False), L.SimpleRNN(3)):
        job = exported(Sequential([Input((5, 2)), one]))
        first, *_ = job.graph.nodes
        assert isinstance(first, Dense)
        assert first.output.shape[:2] == (1, 5)
        (loop,) = loops(job)
        kernels = [node.kernel for node in loop.body.nodes if isinstance(node, Dense)]
        assert all(kernel.shape[0] == 3 for kernel in kernels)  # of the state alone


def test_what_needs_no_state_is_no_loop() -> None:
    for one in (L.Dense(3), L.LayerNormalization(), L.Softmax(), L.Reshape((1, 2))):
        assert not loops(exported(Sequential([Input((5, 2)), L.TimeDistributed(one)])))


def test_a_network_in_front_of_each_step_shares_the_loop() -> None:
    job = exported(
        Sequential(
            [
                Input((5, 6, 4, 1)),
                L.TimeDistributed(L.Conv2D(2, 3)),
                L.TimeDistributed(L.MaxPooling2D(2)),
                L.TimeDistributed(L.Flatten()),
                L.LSTM(3),
            ]
        )
    )
    (loop,) = loops(job)
    assert kinds(loop)[:2] == ["conv", "pool"]
    # One frame's activations, not those of all five.
    assert job.plan.workspace_bytes < 4 * (4 * 2 * 2 + 4 + 4 * 12 + 3 * 3) * 2


def test_two_recurrent_layers_are_two_loops() -> None:
    """So that the second one's projection can be computed for all steps at once."""
    job = exported(Sequential([Input((5, 2)), L.GRU(3, return_sequences=True), L.GRU(4)]))
    assert len(loops(job)) == 2


def test_unread_results_are_dropped() -> None:
    x = Input((5, 2))
    sequence, h, c = L.LSTM(3, return_sequences=True, return_state=True)(x)
    assert [len(loop.outputs) for loop in loops(exported(Model(x, sequence)))] == [1]
    assert [len(loop.outputs) for loop in loops(exported(Model(x, c)))] == [1]
    assert [len(loop.outputs) for loop in loops(exported(Model(x, [h, sequence])))] == [2]


def test_gates_are_views_and_states_stay_in_place() -> None:
    job = exported(Sequential([Input((5, 2)), L.LSTM(3)]))
    ((loop, plan),) = job.plan.bodies.items()
    assert not any(isinstance(node, Slice) for node in plan.steps)
    for before, after in loop.states:
        assert plan.places[before] == plan.places[after]


def test_a_loop_of_one_step_is_written_out() -> None:
    model = Sequential([Input(batch_shape=(1, 1, 2)), L.LSTM(3, stateful=True)])
    assert not loops(exported(model))


def test_macs_count_every_step() -> None:
    job = exported(Sequential([Input((5, 2)), L.LSTM(3)]))
    assert job.plan.macs == 5 * (2 * 12 + 3 * 12)


class PicksAndDivides(keras.layers.Layer):
    """A cell of which two things can fail."""

    state_size = output_size = 3

    def __init__(self) -> None:
        super().__init__()
        self.embedding = L.Embedding(5, 3)

    def build(self, shape: tuple[int, ...]) -> None:
        self.embedding.build((1,))

    def call(self, x: Any, states: Any) -> Any:
        picked = self.embedding(x[:, 0])
        share = ops.cast(ops.floor_divide(7, x[:, 1:]), "float32")
        y = states[0] + picked + share
        return y, [y]


def test_a_loop_tells_which_of_two_errors_it_met() -> None:
    x = Input((4, 2), dtype="int32")
    job = exported(Model(x, L.RNN(PicksAndDivides())(x)))
    library = Library(job.files("c", "readable"), flags=(*STRICT, "-O0"))
    for last, code in (((1, 1), 0), ((9, 1), 2), ((1, 0), 8)):
        steps = np.array([[(1, 1), (1, 2), last, (1, 1)]], np.int32)
        assert library.call(1, [steps], [np.zeros((1, 3), np.float32)]) == code
