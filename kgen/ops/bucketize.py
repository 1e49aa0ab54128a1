"""Which of the stretches between boundaries each number lies in."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Bucketize(Node):
    """boundaries: (count,), ascending, of x's dtype. The output is int32, of x's shape; NaN lies
    beyond the last boundary.
    """

    x: Value
    boundaries: Constant

    @property
    def formula(self) -> str:
        return "y = how many boundaries are not above x"

    def infer(self) -> Spec:
        return Spec(self.x.shape, "int32", self.x.batch)
