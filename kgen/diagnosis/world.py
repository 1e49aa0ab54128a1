"""Worlds: what the model computes from the samples, given none or some of the asker's arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from kgen.arrays import widened
from kgen.compare import HALF_TOLERANCE
from kgen.diagnosis import layers  # noqa: F401  it fills the registry
from kgen.diagnosis.recipe import Inside, Recipe, Result, double, every_part, walk
from kgen.diagnosis.registry import recipe_of
from kgen.trace.calls import Alter, Call, Known

Run: TypeAlias = Callable[[Sequence[np.ndarray], "Alter | None", "Known | None"], list[Call]]
"""The model: from inputs to the calls of its layers."""

TRUST = 1e-3
"""A recipe that is further than this from what Keras computed, relative to the largest number, is
not believed."""


PART = "part"
"""The stage of values inside of a step: gates, scores of attention."""


@dataclass(frozen=True)
class Place:
    """Which value of the model it is.

    call: the layer's call, None for an input or weight. stage: "output", "pre-activation", ...
    title: as the report names it.
    """

    title: str
    call: int | None = None
    step: int = -1
    stage: str = ""


@dataclass(frozen=True, eq=False)
class Override:
    """An array of the asker's in place of what a step of a call makes. step: None for the output of
    a layer without a recipe.
    """

    name: str
    step: int | None
    array: np.ndarray


@dataclass(frozen=True, eq=False)
class World:
    """recipes: of the calls, where there is one that gives what Keras computes; they are those of
    the true world, whatever the numbers. overrides: by the call's number.
    """

    inputs: tuple[np.ndarray, ...]
    calls: tuple[Call, ...]
    recipes: tuple[Recipe | None, ...]
    overrides: Mapping[int, Override] = field(default_factory=dict)

    @property
    def given(self) -> str:
        """The name of the asker's array that was put in last, or "" in the true world."""
        return [override.name for override in self.overrides.values()][-1] if self.overrides else ""

    def right(self, number: int) -> Iterator[Result]:
        """The values of the steps of a call, without mistakes."""
        return self.local(number, 0)

    def local(self, number: int, budget: int, inside: Inside | None = None) -> Iterator[Result]:
        """The values that its steps can give with at most `budget` mistakes, from its inputs or
        from what the asker has instead of one of them; and those inside of its steps.
        """
        recipe, override = self.recipes[number], self.overrides.get(number)
        if recipe is None or (override is not None and override.step is None):
            return iter(())
        if override is None or override.step is None:
            given = doubles(self.calls[number].given)
            return walk(recipe.steps, given, budget, inside=inside)
        unknown = (None,) * (override.step + 1)
        value = double(override.array)
        start = override.step + 1
        return walk(recipe.steps, value, budget, start=start, formulas=unknown, inside=inside)

    @property
    def precision(self) -> str | None:
        """The type of the fewest digits that a layer returns, if fewer than float32's."""
        types = {str(array.dtype) for call in self.calls for array in call.outputs}
        return next((one for one in ("bfloat16", "float16") if one in types), None)

    @cached_property
    def values(self) -> list[tuple[Place, np.ndarray]]:
        """Every value that depends on the samples, in order of execution."""
        found: list[tuple[Place, np.ndarray]] = []
        for number, array in enumerate(self.inputs):
            which = "x" if len(self.inputs) == 1 else f"input {number}"
            found.append((Place(f"the model's input {which}".replace(" x", "")), double(array)))
        for number, call in enumerate(self.calls):
            where = f"of {call.path!r} ({call.kind})"
            recipe = self.recipes[number]
            last: np.ndarray | None = None
            outputs = [double(widened(array)) for array in call.outputs if _is_number(array)]
            if number == len(self.calls) - 1:  # the model's own, if no layer made them
                outputs = [array for array in outputs if not any(_same(a, array) for _, a in found)]
            inside: list[tuple[Place, np.ndarray]] = []
            for result in self.local(number, 0, every_part):
                assert recipe is not None
                if result.part:
                    place = Place(f"{result.part} {where}", number, -2, PART)
                    inside.append((place, result.array))
                    continue
                stage = recipe.steps[result.step].stage
                if not stage or stage == "output":
                    continue
                if outputs and _same(result.array, outputs[0]):
                    continue  # a linear activation
                if last is None or not _same(last, result.array):
                    place = Place(f"the {stage} {where}", number, result.step, stage)
                    found.append((place, result.array))
                last = result.array
            end = len(recipe.steps) - 1 if recipe else -1
            for index, array in enumerate(outputs):
                what = "the output" if len(outputs) == 1 else f"output {index}"
                step = end if index == 0 else -2
                found.append((Place(f"{what} {where}", number, step, "output"), array))
            found += inside
        return found

    @cached_property
    def weights(self) -> list[tuple[Place, np.ndarray]]:
        """Every weight once, by the innermost layer that has it."""
        found: dict[int, tuple[Place, np.ndarray]] = {}
        for number, call in enumerate(self.calls):
            for weight in call.weights:
                title = (
                    f"{weight.name} of {call.path!r}: {call.access}.get_weights()[{weight.index}]"
                )
                known = any(_same(array, weight.array) for _, array in found.values())
                if not known:
                    place = Place(title, number, weight.index, "weight")
                    found[len(found)] = (place, weight.array)
        return [(place, double(widened(array))) for place, array in found.values()]

    def beginning(self, run: Run, count: int) -> World:
        """The world of the first `count` samples."""
        inputs = tuple(x[:count] for x in self.inputs)
        overrides = {
            n: Override(one.name, one.step, one.array[:count]) for n, one in self.overrides.items()
        }
        calls = run(inputs, _altering(self.recipes, overrides), None)
        return World(inputs, tuple(calls), self.recipes, overrides)


def true_world(run: Run, inputs: Sequence[np.ndarray]) -> World:
    calls = tuple(run(inputs, None, None))
    return World(tuple(inputs), calls, tuple(map(trusted, calls)))


def trusted(call: Call) -> Recipe | None:
    """The call's recipe, if it gives what Keras computed."""
    if not call.inputs or not all(map(_is_number, call.outputs)):
        return None
    recipe = recipe_of(call)
    if recipe is None:
        return None
    last = None
    for result in walk(recipe.steps, doubles(call.given), 0):
        last = result
    wanted = double(widened(call.outputs[0]))
    if last is None or last.step != len(recipe.steps) - 1 or last.array.shape != wanted.shape:
        return None
    gap = np.abs(last.array - wanted).max(initial=0.0)
    trust = max(TRUST, HALF_TOLERANCE.get(str(call.outputs[0].dtype), 0.0))
    return recipe if gap <= trust * (np.abs(wanted).max(initial=0.0) or 1.0) else None


def changed(run: Run, world: World, number: int, override: Override, rows: Any = None) -> World:
    """The world in which the asker's array is in its place, for these of the samples.

    Raises whatever Keras does where the array doesn't fit.
    """
    inputs = world.inputs if rows is None else tuple(x[list(rows)] for x in world.inputs)
    earlier = {
        n: one if rows is None else Override(one.name, one.step, one.array[list(rows)])
        for n, one in world.overrides.items()
        if n != number
    }
    overrides = {**earlier, number: override}

    calls = run(inputs, _altering(world.recipes, overrides), None)
    return World(inputs, tuple(calls), world.recipes, overrides)


def _altering(recipes: Sequence[Recipe | None], overrides: Mapping[int, Override]) -> Alter:
    def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
        one = overrides.get(at)
        return None if one is None else [finished(recipes[at], one), *call.outputs[1:]]

    return alter


def finished(recipe: Recipe | None, override: Override) -> np.ndarray:
    """The output of a call, of one of whose steps the asker has made `override`."""
    if recipe is None or override.step is None or override.step == len(recipe.steps) - 1:
        return override.array
    results = walk(recipe.steps, double(override.array), 0, start=override.step + 1)
    return list(results)[-1].array


def doubles(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    return tuple(double(widened(array)) if _is_number(array) else array for array in arrays)


def _is_number(array: np.ndarray) -> bool:
    return array.dtype.kind in "fiub" or array.dtype == "bfloat16"


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether they are equal but for float32's rounding."""
    if a.shape != b.shape:
        return False
    scale = np.abs(b).max(initial=0.0)
    return bool((np.abs(a - b) <= 1e-6 * scale).all())
