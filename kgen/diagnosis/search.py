"""The search: hypotheses held against an array, the likely ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kgen.diagnosis.candidates import Candidate
from kgen.diagnosis.closeness import ENOUGH_BITS, Fit, Mine, fit
from kgen.diagnosis.everywhere import everywhere
from kgen.diagnosis.hypotheses import Hypotheses
from kgen.diagnosis.inferred import dropped, solved
from kgen.diagnosis.upstream import apart, upstream
from kgen.diagnosis.world import Run, World
from kgen.trace.calls import Call

MANY_NUMBERS = 20_000
"""From so many numbers in the layers' outputs on, the wide searches see a few samples only."""

BITS_OF_FEW = 40.0
"""What those samples must tell; what is found is then held against all samples."""

BITS_OF_PAIRS = 36.0
"""What an array must tell to accuse two layers before its own: there may be a million such pairs,
where other searches have some thousand hypotheses."""


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
) -> tuple[list[Found], str]:
    """The fewest mistakes that give exactly the asker's numbers, in every way that does; and what
    there is to say of the search.

    others: the calls of other models by their names, whose weights may have been used.
    """
    whole = Hypotheses(run, world, mine, others)
    few = on_few_samples(whole)

    def held(candidates: Iterable[Candidate], enough: float = ENOUGH_BITS) -> list[Found]:
        """Those of few samples that are the array, held against all samples."""
        return confirmed(_held(few, candidates, enough), few, whole)

    searches: tuple[Callable[[], list[Found]], ...] = (
        lambda: held(few.nearby(1)),
        # Some mistakes mix samples.
        lambda: _held(whole, whole.nearby(1, whole.cheap)) if few is not whole else [],
        lambda: held(few.wrong_inputs(0)),
        lambda: held(upstream(few, budget=0)),
        lambda: held(everywhere(few)),
        lambda: _held(whole, whole.inferred(dropped)),
        lambda: [
            *held(few.nearby(2)),
            *held(few.wrong_inputs(1)),
            *held(upstream(few, budget=1)),
        ],
        lambda: held(upstream(few, earlier=2, budget=0)),
        lambda: held(apart(few), BITS_OF_PAIRS),
        lambda: _held(whole, whole.inferred(solved)),
    )
    found = next((_best(found) for search in searches if (found := search())), [])
    return found, few.limit


def _best(found: list[Found]) -> list[Found]:
    """Those with the fewest mistakes, and of them those that are as near as the nearest one."""
    fewest = min(one.count for one in found)
    found = [one for one in found if one.count == fewest]
    nearest = min(one.fit.residual for one in found)
    near = [one for one in found if one.fit.residual <= max(8 * nearest, 1e-6)]
    near.sort(key=lambda one: one.order)
    likely: dict[Any, int] = {}
    kept: dict[Any, Found] = {}
    for one in near:
        causes = one.candidate.causes
        says = tuple((call, mistake.says) for call, mistake in causes)
        rank = sum(mistake.rank for _, mistake in causes)
        kind = tuple((call, mistake.key) for call, mistake in causes)
        if rank > likely.setdefault((one.candidate.call, kind), rank):
            continue  # as relu6, where relu gives the same numbers
        kept.setdefault((says, tuple(m.says for m in one.fit.mistakes)), one)
    return list(kept.values())


def on_few_samples(whole: Hypotheses) -> Hypotheses:
    """The same for so many samples that the array still tells enough."""
    numbers = sum(array.size for call in whole.world.calls for array in call.outputs)
    samples = len(whole.world.inputs[0])
    if numbers < MANY_NUMBERS or len(whole.mine.array) != samples:
        return whole
    for count in (1, 2, 4, 8, 16, 32, 64):
        mine = whole.mine.beginning(count)
        if count < samples and mine.bits(mine.levels[0]) >= BITS_OF_FEW:
            world = whole.world.beginning(whole.run, count)
            return Hypotheses(whole.run, world, mine, whole.others)
    return whole


def _held(
    hypotheses: Hypotheses, candidates: Iterable[Candidate], enough: float = ENOUGH_BITS
) -> list[Found]:
    """Those that are the asker's array, if that has enough bits for so many candidates."""
    mine = hypotheses.mine
    if mine.bits(mine.levels[0]) < enough:
        return []
    return [
        Found(one, agreement)
        for one in candidates
        if (agreement := fit(mine, one.array, samples=True, enough=enough))
    ]


def confirmed(found: list[Found], few: Hypotheses, whole: Hypotheses) -> list[Found]:
    """What was found with a few samples, held against all."""
    if few is whole or not found:
        return found
    wanted = {
        (one.candidate.call, one.candidate.step, one.candidate.part, one.candidate.causes)
        for one in found
    }
    causes = {one.candidate.causes for one in found}
    again: list[Candidate] = []
    if any(one.candidate.everywhere for one in found):
        again += everywhere(whole)
    else:
        most = max(len(one) for one in causes)
        places = {number for one in causes for number, _ in one}
        again += whole.nearby(most, {one.candidate.call for one in found})
        again += whole.wrong_inputs(most - 1) if -1 in places else ()
        again += upstream(whole, earlier=1, budget=most - 1, only=causes)
        if most > 1:
            again += upstream(whole, earlier=2, budget=0, only=causes)
            again += apart(whole, only=causes)
    return _held(
        whole, (one for one in again if (one.call, one.step, one.part, one.causes) in wanted)
    )
