"""How many numbers of an ascending row come before each element."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, Node, Spec
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchSorted(Node):
    """edges: (n,), ascending. side: "left" counts the edges below x, "right" those up to it.

    Where x is NaN the answer is 0 on the left and n on the right, as in TensorFlow.
    """

    x: Value
    edges: Constant
    side: str

    @property
    def formula(self) -> str:
        sign = "<" if self.side == "left" else "<="
        return f"y = number of edges {sign} x"

    def infer(self) -> Spec:
        if self.edges.rank != 1 or self.edges.dtype != self.x.dtype:
            raise GraphError(f"{self.name}: edges {self.edges} for {self.x}")
        return Spec(self.x.shape, "int32", self.x.batch)
