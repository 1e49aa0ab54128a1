"""Resampling along one axis: each position of y is a weighted sum of neighbours in x."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Resize(Node):
    """starts: (outputs,) integers, the first position in x that counts.
    weights: (outputs, taps), of it and those after it; all lie inside x.
    """

    x: Value
    axis: int
    starts: Constant
    weights: Constant

    @property
    def taps(self) -> int:
        """How many positions of x make one of y."""
        return self.weights.shape[1]

    @property
    def outer(self) -> int:
        """The number of elements in front of the axis."""
        return prod(self.x.shape[: self.axis])

    @property
    def row_size(self) -> int:
        """The number of elements behind the axis."""
        return prod(self.x.shape[self.axis + 1 :])

    @property
    def macs(self) -> int:
        return self.output.size * self.taps

    @property
    def formula(self) -> str:
        before = ":," * self.axis
        return f"y[{before}i] = sum of x[{before}starts[i] + t] * weights[i][t]"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), "resize")
        length, (outputs, taps) = self.x.shape[self.axis], self.weights.shape
        first, last = self.starts.data.min(), self.starts.data.max()
        if self.starts.shape != (outputs,) or first < 0 or last + taps > length:
            raise GraphError(f"{self.name}: {outputs} sums of {taps} neighbours leave {self.x}")
        shape = (*self.x.shape[: self.axis], outputs, *self.x.shape[self.axis + 1 :])
        return Spec(shape, self.x.dtype, self.x.batch)
