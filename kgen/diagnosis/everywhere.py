"""One mistake that was made in every layer in which it can be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kgen.diagnosis.candidates import Candidate, Sort, sort_of
from kgen.diagnosis.hypotheses import EACH, MOST_WORK, Hypotheses
from kgen.diagnosis.recipe import Mistake, Picks
from kgen.diagnosis.world import doubles
from kgen.trace.calls import Call


def everywhere(hypotheses: Hypotheses) -> Iterator[Candidate]:
    """With the same mistake in every layer in which it can be made."""
    calls = hypotheses.world.calls
    if EACH * sum(map(hypotheses.cost, range(len(calls)))) > MOST_WORK:
        hypotheses.limit = "The model is too large to look for mistakes in every layer at once."
        return
    several = {sort: where for sort, where in _places(hypotheses).items() if len(where) > 1}
    count = len(several)
    if not count or count * sum(x.size for call in calls for x in call.outputs) > MOST_WORK:
        return
    stacks = hypotheses.stacks

    def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
        """Each hypothesis' share of the call's output, with its mistake if it can be here."""
        if at in hypotheses.world.overrides:
            return stacks.overridden(at, call, count)
        if not any(at in where for where in several.values()):
            return None
        parts = np.split(call.outputs[0], count)
        given = [np.split(x, count) for x in doubles(call.given)]
        for index, (sort, where) in enumerate(several.items()):
            if at in where:
                inputs = tuple(shares[index] for shares in given)
                made = _with_mistake(hypotheses, at, sort, inputs)
                if made is not None and made.shape == parts[index].shape:
                    parts[index] = made
        return [np.concatenate(parts), *call.outputs[1:]]

    causes = [tuple(where.items()) for where in several.values()]
    first = min(min(where) for where in several.values())
    for shares in stacks.run(alter, causes, first, stacks.compatible) or ():
        for one in stacks.values(shares, 0):
            yield replace(one, everywhere=True)


def _places(hypotheses: Hypotheses) -> dict[Sort, dict[int, Mistake]]:
    """Where each sort of mistakes can be made without changing the shape of a layer's output."""
    places: dict[Sort, dict[int, Mistake]] = {}
    for number, call in enumerate(hypotheses.world.calls):
        for one in hypotheses.at(number, 1):
            same_shape = call.outputs[:1] and one.array.shape == call.outputs[0].shape
            if one.causes and hypotheses.is_output(one) and same_shape:
                mistake = one.causes[0][1]
                formula = one.formulas[-1] if one.formulas else None
                places.setdefault(sort_of(mistake, formula), {}).setdefault(number, mistake)
    return places


def _with_mistake(hypotheses: Hypotheses, number: int, sort: Sort, value: Any) -> np.ndarray | None:
    """The output of a call with one mistake of this sort, from other inputs."""
    recipe = hypotheses.world.recipes[number]
    for variant in hypotheses.variants(number) if sort[0] == "float16" else ():
        if variant.mistake.key == "float16":
            recipe = variant.recipe
    if recipe is None:
        return None
    for step in recipe.steps:
        picks: Picks = step.right
        for other, mistakes in step.picks(1):
            if mistakes and sort_of(mistakes[0], step.formula(other)) == sort:
                picks = other
                break
        try:
            with np.errstate(all="ignore"):
                value = step.run(value, picks)
        except (ValueError, IndexError, TypeError):
            return None
    return np.asarray(value)
