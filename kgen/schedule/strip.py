"""A chain of layers computed row by row, so that no image between them is ever whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Spec, spec_of
from kgen.ir.value import Value
from kgen.schedule.depthwise import Reach


@dataclass(frozen=True)
class Stage:
    """How a step of the chain goes through its image.

    rows: which rows of what it reads a row of it meets.
    y: elements of a row that it makes. kept: how many of those are kept for the next stage, the
        latest in the place of the oldest; 0 for the last stage, whose rows are the output's.
    """

    holds_sizes: ClassVar[bool] = True
    rows: Reach
    y: int
    kept: int

    @property
    def span(self) -> int:
        """From the first row that a row of it meets to the last one."""
        return (self.rows.taps - 1) * self.rows.rate + 1

    @property
    def is_same_row(self) -> bool:
        """Whether a row of it meets only the row of the same number."""
        return (self.span, self.rows.stride, self.rows.before) == (1, 1, 0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Strip(Node):
    """The stages take turns: each makes a row as soon as the rows that it meets are there.

    body: the stages as nodes that make one row, in order. Its inputs are rows of `operands`, or
        all of those that have none; `steps` says for each how many elements a row is, 0 if it is
        taken whole.
    others: the rows that are kept of each stage but the last.
    parts: bands of rows that are computed on their own, each with rows kept of its own.
    work: multiply-adds of all rows. text: what was decided, and why.
    """

    body: Graph
    operands: tuple[Value, ...]
    steps: tuple[int, ...]
    stages: tuple[Stage, ...]
    work: int
    text: str
    parts: int = 1

    @property
    def macs(self) -> int:
        return self.work

    @property
    def formula(self) -> str:
        return ""

    def infer(self) -> Spec:
        return spec_of(self.output)

    def infer_all(self) -> tuple[Spec, ...]:
        return tuple(spec_of(value) for value in self.outputs)
