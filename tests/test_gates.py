"""Recurrent steps whose gates stay in registers: which, and where their states live."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import Input, Sequential, layers

import kgen
from kgen import targets
from kgen.api import Export
from kgen.library import STRICT, Library
from kgen.ops.elementwise import Elementwise
from kgen.ops.scan import Scan
from kgen.schedule.gates import Gates
from tests.harness import case

L = layers

GATES = {
    "lstm": [4, 4],
    "gru": [3, 3],
    "gru_reset_before": [2],
    "masked": [4, 4, 3, 3],
    "given_states": [4, 4],
    "stacked_cells": [4, 3],
    "stateful": [4, 3],
    "there_and_back": [3, 4],
    "custom_cell": [2],
}


def steps(job: Export) -> list[Gates]:
    return [node for node in targets.fast(job.plan).graph.walk() if isinstance(node, Gates)]


@pytest.mark.parametrize("name", GATES)
def test_which(name: str) -> None:
    """Every product of gates; no element-wise node is left but what follows another product."""
    job = case(f"gates/{name}").export
    assert [node.gates for node in steps(job)] == GATES[name]
    loops = [node for node in targets.fast(job.plan).graph.nodes if isinstance(node, Scan)]
    left = [n for loop in loops for n in loop.body.nodes if isinstance(n, Elementwise)]
    assert len(left) == (name == "gru_reset_before")
    assert targets.fast(job.plan).macs == job.plan.macs


@pytest.mark.parametrize("units", [4, 17])
def test_where_padding_would_cost_more(units: int) -> None:
    """Four gates of 17 units fill 5 lines together, 8 when each has its own."""
    model = Sequential([Input((5, 3)), L.LSTM(units)])
    assert not steps(Export(model, "model", {}))


def test_gates_that_something_else_reads() -> None:
    class Shown(keras.layers.GRUCell):
        def call(self, x, states):  # type: ignore[no-untyped-def]
            y, new = super().call(x, states)
            return keras.ops.concatenate([y, keras.ops.matmul(y, self.recurrent_kernel)], -1), new

        @property
        def output_size(self) -> int:
            return 4 * int(self.units)

        @output_size.setter
        def output_size(self, size: int) -> None:
            pass

    job = Export(Sequential([Input((5, 3)), L.RNN(Shown(24), return_sequences=True)]), "model", {})
    (node,) = steps(job)
    assert node.gates == 3


def test_which_kernels_are_read_there_and_back() -> None:
    """Those that leave the first-level cache, if nothing else comes between two steps' turns."""
    assert all(node.there_and_back for node in steps(case("gates/there_and_back").export))
    assert not any(node.there_and_back for node in steps(case("gates/lstm").export))
    cells = Sequential([Input((5, 3)), L.RNN([L.LSTMCell(64), L.LSTMCell(64)])])
    assert not any(node.there_and_back for node in steps(Export(cells, "model", {})))
    before = Sequential([Input((5, 3)), L.GRU(96, reset_after=False)])
    assert not any(node.there_and_back for node in steps(Export(before, "model", {})))


def test_states_are_not_copied() -> None:
    """h, which the product reads to the end, takes turns; c stays where it is."""
    plan = targets.fast(case("gates/lstm").plan)
    first, second = plan.bodies.values()
    assert [before.label for before, _ in first.turns] == ["h"]
    assert [before.label for before, _ in second.turns] == ["h"]
    assert not case("gates/lstm").plan.bodies[next(iter(case("gates/lstm").plan.bodies))].turns
    code = case("gates/lstm").files("c", "fast")["model.c"]
    loop = code[code.index("static void model_lstm(") :]
    assert "memcpy" not in loop[: loop.index("    }\n")]  # of a step


def test_states_read_like_their_equations() -> None:
    code = str(case("gates/gru").files("c", "fast")["model.c"])
    assert "return update * old + (1.0f - update) * candidate;" in code


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_weights(dtype: str) -> None:
    one = case("gates/gru")
    model = one.export.model
    files = kgen.export(model, name="model", check=False, weights_dtype=dtype)
    assert "_stream_" + dtype in files["model.c"]
    found = Library(files, flags=(*STRICT, "-O1", "-march=native")).predict(*one.inputs)
    wanted = kgen.export(model, "numpy", name="model", check=False, weights_dtype=dtype)
    names: dict[str, object] = {}
    exec(wanted["model.py"], names)
    np.testing.assert_allclose(found, names["predict"](*one.inputs), rtol=1e-5, atol=1e-6)  # type: ignore[operator]
