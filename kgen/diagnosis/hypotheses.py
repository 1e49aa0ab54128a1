"""Hypotheses: every value that the model can give with one or two mistakes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from kgen.diagnosis.candidates import Candidate, Cause, Sort, candidates_of, sort_of
from kgen.diagnosis.closeness import Mine
from kgen.diagnosis.inferred import Inferred
from kgen.diagnosis.recipe import Mistake, Part, Picks, Recipe, double, every_part, walk
from kgen.diagnosis.variants import Variant, variants, wrong_inputs
from kgen.diagnosis.world import PART, Run, World, doubles
from kgen.trace.calls import Call, Enough, Known

MOST_STACKED = 400
"""So many hypotheses go through the model at once."""

EACH, COSTLY = 60, 20
"""About how many hypotheses a layer has, and how much longer a convolution takes than to copy."""

LARGE, FEW_VARIANTS = 100_000, 12
"""Of larger outputs only so many variants are tried."""

MOST_CHOICES = 3
"""Two mistakes in an earlier layer are looked for if none of its steps has more choices: a loop has
too many pairs.
"""

LOOPS = ("LSTM", "GRU", "SimpleRNN")
MOST_STEPS = 16
"""NumPy goes through a loop step by step: some hundred pairs of mistakes in a longer one take too
long."""


MOST_WORK = 500_000_000
"""So many numbers the wide searches compute, from the array's own layer towards the input."""


class Hypotheses:
    """Candidates from one world, less most of those that the array can't be."""

    def __init__(
        self, run: Run, world: World, mine: Mine, others: Mapping[str, Sequence[Call]]
    ) -> None:
        self.run = run
        self.world = world
        self.mine = mine
        self.single: dict[int, list[Candidate]] = {}
        self.others = others
        self.limit = ""
        self.last_reader: dict[int, int] = {}
        self.compatible = {
            place.call
            for place, array in world.values
            if place.call is not None and mine.may_have(array.shape)
        }
        self.inside = {
            place.call
            for place, array in world.values
            if place.stage == PART and mine.may_have(array.shape)
        }

    def nearby(self, budget: int, only: Collection[int] | None = None) -> Iterator[Candidate]:
        """With all the mistakes in the layer that the value is of. only: in these calls.

        A single mistake may change the shape, but not the number of axes; of two neither does.
        """
        for number in range(len(self.world.calls)):
            alike = number in self.compatible or (budget == 1 and self._is_alike(number))
            if not alike or (only is not None and number not in only):
                continue
            numbers = sum(array.size for array in self.world.calls[number].outputs)
            if budget > 1 and EACH**2 / 2 * numbers > MOST_WORK:
                self.limit = "Its layer is too large to look for two mistakes at once."
                continue
            recipe = self.world.recipes[number]
            if budget > 1 and recipe is not None and recipe.alone:
                continue
            if budget > 1 and self._steps(number) > MOST_STEPS:
                self.limit = (
                    f"Two mistakes at once in a loop are looked for in up to {MOST_STEPS} steps: "
                    "shorter sequences may tell more."
                )
                continue
            yield from self.at(number, budget)

    def _steps(self, number: int) -> int:
        """Of the loop that a call is, or 0."""
        call = self.world.calls[number]
        loops = call.kind in LOOPS or any(one.kind in LOOPS for one in call.inner)
        return call.inputs[0].shape[1] if loops and call.inputs[0].ndim > 1 else 0

    def _is_alike(self, number: int) -> bool:
        """Whether a mistake may give the call's values the shape of the array."""
        for array in self.world.calls[number].outputs[:1]:
            same_rank = array.ndim == self.mine.array.ndim
            if self._is_cheap(number):
                return same_rank
            same_channels = {array.shape[1], array.shape[-1]} & set(self.mine.shape)
            return same_rank and bool(same_channels)
        return False

    def _cost(self, number: int) -> int:
        """About how many numbers it takes to compute a call once."""
        size = sum(array.size for array in self.world.calls[number].outputs)
        return size if self._is_cheap(number) else COSTLY * size

    def _is_cheap(self, number: int) -> bool:
        """Whether it takes no convolution to compute."""
        recipe = self.world.recipes[number]
        return recipe is None or not recipe.costly

    @property
    def cheap(self) -> list[int]:
        return [number for number in range(len(self.world.calls)) if self._is_cheap(number)]

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
        yield from candidates_of(number, self.world.local(number, budget, self._inside))
        if budget and number not in self.world.overrides:
            large = sum(array.size for array in self.world.calls[number].outputs) > LARGE
            for variant in islice(self.variants(number), FEW_VARIANTS if large else None):
                yield from candidates_of(number, variant.results(budget - 1, self._inside))

    def _inside(self, parts: Sequence[Part]) -> Iterator[tuple[str, np.ndarray]]:
        """The values inside of a step that the array may be."""
        mine = self.mine
        for part in parts:
            if mine.may_have(part.array.shape) and mine.may_be_among(part.array[None])[0]:
                yield part.title, part.array
            if part.axis is None or not part.array.size:
                continue
            slices = part.slices
            if mine.may_have(slices.shape[1:]):
                for index in np.flatnonzero(mine.may_be_among(slices)):
                    yield part.named(int(index)), slices[index]

    def variants(self, number: int) -> Iterator[Variant]:
        return variants(self.world, number, self.others)

    def upstream(
        self,
        *,
        earlier: int = 1,
        budget: int,
        only: Collection[tuple[Cause, ...]] | None = None,
    ) -> Iterator[Candidate]:
        """With one mistake in an earlier layer, or two of the likely ones, and at most `budget` in
        the value's own. only: those with these causes.

        The layers nearest to the array come first, until there is too much to compute.
        """
        work = 0
        sizes = [sum(array.size for array in call.outputs) for call in self.world.calls]
        for number in range(max(self.compatible, default=0) - 1, -1, -1):
            if only is not None and not any(n == number for c in only for n, _ in c):
                continue
            behind = sum(sizes[number : max(self.compatible) + 1])
            work += EACH * (behind + self._cost(number))
            work += EACH**2 * budget * sum(sizes[n] for n in self.compatible if n > number)
            if work > MOST_WORK and only is None:
                path = self.world.calls[number].path
                self.limit = f"Mistakes in {path!r} and before it were not looked for."
                return
            yield from self._upstream(number, earlier, budget, only)

    def _upstream(
        self, number: int, earlier: int, budget: int, only: Collection[tuple[Cause, ...]] | None
    ) -> Iterator[Candidate]:
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
            yield from self._after(number, wrong[first : first + MOST_STACKED], budget)

    def wrong_inputs(self, budget: int) -> Iterator[Candidate]:
        """With samples that were prepared in another way, and at most `budget` other mistakes."""
        wrong = [(mistake, x) for mistake, x in wrong_inputs(self.world) if np.isfinite(x).all()]
        if not wrong:
            return
        sizes = [array.size for n in self.compatible for array in self.world.calls[n].outputs]
        if budget and len(wrong) * EACH * sum(sizes) > MOST_WORK:
            return
        inputs = [np.concatenate([x for _, x in wrong]).astype(self.world.inputs[0].dtype)]

        def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
            return self._overridden(at, call, len(wrong))

        causes = [((-1, mistake),) for mistake, _ in wrong]
        yield from self._stacked(alter, causes, -1, budget, inputs)

    def _earlier(self, number: int, count: int) -> Iterator[Candidate]:
        """Values of a call with so many mistakes."""
        if count == 1:
            yield from (one for one in self.at(number, 1) if one.causes)
            return
        recipe = self.world.recipes[number]
        if recipe is None or any(len(step.choices) > MOST_CHOICES for step in recipe.steps):
            return
        for one in candidates_of(number, self.world.local(number, count)):
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
        if EACH * sum(map(self._cost, range(len(self.world.calls)))) > MOST_WORK:
            self.limit = "The model is too large to look for mistakes in every layer at once."
            return
        places: dict[Sort, dict[int, Mistake]] = {}
        for number, call in enumerate(self.world.calls):
            for one in self.at(number, 1):
                same_shape = call.outputs[:1] and one.array.shape == call.outputs[0].shape
                if one.causes and self._is_output(one) and same_shape:
                    mistake = one.causes[0][1]
                    formula = one.formulas[-1] if one.formulas else None
                    places.setdefault(sort_of(mistake, formula), {}).setdefault(number, mistake)
        several = {sort: where for sort, where in places.items() if len(where) > 1}
        if not several:
            return
        count = len(several)
        if (
            count * sum(array.size for call in self.world.calls for array in call.outputs)
            > MOST_WORK
        ):
            return

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
                if mistakes and sort_of(mistakes[0], step.formula(other)) == sort:
                    picks = other
                    break
            try:
                with np.errstate(all="ignore"):
                    value = step.run(value, picks)
            except (ValueError, IndexError, TypeError):
                return None
        return np.asarray(value)

    def _stacked(
        self,
        alter: Any,
        causes: Sequence[tuple[Cause, ...]],
        after: int,
        budget: int,
        inputs: Sequence[np.ndarray] | None = None,
    ) -> Iterator[Candidate]:
        """The values behind call `after` in a world for each of the causes, all in one run.

        inputs: of all these worlds, if they are not the same.
        """
        count = len(causes)
        inputs = inputs or [np.concatenate([x] * count) for x in self.world.inputs]
        last = max(self.compatible, default=-1)

        def altered(at: int, call: Call) -> Sequence[np.ndarray] | None:
            if at >= last > after:
                raise Enough  # what comes behind can't be the array
            outputs: Sequence[np.ndarray] | None = alter(at, call)
            return outputs

        try:
            calls = self.run(inputs, altered, self._known(after, count))
        except Exception:
            return  # what came out does not fit what follows: nobody got further than this
        for number in range(after + 1, len(calls)):
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
            if at < until and not self._is_read_after(at, until):
                return calls[at] if _is_plain(calls[at], path) else None  # whatever it is
            call, recipe = calls[at], self.world.recipes[at]
            if not _is_plain(call, path):
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

    def _is_read_after(self, number: int, after: int) -> bool:
        """Whether a call behind `after` reads the output of an earlier one, as far as one sees."""
        if not self.last_reader:
            places: dict[Any, list[int]] = {}
            for maker, call in enumerate(self.world.calls[:-1]):
                for array in call.outputs[:1]:
                    places.setdefault(_look(array), []).append(maker)
            known = {*places, *map(_look, self.world.inputs)}
            for reader, call in enumerate(self.world.calls):
                for array in call.inputs:
                    for maker in places.get(_look(array), ()):
                        self.last_reader[maker] = reader
            read = [array for call in self.world.calls[:-1] for array in call.inputs]
            if not {_look(array) for array in (*read, *self.world.calls[-1].outputs)} <= known:
                # Something between the layers reads what it will.
                self.last_reader = dict.fromkeys(range(len(self.world.calls)), 10**9)
        return self.last_reader.get(number, after) >= after

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
        budget = 0 if recipe.alone else budget
        inside = every_part if not budget and number in self.inside else None
        for result in walk(recipe.steps, doubles(call.given), budget, inside=inside):
            if len(result.array) % count or not recipe.steps[result.step].stage:
                continue
            own = tuple((number, mistake) for mistake in result.mistakes)
            for index, array in self._possible(result.array, count):
                cause = causes[index] + own
                yield Candidate(
                    number, result.step, array, cause, result.formulas, part=result.part
                )

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
        if candidate.part:
            return False
        recipe: Recipe | None = self.world.recipes[candidate.call]
        return candidate.step == -1 or (
            recipe is not None and candidate.step == len(recipe.steps) - 1
        )


def _is_plain(call: Call, path: str) -> bool:
    """Whether it is that call, one without inner calls, of one output."""
    return call.path == path and not call.inner and len(call.outputs) == 1


def _look(array: np.ndarray) -> tuple[Any, ...]:
    """What tells arrays apart at a glance."""
    flat = array.reshape(-1)
    step = max(1, flat.size // 64)
    return array.shape, flat[::step].tobytes(), flat[-64:].tobytes()
