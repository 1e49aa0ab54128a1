"""How often each number occurs along the last axis, or whether it does."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Bincount(Node):
    """x: integers; those from depth on are not counted. The output is (..., depth).

    binary: whether to say 1 for any number of occurrences.
    weights: of x's shape and the output's dtype, added up in place of ones; or None.
    strict: whether negative numbers are an error, or not counted either.
    """

    x: Value
    weights: Value | None
    depth: int
    binary: bool
    strict: bool
    dtype: str

    @property
    def length(self) -> int:
        return self.x.shape[-1]

    @property
    def rows(self) -> int:
        return prod(self.x.shape[:-1])

    @property
    def can_fail(self) -> bool:
        return self.strict

    @property
    def formula(self) -> str:
        if self.binary:
            return "y[v] = 1 if v is among x, else 0"
        if self.weights is not None:
            return "y[v] = sum of the weights where x is v"
        return "y[v] = how many of x are v"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.x.rank - 1,), "count along")
        if self.weights is not None and (
            (self.weights.shape, self.weights.batch) != (self.x.shape, self.x.batch)
        ):
            raise GraphError(f"{self.name}: weights {self.weights} do not fit {self.x}")
        return Spec((*self.x.shape[:-1], self.depth), self.dtype, self.x.batch)
