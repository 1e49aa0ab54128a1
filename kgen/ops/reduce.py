"""Sums, means, products, extremes and quantifiers over axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Shape, Value, row_major

FUNCTIONS = ("sum", "mean", "prod", "max", "min", "any", "all")


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduce(Node):
    """function: one of FUNCTIONS. axes: ascending. keepdims: whether they stay as length one."""

    x: Value
    function: str
    axes: tuple[int, ...]
    keepdims: bool

    @property
    def count(self) -> int:
        """How many elements go into one of the output's."""
        return prod(self.x.shape[axis] for axis in self.axes)

    @property
    def y_strides(self) -> Shape:
        """The output's stride along each axis of x."""
        return kept_strides(self.x, self.axes)

    @property
    def exact(self) -> bool:
        return self.function in ("max", "min")

    @property
    def formula(self) -> str:
        return f"y = {self.function} of x over axes {self.axes}"

    def with_rows(self, rows: int) -> Reduce:
        return self

    def infer(self) -> Spec:
        if self.function not in FUNCTIONS:
            raise GraphError(f"no reduction {self.function!r}")
        forbid_batch(self.x, self.axes, f"take the {self.function} over")
        return reduced(self.x, self.axes, self.keepdims, self.x.dtype)


def kept_strides(x: Value, axes: tuple[int, ...]) -> Shape:
    """Row-major strides of x without these axes, and 0 for them."""
    kept = row_major([1 if axis in axes else size for axis, size in enumerate(x.shape)])
    return tuple(0 if axis in axes else stride for axis, stride in enumerate(kept))


def reduced(x: Value, axes: tuple[int, ...], keepdims: bool, dtype: str) -> Spec:
    """The spec of x with these axes gone, or of length one."""
    if keepdims:
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
        return Spec(shape, dtype, x.batch)
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    batch = None if x.batch is None else x.batch - sum(axis < x.batch for axis in axes)
    return Spec(shape, dtype, batch)
