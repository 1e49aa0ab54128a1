"""Many hypotheses at once: their values, stacked along the batch axis, go through the model in one
run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np

from kgen.diagnosis.candidates import Candidate, Cause
from kgen.diagnosis.closeness import Mine
from kgen.diagnosis.recipe import double, every_part, walk
from kgen.diagnosis.world import PART, Run, World, doubles
from kgen.trace.calls import Alter, Call, Enough, Known

MOST_KEPT = 20_000_000
"""Runs that another search may ask for again are kept, if they are not more numbers than this."""

LOOPS = ("LSTM", "GRU", "SimpleRNN")


Wrong: TypeAlias = tuple[Candidate, ...]
"""Outputs of calls that a world has in the place of the right ones, in the order of the calls; the
last one knows all causes.
"""


@dataclass(frozen=True, eq=False)
class Shares:
    """A call in several worlds: each has a share of the samples, in the order of `causes`. wrong:
    what was put into each of them, if that was outputs.
    """

    number: int
    call: Call
    causes: tuple[tuple[Cause, ...], ...]
    wrong: tuple[Wrong, ...] = ()

    def first(self, count: int) -> Shares:
        """Of the first `count` worlds."""
        if count == len(self.causes):
            return self

        def cut(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
            return tuple(x[: len(x) // len(self.causes) * count] for x in arrays)

        call = self.call
        mask = None if call.mask is None else cut([call.mask])[0]
        call = replace(call, inputs=cut(call.inputs), outputs=cut(call.outputs), mask=mask)
        return Shares(self.number, call, self.causes[:count])

    @property
    def whole(self) -> bool:
        """Whether every world has as many samples as the others."""
        return all(len(x) % len(self.causes) == 0 for x in (*self.call.inputs, *self.call.outputs))


class Stacks:
    """The runs that start from one world.

    compatible: the calls with a value that the array may be. inside: those with one inside a step.
    """

    def __init__(self, run: Run, world: World, mine: Mine) -> None:
        self.model = run
        self.world = world
        self.mine = mine
        self.last_reader: dict[int, int] = {}
        self.kept: dict[tuple[Wrong, ...], list[Shares]] = {}
        self.room = MOST_KEPT
        alike = [place for place, array in world.values if mine.may_have(array.shape)]
        self.compatible = {place.call for place in alike if place.call is not None}
        self.inside = {place.call for place in alike if place.stage == PART}

    @property
    def last(self) -> int:
        """The last call that the array may be of."""
        return max(self.compatible, default=-1)

    def after(self, wrong: Sequence[Wrong]) -> list[Shares]:
        """The calls that the array may be of, behind the wrong outputs of others, in order of
        execution. wrong: of each world; in the order of the calls of their last ones.
        """
        key = tuple(wrong)
        if key in self.kept:
            return self.kept[key]
        found = self.reached(wrong, self.compatible)
        size = sum(x.size for one in found for x in (*one.call.inputs, *one.call.outputs))
        if size <= self.room:
            self.room -= size
            self.kept[key] = found
        return found

    def reached(self, wrong: Sequence[Wrong], wanted: Collection[int]) -> list[Shares]:
        """As after, but the calls that are wanted."""
        places: dict[int, dict[int, np.ndarray]] = {}  # by calls, what is put into which world
        for index, outputs in enumerate(wrong):
            for one in outputs:
                places.setdefault(one.call, {})[index] = one.array

        def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
            outputs = self.overridden(at, call, len(wrong))
            if at not in places:
                return outputs
            first, *others = outputs or call.outputs
            made = np.array(first)
            with np.errstate(over="ignore"):
                shares = made.reshape(len(wrong), -1, *made.shape[1:])
                shares[list(places[at])] = np.stack(list(places[at].values()))
            return [made, *others]

        causes = [outputs[-1].causes for outputs in wrong]
        found = self.run(alter, causes, min(places), wanted)
        if found is None:  # one layer's numbers don't fit what follows, as indices do
            parts = [list(own) for _, own in groupby(wrong, lambda outputs: outputs[-1].call)]
            return [s for own in parts if len(parts) > 1 for s in self.reached(own, wanted)]
        before = {n: sum(outputs[-1].call < n for outputs in wrong) for n in wanted}
        return [
            replace(one.first(before[one.number]), wrong=tuple(wrong[: before[one.number]]))
            for one in found
            if before[one.number]
        ]

    def run(
        self,
        alter: Alter,
        causes: Sequence[tuple[Cause, ...]],
        after: int,
        wanted: Collection[int],
        inputs: Sequence[np.ndarray] | None = None,
    ) -> list[Shares] | None:
        """The wanted calls behind call `after` in a world for each of the causes, all in one run;
        None if what came out does not fit what follows.

        inputs: of all these worlds, if they are not the same.
        """
        count = len(causes)
        inputs = inputs or [np.concatenate([x] * count) for x in self.world.inputs]
        last = max(wanted, default=-1)

        def altered(at: int, call: Call) -> Sequence[np.ndarray] | None:
            if at >= last > after:
                raise Enough  # nobody asks for what comes behind
            return alter(at, call)

        try:
            calls = self.model(inputs, altered, self._known(after, count))
        except Exception:
            return None
        found = [
            Shares(number, call, tuple(causes))
            for number, call in enumerate(calls)
            if number > after and number in wanted and number not in self.world.overrides
        ]
        return [one for one in found if one.whole]

    def values(self, shares: Shares, budget: int) -> Iterator[Candidate]:
        """What the array may be of a call's values, with at most `budget` mistakes of its own."""
        count, number, causes = len(shares.causes), shares.number, shares.causes
        recipe = self.world.recipes[number]
        if recipe is None:
            for index, array in self._possible(double(shares.call.outputs[0]), count):
                yield Candidate(number, -1, array, causes[index])
            return
        budget = 0 if recipe.alone else budget
        inside = every_part if not budget and number in self.inside else None
        for result in walk(recipe.steps, doubles(shares.call.given), budget, inside=inside):
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

    def overridden(self, at: int, call: Call, count: int) -> Sequence[np.ndarray] | None:
        """What the asker has instead of a call's outputs, in each of so many worlds."""
        if at not in self.world.overrides:
            return None
        return [np.concatenate([self.world.calls[at].outputs[0]] * count), *call.outputs[1:]]

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


def _is_plain(call: Call, path: str) -> bool:
    """Whether it is that call, one without inner calls, of one output."""
    return call.path == path and not call.inner and len(call.outputs) == 1


def _look(array: np.ndarray) -> tuple[Any, ...]:
    """What tells arrays apart at a glance."""
    flat = array.reshape(-1)
    step = max(1, flat.size // 64)
    return array.shape, flat[::step].tobytes(), flat[-64:].tobytes()
