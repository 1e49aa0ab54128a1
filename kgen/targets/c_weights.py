"""The weights as literal arrays of C."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kgen.ir.node import Node
from kgen.ir.value import STRING, Constant, Value
from kgen.options import Form
from kgen.plan import Plan
from kgen.render.literals import byte_strings, c_strings, numbers
from kgen.targets.c_op import COp
from kgen.targets.c_types import CTYPES
from kgen.targets.weight_bytes import Blob, little_endian, stored_size

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
    form: Form

    @property
    def ops(self) -> list[COp]:
        """Every function, in the order of their definitions."""
        raise NotImplementedError

    @property
    def names(self) -> dict[object, str]:
        """The C name of each constant and of each step's function."""
        raise NotImplementedError

    # Which are where

    @property
    def separate(self) -> bool:
        """Whether the weights are in files of their own."""
        numbers = sum(c.size for c in self.plan.graph.constants)
        shared = self.form.dispatch  # by several compilations of the code
        return self.form.weights != "literal" or shared or numbers > INLINE_WEIGHTS

    @cached_property
    def words(self) -> set[Constant]:
        """What is written as literals, whatever the form of the others: words, and the numbers of a
        function that has words.
        """
        users = [node.constants for node in self.plan.graph.walk()]
        return {c for those in users if any(one.dtype == STRING for one in those) for c in those}

    def arrays_of(self, op: COp) -> Iterator[Array]:
        """The arrays that this step is the first to use, to be printed above it."""
        for constant in op.node.constants:
            inline = not self.separate or (
                self.form.weights != "literal" and constant in self.words
            )
            if inline and self._first_user[constant] is op.node:
                yield self.array(constant)

    @cached_property
    def stored(self) -> list[Constant]:
        """What is in weight files, in the order of use."""
        if not self.separate:
            return []
        constants = [c for c in self._first_user if isinstance(c, Constant)]
        return [c for c in constants if self.form.weights == "literal" or c not in self.words]

    @cached_property
    def blob(self) -> Blob | None:
        """The bytes of NAME_weights.bin, if there is one."""
        return Blob(self.stored) if self.form.in_blob and self.stored else None

    @property
    def loads(self) -> bool:
        """Whether the weights come from a file when the program runs."""
        return self.form.weights == "file" and self.blob is not None

    @cached_property
    def _first_user(self) -> dict[Value, Node]:
        users: dict[Value, Node] = {}
        for op in self.ops:
            for constant in op.node.constants:
                users.setdefault(constant, op.node)
        return users

    @property
    def weight_file_names(self) -> list[str]:
        """The C files that hold or load weights."""
        if self.loads:
            return [f"{self.prefix}_load.c"]
        numbers = range(len(list(self.weight_files())))
        return [f"{self.prefix}_weights{f'_{number}' if number else ''}.c" for number in numbers]

    @property
    def blob_name(self) -> str:
        return f"{self.prefix}_weights.bin"

    def weight_files(self) -> Iterator[list[Constant]]:
        """The constants of each weight file; none if they stand in NAME.c."""
        if self.blob:
            yield self.stored
            return
        batch: list[Constant] = []
        count = 0
        for constant in self.stored:
            if batch and count + constant.size > WEIGHTS_PER_FILE:
                yield batch
                batch, count = [], 0
            batch.append(constant)
            count += constant.size
        if batch:
            yield batch

    # How they are written

    def symbol(self, constant: Constant) -> str:
        """What the functions call the array."""
        name = self.names[constant]
        if self.form.weights == "literal" or constant in self.words:
            return name
        if self.form.weights == "string":
            return f"{name}.numbers"
        member = self.member(constant)
        if self.form.weights == "file":
            return f"constants->{member}"
        return f"{self.prefix}_weights.{'arrays.' if self.form.weights == 'embed' else ''}{member}"

    def member(self, constant: Constant) -> str:
        """The array's name among those of NAME_weights.bin."""
        return self.names[constant].removeprefix(f"{self.prefix}_")

    def note(self, constant: Constant) -> str:
        sizes = ", ".join(map(str, constant.shape))
        text = f"({sizes}) {constant.note}".strip()
        if constant.stored == "int4":
            text += "; two elements a byte, the first in its lower half"
        elif constant.stored:
            text += f"; the bits of {constant.stored} numbers"
        return text

    def ctype(self, constant: Constant) -> str:
        return "char *const" if constant.dtype == STRING else CTYPES[constant.source_dtype]

    def array(self, constant: Constant) -> Array:
        """The literal array; at least one element, for C has no empty arrays."""
        declaration, note = self.definition(constant), self.note(constant)
        suffix = "f" if constant.source_dtype == "float32" else ""
        text = constant.dtype == STRING
        lines = list(c_strings(constant.data) if text else numbers(constant.raw, suffix)) or ["0"]
        return Array(declaration, note, lines)

    def bytes_text(self, constant: Constant) -> str:
        """String literals of the array's bytes, little-endian."""
        return byte_strings(little_endian(constant) or bytes(stored_size(constant)))

    def turned(self, constants: Iterable[Constant]) -> list[Constant]:
        """Those whose bytes a big-endian machine has to turn round."""
        return [constant for constant in constants if stored_size(constant) > 1]

    def declaration(self, constant: Constant) -> str:
        return f"extern {self.definition(constant)};"

    def definition(self, constant: Constant) -> str:
        """The array's type and name, less what it is set to."""
        size = max(
            constant.nbytes // stored_size(constant) if constant.stored else constant.size, 1
        )
        name = self.names[constant]
        if self.form.weights == "string" and constant not in self.words:
            ctype, count = CTYPES[constant.source_dtype], size * stored_size(constant)
            members = f"{{ char bytes[{count}]; {ctype} numbers[{size}]; }}"
            return f"{self.prefix.upper()}_CONST union {members} {name}"
        return f"const {self.ctype(constant)} {name}[{size}]"
