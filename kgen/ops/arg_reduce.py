"""The position of the largest or smallest element along one axis; the first one of equals.

As in Keras on TensorFlow, NaN is passed over, and -0 is less than 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    def is_float(self) -> bool:
        return self.x.dtype.startswith("float")

    @property
    def least(self) -> float | int | bool:
        """What the search begins with: the lowest number for argmax, the highest for argmin."""
        dtype, largest = self.x.dtype, self.function == "argmax"
        if dtype == "bool":
            return not largest
        if self.is_float:
            return float(np.finfo(dtype).min if largest else np.finfo(dtype).max)
        return int(np.iinfo(dtype).min if largest else np.iinfo(dtype).max)

    @property
    def formula(self) -> str:
        return f"y = {self.function} of x over axis {self.axis}"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), f"take the {self.function} over")
        return reduced(self.x, (self.axis,), self.keepdims, "int32")
