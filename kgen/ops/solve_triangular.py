"""The y of a · y = b, for triangular matrices a."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, MixedSamplesError, Node, Spec, forbid_batch, same_elements
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class SolveTriangular(Node):
    """a: (..., n, n), of which only the lower or the upper triangle is read. b: (..., n, columns).

    unit: whether the diagonal is taken for ones.
    """

    a: Value
    b: Value
    lower: bool
    unit: bool

    @property
    def order(self) -> int:
        """The number of rows of a."""
        return self.a.shape[-1]

    @property
    def columns(self) -> int:
        return self.b.shape[-1]

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements((self.b,), self.output) if self.a is not self.b else ()

    @property
    def macs(self) -> int:
        return self.output.size * self.order // 2

    @property
    def formula(self) -> str:
        ks = "k < i" if self.lower else "k > i"
        over = "" if self.unit else " / a[i][i]"
        return f"y[i][j] = (b[i][j] - sum over {ks} of a[i][k] * y[k][j]){over}"

    def infer(self) -> Spec:
        for value in (self.a, self.b):
            forbid_batch(value, (value.rank - 2, value.rank - 1), "solve across")
        if self.a.batch != self.b.batch:
            raise MixedSamplesError("it solves for one sample with the matrix of another")
        if self.a.shape[:-1] != self.b.shape[:-1] or self.a.shape[-1] != self.a.shape[-2]:
            raise GraphError(f"{self.name}: {self.a} and {self.b}")
        return Spec(self.b.shape, self.b.dtype, self.b.batch)
