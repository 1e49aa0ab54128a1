"""Loops over row-major arrays: axes that can run as one, do; axes of length one vanish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgen.ir.size import Size

LETTERS = "ijklmnpq"


@dataclass(frozen=True)
class Loop:
    """for (int name = 0; name < count; ++name)"""

    name: str
    count: int


def nest(
    shape: Sequence[int], strides: Sequence[Sequence[int]], names: Sequence[str] = LETTERS
) -> tuple[list[Loop], list[list[tuple[str, int]]]]:
    """The fewest loops over `shape` for arrays of the given strides.

    Returns the loops, outermost first, and for each array its terms (loop name, stride).
    """
    axes: list[tuple[int, list[int]]] = []
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        steps = [one[axis] for one in strides]
        if axes and all(
            outer == size * inner for outer, inner in zip(axes[-1][1], steps, strict=True)
        ):
            axes[-1] = (axes[-1][0] * size, steps)
        else:
            axes.append((size, steps))
    loops = [Loop(name, size) for name, (size, _) in zip(names, axes, strict=False)]
    terms = [
        [(loop.name, steps[array]) for loop, (_, steps) in zip(loops, axes, strict=True)]
        for array in range(len(strides))
    ]
    return loops, terms


def index(terms: Sequence[tuple[str, int]], start: int = 0) -> str:
    """An index expression: [("i", 12), ("j", 1)] -> "i * 12 + j"."""
    parts = [str(start)] if start else []
    for name, stride in terms:
        if stride == 0:
            continue
        size = abs(stride)
        text = name if size == 1 else f"{name} * {size.factor if isinstance(size, Size) else size}"
        parts.append(f"- {text}" if stride < 0 else text)
    if not parts:
        return "0"
    first, *rest = parts
    text = first.replace("- ", "-") if first.startswith("- ") else first
    return text + "".join(f" {part}" if part.startswith("- ") else f" + {part}" for part in rest)
