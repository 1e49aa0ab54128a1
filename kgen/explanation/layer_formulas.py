"""The formulas of layers that look at one sample as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from kgen.explanation.formulas import Formulas, applied, from_node, function_name, of
from kgen.explanation.notation import quoted
from kgen.ir.images import times
from kgen.ir.node import Node
from kgen.ops.pool import Pool

TRAINING_ONLY = {
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
    *("GaussianDropout", "GaussianNoise", "ActivityRegularization"),
}
"""Layers that do something only in training."""


def _activated(layer: Any, z: str) -> Formulas:
    """z's formula, then y's, which is the activation of z."""
    if function_name(layer.activation) == "linear":
        return [f"y = {z}"]
    return [f"z = {z}", f"y = {applied(layer.activation, 'z')}"]


def _plus_bias(layer: Any, bias: str = "b") -> str:
    return f" + {bias}" if layer.use_bias else ""


@of("Dense")
def _dense(layer: Any, nodes: Sequence[Node]) -> Formulas:
    if getattr(layer, "quantization_mode", None) == "int8":
        return [
            f"s = frac{{127}}{{max(|x|)}}, q = round(s · x), {quoted('for each sample')}",
            *_activated(layer, f"frac{{q · W}}{{s · s_W}}{_plus_bias(layer)}"),
        ]
    if getattr(layer, "quantization_mode", None):
        return []  # the steps say what is computed
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
    node = next(node for node in nodes if node.kind.startswith("conv"))
    product = from_node(node)
    before: Formulas = []
    if node.kind == "conv_transpose":  # each product is added to the place where it belongs
        before = [f"y = {'b' if layer.use_bias else 0}", '"then for all places of x and of W:"']
        product = product.partition("; ")[2]
    elif type(layer).__name__.startswith("Depthwise"):
        product = _by_channel(product, layer.depth_multiplier)
    if layer.use_bias and not before and " + b_" not in product:
        made = product.partition(" = ")[0].rpartition(",")[2].strip("}")
        product += f" + b_{{{made}}}" if len(made) > 1 else f" + b_{made}"
    padding = next((from_node(one) for one in nodes if one.kind == "pad"), "")
    if padding:
        before = [padding.replace("y = ", "x' = ")]
        product = product.replace("x_", "x'_")
    if function_name(layer.activation) == "linear":
        return [*before, product]
    lines = [re.sub(r"^y", "z", line) for line in (*before, product)]
    return [*lines, f"y = {applied(layer.activation, 'z')}"]


def _by_channel(product: str, multiplier: int) -> str:
    """A depthwise convolution with its kernel as Keras has it: (*window, channels, multiplier)."""
    if '"f\'s channel"' not in product:  # there is one channel, and nothing depthwise
        return product
    made, kernel = ("c", "c,0") if multiplier == 1 else (f"{multiplier}·c+m", "c,m")
    product = product.replace(",f}", f",{made}}}", 1).replace('"f\'s channel"', "c")
    return product.replace(",0,f}", f",{kernel}}}")


@of("SeparableConv1D", "SeparableConv2D")
def _separable(layer: Any, nodes: Sequence[Node]) -> Formulas:
    deep = next(from_node(node) for node in nodes if node.kind == "conv")
    deep = _by_channel(deep, layer.depth_multiplier).replace("y", "d", 1).replace("W", "D")
    rank = len(layer.kernel_size)
    place, point = ",".join("pq"[:rank]), ",".join("0" * rank)
    mixed = f"sum_{{c}} d_{{{place},c}} · P_{{{point},c,f}}{_plus_bias(layer, 'b_f')}"
    if function_name(layer.activation) == "linear":
        return [deep, f"y_{{{place},f}} = {mixed}"]
    return [deep, f"z_{{{place},f}} = {mixed}", f"y = {applied(layer.activation, 'z')}"]


@of("StringLookup", "IntegerLookup")
def _lookup(layer: Any, nodes: Sequence[Node]) -> Formulas:
    if layer.output_mode != "int" or layer.invert or layer.num_oov_indices != 1:
        return []
    others = layer.vocabulary_size() - len(layer.get_vocabulary(include_special_tokens=False)) - 1
    return [f"y = {quoted(f'the place of x in the vocabulary, {others} if it is not in there')}"]


@of("Embedding")
def _embedding(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y = E_x, "row number x of E"']


def _standardized(layer: Any) -> str:
    scale = " · γ" if layer.scale else ""
    shift = " + β" if layer.center else ""
    return f"y = frac{{x - μ}}{{sqrt{{v + ε}}}}{scale}{shift}"


@of("BatchNormalization")
def _batch_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return [
        _standardized(layer),
        f'ε = {layer.epsilon}, "μ and v the moving mean and variance"',
    ]


@of("LayerNormalization")
def _layer_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    axes = quoted(f"over axis {', '.join(map(str, _several(layer.axis)))}")
    return [
        f"μ = mean(x), v = mean((x - μ)^2), {axes}",
        f"{_standardized(layer)}, ε = {layer.epsilon}",
    ]


@of("RMSNormalization")
def _rms_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    axes = quoted(f"the mean over axis {', '.join(map(str, _several(layer.axis)))}")
    return [f"y = frac{{x}}{{sqrt{{mean(x^2) + ε}}}} · γ, ε = {layer.epsilon}, {axes}"]


@of("GroupNormalization")
def _group_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return [
        f'"for each of {layer.groups} groups of channels:" μ = mean(x), v = mean((x - μ)^2)',
        f"{_standardized(layer)}, ε = {layer.epsilon}",
    ]


@of("Normalization")
def _normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    if layer.invert:
        return ["y = x · sqrt{v} + μ"]
    return ["y = frac{x - μ}{sqrt{v}}"]


@of("Rescaling")
def _rescaling(layer: Any, nodes: Sequence[Node]) -> Formulas:
    scaled = f"x · {_number(layer.scale)}"
    return [f"y = {scaled}" + (f" + {_number(layer.offset)}" if np.any(layer.offset) else "")]


def _number(setting: Any) -> str:
    """As few digits as tell it; for several their list."""
    if np.ndim(setting):
        return quoted(f"({', '.join(map(_number, setting))})")
    return f"{setting:.7g}"


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
        times(stride, p).replace("*", "·") + f"+{i}" + (f"-{before}" if before else "")
        for p, i, stride, (before, _) in zip("pqr", "ijk", node.strides, node.padding, strict=False)
    ]
    window = [f"{i} < {size}" for i, size in zip("ijk", node.window, strict=False)]
    axes = ",".join("pqr"[: len(window)])
    inside = ', "of what lies inside x"' if node.padded else ""
    steps = ",".join("ijk"[: len(window)])
    y, x = f"y_{{{axes},c}}", f"x_{{{','.join(places)},c}}"
    return [f"{y} = {node.function}_{{{steps}}} {x}, 0 ≤ {', '.join(window)}{inside}"]


@of(
    *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
    *("Cropping1D", "Cropping2D", "Cropping3D"),
)
def _border(layer: Any, nodes: Sequence[Node]) -> Formulas:
    crops = type(layer).__name__.startswith("Cropping")
    sides = layer.cropping if crops else layer.padding
    pairs = [sides] if isinstance(sides[0], int) else sides
    sign = "+" if crops else "-"
    places = [
        f"{p}{sign}{first}" if first else p for p, (first, _) in zip("pqr", pairs, strict=False)
    ]
    axes = ",".join("pqr"[: len(pairs)])
    outside = "" if crops else ', "0 outside of x"'
    y, x = (
        ("c," + axes, "c," + ",".join(places))
        if _channels_first(layer)
        else (axes + ",c", ",".join(places) + ",c")
    )
    return [f"y_{{{y}}} = x_{{{x}}}{outside}"]


def _channels_first(layer: Any) -> bool:
    return getattr(layer, "data_format", None) == "channels_first"


@of("Masking")
def _masking(layer: Any, nodes: Sequence[Node]) -> Formulas:
    given = _number(layer.mask_value)
    return [f'm_t = "any"(x_t ≠ {given}), "over its features"', "y_t = m_t · x_t"]


@of("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _up_sampling(layer: Any, nodes: Sequence[Node]) -> Formulas:
    how = getattr(layer, "interpolation", "nearest")
    if how != "nearest":
        return [f"y = {quoted(f'x at {_times(layer.size)} the size, {how}')}"]
    places = ",".join(f"⌊{p}/{size}⌋" for p, size in zip("pqr", _several(layer.size), strict=False))
    axes = ",".join("pqr"[: len(_several(layer.size))])
    return [f"y_{{{axes},c}} = x_{{{places},c}}"]


@of("RepeatVector")
def _repeat(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return [f"y_t = x, t = 1, …, {layer.n}"]


@of("UnitNormalization")
def _unit_normalization(layer: Any, nodes: Sequence[Node]) -> Formulas:
    axes = quoted(f"the sum over axis {', '.join(map(str, _several(layer.axis)))}")
    return [f"y = frac{{x}}{{sqrt{{sum_{{i}} x_i^2}}}}, {axes}"]


@of("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D")
def _global_average(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y_c = mean(x_c), "over all positions of channel c"']


@of("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
def _global_max(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y_c = max(x_c), "over all positions of channel c"']


@of(*TRAINING_ONLY)
def _training_only(layer: Any, nodes: Sequence[Node]) -> Formulas:
    return ['y = x, "in training it does more"']


def _times(size: Any) -> str:
    return " × ".join(map(str, _several(size)))


def _several(axis: Any) -> Sequence[Any]:
    return axis if isinstance(axis, list | tuple) else [axis]
