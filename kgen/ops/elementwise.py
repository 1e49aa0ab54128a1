"""One scalar program applied to every element of the broadcast inputs."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Origin, Spec, broadcast, same_elements, spec_of
from kgen.ir.program import Program
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Elementwise(Node):
    """args: broadcast by NumPy's rule; of none, one number. program: has one input for each of
    `args`.
    """

    args: tuple[Value, ...]
    program: Program

    @property
    def origins(self) -> tuple[Origin, ...]:
        """In the order of their computation: what was merged into the node comes before it."""
        return tuple(dict.fromkeys(reversed((self.origin, *self.merged))))

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements(self.args, self.output)

    @property
    def formula(self) -> str:
        return ""  # the code is the formula

    def with_rows(self, rows: int) -> Elementwise:
        return self

    def infer(self) -> Spec:
        if not self.args:
            return Spec((), self.program.dtype, None)
        shape, batch = broadcast([spec_of(arg) for arg in self.args])
        return Spec(shape, self.program.dtype, batch)
