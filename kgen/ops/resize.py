"""Resampling along one axis: each position of y is a weighted sum of neighbours in x."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.size import at_bound
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Resize(Node):
    """starts: (outputs,) integers, the first position in x that counts.
    weights: (outputs, taps), of it and those after it; all lie inside x. Without these two, for
        lengths known only when the code runs, it computes them as it goes.
    size: of the output's axis.
    method: how starts and weights come about, with half-pixel centres, as TensorFlow has it. It
        counts without them: "nearest", "bilinear", "bicubic", "area", "lanczos3" or "lanczos5".
    antialias: whether the method's kernel gets as wide as makes it a low-pass filter.
    """

    x: Value
    axis: int
    starts: Constant | None
    weights: Constant | None
    size: int
    method: str
    antialias: bool = False

    @property
    def kernel(self) -> str:
        """The function of the distance that gives a neighbour's weight; "" of methods that know
        their neighbours.
        """
        kernels = {"bilinear": "triangle", "bicubic": "cubic"} if self.antialias else {}
        own = kernels.get(self.method, self.method if "lanczos" in self.method else "")
        return own and f"{own}_kernel"

    @property
    def radius(self) -> int:
        """How far the kernel reaches."""
        return {"triangle_kernel": 1, "cubic_kernel": 2}.get(self.kernel) or int(self.method[-1])

    @property
    def in_place(self) -> bool:
        """Without tables: whether there are no more than two neighbours, each of which it knows."""
        return self.method in ("nearest", "bilinear") and not self.kernel

    @property
    def taps(self) -> int:
        """How many positions of x make one of y."""
        if self.weights is not None:
            return self.weights.shape[1]
        if self.method == "area":
            return -(-at_bound(self.x.shape[self.axis]) // at_bound(self.size)) + 1
        if self.kernel:
            shrink = at_bound(self.x.shape[self.axis]) / at_bound(self.size)
            return ceil(2 * self.radius * max(shrink if self.antialias else 1.0, 1.0)) + 1
        return {"nearest": 1, "bilinear": 2}.get(self.method, 4)

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
        if self.weights is None and self.in_place:
            return (
                f"y[{before}i] = the two of x[{before}...] around i's centre, the nearer the more"
            )
        if self.weights is None:
            return f"y[{before}i] = mean of x[{before}...] around i's centre, weighted by distance"
        return f"y[{before}i] = sum of x[{before}starts[i] + t] * weights[i][t]"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), "resize")
        if self.starts is not None and self.weights is not None:
            self._check_tables(self.starts, self.weights)
        shape = (*self.x.shape[: self.axis], self.size, *self.x.shape[self.axis + 1 :])
        return Spec(shape, self.x.dtype, self.x.batch)

    def _check_tables(self, starts: Constant, weights: Constant) -> None:
        taps, length = self.taps, self.x.shape[self.axis]
        first, last = starts.data.min(), starts.data.max()
        sizes = (starts.shape, weights.shape)
        if sizes != ((self.size,), (self.size, taps)) or first < 0 or last + taps > length:
            raise GraphError(f"{self.name}: {self.size} sums of {taps} neighbours leave {self.x}")
