"""Diagnosis: each array against the model, then against what the earlier arrays make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kgen.arrays import widened
from kgen.diagnosis import telling
from kgen.diagnosis.closeness import ENOUGH_BITS, Fit, Mine, fit
from kgen.diagnosis.given import checked_inputs, checked_mine, fitted, not_finite
from kgen.diagnosis.report import (
    FOLLOWS,
    RIGHT,
    STEP,
    TOO_LITTLE,
    UNKNOWN,
    WRONG,
    Diagnosis,
    Explanation,
    Finding,
    Nearest,
    Slip,
)
from kgen.diagnosis.search import Found, explanations
from kgen.diagnosis.world import PART, Override, Place, Run, World, changed, true_world
from kgen.errors import ExportError
from kgen.load import load
from kgen.trace import signature
from kgen.trace.calls import Alter, Call, Known, record
from kgen.trace.signature import ports

MOST_NUMBERS = 4_000_000
"""The search takes so many samples that the layers' outputs are no more numbers than this."""


def diagnose(
    model: Any,
    x: Any,
    mine: Mapping[str, Any],
    *,
    others: Sequence[Any] = (),
    custom: str | Path | None = None,
    unsafe: bool = False,
) -> Diagnosis:
    """Holds the asker's own arrays against a model: which value each one equals, or which mistake
    gives exactly such numbers.

    model: a .keras or whole-model .h5 file, or a keras.Model.
    x: the samples that the arrays were computed from: an array, or for several inputs a list, or a
        dict by name.
    mine: arrays by the names that the report calls them by, in the order of their computation.
    others: other models, or files, whose weights may have been used: of another epoch.
    custom, unsafe: as of `kgen.export`.
    Raises ExportError for a bad file, or samples that the model does not take.
    """
    loaded = load(model, custom=custom, unsafe=unsafe)
    arrays = checked_mine(mine)
    run, inputs = _runner(loaded, x)
    calls: dict[str, list[Call]] = {}
    for number, other in enumerate(others, 1):
        name = str(other) if isinstance(other, str | Path) else f"model {number} of others"
        calls[name] = _runner(load(other, custom=custom, unsafe=unsafe), x)[0](inputs, None, None)
    judge = Judge(run, inputs, calls)
    for name, array in arrays.items():
        judge.hear(name, array)
    return Diagnosis(loaded.name, tuple(judge.verdicts()))


def _runner(model: Any, x: Any) -> tuple[Run, list[np.ndarray]]:
    """The model as a function from inputs to its calls, and the checked inputs."""
    try:
        expected = ports(model, {})
    except ExportError:
        expected = ports(model, {"": np.shape(x)[1:]})
    given = checked_inputs(x, [name for name, _, _ in expected])
    inputs = [
        fitted(array, name, (None, *shape[1:]), dtype)
        for array, (name, shape, dtype) in zip(given, expected, strict=True)
    ]
    counts = [len(array) for array in inputs]
    if len(set(counts)) > 1:
        raise ExportError(
            f"The inputs have different numbers of samples: {', '.join(map(str, counts))}.",
            exit_code=2,
        )
    shapes = {port[0]: array.shape[1:] for port, array in zip(expected, inputs, strict=True)}
    taken = signature(model, shapes)

    facts: dict[int, dict[str, Any]] = {}

    if taken.batch_size not in (None, counts[0]):
        raise ExportError(
            f"The model is stateful, for batches of {taken.batch_size} samples; {counts[0]} came.",
            exit_code=2,
        )

    def run(arrays: Sequence[np.ndarray], alter: Alter | None, known: Known | None) -> list[Call]:
        if taken.batch_size not in (None, len(arrays[0])):
            raise ValueError("a stateful model takes one batch only")
        return record(model, taken, arrays, alter, facts, known)

    return run, inputs


class Judge:
    """Hears one array after another."""

    def __init__(
        self, run: Run, inputs: Sequence[np.ndarray], others: Mapping[str, Sequence[Call]]
    ) -> None:
        self.run = run
        self.others = others
        self.samples = len(inputs[0])
        self.kept = self.samples
        with suppress(ValueError):  # a stateful model, whose batch can't be cut
            calls = run([array[:1] for array in inputs], None, None)
            numbers = sum(array.size for call in calls for array in call.outputs)
            self.kept = min(self.samples, max(1, MOST_NUMBERS // max(numbers, 1)))
        self.true = true_world(run, [array[: self.kept] for array in inputs])
        self.given: World | None = None
        self.names: dict[tuple[int, int], str] = {}
        self.limit = ""
        self.findings: list[Finding] = []
        self.roles: list[tuple[int, int]] = []

    def hear(self, name: str, array: np.ndarray) -> None:
        finding, role = self._judged(name, array)
        if self.kept < self.samples and len(array) == self.samples and finding.verdict != RIGHT:
            note = f"Compared on the first {self.kept} of {self.samples} samples."
            finding = replace(finding, notes=(*finding.notes, note))
        self.findings.append(finding)
        self.roles.append(role if finding.verdict != UNKNOWN else NOWHERE)
        if role != NOWHERE:
            self.names.setdefault(role, name)

    def verdicts(self) -> Iterator[Finding]:
        """The findings; a step that a later array goes on from is right."""
        for number, (finding, role) in enumerate(zip(self.findings, self.roles, strict=True)):
            later = self.roles[number + 1 :]
            if finding.verdict == STEP and any(c == role[0] and s > role[1] for c, s in later):
                finding = replace(finding, verdict=RIGHT, explanations=())
            yield finding

    def _judged(self, name: str, array: np.ndarray) -> tuple[Finding, tuple[int, int]]:
        whole = widened(array)
        finding = Finding(name, array.shape, UNKNOWN)
        if whole.dtype.kind == "f" and not np.isfinite(whole).all():
            note = (
                f"It {not_finite(whole)}: an overflow of exp, a division by zero, or a log of zero."
            )
            return replace(finding, notes=(note,)), NOWHERE
        if self.kept < self.samples and len(array) == self.samples:
            whole = whole[: self.kept]
        mine = Mine(name, whole, self.true.precision)
        return (
            self._right(finding, mine)
            or self._follows(finding, mine)
            or self._says_little(finding, mine)
            or self._weight(finding, mine)
            or self._wrong(finding, mine)
            or self._unknown(finding, mine)
        )

    # It equals a value

    def _right(self, finding: Finding, mine: Mine) -> tuple[Finding, tuple[int, int]] | None:
        found = _matches(mine, self.true, exact=True)
        if not found:
            return None
        places = [place for place, _ in found]
        notes = [
            f"It is {one.layout.partition(':')[0] if place.stage == 'weight' else one.layout}."
            for place, one in found[:1]
            if one.layout
        ]
        if not mine.says_enough:
            notes.append(f"That proves little: {mine.poverty}.")
        wide = mine.array.dtype == np.float64 and found[0][1].residual > 0
        done = [p for p in places if p.stage in ("output", "weight", "", PART)]
        best = (done or places)[0]
        verdict = RIGHT
        missing: tuple[Explanation, ...] = ()
        if not done:
            missing = telling.left_out(self.true, self.names, best, mine.name)
            verdict = STEP if missing else RIGHT
        finding = replace(
            finding,
            verdict=verdict,
            values=tuple(place.title for place in places),
            explanations=missing,
            rounding=found[0][1].residual if wide else 0.0,
            notes=tuple(notes),
        )
        for place in places:
            if _role(place) != NOWHERE and place.call is not None:
                self.names.setdefault((place.call, place.step), mine.name)
        return finding, _role(best)

    def _follows(self, finding: Finding, mine: Mine) -> tuple[Finding, tuple[int, int]] | None:
        if self.given is None:
            return None
        found = _matches(mine, self.given, exact=True)
        found = [(place, one) for place, one in found if place.call is not None]
        if not found:
            return None
        place = found[0][0]
        values = tuple(place.title for place, _ in found)
        finding = replace(finding, verdict=FOLLOWS, values=values, given=self.given.given)
        return finding, _role(place)

    def _says_little(self, finding: Finding, mine: Mine) -> tuple[Finding, tuple[int, int]] | None:
        if any(mine.bits(level) >= ENOUGH_BITS for level in mine.levels):
            return None
        notes = [f"{mine.poverty[:1].upper()}{mine.poverty[1:]}."]
        rounded = _matches(mine, self.true, exact=False, poor=True)
        if rounded and mine.scale:
            place, one = rounded[-1]
            notes.append(f"It agrees with {place.title}: {one.mistakes[0].says}.")
        return replace(finding, verdict=TOO_LITTLE, notes=tuple(notes)), NOWHERE

    # It is wrong

    def _weight(self, finding: Finding, mine: Mine) -> tuple[Finding, tuple[int, int]] | None:
        """A weight that was reshaped."""
        for place, array in self.true.weights:
            if array.size != mine.array.size or place.call is None or array.ndim < 2:
                continue
            if not np.allclose(array.ravel(), mine.values.ravel(), rtol=1e-5, atol=0):
                continue
            call = self.true.calls[place.call]
            says = f"it was reshaped to {mine.shape}, which gives its numbers to other places"
            fix = f"{mine.name} = {call.access}.get_weights()[{place.step}]"
            slip = Slip("kernel reshaped", says, call.path)
            fix = f"{fix}  # shape {array.shape}, as it is, no reshape"
            one = Explanation((slip,), place.title, "", fix)
            return replace(finding, verdict=WRONG, explanations=(one,)), NOWHERE
        return None

    def _wrong(self, finding: Finding, mine: Mine) -> tuple[Finding, tuple[int, int]] | None:
        choices: list[tuple[World, list[Found]]] = []
        for world in (self.given, self.true):
            if world is None:
                continue
            found, self.limit = explanations(self.run, world, mine, self.others)
            if found and (not choices or found[0].count < choices[0][1][0].count):
                choices = [(world, found)]
        if not choices:
            return None
        world, found = choices[0]
        best = found[0]
        call, step = telling.place(world, best)
        right = {finding.name for finding in self.findings if finding.verdict == RIGHT}
        finding = replace(
            finding,
            verdict=WRONG,
            explanations=tuple(
                telling.told(world, self.names, right, mine.name, one) for one in found
            ),
            given=world.given if _depends(world, call) else "",
        )
        if call < 0 or best.candidate.part:
            return finding, NOWHERE
        self._go_on(world, mine, call, step, best.fit)
        return finding, (call, step)

    def _unknown(self, finding: Finding, mine: Mine) -> tuple[Finding, tuple[int, int]]:
        near: list[tuple[float, Place, float]] = []
        world = self.given or self.true
        for one in {id(world): world, id(self.true): self.true}.values():
            for place, array in one.values:
                if array.shape == mine.shape and np.isfinite(array).all():
                    gap = float(np.abs(mine.values - array).max(initial=0.0))
                    scale = float(np.abs(array).max(initial=0.0)) or 1.0
                    near.append((gap / scale, place, gap))
        if self.limit:
            finding = replace(finding, notes=(self.limit,))
        if not near:
            shapes = sorted({array.shape for _, array in self.true.values})
            shown = ", ".join(map(str, shapes[:8])) + (", ..." if len(shapes) > 8 else "")
            note = f"No value of the model has its shape; there are {shown}."
            return replace(finding, notes=(note, *finding.notes)), NOWHERE
        relative, place, gap = min(near, key=lambda one: one[0])
        nearest = Nearest(place.title, gap, relative)
        if place.call is not None and place.stage != PART:
            self._go_on(world, mine, place.call, place.step, Fit(relative))
        return replace(finding, nearest=nearest), _role(place)

    def _go_on(self, world: World, mine: Mine, call: int, step: int, agreement: Fit) -> None:
        """What follows is judged with this array in the place of the model's own value."""
        wanted = next((a for p, a in world.values if (p.call, p.step) == (call, step)), None)
        array = mine.values
        recipe = world.recipes[call]
        try:
            if wanted is not None and array.shape[1:] != wanted.shape[1:]:
                turned = array.shape == wanted.shape[::-1]
                array = array.T if turned else array.reshape(wanted.shape)
            override = Override(mine.name, None if recipe is None else step, array)
            self.given = changed(self.run, world, call, override, agreement.rows)
        except Exception:
            return  # the array does not fit what follows
        self.names[call, step] = mine.name


NOWHERE = (-1, -1)


def _matches(
    mine: Mine, world: World, *, exact: bool, poor: bool = False
) -> list[tuple[Place, Fit]]:
    """The values that the array equals, those with the same shape first."""
    values = [*world.values, *world.weights]
    found = [
        (place, one)
        for place, array in values
        if (one := fit(mine, array, samples=False, exact=exact, poor=poor))
    ]
    return sorted(found, key=lambda pair: bool(pair[1].layout))


def _depends(world: World, call: int) -> bool:
    """Whether a call may have read what the asker has instead of a value."""
    return any(number <= call for number in world.overrides)


def _role(place: Place) -> tuple[int, int]:
    if place.call is None or place.stage in ("weight", PART):
        return NOWHERE
    return place.call, place.step
