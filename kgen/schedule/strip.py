"""A chain of layers computed row by row, so that no image between them is ever whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import ClassVar

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Spec, spec_of
from kgen.ir.value import Value
from kgen.schedule.depthwise import Depthwise, Reach
from kgen.schedule.pooling import Pooling
from kgen.schedule.winograd import Winograd


@dataclass(frozen=True)
class Stage:
    """How a step of the chain goes through its image.

    rows: which rows of what it reads a row of it meets.
    y: elements of a row that it makes. kept: how many of those are kept for the next stage, the
        latest in the place of the oldest; 0 for the last stage, whose rows are the output's.
    height: rows that are made at a time, of which the last ones may lie beyond the image.
    """

    holds_sizes: ClassVar[bool] = True
    rows: Reach
    y: int
    kept: int
    height: int = 1

    @property
    def is_same_row(self) -> bool:
        """Whether a row of it meets only the row of the same number."""
        return (self.rows.span, self.rows.stride, self.rows.before) == (1, 1, 0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Strip(Node):
    """The stages take turns: each makes a row as soon as the rows that it meets are there.

    body: the stages as nodes that make one row, in order. Its inputs are rows of `operands`, or
        all of those that have none; `steps` says for each how many elements a row is, 0 if it is
        taken whole.
    others: the rows that are kept of each stage but the last; then what the stages' nodes need to
        themselves.
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

    def trail(self, value: Value) -> int | None:
        """While a row is written, all that is still to be read of the input lies behind it."""
        if self.parts > 1 or value not in self.operands:
            return None
        reads = []
        for operand, own, step in zip(self.operands, self.body.inputs, self.steps, strict=True):
            for number, node in enumerate(self.body.nodes):
                if operand is value and own in node.inputs:
                    found = self._still_read(number, own, step, value)
                    if found is None:
                        return None
                    reads.append(found)
        first: list[int] = [min(rows) for rows in zip(*reads, strict=True)]
        y = self.stages[-1].y
        return max((row + 1) * y - element for row, element in enumerate(first))

    def _still_read(self, number: int, own: Value, step: int, value: Value) -> list[int] | None:
        """For each row of the output, while it is written, the first element of an input that a
        stage has still to read; None if it may be any.

        own: the body's input for it, `step` elements from row to row.
        """
        node, rows = self.body.nodes[number], self.stages[number].rows
        if not step and not (isinstance(node, Depthwise | Pooling | Winograd) and own is node.x):
            return None
        size, first, stride = step, 0, 1
        if not step:
            size, first, stride = value.size // value.shape[1], rows.before, rows.stride
        return [
            max(row * stride - first, 0) * size if row < rows.count else value.size
            for row in self._next_rows(number)
        ]

    def _next_rows(self, number: int) -> list[int]:
        """For each row of the output, while it is written, the row that a stage makes next; the
        last stage is at that very row.
        """
        count = self.stages[-1].rows.count
        if number == len(self.stages) - 1:
            return list(range(count))
        made = [row + 1 for row in range(count)]
        for below, stage in reversed(list(pairwise(self.stages[number:]))):
            reach = stage.rows
            behind = reach.span - reach.before
            made = [min(max((n - 1) * reach.stride + behind, 0), below.rows.count) for n in made]
            made = [ceil(n / below.height) * below.height for n in made]
        return made

    def infer(self) -> Spec:
        return spec_of(self.output)

    def infer_all(self) -> tuple[Spec, ...]:
        return tuple(spec_of(value) for value in self.outputs)
