"""The file of bytes that some forms of weights share."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kgen.ir.value import Constant

LINE = 64
"""Bytes: arrays that are longer begin at a multiple of it, where vectors of any width can."""

SHORT = 8
"""Others at a multiple of the size of the largest element type."""


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
