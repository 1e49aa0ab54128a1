"""Recipes of recurrent layers: their gates, biases, states and directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from kgen.diagnosis.activations import of_name
from kgen.diagnosis.loop import Cell, Gates, Loop, Product, States, gates_of
from kgen.diagnosis.loop_choices import (
    GRU_ORDERS,
    LSTM_ORDERS,
    activation_choice,
    bias_choice,
    direction_choice,
    kernel_choice,
    mask_choice,
    order_choice,
    state_choice,
)
from kgen.diagnosis.own_cell import own_cell
from kgen.diagnosis.recipe import Choice, Mistake, Option, Picks, Recipe, Step, double
from kgen.diagnosis.registry import recipe
from kgen.trace.calls import Call

LSTM_GATES = ("input", "forget", "cell", "output")


@recipe("LSTM")
def lstm(call: Call) -> Recipe | None:
    cell = lstm_cell(lambda h, picks: h @ picks["recurrent"])
    order = order_choice(LSTM_GATES, LSTM_ORDERS)
    return _layer(call, cell, 2, order, lstm_choices())


def lstm_cell(product: Product) -> Cell:
    """product: of the output with the recurrent kernel."""

    def cell(x: np.ndarray, states: States, picks: Picks) -> tuple[States, Gates]:
        h, c = states
        sums, units = x + product(h, picks), h.shape[-1]
        z = {g: sums[..., n * units : (n + 1) * units] for n, g in enumerate(picks["order"])}
        gate, squash = picks["recurrent activation"], picks["activation"]
        z["forget"] = z["forget"] + picks["forget bias"]
        made = {g: (squash if g == "cell" else gate)(z[g]) for g in LSTM_GATES}
        c = made["forget"] * c + made["input"] * made["cell"]
        h = made["output"] * picks["output activation"](c, squash)
        return (h, c), gates_of(z, made)

    return cell


def lstm_choices() -> list[Choice]:
    says = "the cell state is multiplied by the output gate without the activation"
    fix = "h = output_gate * np.tanh(c)"
    return [
        Choice(
            "output activation",
            (
                Option(lambda c, squash: squash(c)),
                Option(lambda c, squash: c, Mistake("activation left out", says, fix)),
            ),
        ),
        Choice(
            "forget bias",
            (
                Option(0.0),
                Option(
                    1.0,
                    Mistake(
                        "forget bias added again",
                        "one is added to the forget gate; unit_forget_bias is in the bias already",
                        "b = {layer}.get_weights()[2]  # as it is",
                    ),
                ),
            ),
        ),
    ]


@recipe("GRU")
def gru(call: Call) -> Recipe | None:
    gates = ("update", "reset", "candidate")
    reset_after = bool(call.config.get("reset_after"))
    units = int(call.config["units"])

    def cell(x: np.ndarray, states: States, picks: Picks) -> tuple[States, Gates]:
        (h,) = states
        kernel, bias = picks["recurrent"], picks["recurrent bias"]
        at = {gate: slice(n * units, (n + 1) * units) for n, gate in enumerate(picks["order"])}
        gate = picks["recurrent activation"]
        sums = {g: x[:, at[g]] + h @ kernel[:, at[g]] + bias[at[g]] for g in ("update", "reset")}
        made = {g: gate(z) for g, z in sums.items()}
        z, r, own = made["update"], made["reset"], at["candidate"]
        if picks["reset_after"]:
            inner = r * (h @ kernel[:, own] + bias[own])
        else:
            inner = (r * h) @ kernel[:, own] + bias[own]
        sums["candidate"] = x[:, own] + inner
        made["candidate"] = candidate = picks["activation"](sums["candidate"])
        return (picks["mix"](z, h, candidate),), gates_of(sums, made)

    placed = "after" if reset_after else "before"
    other = "before" if reset_after else "after"
    says = f"the reset gate multiplies {other} the recurrent product; {call.path!r} has it {placed}"
    line = "r * (h @ R + b)" if reset_after else "(r * h) @ R"
    mistake = Mistake("reset_after", says, f"candidate = np.tanh(x @ W + {line})  # of that gate")
    mixed = Mistake(
        "update gate reversed",
        "the update gate multiplies the candidate, not the old state",
        "h = z * h + (1 - z) * candidate",
    )
    more = [
        Choice("reset_after", (Option(reset_after), Option(not reset_after, mistake))),
        Choice(
            "mix",
            (
                Option(lambda z, h, candidate: z * h + (1 - z) * candidate),
                Option(lambda z, h, candidate: (1 - z) * h + z * candidate, mixed),
            ),
        ),
    ]
    return _layer(call, cell, 1, order_choice(gates, GRU_ORDERS), more)


@recipe("SimpleRNN")
def simple_rnn(call: Call) -> Recipe | None:
    def cell(x: np.ndarray, states: States, picks: Picks) -> tuple[States, Gates]:
        sums = x + states[0] @ picks["recurrent"]
        return (picks["activation"](sums),), {"the sums before the activation": sums}

    return _layer(call, cell, 1, None, [])


def _layer(
    call: Call, cell: Cell, states: int, order: Choice | None, more: Sequence[Choice]
) -> Recipe | None:
    """order: of the gates; more: choices of this kind of cell alone."""
    kernel, recurrent = call.weight("kernel"), call.weight("recurrent_kernel")
    if kernel is None or recurrent is None or call.config.get("stateful"):
        return None
    activation, gate = (
        of_name(call.config.get(name)) for name in ("activation", "recurrent_activation")
    )
    if activation is None or gate is None or call.inputs[0].ndim != 3:
        return None
    bias = call.weight("bias")
    first = call.weights[0].index
    choices = [
        bias_choice(None if bias is None else double(bias), recurrent.shape[-1]),
        kernel_choice("kernel", double(kernel), "kernel", "W", first),
        kernel_choice("recurrent", double(recurrent), "recurrent kernel", "R", first + 1),
        *loop_choices(call),
        *([] if order is None else [order]),
        *more,
    ]
    loop = Loop(call, cell, states, recurrent.shape[:1])
    steps = [Step("output", tuple(choices), loop.outputs, parts=loop.parts)]
    return Recipe(call, tuple(steps))


def loop_choices(call: Call) -> list[Choice]:
    """Those of every loop: activations, states, direction, mask."""
    found = [state_choice(), direction_choice(bool(call.config.get("go_backwards")))]
    for name in ("activation", "recurrent_activation"):
        setting = call.config.get(name)
        right = of_name(setting)
        if right is not None and name in call.config:
            found.append(activation_choice(name.replace("_", " "), right, str(setting)))
    return found if call.mask is None else [*found, mask_choice()]


CELLS: Mapping[str, Callable[[Call], Recipe | None]] = {
    "LSTMCell": lstm,
    "GRUCell": gru,
    "SimpleRNNCell": simple_rnn,
}


@recipe("RNN")
def rnn(call: Call) -> Recipe | None:
    """Stacked cells are loops one after the other: each reads what the one before it gave."""
    kinds = [cell.kind for cell in call.cells]
    if len(kinds) == 1 and kinds[0] not in CELLS:
        return own_cell(call)
    if not all(kind in CELLS for kind in kinds) or call.config.get("stateful"):
        return None
    if len(kinds) > 1 and (call.mask is not None or len(call.inputs) > 1):
        return None
    steps: list[Step] = []
    for number, cell in enumerate(call.cells):
        within: dict[str, object] = {}
        if number:
            within["go_backwards"] = False  # the first one has turned the sequence round
        if number < len(kinds) - 1:
            within["return_sequences"] = True
        weights = tuple(replace(w, array=call.weights[w.index].array) for w in cell.weights)
        config = {**call.config, **cell.config, **within}
        made = CELLS[cell.kind](replace(call, kind=cell.kind, config=config, weights=weights))
        if made is None:
            return None
        steps += made.steps
        if number < len(kinds) - 1:
            steps[-1] = replace(steps[-1], stage=f"output of cell {number + 1}, the {cell.kind},")
    return Recipe(call, tuple(steps))
