"""Keras's activations in NumPy, and what they are mistaken for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kgen.diagnosis.formula import IDENTITY, Formula

_SOFTMAX = (
    "np.exp({z} - {z}.max(axis=AXIS, keepdims=True))"
    " / np.exp({z} - {z}.max(axis=AXIS, keepdims=True)).sum(axis=AXIS, keepdims=True)"
)
_ELU = "np.where({z} > 0, {z}, ALPHA * np.expm1(np.minimum({z}, 0)))"
_SHRINK = "np.where({z} > T, {z} - T, np.where({z} < -T, {z} + T, 0))"


def softmax(axis: int | tuple[int, ...] | None) -> Formula:
    return Formula(_SOFTMAX.replace("AXIS", str(axis)))


def leaky_relu(slope: float) -> Formula:
    return Formula(f"np.where({{z}} > 0, {{z}}, {slope:g} * {{z}})")


def elu(alpha: float) -> Formula:
    return Formula(_ELU.replace("ALPHA", f"{alpha:g}"))


def relu(slope: float = 0.0, maximum: float | None = None, threshold: float = 0.0) -> Formula:
    if slope == threshold == 0:
        inner = "np.maximum({z}, 0)"
        return Formula(inner if maximum is None else f"np.minimum({inner}, {maximum:g})")
    above = "{z}" if maximum is None else f"np.minimum({{z}}, {maximum:g})"
    return Formula(
        f"np.where({{z}} >= {threshold:g}, {above}, {slope:g} * ({{z}} - {threshold:g}))"
    )


ACTIVATIONS: Mapping[str, Formula] = {
    "linear": IDENTITY,
    "relu": relu(),
    "sigmoid": Formula("1 / (1 + np.exp(-{z}))"),
    "tanh": Formula("np.tanh({z})"),
    "softmax": softmax(-1),
    "leaky_relu": leaky_relu(0.2),
    "elu": elu(1),
    "selu": Formula(f"1.05070098 * {_ELU.replace('ALPHA', '1.67326324')}"),
    "gelu": Formula("0.5 * {z} * (1 + erf({z} / np.sqrt(2)))"),
    "silu": Formula("{z} / (1 + np.exp(-{z}))"),
    "softplus": Formula("np.logaddexp({z}, 0)"),
    "softsign": Formula("{z} / (1 + np.abs({z}))"),
    "relu6": relu(maximum=6),
    "hard_sigmoid": Formula("np.clip({z} / 6 + 0.5, 0, 1)"),
    "hard_silu": Formula("{z} * np.clip({z} / 6 + 0.5, 0, 1)"),
    "hard_tanh": Formula("np.clip({z}, -1, 1)"),
    "exponential": Formula("np.exp({z})"),
    "mish": Formula("{z} * np.tanh(np.logaddexp({z}, 0))"),
    "log_sigmoid": Formula("-np.logaddexp(-{z}, 0)"),
    "log_softmax": Formula(
        "{z} - {z}.max(axis=-1, keepdims=True)"
        " - np.log(np.exp({z} - {z}.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True))"
    ),
    "celu": elu(1),
    "hard_shrink": Formula("np.where(np.abs({z}) > 0.5, {z}, 0)"),
    "soft_shrink": Formula(_SHRINK.replace("T", "0.5")),
    "tanh_shrink": Formula("{z} - np.tanh({z})"),
    "squareplus": Formula("({z} + np.sqrt({z} ** 2 + 4)) / 2"),
    "sparse_plus": Formula("np.where({z} <= -1, 0, np.where({z} < 1, ({z} + 1) ** 2 / 4, {z}))"),
    "sparse_sigmoid": Formula("np.clip(({z} + 1) / 2, 0, 1)"),
    "sparsemax": Formula("sparsemax({z})"),
}
"""By Keras's names, with Keras's default settings."""

ALIASES = {"swish": "silu", "hard_swish": "hard_silu", "exp": "exponential"}

OTHERS: Mapping[str, Formula] = {
    "hard_sigmoid of Keras 2": Formula("np.clip(0.2 * {z} + 0.5, 0, 1)"),
    "the approximate gelu": Formula(
        "0.5 * {z} * (1 + np.tanh(np.sqrt(2 / np.pi) * ({z} + 0.044715 * {z} ** 3)))"
    ),
    "leaky_relu with the slope 0.3": leaky_relu(0.3),
    "leaky_relu with the slope 0.1": leaky_relu(0.1),
    "leaky_relu with the slope 0.01": leaky_relu(0.01),
    "a step": Formula("np.where({z} > 0, 1.0, 0.0)"),
}
"""What other libraries and versions, and other settings, mean by these names."""

LIKELY = ("relu", "sigmoid", "tanh", "softmax")


def of_name(name: Any) -> Formula | None:
    """The activation that a layer's setting names, if it is one of Keras's."""
    name = str(name or "linear")
    return ACTIVATIONS.get(ALIASES.get(name, name))


def of_layer(kind: str, config: Mapping[str, Any]) -> tuple[str, Formula] | None:
    """The name and formula of a layer that is an activation, or None if it is another layer."""
    if kind == "Activation":
        name, formula = str(config.get("activation")), of_name(config.get("activation"))
        return None if formula is None else (ALIASES.get(name, name), formula)
    if kind == "ReLU":
        slope, maximum = config.get("negative_slope", 0.0), config.get("max_value")
        threshold = config.get("threshold", 0.0)
        return "relu", relu(float(slope), maximum, float(threshold))
    if kind == "LeakyReLU":
        slope = float(config.get("negative_slope", 0.3))
        return f"leaky_relu with the slope {slope:g}", leaky_relu(slope)
    if kind == "ELU":
        return "elu", elu(float(config.get("alpha", 1.0)))
    if kind == "Softmax":
        axis = config.get("axis", -1)
        return "softmax", softmax(tuple(axis) if isinstance(axis, list) else axis)
    return None
