"""The search for mistakes: every value that the model can give with one or two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from kgen.diagnosis.closeness import Fit, Mine, fit
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.inferred import Inferred, dropped, solved
from kgen.diagnosis.recipe import Mistake, Recipe, Result, double, walk
from kgen.diagnosis.variants import Variant, variants
from kgen.diagnosis.world import Run, World, doubles
from kgen.trace.calls import Call

Cause: TypeAlias = tuple[int, Mistake]
"""A mistake, and the number of the call that it was made in."""

MOST_STACKED = 400
"""So many hypotheses go through the model at once."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A value that the model gives with mistakes: of a step of a call."""

    call: int
    step: int
    array: np.ndarray
    causes: tuple[Cause, ...]
    formulas: tuple[Formula | None, ...] = ()


@dataclass(frozen=True, eq=False)
class Found:
    """A candidate that is the asker's array."""

    candidate: Candidate
    fit: Fit

    @property
    def count(self) -> int:
        """The number of mistakes."""
        return len(self.candidate.causes) + len(self.fit.mistakes)

    @property
    def order(self) -> tuple[int, int, int, float]:
        """The most plausible first: few, near, not far-fetched mistakes."""
        rank = sum(mistake.rank for _, mistake in self.candidate.causes)
        upstream = sum(call != self.candidate.call for call, _ in self.candidate.causes)
        return self.count, upstream + bool(self.fit.layout), rank, self.fit.residual


def explanations(
    run: Run, world: World, mine: Mine, others: Mapping[str, Sequence[Call]]
) -> list[Found]:
    """The fewest mistakes that give exactly the asker's numbers, in every way that does.

    others: the calls of other models by their names, whose weights may have been used.
    """
    model = _Model(run, world, mine, others)
    searches: tuple[Callable[[], Iterable[Candidate]], ...] = (
        lambda: model.nearby(1),
        lambda: model.upstream(0),
        lambda: model.everywhere(),
        lambda: model.inferred(dropped),
        lambda: model.nearby(2),
        lambda: model.upstream(1),
        lambda: model.upstream(0, earlier=2),
        lambda: model.inferred(solved),
    )
    for search in searches:
        found = []
        for candidate in search():
            agreement = fit(mine, candidate.array, samples=True)
            if agreement is not None:
                found.append(Found(candidate, agreement))
        if found:
            return _best(found)
    return []


def _best(found: list[Found]) -> list[Found]:
    """Those with the fewest mistakes, and of them those that are as near as the nearest one."""
    fewest = min(one.count for one in found)
    found = [one for one in found if one.count == fewest]
    nearest = min(one.fit.residual for one in found)
    near = [one for one in found if one.fit.residual <= max(8 * nearest, 1e-6)]
    near.sort(key=lambda one: one.order)
    kept: dict[Any, Found] = {}
    for one in near:
        says = tuple((call, mistake.says) for call, mistake in one.candidate.causes)
        kept.setdefault((says, tuple(m.says for m in one.fit.mistakes)), one)
    return list(kept.values())


class _Model:
    """Candidates from one world, less most of those that the array can't be."""

    def __init__(
        self, run: Run, world: World, mine: Mine, others: Mapping[str, Sequence[Call]]
    ) -> None:
        self.run = run
        self.world = world
        self.mine = mine
        self.single: dict[int, list[Candidate]] = {}
        self.others = others

    def nearby(self, budget: int) -> Iterator[Candidate]:
        """With all the mistakes in the layer that the value is of."""
        for number in range(len(self.world.calls)):
            yield from self.at(number, budget)

    def inferred(self, infer: Callable[[World, Mine], Iterator[Inferred]]) -> Iterator[Candidate]:
        """With a mistake whose details the asker's array tells."""
        for number, step, array, mistake in infer(self.world, self.mine):
            yield Candidate(number, step, array, ((number, mistake),))

    def at(self, number: int, budget: int) -> Iterable[Candidate]:
        if budget != 1:
            return self._at(number, budget)
        if number not in self.single:
            self.single[number] = list(self._at(number, 1))
        return self.single[number]

    def _at(self, number: int, budget: int) -> Iterator[Candidate]:
        yield from _candidates(number, self.world.local(number, budget))
        if budget and number not in self.world.overrides:
            for variant in self.variants(number):
                yield from _candidates(number, variant.results(budget - 1))

    def variants(self, number: int) -> Iterator[Variant]:
        return variants(self.world, number, self.others)

    def upstream(self, budget: int, *, earlier: int = 1) -> Iterator[Candidate]:
        """With so many mistakes in an earlier layer, and at most `budget` in the value's own."""
        for number in range(len(self.world.calls) - 1):
            wanted = self.world.calls[number].outputs[0]
            wrong = [
                candidate
                for candidate in self.at(number, earlier)
                if len(candidate.causes) == earlier
                and self._is_output(candidate)
                and candidate.array.shape == wanted.shape
                and np.isfinite(candidate.array).all()
            ]
            for first in range(0, len(wrong), MOST_STACKED):
                yield from self._after(number, wrong[first : first + MOST_STACKED], budget)

    def _after(self, number: int, wrong: list[Candidate], budget: int) -> Iterator[Candidate]:
        """What these wrong outputs of a call make of the values behind it."""
        stacked = np.concatenate([candidate.array for candidate in wrong])

        def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
            if at != number:
                return self._overridden(at, call, len(wrong))
            return [stacked, *call.outputs[1:]]

        yield from self._stacked(alter, [one.causes for one in wrong], number, budget)

    def everywhere(self) -> Iterator[Candidate]:
        """With the same mistake in every layer in which it can be made."""
        places: dict[tuple[str, str], dict[int, Mistake]] = {}
        for number, call in enumerate(self.world.calls):
            for key, (mistake, array) in self._wrong_outputs(number, call).items():
                if array.shape == call.outputs[0].shape:
                    places.setdefault(key, {})[number] = mistake
        several = {key: where for key, where in places.items() if len(where) > 1}
        if not several:
            return
        count = len(several)

        def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
            """Each hypothesis' share of the call's output, with its mistake if it can be here."""
            if at in self.world.overrides:
                return self._overridden(at, call, count)
            made = self._wrong_outputs(at, call) if any(at in w for w in several.values()) else {}
            parts = np.split(call.outputs[0], count)
            for index, (key, where) in enumerate(several.items()):
                if at in where and key in made:
                    parts[index] = np.split(made[key][1], count)[index]
            return [np.concatenate(parts), *call.outputs[1:]]

        causes = [tuple(where.items()) for where in several.values()]
        yield from self._stacked(alter, causes, min(min(w) for w in several.values()), 0)

    def _wrong_outputs(
        self, number: int, call: Call
    ) -> dict[tuple[str, str], tuple[Mistake, np.ndarray]]:
        """What one mistake makes of the call's output, by what the mistake is in any layer."""
        recipe = self.world.recipes[number]
        if recipe is None or number in self.world.overrides:
            return {}
        inputs, last = doubles(call.given), len(recipe.steps) - 1
        results = list(walk(recipe.steps, inputs, 1))
        for variant in self.variants(number):
            if variant.mistake.key == "float16" and variant.recipe is not None:
                results += walk(variant.recipe.steps, inputs, 0, mistakes=(variant.mistake,))
        found: dict[tuple[str, str], tuple[Mistake, np.ndarray]] = {}
        for result in results:
            if result.mistakes and result.step == last:
                mistake = result.mistakes[0]
                wrong = result.formulas[-1]
                one = mistake.key == "wrong activation" and wrong is not None
                label = wrong.text if one and wrong is not None else ""
                found.setdefault((mistake.key, label), (mistake, result.array))
        return found

    def _stacked(
        self, alter: Any, causes: Sequence[tuple[Cause, ...]], after: int, budget: int
    ) -> Iterator[Candidate]:
        """The values behind call `after` in a world for each of the causes, all in one run."""
        count = len(causes)
        inputs = [np.concatenate([x] * count) for x in self.world.inputs]
        try:
            calls = self.run(inputs, alter)
        except Exception:
            return  # what came out does not fit what follows: nobody got further than this
        for number in range(after + 1, len(self.world.calls)):
            if number in self.world.overrides:
                continue
            yield from self._shares(number, calls[number], causes, budget)

    def _shares(
        self, number: int, call: Call, causes: Sequence[tuple[Cause, ...]], budget: int
    ) -> Iterator[Candidate]:
        count = len(causes)
        recipe = self.world.recipes[number]
        if any(len(x) % count for x in (*call.inputs, *call.outputs)):
            return
        if recipe is None:
            for index, array in self._possible(double(call.outputs[0]), count):
                yield Candidate(number, -1, array, causes[index])
            return
        for result in walk(recipe.steps, doubles(call.given), budget):
            if len(result.array) % count or not recipe.steps[result.step].stage:
                continue
            own = tuple((number, mistake) for mistake in result.mistakes)
            for index, array in self._possible(result.array, count):
                cause = causes[index] + own
                yield Candidate(number, result.step, array, cause, result.formulas)

    def _possible(self, stacked: np.ndarray, count: int) -> Iterator[tuple[int, np.ndarray]]:
        """The shares of the hypotheses that the asker's array may be, with their numbers."""
        shares = stacked.reshape(count, -1, *stacked.shape[1:])
        for index in np.flatnonzero(self.mine.may_be_among(shares)):
            yield int(index), shares[index]

    def _overridden(self, at: int, call: Call, count: int) -> Sequence[np.ndarray] | None:
        if at not in self.world.overrides:
            return None
        return [np.concatenate([self.world.calls[at].outputs[0]] * count), *call.outputs[1:]]

    def _is_output(self, candidate: Candidate) -> bool:
        recipe: Recipe | None = self.world.recipes[candidate.call]
        return candidate.step == -1 or (
            recipe is not None and candidate.step == len(recipe.steps) - 1
        )


def _candidates(number: int, results: Iterable[Result]) -> Iterator[Candidate]:
    for result in results:
        causes = tuple((number, mistake) for mistake in result.mistakes)
        yield Candidate(number, result.step, result.array, causes, result.formulas)
