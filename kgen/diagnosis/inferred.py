"""Mistakes with something unknown in them, which the asker's array itself tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from kgen.diagnosis.closeness import Mine
from kgen.diagnosis.recipe import Mistake, double
from kgen.diagnosis.world import World

SPARE = 4
"""So many more numbers than unknown ones an array must have, for weights to be told from it."""


Inferred: TypeAlias = tuple[int, int, np.ndarray, Mistake]
"""The number of a call, of its step, the value with the mistake, and the mistake."""


def dropped(world: World, mine: Mine) -> Iterator[Inferred]:
    """What dropout may have dropped."""
    for number, call in enumerate(world.calls):
        recipe = world.recipes[number]
        if recipe is not None and number not in world.overrides and "Dropout" in call.kind:
            for array, mistake in _dropped(double(call.inputs[0]), mine, call.config.get("rate")):
                yield number, len(recipe.steps) - 1, array, mistake


def solved(world: World, mine: Mine) -> Iterator[Inferred]:
    """Other weights of a Dense layer that give exactly the array."""
    for number, call in enumerate(world.calls):
        recipe = world.recipes[number]
        if recipe is None or number in world.overrides or call.kind != "Dense":
            continue
        if mine.shape[-1:] != call.outputs[0].shape[-1:]:
            continue
        found = _other_weights(double(call.inputs[0]), mine)
        if found is not None:
            array, bias = found
            says = (
                f"it is made with other weights than {call.path!r} has, and no other layer's: "
                "those of another epoch or model, perhaps (--other MODEL compares with one)"
            )
            mistake = Mistake("weights of another epoch", says, rank=2)
            yield number, recipe.position("pre-activation" if bias else "product"), array, mistake


def _dropped(x: np.ndarray, mine: Mine, rate: float | None) -> Iterator[tuple[np.ndarray, Mistake]]:
    """x with the zeros that the array has more."""
    if mine.shape != x.shape or not rate or not 0 < rate < 1:
        return
    zero = mine.values == 0
    if not (zero & (x != 0)).any() or zero.all():
        return
    share = float((zero & (x != 0)).sum()) / float((x != 0).sum())
    fix = "{y} = {x}  # dropout does nothing at inference"
    key = "dropout at inference"
    says = f"dropout is applied: {share:.0%} of the numbers are set to zero"
    scaled = f"{says}, the others divided by {1 - rate:g}"
    yield np.where(zero, 0, x / (1 - rate)), Mistake(key, scaled, fix)
    yield np.where(zero, 0, x), Mistake(key, says, fix)


def _other_weights(x: np.ndarray, mine: Mine) -> tuple[np.ndarray, bool] | None:
    """x times the kernel, and with the bias, that fit the array best; whether there is a bias."""
    if mine.values.ndim != x.ndim or mine.shape[:-1] != x.shape[:-1]:
        return None
    rows = x.reshape(-1, x.shape[-1])
    wanted = mine.values.reshape(len(rows), -1)
    for matrix, bias in ((rows, False), (np.hstack([rows, np.ones((len(rows), 1))]), True)):
        solution, _, rank, _ = np.linalg.lstsq(matrix, wanted, rcond=None)
        told = len(np.unique(rows, axis=0))  # equal ones, of units that are never active, tell once
        if (told - rank) * wanted.shape[1] < SPARE:
            continue
        made = matrix @ solution
        if np.abs(made - wanted).max() <= 1e-4 * mine.scale:
            return made.reshape(mine.shape), bias
    return None
