"""The formulas of layers that go through a sequence: recurrent ones, and attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kgen.explanation.formulas import Formulas, applied, of
from kgen.explanation.notation import quoted
from kgen.ir.node import Node


@of("SimpleRNN")
def _simple_rnn(layer: Any, nodes: Sequence[Node]) -> Formulas:
    inner = f"x_t · W + h_{{t-1}} · U{' + b' if layer.use_bias else ''}"
    return [f"h_t = {applied(layer.activation, inner)}", _all_steps(layer)]


@of("LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def _lstm(layer: Any, nodes: Sequence[Node]) -> Formulas:
    dot = "∗" if type(layer).__name__.startswith("Conv") else "·"

    def gate(letter: str, function: Any) -> str:
        bias = f" + b_{letter}" if layer.use_bias else ""
        inner = f"x_t {dot} W_{letter} + h_{{t-1}} {dot} U_{letter}{bias}"
        return f"{letter}_t = {applied(function, inner)}"

    return [
        *(gate(letter, layer.recurrent_activation) for letter in "if"),
        gate("g", layer.activation),
        gate("o", layer.recurrent_activation),
        "c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t",
        f"h_t = o_t ⊙ {applied(layer.activation, 'c_t')}",
        _all_steps(layer),
        "W = [W_i | W_f | W_g | W_o]",
    ]


@of("GRU")
def _gru(layer: Any, nodes: Sequence[Node]) -> Formulas:
    both = layer.use_bias and layer.reset_after

    def gate(letter: str) -> str:
        bias = (f" + b_{letter}" if layer.use_bias else "") + (f" + b'_{letter}" if both else "")
        inner = f"x_t · W_{letter} + h_{{t-1}} · U_{letter}{bias}"
        return f"{letter}_t = {applied(layer.recurrent_activation, inner)}"

    bias = " + b_h" if layer.use_bias else ""
    if layer.reset_after:
        past = "r_t ⊙ (h_{t-1} · U_h + b'_h)" if both else "r_t ⊙ (h_{t-1} · U_h)"
    else:
        past = "(r_t ⊙ h_{t-1}) · U_h"
    candidate = applied(layer.activation, f"x_t · W_h{bias} + {past}")
    return [
        *(gate(letter) for letter in "zr"),
        f"g_t = {candidate}",
        "h_t = z_t ⊙ h_{t-1} + (1 - z_t) ⊙ g_t",
        _all_steps(layer),
        "W = [W_z | W_r | W_h]",
    ]


def _all_steps(layer: Any) -> str:
    order = "backwards, from the last element" if layer.go_backwards else "from h_0 = 0"
    shown = "y_t = h_t" if layer.return_sequences else "y = h_T"
    return f"{shown}, {quoted(order) if layer.go_backwards else 'h_0 = 0'}"


@of("RNN")
def _rnn(layer: Any, nodes: Sequence[Node]) -> Formulas:
    """Of a cell of Keras's: as the layer that has such a cell; of others what the nodes say."""
    make = {"LSTMCell": _lstm, "GRUCell": _gru, "SimpleRNNCell": _simple_rnn}
    name = type(layer.cell).__name__
    if name == "StackedRNNCells":
        cells = ", then ".join(type(cell).__name__ for cell in layer.cell.cells)
        return [f"y_t = {quoted(f'{cells}, at each step')}(x_t)", _all_steps(layer)]
    return make[name](_Loop(layer), nodes) if name in make else []


class _Loop:
    """A loop's settings and its cell's, as one layer's."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def __getattr__(self, name: str) -> Any:
        owner = self.layer.cell if hasattr(self.layer.cell, name) else self.layer
        return getattr(owner, name)


@of("Bidirectional")
def _bidirectional(layer: Any, nodes: Sequence[Node]) -> Formulas:
    merged = {
        "concat": "y = [h^→ , h^←]",
        "sum": "y = h^→ + h^←",
        "mul": "y = h^→ ⊙ h^←",
        "ave": "y = frac{h^→ + h^←}{2}",
    }.get(layer.merge_mode, "y = h^→ , h^←")
    inner = quoted(type(layer.forward_layer).__name__)
    return [
        f"h^→ = {inner}(x_1, …, x_T), h^← = {inner}(x_T, …, x_1)",
        merged,
    ]


@of("TimeDistributed")
def _time_distributed(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return [f'y_t = {quoted(type(layer.layer).__name__)}(x_t), "for each t"']


@of("MultiHeadAttention", "GroupedQueryAttention")
def _multi_head(layer: Any, nodes: Sequence[Node]) -> Formulas:
    bias = [
        f" + b_{letter}" if getattr(layer, "_use_bias", layer.__dict__.get("use_bias")) else ""
        for letter in "qkvo"
    ]
    size = getattr(layer, "_key_dim", None) or getattr(layer, "head_dim", "d")
    return [
        f"Q = x · W_q{bias[0]}, K = x · W_k{bias[1]}, V = x · W_v{bias[2]}",
        f'S = frac{{Q · K^T}}{{sqrt{{d}}}}, d = {size}, "for each head"',
        "A = softmax(S)",
        f"y = [A_1 · V_1, A_2 · V_2, …] · W_o{bias[3]}",
    ]


@of("Attention")
def _attention(layer: Any, nodes: Sequence[Node]) -> Formulas:
    scale = "scale · " if getattr(layer, "use_scale", False) else ""
    return [f"S = {scale}Q · K^T", "A = softmax(S)", "y = A · V"]


@of("AdditiveAttention")
def _additive_attention(layer: Any, nodes: Sequence[Node]) -> Formulas:
    scale = "scale ⊙ " if getattr(layer, "use_scale", False) else ""
    return [
        f"S_{{i,j}} = sum_{{d}} {scale}tanh(Q_{{i,d}} + K_{{j,d}})",
        "A = softmax(S)",
        "y = A · V",
    ]
