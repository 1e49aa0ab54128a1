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
        b = backward.run(inputs, {choice.name: picks[choice.name][1] for choice in both})
        if sequences and picks["turned"]:
            b = b[:, ::-1]
        return np.asarray(picks["merge"](a, b))

    choices = [*both, _merge_choice(call)]
    if sequences:
        says = "the backward layer's outputs are not turned round: its step t is the input's last"
        fix = "backward = backward[:, ::-1]  # then step t belongs to step t of the input"
        mistake = Mistake("backward not turned round", says, fix)
        choices.append(Choice("turned", (Option(True), Option(False, mistake))))
    return Recipe(call, (Step("output", tuple(choices), run),))


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
