"""A matrix taken apart: its factors, one after another in a row."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Shape, Value

FUNCTIONS = ("lu", "qr")


@dataclass(frozen=True, eq=False, kw_only=True)
class Factorization(Node):
    """x: (..., rows, columns). The output is (..., n), the elements of all `parts`.

    lu: of a square matrix, both triangles in one (the lower one's diagonal is all ones), and for
        each of its rows the number of the row of x that it came from: pivots are the largest in
        their column.
    qr: the orthogonal factor, (rows, rows) if full or else (rows, the smaller of both), and the
        triangular one, (rows, columns) of which without `full` only the first rows count. By
        Householder's reflections, so that a diagonal element has the sign opposite to what it
        replaces, as in LAPACK and Eigen.
    """

    x: Value
    function: str
    full: bool = False

    @property
    def rows(self) -> int:
        return self.x.shape[-2]

    @property
    def columns(self) -> int:
        return self.x.shape[-1]

    @property
    def matrices(self) -> int:
        """How many matrices x holds for one sample."""
        return prod(self.x.shape[:-2])

    @property
    def parts(self) -> tuple[Shape, ...]:
        """The shapes of the factors."""
        rows, columns = self.x.shape[-2:]
        if self.function == "lu":
            return (rows, columns), (rows,)
        return (rows, rows if self.full else min(rows, columns)), (rows, columns)

    @property
    def size(self) -> int:
        """The number of elements of all parts."""
        return sum(prod(part) for part in self.parts)

    @property
    def formula(self) -> str:
        if self.function == "lu":
            return "L · U = x with its rows in another order; y = L and U in one, and that order"
        return "Q · R = x; y = Q, then R"

    def infer(self) -> Spec:
        rank = self.x.rank
        if self.function not in FUNCTIONS or (self.function == "lu" and self.rows != self.columns):
            raise GraphError(f"{self.name}: {self.function} of {self.x}")
        forbid_batch(self.x, (rank - 2, rank - 1), "decompose")
        return Spec((*self.x.shape[:-2], self.size), self.x.dtype, self.x.batch)
