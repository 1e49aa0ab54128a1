"""The types that C keeps sums in, and how it writes numbers of a node's type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kgen.ir.node import Contraction
from kgen.targets.c_types import CTYPES, literal


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a template asks about the numbers of its node."""

    node: Any

    # Sums

    @property
    def sums_in_float(self) -> bool:
        """Whether sums of floats are kept in float, which a style may prefer to double."""
        return False

    @property
    def accumulator(self) -> str:
        """The type that sums are kept in: wide enough that its rounding does not show."""
        if self.sums_in_float:
            return "float"
        dtype = self._summed_dtype
        if self._of_bytes:
            return "int32_t"
        return "double" if dtype.startswith("float") else "uint64_t"

    @property
    def _summed_dtype(self) -> str:
        node = self.node
        return node.accumulator if isinstance(node, Contraction) else str(node.output.dtype)

    @property
    def _of_bytes(self) -> bool:
        """Whether the sum is one of products of int8 that an int holds, whatever they are."""
        node = self.node
        if not isinstance(node, Contraction) or self._summed_dtype != "int32":
            return False
        terms = node.macs // max(node.output.size, 1)
        return all(x.dtype == "int8" for x in node.operands) and terms * 2**14 < 2**31

    def term(self, text: str) -> str:
        """A factor or summand, widened to the accumulator's type."""
        dtype = self._summed_dtype
        if dtype == "float64" or self._of_bytes or self.sums_in_float:
            return text
        return f"({self.accumulator}){text}"

    def factor(self, text: str) -> str:
        """Another factor of a term: C widens it to match, but warns where the sign changes."""
        return text if self._summed_dtype.startswith("float") else self.term(text)

    def total(self, text: str) -> str:
        """The accumulator's value in the element type of the sum."""
        dtype = self._summed_dtype
        if dtype == "float64" or self._of_bytes or self.sums_in_float:
            return text
        return f"({CTYPES[dtype]}){text}"

    def integer(self, count: object) -> str:
        """A number that a sum is divided by: C warns where a float meets an integer variable."""
        text = str(count)
        plain = not self.sums_in_float or text.isdigit()
        return text if plain else f"(float)({text})" if " " in text else f"(float){text}"

    # Numbers of the accumulator's type and of the output's

    @property
    def zero(self) -> str:
        return {"double": "0.0", "float": "0.0f"}.get(self.accumulator, "0")

    @property
    def one(self) -> str:
        return {"double": "1.0", "float": "1.0f"}.get(self.accumulator, "1")

    @property
    def lowest(self) -> str:
        """No element is less."""
        dtype = self.node.output.dtype
        if dtype.startswith("float"):
            return "-INFINITY"
        return literal(int(np.iinfo(dtype).min), dtype)

    @property
    def least(self) -> str:
        """The least number of the output's type that is finite."""
        dtype = self.node.output.dtype
        return literal(np.finfo(dtype).min, dtype) if self.is_float else self.lowest

    @property
    def highest(self) -> str:
        """No element is greater."""
        dtype = self.node.output.dtype
        if dtype.startswith("float"):
            return "INFINITY"
        return literal(int(np.iinfo(dtype).max), dtype)

    @property
    def is_float(self) -> bool:
        return bool(self.node.output.dtype.startswith("float"))

    @property
    def suffix(self) -> str:
        """Of the math functions for the output's type."""
        return "f" if self.node.output.dtype == "float32" else ""

    def literal(self, value: object, dtype: str = "") -> str:
        return literal(value, dtype or self.node.output.dtype)

    def magnitude(self, text: str) -> str:
        """The absolute value of a float of the output's type."""
        return f"fabs{self.suffix}({text})"
