"""Resampling along one axis: each position of y is a weighted sum of neighbours in x."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Resize(Node):
    """starts: (outputs,) integers, the first position in x that counts.
    weights: (outputs, taps), of it and those after it; all lie inside x. Without these two, for
        lengths known only when the code runs, it computes them as it goes.
    size: of the output's axis. method: "nearest" or "bilinear", with half-pixel centres, as
        TensorFlow has it; "" for what can be done with starts and weights alone.
    """

    x: Value
    axis: int
    starts: Constant | None
    weights: Constant | None
    size: int
    method: str = ""

    @property
    def taps(self) -> int:
        """How many positions of x make one of y."""
        if self.weights is None:
            return 2 if self.method == "bilinear" else 1
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
        if self.weights is None and self.method == "nearest":
            return f"y[{before}i] = x[{before}where i's centre falls]"
        if self.weights is None:
            return (
                f"y[{before}i] = the two of x[{before}...] around i's centre, the nearer the more"
            )
        return f"y[{before}i] = sum of x[{before}starts[i] + t] * weights[i][t]"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), "resize")
        if self.starts is not None and self.weights is not None:
            self._check_tables(self.starts, self.weights)
        elif self.method not in ("nearest", "bilinear"):
            raise GraphError(f"{self.name}: no table for resizing by {self.method!r}")
        shape = (*self.x.shape[: self.axis], self.size, *self.x.shape[self.axis + 1 :])
        return Spec(shape, self.x.dtype, self.x.batch)

    def _check_tables(self, starts: Constant, weights: Constant) -> None:
        taps, length = self.taps, self.x.shape[self.axis]
        first, last = starts.data.min(), starts.data.max()
        sizes = (starts.shape, weights.shape)
        if sizes != ((self.size,), (self.size, taps)) or first < 0 or last + taps > length:
            raise GraphError(f"{self.name}: {self.size} sums of {taps} neighbours leave {self.x}")
