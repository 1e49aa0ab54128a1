"""The choices of recurrent layers: gates, biases, kernels, activations, states and directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np

from kgen.diagnosis.activations import ACTIVATIONS, OTHERS
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Choice, Mistake, Option

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


def order_choice(gates: Sequence[str], known: Mapping[tuple[str, ...], str]) -> Choice:
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


def bias_choice(bias: np.ndarray | None, width: int) -> Choice:
    """bias: of all gates, (width,), or one for the input and one for the state. The values are
    pairs: what is added to the input's product, and what to the state's.
    """
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


def kernel_choice(name: str, kernel: np.ndarray, what: str, letter: str, index: int) -> Choice:
    """index: in get_weights()."""
    options = [Option(kernel)]
    rows, columns = kernel.shape
    fix = f"{letter} = {{layer}}.get_weights()[{index}]  # shape {kernel.shape}, as it is"
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


def activation_choice(name: str, right: Formula, called: str) -> Choice:
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


def state_choice() -> Choice:
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


def direction_choice(backwards: bool) -> Choice:
    says = "the sequence is read from the end" if not backwards else "it is read from the beginning"
    order = "range(steps)" if not backwards else "reversed(range(steps))"
    mistake = Mistake("direction", says, f"for t in {order}:")
    return Choice("backwards", (Option(backwards), Option(not backwards, mistake)))


def mask_choice() -> Choice:
    fix = "h = np.where(mask[:, t, None], new_h, h)  # masked steps keep the states"
    mistake = Mistake("mask ignored", "the mask is ignored: masked steps change the state", fix)
    return Choice("mask", (Option(True), Option(False, mistake)))
