"""A loop over time in NumPy, with its choices picked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from kgen.diagnosis.recipe import Part, Picks
from kgen.trace.calls import Call

States: TypeAlias = tuple[np.ndarray, ...]
Gates: TypeAlias = dict[str, np.ndarray]
Cell: TypeAlias = Callable[[np.ndarray, States, Picks], tuple[States, Gates]]
"""One time step: from the input's product, (samples, gates * units), and the states to the new
states, and the gates by what they are called.
"""

STEPS = " at step {} of {}"


def gates_of(sums: Gates, made: Gates) -> Gates:
    """Those before their activations, and after."""
    before = {f"the {_gate(gate)} before its activation": z for gate, z in sums.items()}
    return {**{f"the {_gate(gate)}": array for gate, array in made.items()}, **before}


def _gate(name: str) -> str:
    return {"cell": "cell candidate", "candidate": "candidate"}.get(name, f"{name} gate")


Product: TypeAlias = Callable[[np.ndarray, Picks], np.ndarray]
"""From (samples, steps, *sizes) to what the input gives to the gates at each step."""


def matrix_product(x: np.ndarray, picks: Picks) -> np.ndarray:
    return np.asarray(x @ picks["kernel"])


class Loop:
    """The loop over time. The first of the states is the cell's output.

    states: how many. shape: of each, for one sample.
    """

    def __init__(
        self,
        call: Call,
        cell: Cell,
        states: int,
        shape: tuple[int, ...],
        product: Product = matrix_product,
    ) -> None:
        self.cell = cell
        self.states = states
        self.shape = shape
        self.product = product
        self.sequences = bool(call.config.get("return_sequences"))
        self.zero = bool(call.config.get("zero_output_for_mask"))
        self.masked = call.mask is not None
        self.last: tuple[Any, Any, Any] = (None, None, None)

    def outputs(self, given: np.ndarray | tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        """given: the layer's inputs, or what an earlier step has made of them."""
        if self.last[0] is given and self.last[1] is picks:  # parts have been asked for before
            return np.asarray(self.last[2])
        return self._whole(_inputs(given), picks, keep=False)[0]

    def parts(self, given: np.ndarray | tuple[np.ndarray, ...], picks: Picks) -> list[Part]:
        """What the input gives to the gates, the gates, and the states, of all steps."""
        if picks["state"] == "carried":
            return []
        bias = picks["bias"][0]
        inputs = _inputs(given)
        product = self.product(inputs[0], picks)
        found = [Part("the input's product", product, 1, STEPS)]
        if bias.any():
            found.append(Part("the input's product and bias", product + bias, 1, STEPS))
        output, kept = self._whole(inputs, picks, keep=True)
        self.last = (given, picks, output)
        return [*found, *(Part(title, np.stack(one, 1), 1, STEPS) for title, one in kept.items())]

    def _whole(
        self, inputs: tuple[np.ndarray, ...], picks: Picks, keep: bool
    ) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
        """The output, and of each step the gates and states, if they are to be kept."""
        x, *given = inputs
        seen = given.pop() if self.masked else None
        mask = seen if picks.get("mask", True) else None
        bias, inner = picks["bias"]
        picks = {**picks, "recurrent bias": inner}
        start = tuple(given) or tuple(np.zeros((len(x), *self.shape)) for _ in range(self.states))
        product = self.product(x, picks) + bias
        if picks["state"] == "carried":
            return self._carried(product, mask, picks), {}
        if picks["state"] == "ones":
            start = tuple(np.ones_like(state) for state in start)
        output, _, kept = self._run(product, mask, start, picks, keep)
        return output, kept

    def _run(
        self,
        product: np.ndarray,
        mask: np.ndarray | None,
        states: States,
        picks: Picks,
        keep: bool = False,
    ) -> tuple[np.ndarray, States, dict[str, list[np.ndarray]]]:
        order = range(product.shape[1])
        shown = []
        kept: dict[str, list[np.ndarray]] = {}
        output = np.zeros_like(states[0])
        for step in reversed(order) if picks["backwards"] else order:
            after, gates = self.cell(product[:, step], states, picks)
            new = after[0]
            if mask is not None:
                seen = mask[:, step].astype(bool).reshape(-1, *[1] * len(self.shape))
                after = tuple(np.where(seen, a, b) for a, b in zip(after, states, strict=True))
                new = np.where(seen, new, 0 if self.zero else output)
            states, output = after, new
            shown.append(new)
            if not keep:
                continue
            named = {f"the state {name}": one for name, one in zip("hc", states, strict=False)}
            for title, one in {**gates, **named}.items():
                kept.setdefault(title, []).append(one)
        last = shown[-1] if mask is None else states[0]
        return (np.stack(shown, axis=1) if self.sequences else last), states, kept

    def _carried(self, product: np.ndarray, mask: np.ndarray | None, picks: Picks) -> np.ndarray:
        """Each sample goes on from the states that the one before it ended in."""
        states = tuple(np.zeros((1, *self.shape)) for _ in range(self.states))
        found = []
        for row, one in enumerate(product):
            own = None if mask is None else mask[row : row + 1]
            output, states, _ = self._run(one[None], own, states, picks)
            found.append(output)
        return np.concatenate(found)


def _inputs(given: np.ndarray | tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return given if isinstance(given, tuple) else (given,)
