"""The positions of the k largest elements along the last axis, largest first, the first one of
equals.
"""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class TopK(Node):
    """The output is int32, (..., k)."""

    x: Value
    k: int

    @property
    def formula(self) -> str:
        return f"y = positions of the {self.k} largest x along the last axis, largest first"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.x.rank - 1,), "sort")
        if self.k > self.x.shape[-1]:
            raise GraphError(f"{self.name}: {self.k} largest of {self.x}")
        return Spec((*self.x.shape[:-1], self.k), "int32", self.x.batch)
