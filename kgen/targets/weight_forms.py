"""The forms that weights can have in an export, and the file of bytes that some of them share."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kgen.errors import ExportError
from kgen.ir.value import Constant
from kgen.schedule.saving import NOTHING, Saving

FORMS = ("literal", "string", "incbin", "file", "embed")
IN_BLOB = ("incbin", "file", "embed")
"""The forms whose numbers are in NAME_weights.bin."""

WORKSPACES = ("static", "caller", "stack")
"""Where NAME_predict's workspace is: in the library, nowhere (there is only NAME_run), or on the
stack of its caller."""

LINE = 64
"""Bytes: arrays that are longer begin at a multiple of it, where vectors of any width can."""

SHORT = 8
"""Others at a multiple of the size of the largest element type."""


@dataclass(frozen=True)
class Form:
    """weights: one of FORMS. section: of the object file, for the weights; or None.
    workspace: one of WORKSPACES. threads: whether loops are shared by OpenMP's threads.
    dispatch: whether the library holds code for several processors, and picks when it runs.
    winograd: whether convolutions may take fewer products, with larger rounding errors.
    saving: what is done for less RAM.
    """

    weights: str = "literal"
    section: str | None = None
    workspace: str = "static"
    threads: bool = False
    dispatch: bool = False
    winograd: bool = True
    saving: Saving = NOTHING

    def __post_init__(self) -> None:
        if self.workspace not in WORKSPACES:
            raise ExportError(
                f"There is no workspace {self.workspace!r}; choose {', '.join(WORKSPACES)}.",
                exit_code=2,
            )
        if self.workspace == "stack" and self.weights == "file":
            raise ExportError(
                "A workspace on the stack can't remember weights that are loaded from a file; take "
                "--workspace caller, or another form of --weights.",
                exit_code=2,
            )
        if self.weights not in FORMS:
            raise ExportError(
                f"There is no form of weights {self.weights!r}; choose {', '.join(FORMS)}.",
                exit_code=2,
            )
        if self.section is None:
            return
        if not re.fullmatch(r"[A-Za-z0-9_.$,]+", self.section):
            raise ExportError(
                f"{self.section!r} is no name of a section: letters, digits and _ . $ , only.",
                exit_code=2,
            )
        if self.weights == "file":
            raise ExportError(
                "Weights in a file are in no section of the program: leave --weights-section out, "
                "or take another form than --weights file.",
                exit_code=2,
            )

    @property
    def in_blob(self) -> bool:
        return self.weights in IN_BLOB


LITERAL = Form()


def little_endian(constant: Constant) -> bytes:
    """The constant's elements as they are stored, in the byte order of most machines."""
    raw = constant.raw
    return np.ascontiguousarray(raw.astype(raw.dtype.newbyteorder("<"))).tobytes()


def stored_size(constant: Constant) -> int:
    """Bytes of one element as it is stored."""
    return int(replace(constant, data=constant.data.reshape(-1)[:1]).raw.itemsize)


@dataclass(frozen=True, eq=False)
class Member:
    """A constant's place among the bytes. count: its elements, those that fill it up included."""

    constant: Constant
    offset: int
    count: int
    size: int


@dataclass(frozen=True, eq=False)
class Blob:
    """All numbers of a model, little-endian, one array after another: long ones first."""

    constants: Sequence[Constant]

    @cached_property
    def members(self) -> list[Member]:
        members, offset = [], 0
        sizes = {c: max(len(little_endian(c)), stored_size(c)) for c in self.constants}
        for constant in sorted(self.constants, key=lambda c: sizes[c] < LINE):
            unit = LINE if sizes[constant] >= LINE else SHORT
            taken = -(-sizes[constant] // unit) * unit
            size = stored_size(constant)
            members.append(Member(constant, offset, taken // size, size))
            offset += taken
        return members

    @property
    def size(self) -> int:
        return sum(member.count * member.size for member in self.members)

    @cached_property
    def data(self) -> bytes:
        return b"".join(
            little_endian(member.constant).ljust(member.count * member.size, b"\0")
            for member in self.members
        )

    @property
    def crc(self) -> str:
        """The checksum that zlib and PNG use, as a C literal."""
        return f"0x{zlib.crc32(self.data):08X}u"

    @property
    def runs(self) -> list[tuple[int, int]]:
        """(elements, bytes of each), one after another, of arrays that lie side by side."""
        runs: list[tuple[int, int]] = []
        for member in self.members:
            if runs and runs[-1][1] == member.size:
                runs[-1] = (runs[-1][0] + member.count, member.size)
            else:
                runs.append((member.count, member.size))
        return runs
