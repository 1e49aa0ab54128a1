"""The workspace: its size, and where in it, or in the caller's arrays, every array is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kgen.ir.size import bare
from kgen.ir.value import STRING, Value, element_size
from kgen.plan import Place, Plan
from kgen.targets.c_interface import Interface
from kgen.targets.c_scan import Pointer
from kgen.targets.c_types import CTYPES, count_text, pointer
from kgen.targets.c_weights import Weights


@dataclass(frozen=True, eq=False)
class Workspace(Interface, Weights):
    """The places of a plan in C."""

    @cached_property
    def arena_types(self) -> list[str]:
        """The element types of what lives in the workspace."""
        used = {
            value.dtype
            for one in _plans(self.plan)
            for value, place in one.places.items()
            if place.kind == "workspace"
        }
        return sorted(used, key=lambda dtype: (dtype != "float32", dtype)) or ["float32"]

    def arena_members(self) -> list[tuple[str, str, int]]:
        """(ctype, member name, elements) of each array of the workspace's union."""
        return [
            (
                CTYPES[dtype],
                f"{dtype}s",
                max(-(-self.plan.workspace_bytes // element_size(dtype)), 1),
            )
            for dtype in self.arena_types
        ]

    @property
    def workspace_bytes(self) -> int:
        """sizeof the workspace, where pointers have 8 bytes: the arena, in whole elements of its
        largest type, strings and states.
        """
        largest = max(element_size(dtype) for dtype in self.arena_types)
        total = max(-(-self.plan.workspace_bytes // largest), 1) * largest
        if self.plan.strings:
            largest = element_size(STRING)
            total = -(-total // largest) * largest + self.plan.strings * largest
        for state in self.states:
            size = element_size(state.value.dtype)
            total = -(-total // size) * size + max(state.value.size, 1) * size
            largest = max(largest, size)
        if self.loads:
            total, largest = -(-total // 8) * 8 + 8, 8
        return -(-total // largest) * largest

    def pointers(self) -> list[Pointer]:
        """Local names for the arrays that the steps use, but for the parameters themselves."""
        used = {v for node in self.plan.steps for v in (*node.outputs, *node.activations)}
        used.update(value for value, _ in self.plan.copies)
        parameters = {p.value for p in (*self.inputs, *self.outputs)} - {
            v for v, _ in self.plan.copies
        }
        result = []
        for value, place in self.plan.places.items():
            if value not in used or value in parameters:
                continue
            result.append(self._pointer(value, place))
        return result

    def _pointer(self, value: Value, place: Place) -> Pointer:
        ctype = CTYPES[value.dtype]
        note = f"({', '.join(map(bare, value.sample_shape))})"
        local = f"const {value.name}"
        if place.kind == "strings":
            index = place.number + place.offset // element_size(STRING)
            text = "w->strings" + (f" + {index}" if index else "")
            return Pointer(pointer(STRING, local, const=False), text, note)
        if place.kind == "workspace":
            offset = (place.number + place.offset) // element_size(value.dtype)
            text = f"w->{self._arena(value.dtype)}" + (f" + {offset}" if offset else "")
            return Pointer(pointer(value.dtype, local, const=False), text, note)
        if place.kind == "state":
            return Pointer(pointer(value.dtype, local, const=True), f"w->{value.name}", note)
        parameter = (self.inputs if place.kind == "input" else self.outputs)[place.number]
        const = "const " if place.kind == "input" else ""
        cast = f"({const}{ctype} *)" if parameter.ctype != ctype else ""
        offset = place.offset // element_size(value.dtype)
        text = f"{cast}{parameter.name}" + (f" + {offset}" if offset else "")
        return Pointer(pointer(value.dtype, local, const=place.kind == "input"), text, note)

    def _arena(self, dtype: str) -> str:
        return "arena" if len(self.arena_types) == 1 else f"arena.{dtype}s"

    @property
    def copies(self) -> list[tuple[str, str, str]]:
        """(output parameter, value, bytes) of what is copied out at the end."""
        targets = [*(p.name for p in self.outputs), *(f"w->{state.name}" for state in self.states)]
        return [
            (
                targets[number],
                value.name,
                f"{count_text(value.size)} * sizeof({CTYPES[value.dtype]})",
            )
            for value, number in self.plan.copies
            if value.size
        ]

    @property
    def uses_workspace(self) -> bool:
        return bool(self.plan.workspace_bytes or self.plan.strings or self.states or self.loads)

    @property
    def has_pointers(self) -> bool:
        """Whether the workspace's size depends on the machine's pointers."""
        return bool(self.plan.strings or self.loads)


def _plans(plan: Plan) -> Iterator[Plan]:
    """The plan and those of its bodies."""
    yield plan
    for body in plan.bodies.values():
        yield from _plans(body)
