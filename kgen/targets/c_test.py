"""NAME_test.c: a few samples, what Keras says of them, and a program that compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kgen.ir.value import HALVES, STRING, is_float
from kgen.render.environment import environment
from kgen.render.literals import c_strings, number, numbers
from kgen.targets.c import CModel
from kgen.targets.c_interface import Parameter
from kgen.targets.c_scalar import ScalarType
from kgen.targets.evidence import SelfTest


@dataclass(frozen=True, eq=False)
class Array:
    """One input or output for all calls, as the test's template sees it.

    known_from: the first call that is compared. data: (calls, *shape). least: of the scale.
    """

    parameter: Parameter
    data: np.ndarray
    known_from: int = 0
    least: float = 0.0

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def dtype(self) -> str:
        return self.parameter.value.dtype

    @property
    def size(self) -> int:
        """Elements of one sample."""
        return int(self.data[0].size)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape[1:]

    @property
    def count(self) -> int:
        """Elements of all samples; C has no empty arrays."""
        return max(self.data.size, 1)

    @property
    def ctype(self) -> str:
        return "const char *" if self.dtype == STRING else f"{self.parameter.ctype} "

    @property
    def const(self) -> str:
        """The declaration of a constant array's elements."""
        return "const char *const " if self.dtype == STRING else f"const {self.parameter.ctype} "

    @property
    def compared(self) -> str:
        """How elements are compared: as strings, numbers or whatever has to be equal."""
        if self.dtype == STRING:
            return "words"
        return "numbers" if is_float(self.dtype) else "integers"

    @property
    def scale(self) -> str:
        """The largest of the numbers wanted, which errors are relative to; more where rounding
        explains errors that are larger beside it.
        """
        wide = np.abs(self.data.astype(np.float64))
        largest = wide[np.isfinite(wide)].max(initial=self.least)
        return number(np.float64(largest or 1.0))

    @property
    def lines(self) -> list[str]:
        if self.dtype == STRING:
            return list(c_strings(self.data)) or ['""']
        data = self.data.view(np.uint16) if self.dtype in HALVES else self.data
        suffix = "f" if self.dtype == "float32" else ""
        return list(numbers(data, suffix)) or ["0"]


@dataclass(frozen=True, eq=False)
class CTest:
    """A model's self-test as its template sees it."""

    model: CModel
    test: SelfTest

    def _arrays(self, parameters: Sequence[Parameter], data: Sequence[np.ndarray]) -> list[Array]:
        return [
            Array(p, x.astype(object) if p.value.dtype == STRING else x)
            for p, x in zip(parameters, data, strict=True)
        ]

    @cached_property
    def inputs(self) -> list[Array]:
        return self._arrays(self.model.inputs, self.test.inputs)

    @cached_property
    def outputs(self) -> list[Array]:
        arrays = self._arrays(self.model.outputs, self.test.outputs)
        return [
            replace(array, known_from=first, least=error / self.test.tolerance)
            for array, first, error in zip(
                arrays, self.test.known_from, self.test.noise, strict=True
            )
        ]

    @property
    def count(self) -> int:
        return self.test.count

    @property
    def tolerance(self) -> str:
        return number(np.float64(self.test.tolerance))

    def compares(self, how: str) -> bool:
        return any(one.compared == how for one in self.outputs)

    @property
    def special(self) -> bool:
        """Whether infinities or NaN stand among the numbers, by math.h's names."""
        arrays = [a for a in (*self.inputs, *self.outputs) if a.dtype in ("float32", "float64")]
        return not all(np.isfinite(array.data).all() for array in arrays)

    @property
    def halves(self) -> list[str]:
        """The definitions of functions that read the bits of numbers of two bytes."""
        functions = environment("c").get_template("functions.j2").module
        used = [dtype for dtype in HALVES if any(one.dtype == dtype for one in self.outputs)]
        return [
            str(
                getattr(functions, f"from_{dtype}")(
                    f"{self.model.prefix}_test_{dtype}", ScalarType("float32")
                )
            )
            for dtype in used
        ]

    def read(self, array: Array, element: str) -> str:
        """An element of a floating-point output as a number."""
        if array.dtype in HALVES:
            return f"{self.model.prefix}_test_{array.dtype}({element})"
        return element


def self_test(model: CModel, test: SelfTest) -> str:
    """The text of NAME_test.c."""
    template = environment("c").get_template("test.c.j2")
    return template.render(model=model, test=CTest(model, test))
