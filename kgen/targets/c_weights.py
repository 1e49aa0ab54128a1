"""The weights as literal arrays of C."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kgen.ir.node import Node
from kgen.ir.value import STRING, Constant, Value
from kgen.plan import Plan
from kgen.render.literals import c_strings, numbers
from kgen.targets.c_op import CTYPES, COp

INLINE_WEIGHTS = 4096
"""Models with more weights than this have them in files of their own, so that the code can be read.
"""

WEIGHTS_PER_FILE = 4_000_000
"""Decimal literals cost a compiler about 300 bytes of memory each."""


class Array(NamedTuple):
    """A declaration: `const float dense_kernel[8]`, its comment, and its literals line by line."""

    declaration: str
    note: str
    lines: list[str]


@dataclass(frozen=True, eq=False)
class Weights:
    """A plan's constants: where each is defined, and how. prefix: of every name with file scope."""

    plan: Plan
    prefix: str

    @property
    def ops(self) -> list[COp]:
        """Every function, in the order of their definitions."""
        raise NotImplementedError

    @property
    def names(self) -> dict[object, str]:
        """The C name of each constant and of each step's function."""
        raise NotImplementedError

    @property
    def separate(self) -> bool:
        """Whether the weights are in files of their own."""
        return sum(c.size for c in self.plan.graph.constants) > INLINE_WEIGHTS

    def array(self, constant: Constant) -> Array:
        """The literal array; at least one element, for C has no empty arrays."""
        declaration = self._declared(constant)
        sizes = ", ".join(map(str, constant.shape))
        note = f"({sizes}) {constant.note}".strip()
        if constant.dtype == "int4":
            note += "; two elements a byte, the first in its lower half"
            return Array(declaration, note, list(numbers(constant.packed)))
        suffix = "f" if constant.dtype == "float32" else ""
        text = constant.dtype == STRING
        lines = list(c_strings(constant.data) if text else numbers(constant.data, suffix)) or ["0"]
        return Array(declaration, note, lines)

    def declaration(self, constant: Constant) -> str:
        return f"extern {self._declared(constant)};"

    def _declared(self, constant: Constant) -> str:
        ctype = "char *const" if constant.dtype == STRING else CTYPES[constant.dtype]
        size = constant.packed.size if constant.dtype == "int4" else max(constant.size, 1)
        return f"const {ctype} {self.names[constant]}[{size}]"

    def arrays_of(self, op: COp) -> Iterator[Array]:
        """The arrays that this step is the first to use, to be printed above it."""
        if not self.separate:
            for constant in op.node.constants:
                if self._first_user[constant] is op.node:
                    yield self.array(constant)

    @cached_property
    def _first_user(self) -> dict[Value, Node]:
        users: dict[Value, Node] = {}
        for op in self.ops:
            for constant in op.node.constants:
                users.setdefault(constant, op.node)
        return users

    @property
    def weight_file_names(self) -> list[str]:
        numbers = range(len(list(self.weight_files())))
        return [f"{self.prefix}_weights{f'_{number}' if number else ''}.c" for number in numbers]

    def weight_files(self) -> Iterator[list[Constant]]:
        """The constants of each weight file; none if they stand in NAME.c."""
        batch: list[Constant] = []
        count = 0
        if not self.separate:
            return
        for constant in self._first_user:
            assert isinstance(constant, Constant)
            if batch and count + constant.size > WEIGHTS_PER_FILE:
                yield batch
                batch, count = [], 0
            batch.append(constant)
            count += constant.size
        if batch:
            yield batch
