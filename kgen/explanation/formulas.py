"""What each class of layer computes, as mathematics writes it, in the notation of `notation`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from kgen.explanation.notation import quoted
from kgen.ir.node import Node
from kgen.ops.pool import Pool, times

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

GIVEN_OUT = {
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
    *("GaussianDropout", "GaussianNoise", "ActivityRegularization"),
}
"""Layers that do something only in training."""


def formulas(layer: Any, kind: str, nodes: Sequence[Node]) -> Formulas:
    """The formulas of the layer's class; none if it has none here.

    layer: Keras's, or None for an operation outside of layers. nodes: what it was traced into.
    """
    if layer is not None and kind in _TABLE:
        return _TABLE[kind](layer, nodes)
    return [] if nodes else ["y = x"]


def from_node(node: Node) -> str:
    """A node's own formula in the notation: `y[u] = sum over i of x[i] * kernel[i][u]`."""
    left, _, right = node.formula.partition(" = ")
    if right and "[" not in right and " of " in right:
        return f"{left} = {quoted(right)}"  # words
    text = node.formula.replace("][", ",").replace("mean(x * x)", "mean(x^2)")
    text = re.sub(r"sum over ([\w,]+) of ", r"sum_{\1} ", text)
    text = re.sub(r"\bsqrt\(([^()]*)\)", r"sqrt{\1}", text)
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


def _activated(layer: Any, z: str) -> Formulas:
    """z's formula, then y's, which is the activation of z."""
    if function_name(layer.activation) == "linear":
        return [f"y = {z}"]
    return [f"z = {z}", f"y = {applied(layer.activation, 'z')}"]


def _plus_bias(layer: Any, bias: str = "b") -> str:
    return f" + {bias}" if layer.use_bias else ""


@of("Dense")
def _dense(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return _activated(layer, f"x · W{_plus_bias(layer)}")


@of("EinsumDense")
def _einsum_dense(layer: Any, nodes: Sequence[Node]) -> Formulas:
    operands, _, output = layer.equation.replace(" ", "").replace("...", "…").partition("->")
    x, _, kernel = operands.partition(",")
    axes = [",".join(letters) for letters in (x, kernel, output)]
    summed = ",".join(letter for letter in kernel if letter in x and letter not in output)
    bias = f" + b_{{{','.join(layer.bias_axes)}}}" if layer.bias_axes else ""
    total = f"sum_{{{summed}}} " if summed else ""
    lines = _activated(layer, f"{total}x_{{{axes[0]}}} · W_{{{axes[1]}}}{bias}")
    return [line.replace(" = sum", f"_{{{axes[2]}}} = sum", 1) for line in lines]


@of(
    *("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"),
    *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
)
def _convolution(layer: Any, nodes: Sequence[Node]) -> Formulas:
    product = next(from_node(node) for node in nodes if node.kind.startswith("conv"))
    product = product.replace("y = 0; ", "").replace("y = b; ", "")
    if layer.use_bias and " + b_" not in product:
        product += " + b_f"
    if function_name(layer.activation) == "linear":
        return [product]
    return [product.replace("y", "z", 1), f"y = {applied(layer.activation, 'z')}"]


@of("SeparableConv1D", "SeparableConv2D")
def _separable(layer: Any, nodes: Sequence[Node]) -> Formulas:
    deep, point = [from_node(node) for node in nodes if node.kind == "conv"]
    deep = deep.replace("y", "d", 1).replace("W", "D")
    point = point.replace("x_", "d_").replace("W", "P").replace("y", "z", 1)
    return [
        deep,
        point + (" + b_f" if layer.use_bias else ""),
        f"y = {applied(layer.activation, 'z')}",
    ]


@of("Embedding")
def _embedding(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y = E_x, "row number x of E"']


@of("BatchNormalization")
def _batch_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    scale = " · γ" if layer.scale else ""
    shift = " + β" if layer.center else ""
    return [
        f"y = frac{{x - μ}}{{sqrt{{v + ε}}}}{scale}{shift}",
        f'ε = {layer.epsilon}, "μ and v the moving mean and variance"',
    ]


@of("LayerNormalization")
def _layer_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    scale = " · γ" if layer.scale else ""
    shift = " + β" if layer.center else ""
    axes = quoted(f"over axis {', '.join(map(str, _several(layer.axis)))}")
    return [
        f"μ = mean(x), v = mean((x - μ)^2), {axes}",
        f"y = frac{{x - μ}}{{sqrt{{v + ε}}}}{scale}{shift}, ε = {layer.epsilon}",
    ]


@of("RMSNormalization")
def _rms_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    axes = quoted(f"the mean over axis {', '.join(map(str, _several(layer.axis)))}")
    return [f"y = frac{{x}}{{sqrt{{mean(x^2) + ε}}}} · γ, ε = {layer.epsilon}, {axes}"]


@of("GroupNormalization")
def _group_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    scale = " · γ" if layer.scale else ""
    shift = " + β" if layer.center else ""
    return [
        f'"for each of {layer.groups} groups of channels:" μ = mean(x), v = mean((x - μ)^2)',
        f"y = frac{{x - μ}}{{sqrt{{v + ε}}}}{scale}{shift}, ε = {layer.epsilon}",
    ]


@of("Normalization")
def _normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    if layer.invert:
        return ["y = x · sqrt{v} + μ"]
    return ["y = frac{x - μ}{sqrt{v}}"]


@of("Rescaling")
def _rescaling(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return [f"y = x · {layer.scale} + {layer.offset}"]


@of("Activation", "Softmax", "ReLU", "LeakyReLU", "ELU", "PReLU")
def _activation(layer: Any, nodes: Sequence[Node]) -> Formulas:
    kind = type(layer).__name__
    if kind == "Activation":
        return [f"y = {applied(layer.activation, 'x')}"]
    if kind == "Softmax":
        return [f'y_i = frac{{e^{{x_i}}}}{{sum_{{j}} e^{{x_j}}}}, "along axis {layer.axis}"']
    if kind == "ReLU":
        top = f"min({layer.max_value}, x)" if layer.max_value is not None else "x"
        if layer.negative_slope or layer.threshold:
            low = f"{layer.negative_slope} · (x - {layer.threshold})"
            return [f"y = {top} if x ≥ {layer.threshold}, else {low}"]
        return [f"y = max(0, {top})"]
    slope = {"LeakyReLU": getattr(layer, "negative_slope", 0), "PReLU": "α"}
    low = f"{getattr(layer, 'alpha', 1)} · (e^x - 1)" if kind == "ELU" else f"{slope[kind]} · x"
    return [f"y = x if x > 0, else {low}"]


@of("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot")
def _merge(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return {
        "Add": ["y = x_1 + x_2 + …"],
        "Subtract": ["y = x_1 - x_2"],
        "Multiply": ["y = x_1 ⊙ x_2 ⊙ …"],
        "Average": ["y = frac{x_1 + … + x_n}{n}"],
        "Maximum": ["y = max(x_1, x_2, …)"],
        "Minimum": ["y = min(x_1, x_2, …)"],
        "Concatenate": [f'y = [x_1, x_2, …], "along axis {getattr(layer, "axis", "")}"'],
        "Dot": [f'y = x_1 · x_2, "summed over axes {getattr(layer, "axes", "")}"'],
    }[type(layer).__name__]


@of("Flatten", "Reshape")
def _reshape(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y = x, "its numbers in the same order"']


@of(
    *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"),
    *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
)
def _pooling(layer: Any, nodes: Sequence[Node]) -> Formulas:
    node = next(node for node in nodes if isinstance(node, Pool))
    places = [
        times(stride, p) + f"+{i}" + (f"-{before}" if before else "")
        for p, i, stride, (before, _) in zip("pqr", "ijk", node.strides, node.padding, strict=False)
    ]
    window = [f"{i} < {size}" for i, size in zip("ijk", node.window, strict=False)]
    axes = ",".join("pqr"[: len(window)])
    inside = ', "of what lies inside x"' if node.padded else ""
    steps = ",".join("ijk"[: len(window)])
    y, x = f"y_{{{axes},c}}", f"x_{{{','.join(places)},c}}"
    return [f"{y} = {node.function}_{{{steps}}} {x}, 0 ≤ {', '.join(window)}{inside}"]


@of("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D")
def _global_average(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y_c = mean(x_c), "over all positions of channel c"']


@of("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
def _global_max(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y_c = max(x_c), "over all positions of channel c"']


@of("SimpleRNN")
def _simple_rnn(layer: Any, nodes: Sequence[Node]) -> Formulas:
    inner = f"x_t · W + h_{{t-1}} · U{_plus_bias(layer)}"
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


def _several(axis: Any) -> Sequence[Any]:
    return axis if isinstance(axis, list | tuple) else [axis]


def _training_only(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y = x, "in training it does more"']


_TABLE.update(dict.fromkeys(GIVEN_OUT, _training_only))
