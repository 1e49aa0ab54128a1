"""The recipe of Bidirectional: two loops, and how their outputs are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from kgen.diagnosis.recipe import Choice, Mistake, Option, Picks, Recipe, Step
from kgen.diagnosis.recurrent import gru, lstm, simple_rnn
from kgen.diagnosis.registry import recipe
from kgen.trace.calls import Call


@recipe("Bidirectional")
def bidirectional(call: Call) -> Recipe | None:
    """The two layers go wrong together: a mistake of one is the other's too."""
    if len(call.inner) != 2:
        return None
    makers = {"LSTM": lstm, "GRU": gru, "SimpleRNN": simple_rnn}
    recipes = [makers[one.kind](one) if one.kind in makers else None for one in call.inner]
    if recipes[0] is None or recipes[1] is None:
        return None
    (forward,), (backward,) = recipes[0].steps, recipes[1].steps
    sequences = bool(call.inner[0].config.get("return_sequences"))
    both = [_paired(a, b) for a, b in zip(forward.choices, backward.choices, strict=True)]

    def run(inputs: tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        a = forward.run(inputs, {choice.name: picks[choice.name][0] for choice in both})
        own = {choice.name: picks[choice.name][1] for choice in both}
        if picks["turned"] == "last step":
            inputs = tuple(array[:, -1:] if array.ndim > 1 else array for array in inputs)
        if picks["turned"] == "never":
            own["backwards"] = not own["backwards"]
        b = backward.run(inputs, own)
        if sequences and picks["turned"] == "yes":
            b = b[:, ::-1]
        return np.asarray(picks["merge"](a, b))

    choices = [*both, _merge_choice(call), _turned(sequences, len(call.inputs) == 1)]
    return Recipe(call, (Step("output", tuple(choices), run),))


def _turned(sequences: bool, alone: bool) -> Choice:
    """What becomes of the backward layer's steps. alone: whether no states are given."""
    says = "the backward layer reads the sequence from the beginning too"
    fix = "backward = loop(x[:, ::-1])" + "[:, ::-1]  # and its steps turned round" * sequences
    options = [Option("yes"), Option("never", Mistake("direction", says, fix))]
    key = "backward not turned round"
    if sequences:
        says = "the backward layer's outputs are not turned round: its step t is the input's last"
        fix = "backward = backward[:, ::-1]  # then step t belongs to step t of the input"
        options.append(Option("no", Mistake(key, says, fix)))
    elif alone:
        says = (
            "the backward layer's output is taken where the sequence ends, which it has read only "
            "one step of; its last state is that at the sequence's beginning"
        )
        fix = "backward = steps_of_backward[:, -1]  # in the order in which it goes"
        options.append(Option("last step", Mistake(key, says, fix)))
    return Choice("turned", tuple(options))


def _paired(a: Choice, b: Choice) -> Choice:
    options = (
        Option((one.value, other.value), one.mistake)
        for one, other in zip(a.options, b.options, strict=False)
    )
    return Choice(a.name, tuple(options))


MERGES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / 2,
    "mul": lambda a, b: a * b,
}


def _merge_choice(call: Call) -> Choice:
    mode = str(call.config.get("merge_mode"))
    options = [Option(MERGES.get(mode))]
    if mode == "concat":
        says = "the backward layer's outputs are in front of the forward layer's"
        fix = "{y} = np.concatenate([forward, backward], axis=-1)"
        options.append(
            Option(
                lambda a, b: np.concatenate([b, a], axis=-1),
                Mistake("order of directions", says, fix),
            )
        )
    for other, merge in MERGES.items():
        if other != mode and "concat" not in (other, mode):
            says = f"the directions are merged as {other!r}, where the layer has {mode!r}"
            options.append(Option(merge, Mistake("wrong merge", says)))
    return Choice("merge", tuple(options))
