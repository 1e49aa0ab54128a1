"""The discrete Fourier transform along the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Fft(Node):
    """real, imaginary: (..., n), the parts of a complex array; imaginary is None if x is real.

    The output is (..., n, 2), both parts of each number side by side.
    turns: (n, 2), exp(-2 pi i k / n) for each k, as real and imaginary part.
    """

    real: Value
    imaginary: Value | None
    turns: Constant

    @property
    def length(self) -> int:
        return self.real.shape[-1]

    @property
    def rows(self) -> int:
        """How many transforms there are in one sample."""
        return prod(self.real.shape[:-1])

    @property
    def halvings(self) -> int | None:
        """The n of a length 2^n, which the fast algorithm is for; None for other lengths."""
        power = self.length.bit_length() - 1
        return power if self.length == 1 << power else None

    @property
    def macs(self) -> int:
        steps = self.length if self.halvings is None else 2 * self.halvings
        return 4 * self.rows * self.length * steps

    @property
    def formula(self) -> str:
        n = self.length
        return f"y[k] = sum over j of x[j] * exp(-2 pi i * j * k / {n})"

    def infer(self) -> Spec:
        x = self.real
        forbid_batch(x, (x.rank - 1,), "transform")
        other = self.imaginary
        if other is not None and (other.shape, other.batch) != (x.shape, x.batch):
            raise GraphError(f"{self.name}: parts {x} and {other}")
        if self.turns.shape != (self.length, 2):
            raise GraphError(f"{self.name}: {self.turns} for {x}")
        return Spec((*x.shape, 2), x.dtype, x.batch)
