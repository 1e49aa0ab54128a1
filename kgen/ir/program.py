"""Scalar programs: what an element-wise node does with one element of each of its inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Arg:
    """The program's input number `index`."""

    index: int


@dataclass(frozen=True)
class Temp:
    """The result of the program's step number `index`."""

    index: int


@dataclass(frozen=True)
class Number:
    """A literal of the given dtype; of a string, its bytes.

    Its value may be a Size where it is all that a program computes: see `measure`.
    """

    holds_sizes: ClassVar[bool] = True

    value: bool | int | float | bytes
    dtype: str

    def __post_init__(self) -> None:
        if self.value != self.value:  # NaN, of which there is one, so that programs can be equal
            object.__setattr__(self, "value", math.nan)


Operand = Arg | Temp | Number


@dataclass(frozen=True)
class Step:
    """`function(*args)`, a scalar of type `dtype`; the functions are the targets' macros."""

    holds_sizes: ClassVar[bool] = True

    function: str
    args: tuple[Operand, ...]
    dtype: str


@dataclass(frozen=True)
class Program:
    """Steps in order of evaluation; the last one's result is the program's, or input 0 if there is
    none.

    dtypes: the element types of the inputs.
    """

    holds_sizes: ClassVar[bool] = True

    dtypes: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def dtype(self) -> str:
        return self.steps[-1].dtype if self.steps else self.dtypes[0]

    @property
    def result(self) -> Operand:
        return Temp(len(self.steps) - 1) if self.steps else Arg(0)

    def dtype_of(self, operand: Operand) -> str:
        match operand:
            case Arg(index):
                return self.dtypes[index]
            case Temp(index):
                return self.steps[index].dtype
            case Number(_, dtype):
                return dtype

    def uses(self, operand: Operand) -> int:
        """How often the steps read the operand."""
        return sum(step.args.count(operand) for step in self.steps)

    def uses_first(self) -> int:
        """How often the program reads its input 0."""
        return self.uses(Arg(0)) if self.steps else 1

    def __str__(self) -> str:
        texts: list[str] = []

        def text(operand: Operand) -> str:
            match operand:
                case Arg(index):
                    return f"${index}"
                case Temp(index):
                    return texts[index]
                case Number(value, _):
                    return repr(value)

        for step in self.steps:
            texts.append(f"{step.function}({', '.join(text(arg) for arg in step.args)})")
        return texts[-1] if texts else "$0"


def call(function: str, dtypes: Sequence[str], dtype: str, *more: Number) -> Program:
    """The program that applies one function to all inputs, followed by literal arguments."""
    args: tuple[Operand, ...] = (*(Arg(index) for index in range(len(dtypes))), *more)
    return Program(tuple(dtypes), (Step(function, args, dtype),))


def measure(size: int, dtype: str) -> Program:
    """The program of no inputs that gives a size as a number."""
    return Program((), (Step("number", (Number(size, dtype),), dtype),))


def inline(outer: Program, index: int, inner: Program, mapping: Sequence[int]) -> Program:
    """`outer` with its input `index` computed by `inner`.

    mapping: for each input of `inner`, which input of the joined program it is. The joined program
        has the inputs of `outer` without `index`, then whatever new ones `mapping` names.
    """
    kept = [position for position in range(len(outer.dtypes)) if position != index]
    count = max([len(kept), *(position + 1 for position in mapping)])
    dtypes = [outer.dtypes[position] for position in kept] + [""] * (count - len(kept))
    for position, dtype in zip(mapping, inner.dtypes, strict=True):
        dtypes[position] = dtype

    def from_inner(operand: Operand) -> Operand:
        return Arg(mapping[operand.index]) if isinstance(operand, Arg) else operand

    first = len(inner.steps)
    result = from_inner(inner.result)

    def from_outer(operand: Operand) -> Operand:
        match operand:
            case Arg(position):
                return result if position == index else Arg(kept.index(position))
            case Temp(step):
                return Temp(first + step)
            case _:
                return operand

    steps = [Step(s.function, tuple(map(from_inner, s.args)), s.dtype) for s in inner.steps]
    steps += [Step(s.function, tuple(map(from_outer, s.args)), s.dtype) for s in outer.steps]
    return Program(tuple(dtypes), tuple(steps))
