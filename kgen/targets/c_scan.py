"""What the C template of a Scan sees: the loop's arrays and the calls of its body's functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kgen.errors import ExportError
from kgen.ir.size import bare
from kgen.ir.value import Constant, Value, element_size
from kgen.names import comment
from kgen.plan import Place, Plan
from kgen.targets.c_op import COp
from kgen.targets.c_types import CTYPES, count_text, pointer


class Pointer(NamedTuple):
    """A local variable: where an array lives."""

    declaration: str
    place: str
    note: str


class Turn(NamedTuple):
    """A state's variables before and after a step, which the next step finds where it is.

    swapped: whether what comes after the next step goes where this one found the state.
    last: where it has to be after the last step, or "". bytes: of the state.
    """

    before: str
    after: str
    type: str
    swapped: bool
    last: str
    bytes: str


class Copy(NamedTuple):
    """memcpy(to, source, bytes)"""

    to: str
    source: str
    bytes: str


@dataclass(frozen=True, eq=False)
class CScan(COp):
    """The function of a loop. In it, arrays have the names that they have in the run function.

    plan: of the body. start: the byte of the workspace where the body's own begins.
    ops: of the body. call_of: the text that calls one of them, where the step's number has that
    name. arena: the workspace's member for an element type. workspace: the type of the workspace.
    """

    plan: Plan
    start: int
    ops: list[COp]
    call_of: Callable[[COp, str], str]
    arena: Callable[[str], str]
    workspace: str
    depth: int = field(default=0)

    @property
    def title(self) -> str:
        own, *others = self.node.origins
        parts = [origin.path for origin in others]
        after = f", after {', '.join(parts)} in each step" if parts else ""
        return comment(f"{own.path}: {own.summary}{after}")

    # The function's own parameters

    @cached_property
    def parameters(self) -> dict[Value, str]:
        return {value: value.name for value in self.node.activations}

    @property
    def uses_workspace(self) -> bool:
        return bool(self.plan.workspace_bytes)

    @property
    def uses_stored(self) -> bool:
        return super().uses_stored or any(op.uses_stored for op in self.ops)

    @property
    def signature(self) -> str:
        parts = [f"{self.workspace} *w"] if self.uses_workspace else []
        parts += [self.stored_parameter] if self.uses_stored else []
        parts += self.length_parameters
        parts += [
            pointer(v.dtype, f"restrict {name}", const=True) for v, name in self.parameters.items()
        ]
        parts += [pointer(v.dtype, f"restrict {v.name}", const=False) for v in self.node.outputs]
        result = "int" if self.node.can_fail else "void"
        return f"static {result} {self.function}({', '.join(parts)})"

    @property
    def shapes(self) -> list[str]:
        """The arrays that go in and come out."""
        given = ", ".join(f"{name} {self._shape(v)}" for v, name in self.parameters.items())
        made = ", ".join(f"{value.name} {self._shape(value)}" for value in self.node.outputs)
        return [f"{given} -> {made}"]

    # Its variables

    @property
    def t(self) -> str:
        """The number of the step."""
        return "t" * (self.depth + 1)

    @property
    def pointers(self) -> list[Pointer]:
        """Arrays that are in the same place at every step."""
        return [self._pointer(v) for v in self._used if not self._moves(self.plan.places[v])]

    @property
    def step_pointers(self) -> list[Pointer]:
        """Arrays that are a step's part of a sequence."""
        return [self._pointer(v) for v in self._used if self._moves(self.plan.places[v])]

    @cached_property
    def _used(self) -> list[Value]:
        """Every array of the body that is used, one for each name."""
        node, plan = self.node, self.plan
        used = {v for one in plan.steps for v in (*one.outputs, *one.activations)}
        used.update(value for value, _ in plan.copies)
        used.update(value for pair in node.states for value in pair)
        first = {v.name: v for v in reversed(plan.places) if v in used}
        return [v for v in plan.places if first.get(v.name) is v]

    def _strings_in_loop(self) -> ExportError:
        return ExportError(
            f"{self.node.origin.path!r} ({self.node.origin.layer}): it makes strings in a loop, "
            "which the C can't; --target numpy can, or look the strings up before the loop."
        )

    def _moves(self, place: Place) -> bool:
        """Whether a place is another one at each step."""
        if place.kind == "strings":
            raise self._strings_in_loop()
        node = self.node
        if place.kind == "input":
            return node.body.inputs[place.number] in node.elements
        return place.kind == "output" and place.number not in self._final_numbers

    @cached_property
    def _final_numbers(self) -> set[int]:
        return {self.node.outputs.index(value) for value in self.node.finals.values()}

    @cached_property
    def _turning(self) -> set[Value]:
        """The arrays that are not always in the place where they begin."""
        befores = {before for before, _ in self.plan.turns}
        afters = {after for _, after in self.plan.turns}
        return befores | {value for value in afters if not self._moves(self.plan.places[value])}

    def _pointer(self, value: Value) -> Pointer:
        place = self.plan.places[value]
        name = value.name if value in self._turning else f"const {value.name}"
        note = f"({', '.join(map(bare, value.sample_shape))})"
        if place.kind == "workspace":
            behind = (self.start + place.number + place.offset) // element_size(value.dtype)
            text = f"w->{self.arena(value.dtype)}" + (f" + {behind}" if behind else "")
            return Pointer(pointer(value.dtype, name, const=False), text, note)
        if place.kind == "strings":
            raise self._strings_in_loop()
        node = self.node
        if place.kind == "input":
            inner = node.body.inputs[place.number]
            outside = dict(zip(node.elements, node.sequences, strict=True))
            outside.update(zip(node.outer, node.captured, strict=True))
            array = outside[inner]
        else:
            inner = array = node.outputs[place.number]
            results = {shown: result for result, shown in node.stacked}
            inner = results.get(array, array)
        terms = [array.name]
        if self._moves(place):
            backwards = place.kind == "input" and node.backwards
            step = f"({bare(node.steps - 1)} - {self.t})" if backwards else self.t
            terms.append(step if inner.size == 1 else f"{step} * {inner.size}")
        if place.offset:
            terms.append(str(place.offset // element_size(value.dtype)))
        declared = pointer(value.dtype, name, const=place.kind == "input")
        return Pointer(declared, " + ".join(terms), note)

    # What it does

    @property
    def starts(self) -> Iterator[tuple[str, str | None, str]]:
        """(state, what it is before the first step or None for zeros, bytes)"""
        for first, (state, _) in zip(self.node.initial, self.node.states, strict=True):
            if state.size:
                source = None if first is None else self._outside(first)
                yield state.name, source, self._bytes(state)

    def _outside(self, value: Value) -> str:
        return self.symbols[value] if isinstance(value, Constant) else value.name

    @property
    def copies(self) -> list[Copy]:
        """What is moved after each step: results that are computed elsewhere, and new states."""
        copies = []
        for value, number in self.plan.copies:
            text = f"{self.node.outputs[number].name} + {self.t} * {value.size}"
            copies.append(Copy(text, value.name, self._bytes(value)))
        for before, after in self.node.states:
            moved = self.plan.places[before] != self.plan.places[after] and before.size
            if moved and (before, after) not in self.plan.turns:
                copies.append(Copy(before.name, after.name, self._bytes(before)))
        return copies

    @property
    def turns(self) -> list[Turn]:
        """States that are not copied."""
        numbers = {before: number for number, (before, _) in enumerate(self.node.states)}
        finals = self.node.finals
        return [
            Turn(
                before.name,
                after.name,
                CTYPES[before.dtype],
                not self._moves(self.plan.places[after]),
                finals[numbers[before]].name if numbers[before] in finals else "",
                self._bytes(before),
            )
            for before, after in self.plan.turns
        ]

    @staticmethod
    def _bytes(value: Value) -> str:
        return f"{count_text(value.size)} * sizeof({CTYPES[value.dtype]})"
