"""What the templates see of layers that are computed row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

from kgen.ir.value import Value
from kgen.schedule.depthwise import Depthwise, Reach
from kgen.schedule.pooling import Pooling
from kgen.schedule.strip import Stage
from kgen.schedule.winograd import Winograd
from kgen.targets import loops
from kgen.targets.c_fast import FastOp
from kgen.targets.c_types import pointer


@dataclass(frozen=True, eq=False)
class RowOp(FastOp):
    """The function that makes one row."""

    @property
    def how_often(self) -> str:
        height = self.node.output.shape[1]
        return ", one row" if height == 1 else f", {height} rows"

    @property
    def numbered(self) -> str:
        """What the row's number, or the first one's, is called if it is a parameter."""
        if isinstance(self.node, Depthwise | Pooling):
            return "row"
        return "top" if isinstance(self.node, Winograd) else ""

    @property
    def signature(self) -> str:
        number = f"int {self.numbered}, " if self.numbered else ""
        return super().signature.replace("(", f"({number}", 1)

    @property
    def shapes(self) -> list[str]:
        flow, *constants = super().shapes
        held = getattr(self.node, "kept", 0)
        if held and held < self.node.rows.size:
            flow += f"; x has the latest {held} rows, row r in place r % {held}"
        if self.numbered == "top":
            flow += f"; rows from {self.node.total} on are left out"
        return [flow, *constants]


class Call(NamedTuple):
    """A row's function and its arguments."""

    function: str
    arguments: str


class Level(NamedTuple):
    """Stages that make the same row, one after another.

    row: the loop's variable. rows: how many there are. height: that are made at a time.
    until: of levels that another one needs rows of, the first row that isn't needed yet.
    begin: the first row that is needed at all.
    """

    row: str
    rows: int
    height: int
    until: str
    begin: str
    calls: list[Call]


@dataclass(frozen=True, eq=False)
class CStrip(FastOp):
    """ops: one for each stage."""

    ops: list[RowOp]

    @classmethod
    def of(cls, op: FastOp, names: Mapping[object, str]) -> CStrip:
        """A strip's op. names: of the functions."""
        own: dict[str, Any] = {field.name: getattr(op, field.name) for field in fields(op)}
        rows = [
            RowOp(**{**own, "node": node, "function": names[node], "inner": True})
            for node in op.node.body.nodes
        ]
        return cls(**own, ops=rows)

    @cached_property
    def parameters(self) -> dict[Value, str]:
        return {value: value.name for value in self.node.activations}

    @property
    def uses_stored(self) -> bool:
        return any(op.uses_stored for op in self.ops)

    @property
    def signature(self) -> str:
        parts = [self.stored_parameter] if self.uses_stored else []
        overwritten = self.overwritten
        parts += [
            pointer(v.dtype, f"{'' if v in overwritten else 'restrict '}{name}", const=True)
            for v, name in self.parameters.items()
        ]
        y, *kept = self.node.outputs
        parts.append(pointer(y.dtype, f"{'' if overwritten else 'restrict '}{y.name}", const=False))
        parts += [pointer(v.dtype, f"restrict {v.name}", const=False) for v in kept]
        return f"static void {self.function}({', '.join(parts)})"

    @property
    def shapes(self) -> list[str]:
        node = self.node
        given = ", ".join(f"{name} {self._shape(v)}" for v, name in self.parameters.items())
        rows = node.others[: len(node.stages) - 1]
        kept = ", ".join(f"{value.name} {self._shape(value)}" for value in rows)
        lines = [f"{given} -> {node.output.name} {self._shape(node.output)}"]
        return [*lines, f"row by row; of the images between them are kept {kept}"]

    @property
    def banded(self) -> bool:
        return bool(self.node.parts > 1)

    @cached_property
    def levels(self) -> list[Level]:
        """The innermost loop first."""
        stages: tuple[Stage, ...] = self.node.stages
        groups: list[list[int]] = []
        for number, stage in enumerate(stages):
            if number == 0 or not stage.is_same_row or stages[number - 1].height > 1:
                groups.append([])
            groups[-1].append(number)
        levels: list[Level] = []
        row, begin, until = "row", "first" if self.banded else "0", ""
        for depth, group in reversed(list(enumerate(groups))):
            calls = [self._call(number, row) for number in group]
            stage = stages[group[-1]]
            levels.append(Level(row, stage.rows.count, stage.height, until, begin, calls))
            reach = stages[group[0]].rows
            behind = reach.span - reach.before
            until = loops.index([(row, reach.stride)])
            until += f" {'-' if behind < 0 else '+'} {abs(behind)}"
            height = stages[group[0] - 1].height if depth else 1
            begin = self._first(begin if row == "row" else row, reach, height)
            row = f"row{depth}"
        return levels[::-1]

    def _first(self, row: str, reach: Reach, height: int) -> str:
        """The first row that a row meets which is not above the image, or one that is made with
        it, `height` at a time.
        """
        if not self.banded:
            return "0"
        text, before = loops.index([(row, reach.stride)]), reach.before
        whole = f" / {height} * {height}" if height > 1 else ""
        if before:
            least = f"({text} - {before}){whole}" if whole else f"{text} - {before}"
            return f"{text} > {before} ? {least} : 0"
        return f"({text}){whole}" if whole and " " in text else f"{text}{whole}"

    def _call(self, number: int, row: str) -> Call:
        op = self.ops[number]
        arguments = [row] if op.numbered else []
        arguments += ["constants"] if op.uses_stored else []
        arguments += [self._place(number, value, row) for value in op.parameters]
        arguments.append(self._made(number, row))
        arguments += self._own(number)
        return Call(op.function, ", ".join(arguments))

    def _place(self, number: int, value: Value, row: str) -> str:
        """Where something that a stage reads is, when it makes a row."""
        node = self.node
        if value not in node.body.inputs:
            return self._made(number - 1, row, whole=bool(self.ops[number].numbered))
        place = node.body.inputs.index(value)
        return self._plus(node.operands[place].name, [(row, node.steps[place])])

    def _made(self, number: int, row: str, *, whole: bool = False) -> str:
        """Where a stage puts a row; whole: where all that are kept are."""
        node = self.node
        stage: Stage = node.stages[number]
        if number == len(node.stages) - 1:
            return self._plus(node.output.name, [(row, stage.y)])
        kept = node.others[number]
        part = [("part", stage.kept * stage.y)] if self.banded else []
        at = [] if whole or stage.kept == 1 else [(f"{row} % {stage.kept}", stage.y)]
        return self._plus(kept.name, [*part, *at])

    def _own(self, number: int) -> list[str]:
        """What a stage's node needs to itself."""
        nodes = self.node.body.nodes
        own = iter(self.node.others[len(nodes) - 1 :])
        places = {value: next(own) for node in nodes for value in node.others}
        return [
            self._plus(places[v].name, [("part", v.size)] if self.banded else [])
            for v in nodes[number].others
        ]

    @staticmethod
    def _plus(name: str, terms: Sequence[tuple[str, int]]) -> str:
        text = loops.index(terms)
        return name if text == "0" else f"{name} + {text}"
