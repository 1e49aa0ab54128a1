"""What a diagnosis says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any

WIDTH = 100
SHOWN = 4
"""So many other mistakes that give the same numbers."""

RIGHT = "right"
STEP = "step"
FOLLOWS = "follows"
WRONG = "wrong"
UNKNOWN = "unknown"
TOO_LITTLE = "too little"


@dataclass(frozen=True)
class Slip:
    """One mistake: its key, the sentence, and the layer that it was made in ("" for none)."""

    key: str
    says: str
    layer: str = ""


@dataclass(frozen=True)
class Explanation:
    """Mistakes that give exactly the asker's numbers.

    value: what the array was to be. formula: what was computed instead, as NumPy, or "".
    fix: the line that mends it.
    """

    mistakes: tuple[Slip, ...]
    value: str
    formula: str
    fix: str


@dataclass(frozen=True)
class Nearest:
    """The value of the model that is nearest, among those of the array's shape."""

    value: str
    absolute: float
    relative: float


@dataclass(frozen=True)
class Finding:
    """What is said of one of the asker's arrays.

    verdict: "right": it equals `values`. "step": it equals a value that no layer ends with; what
        may be missing is in `explanations`. "follows": from an earlier array, `given`, which is
        wrong. "wrong": `explanations` has the mistakes, the most plausible first; all give the same
        numbers. "unknown": nothing fits. "too little": it has too few different numbers to say.
    given: the earlier array that it was judged by, or "".
    rounding: of a right array in float64 its difference from Keras's float32, relative to the
        largest number.
    notes: what else there is to say.
    """

    name: str
    shape: tuple[int, ...]
    verdict: str
    values: tuple[str, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    given: str = ""
    nearest: Nearest | None = None
    rounding: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The keys of the most plausible explanation."""
        best = self.explanations[:1]
        return tuple(slip.key for one in best for slip in one.mistakes)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


@dataclass(frozen=True)
class Diagnosis:
    """model: its name. findings: one for each array, in the asker's order."""

    model: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether no array is known to be wrong."""
        return all(f.verdict in (RIGHT, STEP, TOO_LITTLE) for f in self.findings)

    @property
    def first_wrong(self) -> Finding | None:
        wrong = (f for f in self.findings if f.verdict in (WRONG, UNKNOWN))
        return next(wrong, None)

    def __getitem__(self, name: str) -> Finding:
        return next(finding for finding in self.findings if finding.name == name)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        rounding = max((finding.rounding for finding in self.findings), default=0.0)
        if rounding:
            lines += _text(
                "Your arrays are float64, Keras computes in float32: right ones differ by up to "
                f"{rounding:.0e} of the largest number, which is rounding and no mistake."
            )
        return "\n".join(lines)


def _lines(finding: Finding) -> list[str]:
    name = f"{finding.name} {_shape(finding.shape)}"
    given = f"given your {finding.given}, " if finding.given else ""
    lines: list[str] = []
    if finding.verdict == RIGHT:
        lines += _text(f"{name} is right: it equals {_joined(finding.values)}.")
    elif finding.verdict == STEP:
        lines += _text(f"{name} equals {_joined(finding.values)}.")
        if finding.explanations:
            one = finding.explanations[0]
            what = _joined(tuple(slip.says for slip in one.mistakes))
            lines += _text(f"If it was to be {one.value}, {what}:", 4)
            lines += _code(one.fix)
    elif finding.verdict == FOLLOWS:
        lines += _text(
            f"{name} follows from your {finding.given}: given that, it equals "
            f"{_joined(finding.values)}. It is wrong only because {finding.given} is."
        )
    elif finding.verdict == WRONG:
        lines += _explained(finding, name, given)
    elif finding.verdict == UNKNOWN:
        lines += _text(f"{name} is no value of the model, nor what a known mistake gives.")
        if finding.nearest:
            near = finding.nearest
            lines += _text(
                f"{given}the nearest is {near.value}: they differ by up to {near.absolute:.3g}, "
                f"{near.relative:.1%} of its largest number.",
                4,
            )
    else:
        lines += _text(f"{name} says too little to accuse anybody.")
    for note in finding.notes:
        lines += _text(note, 4)
    return lines


def _explained(finding: Finding, name: str, given: str) -> list[str]:
    first, *more = finding.explanations
    lines = _story(f"{name} is wrong. {_capital(given + 'it')}", first)
    if more:
        lines += _text("The same numbers come out if", 4)
    for one in more[:SHOWN]:
        what = " and ".join(slip.says for slip in one.mistakes)
        where = "" if one.value == first.value else f"it is {one.value} and "
        lines += _text(f"- {where}{what}", 4)
        if one.fix != first.fix:
            lines += _code(one.fix)
    if len(more) > SHOWN:
        lines += _text(f"- or by {len(more) - SHOWN} other mistakes", 4)
    return lines


def _story(beginning: str, one: Explanation) -> list[str]:
    """What it was to be, each mistake, what was computed, and the line that mends it."""
    indent = len(beginning) - len(beginning.lstrip())
    if len(one.mistakes) == 1:
        lines = _text(f"{beginning.lstrip()} is {one.value}, but {one.mistakes[0].says}.", indent)
    else:
        lines = _text(f"{beginning.lstrip()} is {one.value}, but", indent)
        for number, slip in enumerate(one.mistakes, 1):
            lines += _text(f"{number}. {slip.says}", 4)
    if one.formula:
        lines += _text(f"{one.formula} gives exactly these numbers.", 4)
    return [*lines, *_text("Write", 4), *_code(one.fix)]


def _code(text: str) -> list[str]:
    return [f"        {line}" for line in text.split("\n")]


def _text(text: str, indent: int = 0) -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (max(indent, 4) + 3 * (text[1:3] == ". ") + 2 * (text[:1] == "-")),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _joined(texts: tuple[str, ...]) -> str:
    if len(texts) > 6:
        return f"{', '.join(texts[:5])} and {len(texts) - 5} others"
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _shape(shape: tuple[int, ...]) -> str:
    return str(shape)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
