"""x brought to unit scale over some axes: layer normalisation, or RMS normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch, same_elements, spec_of
from kgen.ir.value import Shape, Value, broadcast_strides


@dataclass(frozen=True, eq=False, kw_only=True)
class Normalization(Node):
    """y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, both over `axes` (Ba et al., 2016).

    centered: if not, no mean is taken off and the mean square stands for the variance (RMS
    normalisation, Zhang and Sennrich, 2019).
    gamma, beta: of x's rank, of length one where they are shared; or None.
    """

    x: Value
    gamma: Value | None
    beta: Value | None
    axes: tuple[int, ...]
    epsilon: float
    centered: bool

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements((self.x,), self.output)

    @property
    def count(self) -> int:
        """How many elements are normalised together."""
        return prod(self.x.shape[axis] for axis in self.axes)

    @property
    def weight_strides(self) -> list[Shape]:
        """The strides of gamma and of beta along each axis of x; 0 where there is none."""
        return [
            broadcast_strides(value.shape if value is not None else (), self.x.shape)
            for value in (self.gamma, self.beta)
        ]

    @property
    def formula(self) -> str:
        top, below = ("(x - mean)", "variance") if self.centered else ("x", "mean(x * x)")
        gamma = " * gamma" if self.gamma is not None else ""
        beta = " + beta" if self.beta is not None else ""
        return f"y = {top} / sqrt({below} + {self.epsilon}){gamma}{beta}, over axes {self.axes}"

    def with_rows(self, rows: int) -> Normalization:
        return self

    def infer(self) -> Spec:
        for value in (self.gamma, self.beta):
            if value is not None and (value.rank != self.x.rank or value.batch is not None):
                raise GraphError(f"{self.name}: {value} for {self.x}")
        forbid_batch(self.x, self.axes, "normalise over")
        return spec_of(self.x)
