"""The lower triangle L of L · Lᵀ = x, for each matrix."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, Node, Spec, forbid_batch, same_elements, spec_of
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Cholesky(Node):
    """x: (..., n, n), symmetric and positive definite; only its lower triangle is read.

    Of other matrices the result is NaN, from the first column on that has no root.
    """

    x: Value

    @property
    def order(self) -> int:
        """The number of rows of a matrix."""
        return self.x.shape[-1]

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements((self.x,), self.output)

    @property
    def formula(self) -> str:
        return (
            "y[i][j] = (x[i][j] - sum over k < j of y[i][k] * y[j][k]) / y[j][j], for i > j; "
            "on the diagonal the square root"
        )

    def infer(self) -> Spec:
        rank = self.x.rank
        if rank < 2 or self.x.shape[-1] != self.x.shape[-2]:
            raise GraphError(f"{self.name}: {self.x} is not square")
        forbid_batch(self.x, (rank - 2, rank - 1), "decompose")
        return spec_of(self.x)
