"""A matrix taken apart: its factors, one after another in a row."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Shape, Value

FUNCTIONS = ("lu", "qr", "eigh", "svd")


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
    eigh: of a symmetric matrix (of which the lower triangle is read), the eigenvalues, ascending,
        and the vectors in columns; then what the algorithm works in.
    svd: of a square matrix, U, the singular values, descending, and V; then a work area.

    Eigenvectors have either sign; the algorithms are Eigen's, which TensorFlow calls, and mostly
    give its signs: always for svd, and for eigh unless rounding decides when it has converged.
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
        if self.function == "eigh":
            return (rows,), (rows, rows), (rows, rows), (3, rows)
        if self.function == "svd":
            return (rows, rows), (rows,), (rows, rows), (rows, rows)
        return (rows, rows if self.full else min(rows, columns)), (rows, columns)

    @property
    def size(self) -> int:
        """The number of elements of all parts."""
        return sum(prod(part) for part in self.parts)

    @property
    def formula(self) -> str:
        if self.function == "lu":
            return "L @ U = x with its rows in another order; y = L and U in one, and that order"
        if self.function == "eigh":
            return "V @ diagonal(w) @ V.T = x; y = w, then V"
        if self.function == "svd":
            return "U @ diagonal(s) @ V.T = x; y = U, then s, then V"
        return "Q @ R = x; y = Q, then R"

    def infer(self) -> Spec:
        rank = self.x.rank
        square = self.function == "qr" or self.rows == self.columns
        if self.function not in FUNCTIONS or not square:
            raise GraphError(f"{self.name}: {self.function} of {self.x}")
        forbid_batch(self.x, (rank - 2, rank - 1), "decompose")
        return Spec((*self.x.shape[:-2], self.size), self.x.dtype, self.x.batch)
