"""The lines of NumPy that a report shows: what was computed, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import TypeAlias

import numpy as np

from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Mistake, Recipe, double
from kgen.diagnosis.world import World

Names: TypeAlias = Mapping[tuple[int, int], str]
"""What the asker calls the values of steps: by the call's number and the step's."""


def line(
    world: World, names: Names, target: str, call: int, step: int, mistakes: Sequence[Mistake]
) -> str:
    """`target = ...`, as it is right: its weights above it, the mistakes' remarks behind it."""
    recipe = world.recipes[call] if call >= 0 else None
    remarks = [mistake.remark for mistake in mistakes if mistake.remark]
    own = next((mistake.fix for mistake in mistakes if mistake.fix), "")
    if own:
        start = source(world, names, call)
        text = own.replace("{y}", target).replace("{x}", start)
        return text.replace("{layer}", world.calls[call].access if call >= 0 else "model")
    if recipe is None:
        inputs = source(world, names, call)
        made = f"{world.calls[call].access}({inputs})" if call >= 0 else "x"
        return _commented([f"{target} = {made}"], remarks)
    step = len(recipe.steps) - 1 if step < 0 else step
    formulas = [_right(recipe, number) for number in range(step + 1)]
    composed = compose(world, names, target, call, formulas)
    if composed:
        joined = " ".join(composed)
        remarks += [
            what for name, what in _explained(world, names, call).items() if _has(joined, name)
        ]
        remarks += [f"from scipy.special import {f}" for f in ("erf",) if _has(joined, f)]
    if composed is None:
        made = f"{world.calls[call].access}({source(world, names, call)})"
        return _commented([f"{target} = {made}"], remarks)
    return "\n".join([*_weights(recipe, " ".join(composed)), _commented(composed, remarks)])


def compose(
    world: World, names: Names, target: str, call: int, formulas: Sequence[Formula | None]
) -> list[str] | None:
    """Statements of what the formulas compute, from the last value that the asker has a name for.
    None if a step is none.
    """
    recipe = world.recipes[call]
    assert recipe is not None
    known = [n for n in range(len(formulas) - 1) if (call, n) in names]
    first = known[-1] + 1 if known else 0
    text = names[call, known[-1]] if known else source(world, names, call)
    statements: list[str] = []
    for number in range(first, len(formulas)):
        formula = formulas[number]
        if formula is None:
            if recipe.steps[number].stage:
                return None
            continue
        if number == 0:  # all of the inputs
            masked = world.calls[call].mask is not None
            text = _of_all(formula.text, _sources(world, names, call), masked)
            continue
        if formula.uses > 1 and not text.isidentifier():
            statements.append(f"z = {text}")
            text = "z"
        text = formula.of(text)
    return [*statements, f"{target} = {text}"]


def _of_all(formula: str, inputs: Sequence[str], masked: bool) -> str:
    """The formula of a list: {z}[0] is the first of the inputs, behind which the mask comes."""
    given = [*inputs, "mask"] if masked else inputs
    one = re.sub(r"\{z\}\[(\d)\]", lambda found: given[int(found[1])], formula)
    return one.replace("{z}", f"[{', '.join(inputs)}]")


def last_step(world: World, call: int) -> int:
    recipe = world.recipes[call]
    return -1 if recipe is None else len(recipe.steps) - 1


def source(world: World, names: Names, call: int) -> str:
    """What goes into a call, by the asker's name for it, or one after the layer that makes it."""
    return ", ".join(_sources(world, names, call))


def _sources(world: World, names: Names, call: int) -> list[str]:
    if call < 0 or not world.calls[call].inputs:
        return ["x"]
    return [_source(world, names, call, array)[0] for array in world.calls[call].inputs]


def _has(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _explained(world: World, names: Names, call: int) -> dict[str, str]:
    """What those inputs are that the asker has no name for."""
    if call < 0:
        return {}
    found = [_source(world, names, call, array) for array in world.calls[call].inputs]
    return {name: f"{name} is {what}" for name, what in found if what}


def _source(world: World, names: Names, call: int, array: np.ndarray) -> tuple[str, str]:
    """A name, and what it names if it is not the asker's."""
    for (number, step), name in reversed(list(names.items())):
        if 0 <= number < call and step == last_step(world, number):
            outputs = world.calls[number].outputs
            if outputs and np.array_equal(outputs[0], array):
                return name, ""
    for number, given in enumerate(world.inputs):
        if given.shape == array.shape and np.array_equal(double(given), double(array)):
            return ("x" if len(world.inputs) == 1 else f"x{number}"), ""
    for number in range(call - 1, -1, -1):
        for output in world.calls[number].outputs:
            if np.array_equal(output, array):
                path = world.calls[number].path
                return identifier(path), f"the output of {path!r}"
    return "x", ""


def identifier(path: str) -> str:
    """A name in Python after a layer's."""
    name = re.sub(r"\W", "_", path.rpartition("/")[2], flags=re.ASCII) or "layer"
    return f"{name}_" if iskeyword(name) or name[0].isdigit() else name


def _right(recipe: Recipe, number: int) -> Formula | None:
    step = recipe.steps[number]
    return step.formula(step.right)


def _weights(recipe: Recipe, text: str) -> list[str]:
    """Statements of where the weights that the text names come from."""
    call = recipe.call
    used = [
        (symbol, call.weights[index])
        for symbol, index in recipe.symbols.items()
        if index < len(call.weights) and re.search(rf"\b{symbol}\b", text)
    ]
    if len(used) == len(call.weights) > 1:
        symbols = ", ".join(symbol for symbol, _ in used)
        shapes = [str(weight.array.shape) for _, weight in used]
        shown = " and ".join([", ".join(shapes[:-1]), shapes[-1]])
        return [f"{symbols} = {call.access}.get_weights()  # shapes {shown}"]
    return [
        f"{symbol} = {call.access}.get_weights()[{weight.index}]  # shape {weight.array.shape}"
        for symbol, weight in used
    ]


def _commented(statements: list[str], remarks: list[str]) -> str:
    *before, last = statements
    comment = f"  # {'; '.join(dict.fromkeys(remarks))}" if remarks else ""
    return "\n".join([*before, last + comment])
