"""A matrix of weights times the last axis of x."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgen.ir.node import Contraction, GraphError, Spec, forbid_batch, product_dtype
from kgen.ir.order import trail
from kgen.ir.size import is_fixed
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(Contraction):
    """x: (..., inputs). kernel: (inputs, units)."""

    x: Value
    kernel: Constant

    @property
    def rows(self) -> int:
        """How many vectors of `inputs` elements x holds for one sample."""
        return self.output.size // max(self.kernel.shape[1], 1)

    @property
    def packable(self) -> tuple[Constant, ...]:
        return (self.kernel,)

    @property
    def macs(self) -> int:
        return self.output.size * self.kernel.shape[0]

    @property
    def formula(self) -> str:
        bias = " + bias[u]" if self.bias is not None else ""
        return f"y[u] = sum over i of x[i] * kernel[i][u]{bias}"

    def trail(self, value: Value) -> int | None:
        inputs, units = self.kernel.shape
        if value is not self.x or not is_fixed((*self.x.shape, *self.output.shape)):
            return None
        rows = self.rows
        return trail(np.arange(rows) * inputs, units) if rows and units else None

    def with_rows(self, rows: int) -> Dense:
        return self

    def infer(self) -> Spec:
        inputs, units = self.kernel.shape
        if self.x.shape[-1] != inputs:
            raise GraphError(f"{self.name}: {self.x} times a kernel {self.kernel.shape}")
        forbid_batch(self.x, (self.x.rank - 1,), "sum over")
        dtype = product_dtype(self.x.dtype, self.kernel.dtype)
        return self.finish((*self.x.shape[:-1], units), dtype, self.x.batch)
