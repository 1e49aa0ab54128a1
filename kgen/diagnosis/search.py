"""The search for mistakes: every value that the model can give with one or two of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from kgen.diagnosis.closeness import Fit, Mine, fit
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.inferred import Inferred, dropped, solved
from kgen.diagnosis.recipe import Mistake, Picks, Recipe, Result, double, walk
from kgen.diagnosis.variants import Variant, variants
from kgen.diagnosis.world import Run, World, doubles
from kgen.trace.calls import Call, Known

Cause: TypeAlias = tuple[int, Mistake]
"""A mistake, and the number of the call that it was made in."""

MOST_STACKED = 400
"""So many hypotheses go through the model at once."""

MOST_CHOICES = 3
"""Two mistakes in an earlier layer are looked for if none of its steps has more choices: a loop has
too many pairs.
"""

LOOPS = ("LSTM", "GRU", "SimpleRNN")

MANY_NUMBERS = 20_000
"""From so many numbers in the layers' outputs on, the wide searches see a few samples only."""

BITS_OF_FEW = 40.0
"""What those samples must tell; what is found is then held against all samples."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A value that the model gives with mistakes: of a step of a call.

    everywhere: whether the causes are one mistake, made in every layer.
    """

    call: int
    step: int
    array: np.ndarray
    causes: tuple[Cause, ...]
    formulas: tuple[Formula | None, ...] = ()
    everywhere: bool = False

    @property
    def count(self) -> int:
        """The number of mistakes."""
        return 1 if self.everywhere else len(self.causes)


@dataclass(frozen=True, eq=False)
class Found:
    """A candidate that is the asker's array."""

    candidate: Candidate
    fit: Fit

    @property
    def count(self) -> int:
        """The number of mistakes."""
        return self.candidate.count + len(self.fit.mistakes)

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
    whole = _Model(run, world, mine, others)
    few = whole.on_few_samples()
    found = whole.confirmed(few.held(few.nearby(1)), few)
    if not found and few is not whole:  # some mistakes mix samples
        found = whole.held(whole.nearby(1, whole.cheap))
    if found:
        return _best(found)
    behind = few.held(few.upstream())
    single = [one for one in behind if one.candidate.count == 1]
    searches: tuple[Callable[[], list[Found]], ...] = (
        lambda: whole.confirmed(single, few),
        lambda: whole.confirmed(few.held(few.everywhere()), few),
        lambda: whole.held(whole.inferred(dropped)),
        lambda: whole.confirmed([*few.held(few.nearby(2)), *behind], few),
        lambda: whole.confirmed(few.held(few.upstream(earlier=2)), few),
        lambda: whole.held(whole.inferred(solved)),
    )
    return next((_best(found) for search in searches if (found := search())), [])


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
        self.compatible = {
            place.call
            for place, array in world.values
            if place.call is not None and mine.may_have(array.shape)
        }

    @property
    def cheap(self) -> list[int]:
        """The calls that take no convolution to compute."""
        return [
            number
            for number, recipe in enumerate(self.world.recipes)
            if recipe is not None and not recipe.costly
        ]

    def on_few_samples(self) -> _Model:
        """The same for so many samples that the array still tells enough."""
        numbers = sum(array.size for call in self.world.calls for array in call.outputs)
        samples = len(self.world.inputs[0])
        if numbers < MANY_NUMBERS or len(self.mine.array) != samples:
            return self
        for count in (2, 4, 8, 16, 32, 64):
            mine = Mine(self.mine.name, self.mine.array[:count])
            if count < samples and mine.bits(mine.levels[0]) >= BITS_OF_FEW:
                world = self.world.beginning(self.run, count)
                return _Model(self.run, world, mine, self.others)
        return self

    def held(self, candidates: Iterable[Candidate]) -> list[Found]:
        """Those that are the asker's array."""
        return [
            Found(one, agreement)
            for one in candidates
            if (agreement := fit(self.mine, one.array, samples=True))
        ]

    def confirmed(self, found: list[Found], few: _Model) -> list[Found]:
        """What was found with a few samples, held against all."""
        if few is self or not found:
            return found
        causes = {(one.candidate.call, one.candidate.step, one.candidate.causes) for one in found}
        numbers = {number for one in found for number, _ in one.candidate.causes}
        everywhere = any(one.candidate.everywhere for one in found)
        again: list[Candidate] = []
        if everywhere:
            again += self.everywhere()
        else:
            most = max(one.candidate.count for one in found)
            again += self.nearby(most, numbers)
            own = {one.candidate.causes for one in found}
            again += self.upstream(earlier=1, only=own)
            again += self.upstream(earlier=2, only=own) if most > 1 else ()
        return self.held(one for one in again if (one.call, one.step, one.causes) in causes)

    def nearby(self, budget: int, only: Collection[int] | None = None) -> Iterator[Candidate]:
        """With all the mistakes in the layer that the value is of. only: in these calls.

        A single mistake may change the shape, of two neither.
        """
        numbers = range(len(self.world.calls)) if budget == 1 else sorted(self.compatible)
        for number in numbers:
            if only is None or number in only:
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

    def upstream(
        self, *, earlier: int = 1, only: Collection[tuple[Cause, ...]] | None = None
    ) -> Iterator[Candidate]:
        """With one mistake in an earlier layer, and at most one in the value's own; or with two in
        the earlier layer, both of the likely ones. only: those with these causes.
        """
        for number in range(len(self.world.calls) - 1):
            if not any(after > number for after in self.compatible):
                continue
            wanted = self.world.calls[number].outputs[0]
            wrong = [
                candidate
                for candidate in self._earlier(number, earlier)
                if self._is_output(candidate)
                and candidate.array.shape == wanted.shape
                and np.isfinite(candidate.array).all()
                and (only is None or any(c[:earlier] == candidate.causes for c in only))
            ]
            for first in range(0, len(wrong), MOST_STACKED):
                yield from self._after(number, wrong[first : first + MOST_STACKED], 2 - earlier)

    def _earlier(self, number: int, count: int) -> Iterator[Candidate]:
        """Values of a call with so many mistakes."""
        if count == 1:
            yield from (one for one in self.at(number, 1) if one.causes)
            return
        recipe = self.world.recipes[number]
        if recipe is None or any(len(step.choices) > MOST_CHOICES for step in recipe.steps):
            return
        for one in _candidates(number, self.world.local(number, count)):
            if len(one.causes) == count and all(mistake.rank == 1 for _, mistake in one.causes):
                yield one

    def _after(self, number: int, wrong: list[Candidate], budget: int) -> Iterator[Candidate]:
        """What these wrong outputs of a call make of the values behind it, with at most `budget`
        more mistakes.
        """
        stacked = np.concatenate([candidate.array for candidate in wrong])

        def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
            if at != number:
                return self._overridden(at, call, len(wrong))
            return [stacked, *call.outputs[1:]]

        yield from self._stacked(alter, [one.causes for one in wrong], number, budget)

    def everywhere(self) -> Iterator[Candidate]:
        """With the same mistake in every layer in which it can be made."""
        places: dict[Sort, dict[int, Mistake]] = {}
        for number, call in enumerate(self.world.calls):
            for one in self.at(number, 1):
                same_shape = call.outputs[:1] and one.array.shape == call.outputs[0].shape
                if one.causes and self._is_output(one) and same_shape:
                    mistake = one.causes[0][1]
                    formula = one.formulas[-1] if one.formulas else None
                    places.setdefault(_sort(mistake, formula), {}).setdefault(number, mistake)
        several = {sort: where for sort, where in places.items() if len(where) > 1}
        if not several:
            return
        count = len(several)

        def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
            """Each hypothesis' share of the call's output, with its mistake if it can be here."""
            if at in self.world.overrides:
                return self._overridden(at, call, count)
            if not any(at in where for where in several.values()):
                return None
            parts = np.split(call.outputs[0], count)
            given = [np.split(x, count) for x in doubles(call.given)]
            for index, (sort, where) in enumerate(several.items()):
                if at in where:
                    inputs = tuple(shares[index] for shares in given)
                    made = self._with_mistake(at, sort, inputs)
                    if made is not None and made.shape == parts[index].shape:
                        parts[index] = made
            return [np.concatenate(parts), *call.outputs[1:]]

        causes = [tuple(where.items()) for where in several.values()]
        first = min(min(where) for where in several.values())
        for one in self._stacked(alter, causes, first, 0):
            yield replace(one, everywhere=True)

    def _with_mistake(self, number: int, sort: Sort, value: Any) -> np.ndarray | None:
        """The output of a call with one mistake of this sort, from other inputs."""
        recipe = self.world.recipes[number]
        for variant in self.variants(number) if sort[0] == "float16" else ():
            if variant.mistake.key == "float16":
                recipe = variant.recipe
        if recipe is None:
            return None
        for step in recipe.steps:
            picks: Picks = step.right
            for other, mistakes in step.picks(1):
                if mistakes and _sort(mistakes[0], step.formula(other)) == sort:
                    picks = other
                    break
            try:
                with np.errstate(all="ignore"):
                    value = step.run(value, picks)
            except (ValueError, IndexError, TypeError):
                return None
        return np.asarray(value)

    def _stacked(
        self, alter: Any, causes: Sequence[tuple[Cause, ...]], after: int, budget: int
    ) -> Iterator[Candidate]:
        """The values behind call `after` in a world for each of the causes, all in one run."""
        count = len(causes)
        inputs = [np.concatenate([x] * count) for x in self.world.inputs]
        try:
            calls = self.run(inputs, alter, self._known(after, count))
        except Exception:
            return  # what came out does not fit what follows: nobody got further than this
        for number in range(after + 1, len(self.world.calls)):
            if number in self.world.overrides or number not in self.compatible:
                continue
            yield from self._shares(number, calls[number], causes, budget)

    def _known(self, until: int, count: int) -> Known | None:
        """The calls until number `until`, whose output is replaced, for `count` times the samples;
        and those of loops, of which NumPy's are much faster than Keras's outside of a tf.function.
        """
        calls = self.world.calls
        if any(call.mask is not None or call.kind == "Embedding" for call in calls):
            return None  # masks come with the layers' own outputs

        def known(at: int, path: str, given: Callable[[], Any]) -> Call | None:
            if at >= len(calls) or at == until or at in self.world.overrides:
                return None
            call, recipe = calls[at], self.world.recipes[at]
            if call.path != path or call.inner or len(call.outputs) != 1:
                return None
            if at < until:
                return replace(call, outputs=(np.concatenate([call.outputs[0]] * count),))
            if recipe is None or call.kind not in LOOPS:
                return None
            inputs = given()
            (*_, right) = walk(recipe.steps, doubles(inputs), 0)
            made = right.array.astype(call.outputs[0].dtype)
            return replace(call, inputs=inputs, outputs=(made,))

        return known

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


Sort: TypeAlias = tuple[str, str]
"""What a mistake is, whatever the layer: its key, and which activation is the wrong one."""


def _sort(mistake: Mistake, formula: Formula | None) -> Sort:
    named = mistake.key == "wrong activation" and formula is not None
    return mistake.key, formula.text if named and formula is not None else ""


def _candidates(number: int, results: Iterable[Result]) -> Iterator[Candidate]:
    for result in results:
        causes = tuple((number, mistake) for mistake in result.mistakes)
        yield Candidate(number, result.step, result.array, causes, result.formulas)
