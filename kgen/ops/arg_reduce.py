"""The position of the largest or smallest element along one axis; the first one of equals."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec, forbid_batch
from kgen.ir.value import Shape, Value
from kgen.ops.reduce import kept_strides, reduced


@dataclass(frozen=True, eq=False, kw_only=True)
class ArgReduce(Node):
    """function: "argmax" or "argmin". The output is int32."""

    x: Value
    function: str
    axis: int
    keepdims: bool

    @property
    def y_strides(self) -> Shape:
        """The output's stride along each axis of x."""
        return kept_strides(self.x, (self.axis,))

    @property
    def outer_strides(self) -> Shape:
        """x's stride along each axis but the one that is taken as a whole."""
        return tuple(0 if axis == self.axis else s for axis, s in enumerate(self.x.strides))

    @property
    def formula(self) -> str:
        return f"y = {self.function} of x over axis {self.axis}"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), f"take the {self.function} over")
        return reduced(self.x, (self.axis,), self.keepdims, "int32")
