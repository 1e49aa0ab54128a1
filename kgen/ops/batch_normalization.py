"""Normalisation with statistics learned in training, one pair for each channel."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, Node, Spec, same_elements, spec_of
from kgen.ir.value import Constant, Shape, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNormalization(Node):
    """y = (x - mean) / sqrt(variance + epsilon) * gamma + beta (Ioffe and Szegedy, 2015).

    mean, variance, gamma, beta: (channels,), along `axis` of x; gamma and beta may be None.
    """

    x: Value
    mean: Constant
    variance: Constant
    gamma: Constant | None
    beta: Constant | None
    axis: int
    epsilon: float

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements((self.x,), self.output)

    @property
    def channel_strides(self) -> Shape:
        """The statistics' stride along each axis of x."""
        return tuple(int(axis == self.axis) for axis in range(self.x.rank))

    @property
    def formula(self) -> str:
        gamma = " * gamma" if self.gamma is not None else ""
        beta = " + beta" if self.beta is not None else ""
        return f"y = (x - mean) / sqrt(variance + {self.epsilon}){gamma}{beta}"

    def with_rows(self, rows: int) -> BatchNormalization:
        return self

    def infer(self) -> Spec:
        for constant in self.constants:
            if constant.shape != (self.x.shape[self.axis],):
                raise GraphError(f"{self.name}: {constant} for {self.x}, axis {self.axis}")
        return spec_of(self.x)
