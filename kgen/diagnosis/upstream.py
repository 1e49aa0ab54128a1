"""Mistakes in layers before the one whose value the array is, the nearest layers first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import TypeAlias

import numpy as np

from kgen.diagnosis.candidates import Candidate, Cause, candidates_of
from kgen.diagnosis.hypotheses import EACH, MOST_WORK, Hypotheses
from kgen.diagnosis.recipe import Recipe, walk
from kgen.diagnosis.stacks import Shares, Wrong
from kgen.diagnosis.world import doubles

Causes: TypeAlias = Collection[tuple[Cause, ...]]

LARGEST_STACK = 20_000_000
"""Hypotheses go through the model together while the layers take no more work than this: more
would cost more, for the layers before each one's mistake, than it saves in runs."""

MOST_CHOICES = 3
"""Two mistakes in an earlier layer are looked for if none of its steps has more choices: a loop has
too many pairs.
"""

MOST_WORK_APART = 100_000_000
"""So many numbers are computed for pairs of mistakes in two earlier layers."""


def upstream(
    hypotheses: Hypotheses, *, earlier: int = 1, budget: int, only: Causes | None = None
) -> Iterator[Candidate]:
    """With one mistake in an earlier layer, or two of the likely ones, and at most `budget` in
    the value's own. only: those with these causes.

    The layers nearest to the array come first, until there is too much to compute.
    """
    stacks = hypotheses.stacks

    def wrong(number: int) -> Iterable[Candidate]:
        if earlier > 1:
            return _likely(hypotheses, number, earlier)
        inner = number in hypotheses.inner
        single = (one for one in hypotheses.at(number, 1) if one.causes)
        return (one for one in single if not inner or one.causes[0][1].rank == 1)

    for group in _groups(hypotheses, _near(hypotheses, budget, only), wrong, only):
        for shares in stacks.after([(one,) for one in group]):
            yield from stacks.values(shares, budget)


def apart(hypotheses: Hypotheses, only: Causes | None = None) -> Iterator[Candidate]:
    """With two likely mistakes in two different layers before the value's own. only: those with
    these causes.
    """
    stacks = hypotheses.stacks
    last = stacks.last
    recipes = hypotheses.world.recipes
    between = {n for n in range(last) if n not in hypotheses.inner and _own_mistakes(recipes[n])}
    work = 0

    def wrong(number: int) -> Iterable[Candidate]:
        return _likely(hypotheses, number, 1) if number in between else ()

    for group in _groups(hypotheses, range(max(between, default=0) - 1, -1, -1), wrong, only):
        first = group[0].call
        each = hypotheses.costs_of(first, last)
        work += len(group) * each
        for shares in stacks.reached([(one,) for one in group], {n for n in between if n > first}):
            work += len(shares.causes) * _own_mistakes(recipes[shares.number]) * each
            if work > MOST_WORK_APART and only is None:
                path = hypotheses.world.calls[group[-1].call].path
                hypotheses.limit = (
                    f"Two mistakes in two earlier layers were looked for behind {path!r} only."
                )
                return
            for pairs in _pieces(_second(hypotheses, shares, only), LARGEST_STACK // max(each, 1)):
                for one in stacks.reached(pairs, stacks.compatible):
                    yield from stacks.values(one, 0)


def _near(hypotheses: Hypotheses, budget: int, only: Causes | None) -> Iterator[int]:
    """The calls before the last that the array may be of, until there is too much to compute."""
    work = 0
    last = hypotheses.stacks.last
    for number in range(last - 1, -1, -1):
        work += EACH * (hypotheses.numbers(number, last) + hypotheses.cost(number))
        inner = (n for n in hypotheses.stacks.compatible if n > number)
        work += EACH**2 * budget * sum(hypotheses.numbers(n, n) for n in inner)
        if work > MOST_WORK and only is None:
            path = hypotheses.world.calls[number].path
            hypotheses.limit = f"Mistakes in {path!r} and before it were not looked for."
            return
        yield number


def _groups(
    hypotheses: Hypotheses,
    numbers: Iterable[int],
    wrong: Callable[[int], Iterable[Candidate]],
    only: Causes | None,
) -> Iterator[list[Candidate]]:
    """Wrong outputs of neighbouring calls, as many as go through the model together, in the order
    of the calls. numbers: of these calls, the nearest first.
    """
    group: list[Candidate] = []
    for number in numbers:
        if only is not None and not any(n == number for causes in only for n, _ in causes):
            continue
        group = [*_outputs(hypotheses, wrong(number), only), *group]
        behind = hypotheses.costs_of(number, hypotheses.stacks.last)
        most = max(1, LARGEST_STACK // max(behind, 1))
        while len(group) > most:
            yield group[-most:]
            group = group[:-most]
    if group:
        yield group


def _outputs(
    hypotheses: Hypotheses, wrong: Iterable[Candidate], only: Causes | None
) -> Iterator[Candidate]:
    """Those with which the model can go on."""
    for one in wrong:
        if only is not None and all(causes[: len(one.causes)] != one.causes for causes in only):
            continue
        shape = hypotheses.world.calls[one.call].outputs[0].shape
        fits = hypotheses.is_output(one) and one.array.shape == shape
        if fits and np.isfinite(one.array).all():
            yield one


def _likely(hypotheses: Hypotheses, number: int, count: int) -> Iterator[Candidate]:
    """Values of a call with so many likely mistakes in its own steps."""
    recipe = hypotheses.world.recipes[number]
    if recipe is None:
        return
    if count > 1 and any(len(step.choices) > MOST_CHOICES for step in recipe.steps):
        return
    for one in candidates_of(number, hypotheses.world.local(number, count)):
        if len(one.causes) == count and all(mistake.rank == 1 for _, mistake in one.causes):
            yield one


def _own_mistakes(recipe: Recipe | None) -> int:
    """How many likely mistakes a layer has, in NumPy."""
    if recipe is None or recipe.alone:
        return 0
    options = (o for step in recipe.steps for choice in step.choices for o in choice.options)
    return sum(option.mistake is not None and option.mistake.rank == 1 for option in options)


def _second(hypotheses: Hypotheses, shares: Shares, only: Causes | None) -> Iterator[Wrong]:
    """With outputs of a call that have one likely mistake more than those of its shares."""
    number, count = shares.number, len(shares.causes)
    recipe = hypotheses.world.recipes[number]
    assert recipe is not None
    steps = recipe.steps
    for result in walk(steps, doubles(shares.call.given), 1):
        likely = [mistake for mistake in result.mistakes if mistake.rank == 1]
        if result.step < len(steps) - 1 or not likely or len(result.array) % count:
            continue
        each = result.array.reshape(count, -1, *result.array.shape[1:])
        for (first,), array in zip(shares.wrong, each, strict=True):
            causes = (*first.causes, (number, likely[0]))
            both = Candidate(number, result.step, array, causes, result.formulas)
            yield from ((first, one) for one in _outputs(hypotheses, [both], only))


def _pieces(pairs: Iterable[Wrong], size: int) -> Iterator[list[Wrong]]:
    pairs = iter(pairs)
    while piece := list(islice(pairs, max(1, size))):
        yield piece
