"""An explanation as text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kgen.explanation.arrays import SHOWN, numbers
from kgen.explanation.notation import text as formula_text
from kgen.explanation.report import Explanation, LayerReport, Named, Step, Weight
from kgen.names import comment

STEPS_SHOWN = 2
"""Of a loop over time; the others are on the page."""

INDENT = "    "


def text(explanation: Explanation) -> str:
    return "\n".join(lines(explanation))


def lines(explanation: Explanation) -> Iterator[str]:
    """Line by line, without colours."""
    count = explanation.samples
    yield f"{comment(explanation.name)}: {count} sample{'s' if count != 1 else ''}"
    for one in explanation.inputs:
        yield f"input {comment(one.name)} {one.shape}"
        yield numbers(one.array, INDENT)
    for layer in explanation.layers:
        yield ""
        yield from _layer(layer)
    yield ""
    if any(one.array.size > SHOWN for one in _all_arrays(explanation)):
        yield f"Arrays of more than {SHOWN} numbers are shortened: their first and last are shown."
    for one in explanation.outputs:
        yield f"output {comment(one.name)} {one.shape}"
        yield numbers(one.array, INDENT)
    yield explanation.verdict


def _all_arrays(explanation: Explanation) -> Iterator[Named]:
    yield from (*explanation.inputs, *explanation.outputs)
    for layer in explanation.layers:
        yield from layer.weights
        yield from (made for step in layer.steps for made in step.made)


def _layer(layer: LayerReport) -> Iterator[str]:
    again = f", call {layer.repeated}" if layer.repeated > 1 else ""
    yield f"{comment(layer.name)}{again}: {comment(layer.summary or layer.kind)}"
    for formula in layer.formulas:
        yield f"  {formula_text(formula)}"
    for meaning in layer.functions:
        yield f"  where {formula_text(meaning)}"
    if layer.shapes:
        yield f"  {layer.shapes}"
    if layer.weights and layer.repeated > 1:
        yield "  its weights are those of call 1"
    for weight in layer.weights if layer.repeated == 1 else ():
        yield from _weight(weight)
    for one in layer.inputs:
        yield f"  {formula_text(one.symbol)} = {comment(one.name)} {one.shape}"
    looped: list[Step] = []
    for step in layer.steps:
        if step.loops:
            looped.append(step)
            continue
        if looped:
            yield from _loop(looped)
            looped = []
        yield from _step(step, layer)


def _weight(weight: Weight) -> Iterator[str]:
    symbol = formula_text(weight.symbol)
    note = f"; {weight.note}" if weight.note else ""
    yield f"  {symbol} = {comment(weight.name)} {weight.shape}: {weight.place}{note}"
    if weight.memory_order:
        yield f"      {formula_text(weight.memory_order)}"
    yield numbers(weight.array, INDENT + "  ")


def _step(step: Step, layer: LayerReport) -> Iterator[str]:
    by = f" ({comment(step.layer)})" if step.layer != layer.name else ""
    yield f"  {step.title}{by}:  {formula_text(step.formula)}   {step.shapes}"
    for made in step.made:
        prefix = f"{formula_text(made.symbol)} = " if len(step.made) > 1 else ""
        if prefix:
            yield f"{INDENT}{prefix}"
        yield numbers(made.array, INDENT + "  ")


def _loop(steps: list[Step]) -> Iterator[str]:
    """The steps of a loop, for the first steps of time."""
    total = max(step.made[0].array.shape[1] for step in steps)
    for t in range(min(STEPS_SHOWN, total)):
        yield f"  t = {t + 1} of {total}"
        seen: set[str] = set()
        for step in steps:
            for read in step.reads:  # the states before, and what the step sees
                if (
                    read.loops
                    and read.symbol not in seen
                    and read.symbol.endswith(("_t", "_{t-1}"))
                ):
                    yield from _at(read, t, "")
                seen.add(read.symbol)
            seen.update(made.symbol for made in step.made)
            for made in step.made:
                yield from _at(made, t, f"{step.title}:  {formula_text(step.formula)}")
    if total > STEPS_SHOWN:
        more = total - STEPS_SHOWN
        yield f"  ... and {more} more step{'s' if more != 1 else ''}"


def _at(one: Named, t: int, what: str) -> Iterator[str]:
    array = np.take(one.array, min(t, one.array.shape[1] - 1), 1)
    yield f"    {what or formula_text(one.symbol) + ' = ' + comment(one.name)}"
    yield numbers(array, INDENT * 2)
