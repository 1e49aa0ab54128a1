"""Element types and scalar functions in C."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.program import Step
from kgen.ir.value import HALVES
from kgen.render.environment import environment
from kgen.targets.c_types import CTYPES, literal

HASHES = ("fingerprint64", "siphash")
"""Functions that are defined on strings, and by them on integers."""


@dataclass(frozen=True)
class ScalarType:
    """An element type as the templates of scalar functions see it.

    of_text: for functions of an integer's digits, the name of the same function of strings.
    """

    dtype: str
    of_text: str = ""

    @property
    def name(self) -> str:
        return CTYPES[self.dtype]

    @property
    def float(self) -> bool:
        return self.dtype.startswith("float")

    @property
    def signed(self) -> bool:
        return self.dtype.startswith("int")

    @property
    def f(self) -> str:
        """The suffix of math.h's functions."""
        return "f" if self.dtype == "float32" else ""

    def n(self, number: object) -> str:
        return literal(number, self.dtype)

    def wrap(self, sign: str, a: str, b: str) -> str:
        """a sign b; integers wrap round."""
        macro = environment("c").get_template("operators.j2").module.arithmetic  # type: ignore[attr-defined]
        return str(macro(self.dtype, sign, a, b)).strip()


def function_of(step: Step, dtypes: list[str]) -> str:
    """Casts of floats to integers must not meet values that C leaves undefined; the types of two
    bytes are numbers to C, and their bits need reading.
    """
    if step.function == "cast" and dtypes[0] in HALVES:
        return f"from_{dtypes[0]}"
    if step.function == "cast" and step.dtype in HALVES:
        return f"to_{step.dtype}"
    if step.function == "cast" and dtypes[0].startswith("float") and "int" in step.dtype:
        return f"to_{step.dtype}"
    return step.function
