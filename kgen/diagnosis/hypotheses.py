"""Hypotheses: every value that the model can give with one or two mistakes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, islice

import numpy as np

from kgen.diagnosis.candidates import Candidate, candidates_of
from kgen.diagnosis.closeness import Mine
from kgen.diagnosis.inferred import Inferred
from kgen.diagnosis.recipe import Part, Recipe
from kgen.diagnosis.stacks import LOOPS, Stacks
from kgen.diagnosis.variants import Variant, variants, wrong_inputs
from kgen.diagnosis.world import Run, World
from kgen.trace.calls import Call

EACH, COSTLY = 60, 20
"""About how many hypotheses a layer has, and how much longer a convolution takes than to copy."""

LARGE, FEW_VARIANTS = 100_000, 12
"""Of larger outputs only so many variants are tried."""

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
        self.stacks = Stacks(run, world, mine)
        self.single: dict[int, list[Candidate]] = {}
        self.others = others
        self.limit = ""
        sizes = map(_numbers, world.calls, world.recipes)
        self.sizes = [0, *accumulate(sizes)]
        self.costs = [0, *accumulate(map(self.cost, range(len(world.calls))))]

    def numbers(self, first: int, last: int) -> int:
        """How many these calls, both included, compute."""
        return self.sizes[last + 1] - self.sizes[first]

    def costs_of(self, first: int, last: int) -> int:
        """About how many numbers it takes to compute these calls once."""
        return self.costs[last + 1] - self.costs[first]

    @cached_property
    def inner(self) -> set[int]:
        """The calls within layers that have a recipe of their own, which knows what is likely."""
        pairs = zip(self.world.calls, self.world.recipes, strict=True)
        outer = [call for call, recipe in pairs if recipe is not None and not recipe.alone]
        within = {id(one) for call in outer for one in call.inner}
        return {n for n, call in enumerate(self.world.calls) if id(call) in within}

    def nearby(self, budget: int, only: Collection[int] | None = None) -> Iterator[Candidate]:
        """With all the mistakes in the layer that the value is of. only: in these calls.

        A single mistake may change the shape, but not the number of axes; of two neither does.
        """
        for number in range(len(self.world.calls)):
            alike = number in self.stacks.compatible or (budget == 1 and self._is_alike(number))
            if not alike or (only is not None and number not in only):
                continue
            numbers = self.numbers(number, number)
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

    def cost(self, number: int) -> int:
        """About how many numbers it takes to compute a call once."""
        size = self.numbers(number, number)
        steps = self._steps(number)
        if steps:
            call = self.world.calls[number]
            return COSTLY * len(call.inputs[0]) * steps * int(call.outputs[0].shape[-1])
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
            large = self.numbers(number, number) > LARGE
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

    def wrong_inputs(self, budget: int) -> Iterator[Candidate]:
        """With samples that were prepared in another way, and at most `budget` other mistakes."""
        wrong = [(mistake, x) for mistake, x in wrong_inputs(self.world) if np.isfinite(x).all()]
        if not wrong:
            return
        sizes = [
            array.size for n in self.stacks.compatible for array in self.world.calls[n].outputs
        ]
        if budget and len(wrong) * EACH * sum(sizes) > MOST_WORK:
            return
        inputs = [np.concatenate([x for _, x in wrong]).astype(self.world.inputs[0].dtype)]

        stacks = self.stacks

        def alter(at: int, call: Call) -> Sequence[np.ndarray] | None:
            return stacks.overridden(at, call, len(wrong))

        causes = [((-1, mistake),) for mistake, _ in wrong]
        wanted = stacks.compatible
        for shares in stacks.run(alter, causes, -1, wanted, inputs) or ():
            yield from stacks.values(shares, budget)

    def is_output(self, candidate: Candidate) -> bool:
        if candidate.part:
            return False
        recipe: Recipe | None = self.world.recipes[candidate.call]
        return candidate.step == -1 or (
            recipe is not None and candidate.step == len(recipe.steps) - 1
        )


def _numbers(call: Call, recipe: Recipe | None) -> int:
    inner = 0 if recipe is None else recipe.inner
    return sum(array.size for array in call.outputs) + inner
