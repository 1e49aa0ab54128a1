"""Recipes of recurrent layers: their gates, biases, states and directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any, TypeAlias

import numpy as np

from kgen.diagnosis.activations import ACTIVATIONS, OTHERS, of_name
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Choice, Mistake, Option, Part, Picks, Recipe, Step, double
from kgen.diagnosis.registry import recipe
from kgen.trace.calls import Call

States: TypeAlias = tuple[np.ndarray, ...]
Gates: TypeAlias = dict[str, np.ndarray]
Cell: TypeAlias = Callable[[np.ndarray, States, Picks], tuple[States, Gates]]
"""One time step: from the input's product, (samples, gates * units), and the states to the new
states, and the gates by what they are called.
"""

STEPS = " at step {} of {}"

HARD_2 = OTHERS["hard_sigmoid of Keras 2"]

LSTM_ORDERS: Mapping[tuple[str, ...], str] = {
    ("input", "output", "forget", "cell"): ", which is ONNX's",
    ("input", "cell", "forget", "output"): ", which is that of Keras 1",
    ("input", "forget", "output", "cell"): "",
    ("forget", "input", "cell", "output"): "",
    ("forget", "input", "output", "cell"): "",
}
"""Orders that an LSTM's gates may be taken for, and whose they are; PyTorch's is Keras's."""

GRU_ORDERS: Mapping[tuple[str, ...], str] = {
    ("reset", "update", "candidate"): ", which is PyTorch's"
}

LETTERS = {
    "input": "i",
    "forget": "f",
    "cell": "c",
    "output": "o",
    "update": "z",
    "reset": "r",
    "candidate": "h",
}


@recipe("LSTM")
def lstm(call: Call) -> Recipe | None:
    gates = ("input", "forget", "cell", "output")

    def cell(x: np.ndarray, states: States, picks: Picks) -> tuple[States, Gates]:
        h, c = states
        sums, units = x + h @ picks["recurrent"], h.shape[-1]
        z = {g: sums[:, n * units : (n + 1) * units] for n, g in enumerate(picks["order"])}
        gate, squash = picks["recurrent activation"], picks["activation"]
        z["forget"] = z["forget"] + picks["forget bias"]
        made = {g: (squash if g == "cell" else gate)(z[g]) for g in gates}
        c = made["forget"] * c + made["input"] * made["cell"]
        h = made["output"] * picks["output activation"](c, squash)
        return (h, c), _gates(z, made)

    says = "the cell state is multiplied by the output gate without the activation"
    fix = "h = output_gate * np.tanh(c)"
    more = [
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
    return _layer(call, cell, 2, _orders(gates, LSTM_ORDERS), more)


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
        return (picks["mix"](z, h, candidate),), _gates(sums, made)

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
    return _layer(call, cell, 1, _orders(gates, GRU_ORDERS), more)


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
    choices = [
        _bias_choice(None if bias is None else double(bias), recurrent.shape[-1]),
        _kernel_choice("kernel", double(kernel), "kernel", 0),
        _kernel_choice("recurrent", double(recurrent), "recurrent kernel", 1),
        _activation_choice("activation", activation, str(call.config.get("activation"))),
        _state_choice(),
        _direction_choice(bool(call.config.get("go_backwards"))),
        *([] if call.mask is None else [_mask_choice()]),
        *([] if order is None else [order]),
        *more,
    ]
    if order is not None:
        name = str(call.config.get("recurrent_activation"))
        choices.append(_activation_choice("recurrent activation", gate, name))
    loop = Loop(call, cell, states)
    steps = [Step("output", tuple(choices), loop.outputs, parts=loop.parts)]
    return Recipe(call, tuple(steps))


def _gates(sums: Gates, made: Gates) -> Gates:
    """Those before their activations, and after."""
    before = {f"the {_gate(gate)} before its activation": z for gate, z in sums.items()}
    return {**{f"the {_gate(gate)}": array for gate, array in made.items()}, **before}


def _gate(name: str) -> str:
    return {"cell": "cell candidate", "candidate": "candidate"}.get(name, f"{name} gate")


class Loop:
    """The loop over time. The first of the states is the cell's output."""

    def __init__(self, call: Call, cell: Cell, states: int) -> None:
        self.cell = cell
        self.states = states
        self.units = int(call.config["units"])
        self.sequences = bool(call.config.get("return_sequences"))
        self.zero = bool(call.config.get("zero_output_for_mask"))
        self.masked = call.mask is not None
        self.last: tuple[Any, Any, Any] = (None, None, None)

    def outputs(self, inputs: tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        if self.last[0] is inputs and self.last[1] is picks:  # parts have been asked for before
            return np.asarray(self.last[2])
        return self._whole(inputs, picks, keep=False)[0]

    def parts(self, inputs: tuple[np.ndarray, ...], picks: Picks) -> list[Part]:
        """What the input gives to the gates, the gates, and the states, of all steps."""
        if picks["state"] == "carried":
            return []
        bias = picks["bias"][0]
        product = inputs[0] @ picks["kernel"]
        found = [Part("the input's product", product, 1, STEPS)]
        if bias.any():
            found.append(Part("the input's product and bias", product + bias, 1, STEPS))
        output, kept = self._whole(inputs, picks, keep=True)
        self.last = (inputs, picks, output)
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
        start = tuple(given) or tuple(np.zeros((len(x), self.units)) for _ in range(self.states))
        product = x @ picks["kernel"] + bias
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
                seen = mask[:, step, None].astype(bool)
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
        states = tuple(np.zeros((1, self.units)) for _ in range(self.states))
        found = []
        for row, one in enumerate(product):
            own = None if mask is None else mask[row : row + 1]
            output, states, _ = self._run(one[None], own, states, picks)
            found.append(output)
        return np.concatenate(found)


def _orders(gates: Sequence[str], known: Mapping[tuple[str, ...], str]) -> Choice:
    options = [Option(tuple(gates))]
    right = _letters(gates)
    split = f"{right} = np.split(x @ W + h @ R + b, {len(gates)}, axis=-1)  # {', '.join(gates)}"
    if "candidate" in gates:  # whose products are not added before the reset gate
        split = f"W_z, W_r, W_h = np.split(W, 3, axis=-1)  # {', '.join(gates)}; R and b alike"
    for order in permutations(gates):
        if order != tuple(gates):
            shown = _letters(order) + known.get(order, "")
            says = f"the gates are taken in the order {shown}; Keras has {right}"
            mistake = Mistake("order of gates", says, split, rank=1 if order in known else 3)
            options.append(Option(order, mistake))
    return Choice("order", tuple(options))


def _letters(gates: Sequence[str]) -> str:
    return ", ".join(LETTERS[gate] for gate in gates)


def _bias_choice(bias: np.ndarray | None, width: int) -> Choice:
    """(what is added to the input's product, what to the state's)"""
    none = np.zeros(width)
    if bias is None:
        return Choice("bias", (Option((none, none)),))

    def wrong(value: tuple[np.ndarray, np.ndarray], key: str, says: str) -> Option:
        fix = f"W, R, b = {{layer}}.get_weights()  # b: shape {bias.shape}"
        if bias.ndim == 2:
            fix += "; b[0] with x @ W, b[1] with h @ R"
        return Option(value, Mistake(key, says, fix))

    if bias.ndim == 1:
        return Choice(
            "bias",
            (
                Option((bias, none)),
                wrong((none, none), "bias left out", "the bias is left out"),
                wrong((2 * bias, none), "bias added twice", "the bias is added twice"),
            ),
        )
    x, h = bias
    return Choice(
        "bias",
        (
            Option((x, h)),
            wrong((none, none), "bias left out", "the biases are left out"),
            wrong((x, none), "bias left out", "the second bias, b[1], is left out"),
            wrong((none, h), "bias left out", "the first bias, b[0], is left out"),
            wrong((h, x), "order of weights", "the two biases b[0] and b[1] are exchanged"),
            wrong((x + h, none), "bias reshaped", "both biases are added to the input's product"),
        ),
    )


def _kernel_choice(name: str, kernel: np.ndarray, what: str, index: int) -> Choice:
    options = [Option(kernel)]
    rows, columns = kernel.shape
    fix = f"{'WR'[index]} = {{layer}}.get_weights()[{index}]  # shape {kernel.shape}, as it is"
    for array, key, says in (
        (kernel.T, "kernel transposed", f"the {what} is transposed"),
        (kernel.reshape(columns, rows).T, "kernel reshaped",
         f"the {what} was reshaped to ({columns}, {rows}), which is not its transpose"),
        (_gates_transposed(kernel), "kernel transposed",
         f"each gate's part of the {what} is transposed"),
    ):  # fmt: skip
        if array is not None and array.shape == kernel.shape and not np.array_equal(array, kernel):
            options.append(Option(array, Mistake(key, says, fix)))
    return Choice(name, tuple(options))


def _gates_transposed(kernel: np.ndarray) -> np.ndarray | None:
    rows, columns = kernel.shape
    if columns % rows or columns == rows:
        return None
    parts = np.split(kernel, columns // rows, axis=1)
    return np.concatenate([part.T for part in parts], axis=1)


def _activation_choice(name: str, right: Formula, called: str) -> Choice:
    options = [Option(right)]
    others = {n: ACTIVATIONS[n] for n in ("tanh", "sigmoid", "hard_sigmoid", "relu", "linear")}
    others["hard_sigmoid of Keras 2"] = HARD_2
    word = "recurrent_activation" if name == "recurrent activation" else "activation"
    for other, formula in others.items():
        if formula == right:
            continue
        key = "wrong activation"
        says = f"the {word} is {other}, where the layer has {called}"
        if other == "linear":
            key, says = "activation left out", f"the {word} {called} is left out"
        if formula is HARD_2:
            key = "hard_sigmoid of Keras 2"
            says = f"the gates are clip(0.2 x + 0.5), the hard_sigmoid of Keras 2; this is {called}"
            if called == "hard_sigmoid":
                says = "hard_sigmoid is that of Keras 2, clip(0.2 x + 0.5), not relu6(x + 3) / 6"
        fix = f"gate = {right.of('z')}" if word[0] == "r" else f"candidate = {right.of('z')}"
        options.append(Option(formula, Mistake(key, says, fix)))
    return Choice(name, tuple(options))


def _state_choice() -> Choice:
    carried = "each sample begins with the state that the one before it ended with"
    fix = "h = np.zeros((samples, units))  # for each call anew, c too"
    return Choice(
        "state",
        (
            Option("zeros"),
            Option("carried", Mistake("initial state", carried, fix)),
            Option("ones", Mistake("initial state", "the initial state is one, not zero", fix)),
        ),
    )


def _direction_choice(backwards: bool) -> Choice:
    says = "the sequence is read from the end" if not backwards else "it is read from the beginning"
    order = "range(steps)" if not backwards else "reversed(range(steps))"
    mistake = Mistake("direction", says, f"for t in {order}:")
    return Choice("backwards", (Option(backwards), Option(not backwards, mistake)))


def _mask_choice() -> Choice:
    fix = "h = np.where(mask[:, t, None], new_h, h)  # masked steps keep the states"
    mistake = Mistake("mask ignored", "the mask is ignored: masked steps change the state", fix)
    return Choice("mask", (Option(True), Option(False, mistake)))
