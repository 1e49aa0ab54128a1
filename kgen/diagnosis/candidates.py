"""Candidates: values with mistakes in them, which an array may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Mistake, Result

Cause: TypeAlias = tuple[int, Mistake]
"""A mistake, and the number of the call that it was made in."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A value that the model gives with mistakes: of a step of a call, or inside of one.

    part: what the value inside is called. everywhere: whether the causes are one mistake, made in
    every layer.
    """

    call: int
    step: int
    array: np.ndarray
    causes: tuple[Cause, ...]
    formulas: tuple[Formula | None, ...] = ()
    everywhere: bool = False
    part: str = ""

    @property
    def count(self) -> int:
        """The number of mistakes."""
        return 1 if self.everywhere else len(self.causes)


Sort: TypeAlias = tuple[str, str]
"""What a mistake is, whatever the layer: its key, and which activation is the wrong one."""


def sort_of(mistake: Mistake, formula: Formula | None) -> Sort:
    named = mistake.key == "wrong activation" and formula is not None
    return mistake.key, formula.text if named and formula is not None else ""


def candidates_of(number: int, results: Iterable[Result]) -> Iterator[Candidate]:
    for result in results:
        causes = tuple((number, mistake) for mistake in result.mistakes)
        yield Candidate(
            number, result.step, result.array, causes, result.formulas, part=result.part
        )
