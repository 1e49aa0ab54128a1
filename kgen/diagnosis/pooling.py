"""Recipes of pooling."""

from __future__ import annotations

import numpy as np

from kgen.diagnosis.affine import first_input
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Choice, Mistake, Option, Picks, Recipe, Step, formula_step
from kgen.diagnosis.registry import recipe
from kgen.diagnosis.windows import (
    back,
    begun,
    each,
    grid,
    is_channels_first,
    last,
    padding_choice,
    start_choice,
)
from kgen.trace.calls import Call


@recipe(
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
)  # fmt: skip
def pooling(call: Call) -> Recipe | None:
    rank = call.inputs[0].ndim - 2
    where = grid(call, each(call.config.get("pool_size"), rank))
    if where is None:
        return None
    axes = tuple(range(-rank, 0))
    to_last, to_first = last(call), back(call)

    def run(x: np.ndarray, picks: Picks) -> np.ndarray:
        fill = {"average": np.nan, "maximum": -np.inf}.get(picks["kind"], 0.0)
        begin = begun(to_last(x), picks["padding"], picks["start"], fill)
        windows = where.windows(begin, where.none)
        if picks["kind"] == "maximum":
            return to_first(windows.max(axes))
        pool = np.nanmean if picks["kind"] == "average" else np.mean
        return to_first(np.asarray(pool(windows, axes)))

    right = "maximum" if call.kind.startswith("Max") else "average"
    other = "average" if right == "maximum" else "maximum"
    options = [Option(right), Option(other, _wrong_kind(call, other, right))]
    if right == "average" and call.config.get("padding") == "same":
        says = "zeros around the image are averaged too; Keras divides by the numbers inside it"
        fix = "# mean over the part of the window that lies inside of the image"
        options.append(Option("with zeros", Mistake("padding averaged", says, fix)))
    choices = (Choice("kind", tuple(options)), padding_choice(call, where), start_choice(where))
    return Recipe(call, (first_input(), Step("output", choices, run)))


@recipe(
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
)  # fmt: skip
def global_pooling(call: Call) -> Recipe | None:
    if call.mask is not None and call.kind == "GlobalAveragePooling1D":
        return _masked_average(call)
    rank = call.inputs[0].ndim - 2
    axes = tuple(range(2, rank + 2)) if is_channels_first(call) else tuple(range(1, rank + 1))
    keep = bool(call.config.get("keepdims"))
    arguments = f"axis={axes}, keepdims=True" if keep else f"axis={axes}"
    formulas = {
        "maximum": Formula(f"{{z}}.max({arguments})"),
        "average": Formula(f"{{z}}.mean({arguments})"),
        "sum": Formula(f"{{z}}.sum({arguments})"),
    }
    right = "maximum" if "Max" in call.kind else "average"
    options = [Option(formulas[right])]
    for other, formula in formulas.items():
        if other != right:
            options.append(Option(formula, _wrong_kind(call, other, right)))
    return Recipe(call, (first_input(), formula_step("output", *options)))


def _masked_average(call: Call) -> Recipe:
    """Of the steps that the mask lets through; the mask is the second input."""
    keep = ", keepdims=True" if call.config.get("keepdims") else ""
    sums = "({z}[0] * {z}[1][:, :, None]).sum(axis=1KEEP)".replace("KEEP", keep)
    counts = "{z}[1][:, :, None].sum(axis=1KEEP)".replace("KEEP", keep)
    key, remark = "mask ignored", "mask: True at the steps that count"
    steps = f"{{z}}[0].mean(axis=1{keep})"
    ignored = Mistake(key, "the mask is ignored: masked steps are averaged too", remark=remark)
    says = "masked steps are zero, but they are counted"
    counted = Mistake(key, says, remark=remark)
    options = (
        Option(Formula(f"{sums} / {counts}")),
        Option(Formula(steps), ignored),
        Option(Formula(f"{sums} / {{z}}[0].shape[1]"), counted),
        Option(Formula(sums), Mistake("wrong pooling", "the sum is taken, not the average")),
    )
    return Recipe(call, (formula_step("output", *options),))


def _wrong_kind(call: Call, other: str, right: str) -> Mistake:
    return Mistake("wrong pooling", f"the {other} is taken, where {call.path!r} takes the {right}")
