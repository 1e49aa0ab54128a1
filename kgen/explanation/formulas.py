"""What each class of layer computes, as mathematics writes it, in the notation of `notation`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from kgen.explanation.notation import quoted
from kgen.ir.node import Node

Formulas = list[str]
_TABLE: dict[str, Callable[[Any, Sequence[Node]], Formulas]] = {}

FUNCTIONS = {
    "relu": "relu(z) = max(0, z)",
    "relu6": "relu6(z) = min(max(0, z), 6)",
    "sigmoid": "σ(z) = frac{1}{1 + e^{-z}}",
    "tanh": "tanh(z) = frac{e^z - e^{-z}}{e^z + e^{-z}}",
    "softmax": "softmax(z)_i = frac{e^{z_i}}{sum_{j} e^{z_j}}",
    "log_softmax": '"log softmax"(z)_i = z_i - ln sum_{j} e^{z_j}',
    "elu": "elu(z) = z if z > 0, else e^z - 1",
    "selu": "selu(z) = 1.0507 · (z if z > 0, else 1.6733 · (e^z - 1))",
    "gelu": "gelu(z) = z · Φ(z), Φ the normal distribution's function",
    "silu": "silu(z) = z · σ(z)",
    "softplus": "softplus(z) = ln(1 + e^z)",
    "softsign": "softsign(z) = frac{z}{1 + |z|}",
    "exponential": "exponential(z) = e^z",
    "hard_sigmoid": '"hard σ"(z) = min(max(0, frac{z}{6} + 0.5), 1)',
    "hard_silu": '"hard silu"(z) = z · "hard σ"(z)',
    "leaky_relu": '"leaky relu"(z) = z if z > 0, else 0.2 · z',
    "mish": "mish(z) = z · tanh(ln(1 + e^z))",
}
"""Keras's activation functions."""


def formulas(layer: Any, kind: str, nodes: Sequence[Node]) -> Formulas:
    """The formulas of the layer's class; none if it has none here.

    layer: Keras's, or None for an operation outside of layers. nodes: what it was traced into.
    """
    if layer is not None and kind in _TABLE:
        return _TABLE[kind](layer, nodes)
    if nodes:
        return []
    return ['y = x, "in training it does more"'] if kind.startswith("Random") else ["y = x"]


LOOPS = ("SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "RNN")
ATTENTIONS = ("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupedQueryAttention")


def masked(kind: str, lines: Formulas) -> Formulas:
    """The formulas of a layer that is given a mask m."""
    if kind == "GlobalAveragePooling1D":
        return ["y_c = frac{sum_{t} m_t · x_{t,c}}{sum_{t} m_t}"]
    if kind in (*LOOPS, "Bidirectional"):
        return [*lines, 'm_t = 0: "the step leaves the states as they are"']
    if kind in ATTENTIONS:
        return [*lines, 'm = 0: "the score is -∞, so that A is 0 there"']
    return lines


def from_node(node: Node) -> str:
    """A node's own formula in the notation: `y[u] = sum over i of x[i] * kernel[i][u]`."""
    formula = re.sub(r"over axes \((\d+),\)", r"over axis \1", node.formula)
    formula = re.sub(r"over axes \(([\d, ]+)\)", r"over axes \1", formula)
    left, _, right = formula.partition(" = ")
    if right and "[" not in right and " of " in right:
        return f"{left} = {quoted(right)}"  # words
    text = re.sub(r"(c of )?f's (group|channel)", lambda word: quoted(word.group()), formula)
    text = re.sub(r"over ax[ei]s [\d, ]+", lambda words: quoted(words.group()), text)
    text = text.replace("][", ",").replace("mean(x * x)", "mean(x^2)")
    text = re.sub(r"sum over ([\w,]+) of ", r"sum_{\1} ", text)
    text = re.sub(r"\bsqrt\(((?:[^()]|\([^()]*\))*)\)", r"sqrt{\1}", text)
    text = re.sub(r"\bkernel\b", "W", text).replace("bias", "b")
    text = re.sub(r"\bgamma\b", "γ", text).replace("beta", "β")
    text = re.sub(r"\[([^]]*)\]", r"_{\1}", text)
    return text.replace(" * ", " · ").replace("*", "·")


def of(*kinds: str) -> Callable[[Callable[..., Formulas]], Callable[..., Formulas]]:
    """Registers the function of a layer and its nodes for these classes."""

    def register(function: Callable[..., Formulas]) -> Callable[..., Formulas]:
        _TABLE.update(dict.fromkeys(kinds, function))
        return function

    return register


def function_name(function: Any) -> str:
    """What Keras calls an activation function."""
    return str(getattr(function, "__name__", type(function).__name__))


def applied(function: Any, z: str) -> str:
    """The activation function of z: σ(z)."""
    name = function_name(function)
    if name == "linear":
        return z
    symbol = {"sigmoid": "σ", "hard_sigmoid": '"hard σ"', "swish": "silu"}.get(name)
    return f"{symbol or (name if name.isalpha() else quoted(name.replace('_', ' ')))}({z})"
