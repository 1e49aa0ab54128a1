"""Steps that several layers share: products with a kernel, the bias, the activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.diagnosis.activations import (
    ACTIVATIONS,
    ALIASES,
    LIKELY,
    OTHERS,
    of_layer,
    of_name,
    softmax,
)
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Mistake, Option, Recipe, Step, double, formula_step
from kgen.diagnosis.registry import recipe
from kgen.trace.calls import Call


@recipe("Dense")
def dense(call: Call) -> Recipe | None:
    kernel = call.weight("kernel")
    if kernel is None or kernel.ndim != 2:
        return None
    steps = [first_input(), product_step(double(kernel), call.inputs[0].ndim)]
    bias = call.weight("bias")
    if bias is not None:
        steps.append(bias_step(double(bias), call.outputs[0].ndim))
    steps.append(activation_step(call))
    return Recipe(call, tuple(steps), {"W": 0, "b": 1})


def product_step(kernel: np.ndarray, rank: int) -> Step:
    """x (..., inputs), of this rank, times kernel (inputs, units)."""
    inputs, units = kernel.shape
    names = {"W": kernel}
    used = "W as it is, no reshape"
    options = [Option(Formula("{z} @ W", names))]
    if inputs == units:
        says = "the kernel is transposed: Keras multiplies x @ W, W having a row for each input"
        options.append(
            Option(
                Formula("{z} @ W.T", names),
                Mistake("kernel transposed", says, remark="W not transposed"),
            )
        )
    elif min(inputs, units) > 1:
        text = f"{{z}} @ W.reshape({units}, {inputs}).T"
        says = (
            f"the kernel was reshaped to ({units}, {inputs}), which is not its transpose: a "
            "reshape keeps the numbers in their order, and so gives them to other inputs and units"
        )
        options.append(Option(Formula(text, names), Mistake("kernel reshaped", says, remark=used)))
    if min(inputs, units) > 1 and inputs != units:
        text = f"{{z}} @ W.T.reshape({inputs}, {units})"
        says = f"the kernel was transposed and then reshaped to ({inputs}, {units})"
        options.append(
            Option(Formula(text, names), Mistake("kernel reshaped", says, remark=used, rank=2))
        )
    if rank == 2:
        for text in ("W @ {z}", "W.T @ {z}"):
            says = f"the product was written as {text.format(z='x')} where Keras computes x @ W"
            wrong = Mistake("product in the wrong order", says, remark="samples are rows of x")
            options.append(Option(Formula(text, names), wrong))
    return formula_step("product", *options)


def bias_step(bias: np.ndarray, rank: int) -> Step:
    """The bias (units,), added along the last axis."""
    names = {"b": bias}

    def wrong(text: str, key: str, says: str, rank: int = 1) -> Option:
        return Option(Formula(text, names), Mistake(key, says, rank=rank))

    options = [
        Option(Formula("{z} + b", names)),
        wrong("{z}", "bias left out", "the bias is left out"),
        wrong("{z} + 2 * b", "bias added twice", "the bias is added twice"),
        wrong("{z} - b", "bias subtracted", "the bias is subtracted", 2),
    ]
    if len(bias) > 1:
        reshaped = "the bias was reshaped, so that it runs along "
        axes = {2: ("samples",), 3: ("samples", "steps"), 4: ("samples", "rows", "columns")}
        for axis, what in enumerate(axes.get(rank, ())):
            shape = ", ".join(["-1", *["1"] * (rank - axis - 1)])
            options.append(
                wrong(
                    f"{{z}} + b.reshape({shape})",
                    "bias reshaped",
                    f"{reshaped}the {what} instead of the units",
                )
            )
        only = "only the first number of the bias is added"
        options.append(wrong("{z} + b[0]", "bias reshaped", only, 2))
    return formula_step("pre-activation", *options)


def activation_step(call: Call) -> Step:
    """The activation that the layer's setting names; one that is not Keras's is left to Keras."""
    name = str(call.config.get("activation") or "linear")
    name = ALIASES.get(name, name)
    right = of_name(name)
    if right is None:
        return unknown_activation(name)
    return activation(name, right, call.path, call.outputs[0].ndim)


def unknown_activation(name: str) -> Step:
    def refuse(_: Any) -> np.ndarray:
        raise ValueError(name)

    return formula_step("output", Option(Formula(f"{name}({{z}})", compute=refuse)))


def activation(name: str, right: Formula, path: str, rank: int) -> Step:
    """name: of the right one, "linear" for a layer without one."""
    options = [Option(right)]
    for other, formula in {**ACTIVATIONS, **OTHERS}.items():
        if formula == right:
            continue
        options.append(Option(formula, _wrong_activation(name, other, path)))
    if name != "linear":
        twice = Formula(right.text.replace("{z}", f"({right.text})"), right.names)
        options.append(
            Option(twice, Mistake("activation twice", f"{name} is applied twice", remark="once"))
        )
    if name == "softmax":
        options += [
            Option(softmax(axis), Mistake("softmax axis", says, remark="along the last axis"))
            for axis, says in _softmax_axes(right, rank)
        ]
    return formula_step("output", *options)


def _softmax_axes(right: Formula, rank: int) -> list[tuple[int | None, str]]:
    axes: list[tuple[int | None, str]] = [(None, "softmax is taken over the whole array at once")]
    axes += [
        (axis, f"softmax is taken over {'the samples, ' * (axis == 0)}axis {axis}")
        for axis in range(rank)
    ]
    return [(axis, says) for axis, says in axes if softmax(axis) != right]


def _wrong_activation(name: str, other: str, path: str) -> Mistake:
    if other == "linear":
        return Mistake("activation left out", f"the activation {name} is left out")
    rank = 1 if other in LIKELY else 2
    if other == "hard_sigmoid of Keras 2" and name == "hard_sigmoid":
        says = "hard_sigmoid is that of Keras 2, clip(0.2 x + 0.5); Keras 3 has relu6(x + 3) / 6"
        return Mistake("hard_sigmoid of Keras 2", says)
    if name == "linear":
        says = f"{other} is applied, where {path!r} has no activation"
    else:
        shown = "leaky_relu with the slope 0.2" if other == "leaky_relu" else other
        says = f"{shown} is applied, where {path!r} has {name}"
    return Mistake("wrong activation", says, rank=rank)


@recipe("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax")
def activation_layer(call: Call) -> Recipe | None:
    found = of_layer(call.kind, call.config)
    if found is None:
        return None
    name, right = found
    return Recipe(call, (first_input(), activation(name, right, call.path, call.outputs[0].ndim)))


@recipe("PReLU")
def prelu(call: Call) -> Recipe | None:
    alpha = call.weight("alpha")
    if alpha is None:
        return None
    right = Formula("np.where({z} > 0, {z}, alpha * {z})", {"alpha": double(alpha)})
    step = activation("PReLU", right, call.path, call.outputs[0].ndim)
    return Recipe(call, (first_input(), step), {"alpha": 0})


def first_input() -> Step:
    """From the tuple of a layer's inputs to the first one; a stage without a name."""
    return Step("", (), lambda inputs, _: inputs[0])
