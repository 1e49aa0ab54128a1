"""The recipe of a loop with a cell of the user's own: Keras calls the cell again, step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kgen.arrays import widened
from kgen.diagnosis.generic import MOST_OPERATIONS, operation_choices, weight_choices, wrong_picks
from kgen.diagnosis.loop import STEPS
from kgen.diagnosis.loop_choices import direction_choice, state_choice
from kgen.diagnosis.recipe import Part, Picks, Recipe, Step, double
from kgen.trace.calls import Call

MOST_STEPS = 64
"""Of longer loops Keras takes too long."""


def own_cell(call: Call) -> Recipe | None:
    """The cell's weights may be wrong, its activations and axes, the first states, the direction;
    the results of its operations, step by step, are values to compare with.
    """
    (cell,) = call.cells
    again = cell.again
    unknown = call.mask is not None or len(call.inputs) > 1 or call.config.get("stateful")
    if again is None or unknown or call.inputs[0].ndim < 2 or call.inputs[0].shape[1] > MOST_STEPS:
        return None
    first = call.inputs[0]
    sequences = bool(call.config.get("return_sequences"))
    states = cell.states
    weights = tuple(replace(w, array=call.weights[w.index].array) for w in cell.weights)
    positions = {w.name: number for number, w in enumerate(weights)}
    changed = {n: w.array for n, w in enumerate(weights) if call.weights[w.index].changed}
    start = [_begin(one, len(first), "zeros") for one in states]
    operations = again([first[:, 0], *start], {}, {})[1]
    names = {
        number: f"operation {number + 1}"
        for number, operation in enumerate(operations)
        if len(operations) <= MOST_OPERATIONS and operation.result is not None
    }

    def run(inputs: tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        return compute(inputs, picks)[0]

    def compute(inputs: tuple[np.ndarray, ...], picks: Picks) -> tuple[np.ndarray, list[Any]]:
        """The output, and each step's operations."""
        x = inputs[0].astype(first.dtype)
        wrong = wrong_picks(picks, choices)
        arrays = changed | {positions[n]: a for n, a in wrong.items() if n in positions}
        changes = {n: wrong[name] for n, name in names.items() if name in wrong}
        order = range(x.shape[1])
        groups = [x[n : n + 1] for n in range(len(x))] if picks["state"] == "carried" else [x]
        own = [_begin(one, len(groups[0]), picks["state"]) for one in states]
        found, made = [], []
        for group in groups:
            shown = []
            for step in reversed(order) if picks["backwards"] else order:
                results, done = again([group[:, step], *own], arrays, changes)
                output, *own = results
                shown.append(double(widened(output)))
                made.append(done)
            found.append(np.stack(shown, axis=1) if sequences else shown[-1])
        return np.concatenate(found), made

    def parts(inputs: tuple[np.ndarray, ...], picks: Picks) -> list[Part]:
        if picks["state"] == "carried":
            return []
        found = []
        for number, done in enumerate(zip(*compute(inputs, picks)[1], strict=False)):
            arrays = [operation.result for operation in done]
            if all(a is not None and a.ndim and a.dtype.kind in "fiub" for a in arrays):
                title = f"the result of ops.{done[0].name} (operation {number + 1} of the cell)"
                found.append(Part(title, double(np.stack(arrays, 1)), 1, STEPS))
        return found

    owned = replace(call, weights=weights)
    choices = [
        *weight_choices(owned),
        *operation_choices(operations, names, call.path),
        state_choice(),
        direction_choice(bool(call.config.get("go_backwards"))),
    ]
    step = Step("output", tuple(choices), run, parts=parts)
    return Recipe(call, (step,), costly=True, alone=True)


def _begin(state: np.ndarray, samples: int, start: str) -> np.ndarray:
    """The state before the first step, of so many samples."""
    shape = (samples, *state.shape[1:])
    return np.full(shape, 1 if start == "ones" else 0, state.dtype)
