"""Recipes: a layer in small steps, and the choices at which one can go wrong.

A hypothesis is a walk over a recipe's steps with one or two of the choices wrong. What is right and
what is a mistake are options of the same choice, so both are computed by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, TypeAlias

import numpy as np

from kgen.diagnosis.formula import Formula
from kgen.trace.calls import Call

Picks: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Mistake:
    """What went wrong.

    key: a short name for it, of which there are a few dozen: "kernel reshaped".
    says: the sentence, without a full stop.
    fix: a line of NumPy that mends it; "" for the line of the step itself.
    remark: what that line's comment adds.
    rank: how far-fetched it is among mistakes that give the same numbers.
    """

    key: str
    says: str
    fix: str = ""
    remark: str = ""
    rank: int = 1


@dataclass(frozen=True)
class Option:
    """value: what the step makes of it. mistake: None for the right one."""

    value: Any
    mistake: Mistake | None = None


@dataclass(frozen=True)
class Choice:
    """options: the right one first."""

    name: str
    options: tuple[Option, ...]

    @property
    def right(self) -> Any:
        return self.options[0].value


@dataclass(frozen=True, eq=False)
class Part:
    """A value inside of a step: a gate of a loop, the scores of attention.

    title: "the input gate". axis: along which it is taken apart too, into what `each` calls
    " at step {} of {}"; None if it is not. first: the number of the first of them.
    """

    title: str
    array: np.ndarray
    axis: int | None = None
    each: str = ""
    first: int = 1

    @property
    def slices(self) -> np.ndarray:
        """Those along the axis, stacked in front."""
        return np.moveaxis(self.array, self.axis or 0, 0)

    def named(self, index: int) -> str:
        """What the slice is called."""
        count = self.array.shape[self.axis or 0]
        return self.title + self.each.format(index + self.first, count)


Inside: TypeAlias = Callable[[Sequence[Part]], Iterable[tuple[str, np.ndarray]]]
"""Which values inside of steps are wanted, by their titles."""


def every_part(parts: Sequence[Part]) -> Iterator[tuple[str, np.ndarray]]:
    """All of them, and what they are taken apart into, if that is not too much."""
    for part in parts:
        yield part.title, part.array
    for part in parts:
        if part.axis is not None and part.array.shape[part.axis] <= MOST_SLICES:
            yield from ((part.named(n), one) for n, one in enumerate(part.slices))


MOST_SLICES = 128
"""Of longer sequences the single steps are not values to compare with."""


@dataclass(frozen=True)
class Step:
    """From one value to the next one.

    stage: what the result is called: "pre-activation"; the last one of a recipe is "output".
    run: from the value (of the first step, the tuple of the layer's inputs) and the picked values.
    write: the formula that is picked, where it is not an option as it stands.
    parts: as run, but gives the values inside of it.
    """

    stage: str
    choices: tuple[Choice, ...]
    run: Callable[[Any, Picks], Any]
    write: Callable[[Picks], Formula] | None = None
    parts: Callable[[Any, Picks], Sequence[Part]] | None = None

    def formula(self, picks: Picks) -> Formula | None:
        """What is computed, as text, if it is one formula."""
        chosen = self.write(picks) if self.write else picks.get("formula")
        return chosen if isinstance(chosen, Formula) else None

    @property
    def right(self) -> dict[str, Any]:
        return {choice.name: choice.right for choice in self.choices}

    def picks(self, budget: int) -> Iterator[tuple[Picks, tuple[Mistake, ...]]]:
        """What can be picked with at most `budget` mistakes, the right picks first."""
        yield self.right, ()
        for count in range(1, budget + 1):
            for chosen in combinations(self.choices, count):
                for options in product(*(choice.options[1:] for choice in chosen)):
                    picked = {c.name: o.value for c, o in zip(chosen, options, strict=True)}
                    mistakes = tuple(o.mistake for o in options if o.mistake)
                    yield {**self.right, **picked}, mistakes


def formula_step(stage: str, *options: Option) -> Step:
    """A step whose options are formulas."""
    return Step(stage, (Choice("formula", options),), lambda z, picks: picks["formula"](z))


@dataclass(frozen=True, eq=False)
class Recipe:
    """steps: from the layer's inputs to its (first) output. symbols: the weights by the names that
    the steps' formulas have for them. costly: whether NumPy takes long for it; each sample of what
    its steps make, right or wrong, then depends on that sample alone. alone: whether its mistakes
    are not looked for together with others, because that takes too long. inner: how many numbers
    it computes on the way, if they are more than its outputs.
    """

    call: Call
    steps: tuple[Step, ...]
    symbols: Mapping[str, int] = field(default_factory=dict)
    costly: bool = False
    alone: bool = False
    inner: int = 0

    def position(self, stage: str) -> int:
        return next(n for n, step in enumerate(self.steps) if step.stage == stage)


@dataclass(frozen=True, eq=False)
class Result:
    """A value on a walk. step: which one made it. formulas: those of the steps until there. part:
    the title of a value inside of the step.
    """

    step: int
    array: np.ndarray
    mistakes: tuple[Mistake, ...]
    formulas: tuple[Formula | None, ...]
    part: str = ""


FAR_FETCHED = 3
"""Two mistakes are not tried together if their ranks are more."""


def walk(
    steps: Sequence[Step],
    value: Any,
    budget: int,
    *,
    start: int = 0,
    mistakes: tuple[Mistake, ...] = (),
    formulas: tuple[Formula | None, ...] = (),
    inside: Inside | None = None,
) -> Iterator[Result]:
    """Every value that the steps from `start` on can give with at most `budget` mistakes; walks
    share the values that they have in common. inside: the values inside of them too, less those
    that it leaves out.
    """
    if start == len(steps):
        return
    step = steps[start]
    for picks, wrong in step.picks(budget):
        together = mistakes + wrong
        if len(together) > 1 and sum(mistake.rank for mistake in together) > FAR_FETCHED:
            continue
        parts: list[tuple[str, np.ndarray]] = []
        try:
            with np.errstate(all="ignore"):
                if inside and step.parts:
                    parts = list(inside(step.parts(value, picks)))
                made = np.asarray(step.run(value, picks))
        except (ValueError, IndexError, TypeError, ZeroDivisionError):
            continue  # shapes that don't fit: nobody can have computed that
        path = (*formulas, step.formula(picks))
        found = Result(start, made, together, path)
        yield found
        for title, array in parts:
            yield Result(start, array, together, path, title)
        yield from walk(
            steps,
            made,
            budget - len(wrong),
            start=start + 1,
            mistakes=found.mistakes,
            formulas=path,
            inside=inside,
        )


def double(array: np.ndarray) -> np.ndarray:
    """In float64, so that what is computed from it is exact beside Keras's float32."""
    return array.astype(np.float64) if array.dtype != np.float64 else array
