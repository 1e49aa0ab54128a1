"""Recipes of layers that arrange numbers, merge arrays, or do nothing at inference."""

from __future__ import annotations

import numpy as np

from kgen.diagnosis.affine import first_input
from kgen.diagnosis.formula import IDENTITY, Formula
from kgen.diagnosis.recipe import Mistake, Option, Recipe, formula_step
from kgen.diagnosis.registry import recipe
from kgen.diagnosis.windows import is_channels_first
from kgen.trace.calls import Call


@recipe("Flatten")
def flatten(call: Call) -> Recipe | None:
    """(samples, *sizes) to (samples, numbers), row by row."""
    rank = call.inputs[0].ndim
    if rank < 3 or is_channels_first(call):
        return None
    right = Formula("{z}.reshape(len({z}), -1)")
    options = [Option(right)]

    def wrong(axes: tuple[int, ...], says: str) -> None:
        formula = Formula(f"{{z}}.transpose({axes}).reshape(len({{z}}), -1)")
        options.append(Option(formula, Mistake("flatten order", says, remark="row by row")))

    inner = tuple(range(1, rank))
    wrong(
        (0, *reversed(inner)),
        "it is flattened in column-major order (order='F'); Keras goes row by row",
    )
    if rank > 3:
        says = "it is flattened with channels first; Keras has the channels last"
        wrong((0, rank - 1, *inner[:-1]), says)
        wrong((0, 2, 1, *inner[2:]), "it is flattened with rows and columns exchanged")
    return Recipe(call, (first_input(), formula_step("output", *options)))


@recipe("Reshape")
def reshape(call: Call) -> Recipe | None:
    shape = call.outputs[0].shape[1:]
    sizes = "".join(f", {size}" for size in shape)
    inner = tuple(range(call.inputs[0].ndim - 1, 0, -1))
    back = tuple(range(len(shape), 0, -1))
    turned = "".join(f", {size}" for size in reversed(shape))
    column_major = (
        f"{{z}}.transpose({(0, *inner)}).reshape(len({{z}}){turned}).transpose({(0, *back)})"
    )
    says = "it is reshaped in column-major order (order='F'); Keras goes row by row"
    options = [
        Option(Formula(f"{{z}}.reshape(len({{z}}){sizes})")),
        Option(Formula(column_major), Mistake("flatten order", says, remark="row by row")),
    ]
    return Recipe(call, (first_input(), formula_step("output", *options)))


@recipe("Permute")
def permute(call: Call) -> Recipe | None:
    dims = tuple(int(axis) for axis in call.config.get("dims", ()))
    sizes = "".join(f", {size}" for size in call.outputs[0].shape[1:])
    says = "it is reshaped, where the axes are to be transposed"
    options = [
        Option(Formula(f"{{z}}.transpose({(0, *dims)})")),
        Option(
            Formula(f"{{z}}.reshape(len({{z}}){sizes})"),
            Mistake("reshape for transpose", says, remark="a reshape keeps the numbers' order"),
        ),
    ]
    return Recipe(call, (first_input(), formula_step("output", *options)))


@recipe(
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout",
    "AlphaDropout",
)  # fmt: skip
def dropout(call: Call) -> Recipe | None:
    rate = float(call.config.get("rate") or 0.0)
    if not 0 < rate < 1:
        return None
    remark = "dropout does nothing at inference"
    options = [Option(IDENTITY)]
    for text, says in (
        (f"{{z}} * {1 - rate:g}", f"dropout's {1 - rate:g} is multiplied in"),
        (f"{{z}} / {1 - rate:g}", f"it is divided by dropout's {1 - rate:g}"),
        (f"{{z}} * {rate:g}", f"dropout's rate {rate:g} is multiplied in"),
    ):
        mistake = Mistake("dropout at inference", f"{says}; at inference it does nothing")
        mistake = Mistake(mistake.key, mistake.says, f"{{y}} = {{x}}  # {remark}")
        options.append(Option(Formula(text), mistake))
    return Recipe(call, (first_input(), formula_step("output", *options)))


MERGES = {
    "Add": "np.sum({z}, axis=0)",
    "Multiply": "np.prod({z}, axis=0)",
    "Average": "np.mean({z}, axis=0)",
    "Maximum": "np.max({z}, axis=0)",
    "Minimum": "np.min({z}, axis=0)",
    "Subtract": "{z}[0] - {z}[1]",
}


@recipe(*MERGES)
def merge(call: Call) -> Recipe | None:
    if call.mask is not None or len({array.shape for array in call.inputs}) > 1:
        return None
    options = [Option(Formula(MERGES[call.kind]))]
    for other, text in MERGES.items():
        if other != call.kind:
            says = f"the arrays are merged as by {other}, where {call.path!r} is {call.kind}"
            options.append(Option(Formula(text), Mistake("wrong merge", says)))
    if call.kind == "Subtract":
        says = "the arrays are subtracted the other way round"
        options.append(Option(Formula("{z}[1] - {z}[0]"), Mistake("order of arrays", says)))
    else:
        for number in range(len(call.inputs)):
            rest = ", ".join(f"{{z}}[{n}]" for n in range(len(call.inputs)) if n != number)
            text = MERGES[call.kind].replace("{z}", f"[{rest}]")
            says = f"array {number} of those that are merged is left out"
            options.append(Option(Formula(text), Mistake("array left out", says)))
    return Recipe(call, (formula_step("output", *options),))


@recipe("Dot")
def dot(call: Call) -> Recipe | None:
    """Sums of products along one axis of each of two arrays."""
    if len(call.inputs) != 2:
        return None
    given = call.config.get("axes", -1)
    a, b = call.inputs
    first, second = given if isinstance(given, tuple | list) else (given, given)
    axes = (first % a.ndim, second % b.ndim)
    normalized = bool(call.config.get("normalize"))

    def product(axes: tuple[int, int], normalized: bool = normalized, divide: str = "") -> Formula:
        x, y = ["n", *"abcdefgh"[: a.ndim - 1]], ["n", *"ijklmopq"[: b.ndim - 1]]
        x[axes[0]] = y[axes[1]] = "s"
        rest = "".join(one for one in x + y if one != "s").replace("n", "")
        arrays = [
            f"{{z}}[{k}] / np.sqrt(np.sum({{z}}[{k}] ** 2, axis={axes[k]}, keepdims=True))"
            if normalized
            else f"{{z}}[{k}]"
            for k in range(2)
        ]
        text = f'np.einsum("{"".join(x)},{"".join(y)}->n{rest}", {arrays[0]}, {arrays[1]})'
        return Formula((text if rest else f"{text}[:, None]") + divide)

    options = [Option(product(axes))]
    says = "the arrays are normalized, where this layer is normalize=False"
    if normalized:
        says = "the arrays are not normalized to length 1, as normalize=True does"
    options.append(Option(product(axes, not normalized), Mistake("wrong normalization", says)))
    for other in [(i, j) for i in range(1, a.ndim) for j in range(1, b.ndim)]:
        if other != axes and a.shape[other[0]] == b.shape[other[1]]:
            says = f"products are summed along axes {other}, where {call.path!r} has {axes}"
            options.append(Option(product(other), Mistake("wrong axis", says)))
    if call.outputs[0].ndim == 3:
        turned = Formula(f"({product(axes).text}).swapaxes(1, 2)")
        options.append(
            Option(turned, Mistake("order of arrays", "the arrays are the other way round"))
        )
    scale = f"{a.shape[axes[0]]} ** 0.5"
    says = f"it is divided by {scale}, as attention's scores are"
    options.append(Option(product(axes, divide=f" / {scale}"), Mistake("scale of attention", says)))
    return Recipe(call, (formula_step("output", *options),))


@recipe("Concatenate")
def concatenate(call: Call) -> Recipe | None:
    if call.mask is not None:
        return None
    axis = int(call.config.get("axis", -1))
    options = [Option(Formula(f"np.concatenate({{z}}, axis={axis})"))]
    if len(call.inputs) > 1:
        says = "the arrays are concatenated in another order"
        text = f"np.concatenate({{z}}[::-1], axis={axis})"
        options.append(Option(Formula(text), Mistake("order of arrays", says)))
        for other in range(1, call.inputs[0].ndim):
            if other != axis % call.inputs[0].ndim:
                says = f"the arrays are concatenated along axis {other}, not {axis}"
                text = f"np.concatenate({{z}}, axis={other})"
                options.append(Option(Formula(text), Mistake("wrong axis", says)))
    return Recipe(call, (formula_step("output", *options),))


@recipe("Embedding")
def embedding(call: Call) -> Recipe | None:
    table = call.weight("embeddings")
    if table is None:
        return None
    names = {"W": np.asarray(table, np.float64)}
    key = "indices off by one"
    options = [Option(Formula("W[{z}.astype(int)]", names))]
    for text, says in (
        ("W[{z}.astype(int) - 1]", "the indices are one too small: they begin at 0"),
        ("W[{z}.astype(int) + 1]", "the indices are one too large: they begin at 0"),
    ):
        options.append(Option(Formula(text, names), Mistake(key, says)))
    return Recipe(call, (first_input(), formula_step("output", *options)), {"W": 0})
