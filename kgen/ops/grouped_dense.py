"""A matrix of weights times the last axis of x: small integers, with a scale and a zero for each
unit and group of inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Contraction, GraphError, Spec, forbid_batch
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupedDense(Contraction):
    """x: (..., inputs). kernel: (inputs, units), integers.

    scale: (groups, units). zero: (groups, units), integers. block: the inputs of a group, the last
    of which may have fewer.
    """

    x: Value
    kernel: Constant
    scale: Constant
    zero: Constant
    block: int

    @property
    def rows(self) -> int:
        """How many vectors of `inputs` elements x holds for one sample."""
        return self.output.size // max(self.kernel.shape[1], 1)

    @property
    def packable(self) -> tuple[Constant, ...]:
        return (self.kernel, self.zero)

    @property
    def macs(self) -> int:
        return self.output.size * self.kernel.shape[0]

    @property
    def formula(self) -> str:
        bias = " + bias[u]" if self.bias is not None else ""
        weight = "(kernel[i][u] - zero[g][u]) * scale[g][u]"
        return f"y[u] = sum over i of x[i] * {weight}{bias}, g = i // {self.block}"

    def with_rows(self, rows: int) -> GroupedDense:
        return self

    def infer(self) -> Spec:
        inputs, units = self.kernel.shape
        groups = (-(-inputs // self.block), units)
        if self.x.shape[-1] != inputs or {self.scale.shape, self.zero.shape} != {groups}:
            raise GraphError(f"{self.name}: {self.x} times a kernel {self.kernel.shape}")
        forbid_batch(self.x, (self.x.rank - 1,), "sum over")
        return self.finish((*self.x.shape[:-1], units), self.x.dtype, self.x.batch)
