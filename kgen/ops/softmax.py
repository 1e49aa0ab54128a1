"""exp(x) over its sum along one axis, or the logarithm of that."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec, forbid_batch, same_elements, spec_of
from kgen.ir.value import Shape, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Node):
    """log: whether the output is the logarithm of the softmax."""

    x: Value
    axis: int
    log: bool

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements((self.x,), self.output)

    @property
    def outer_strides(self) -> Shape:
        """x's stride along each axis but the one that is taken as a whole."""
        return tuple(0 if axis == self.axis else s for axis, s in enumerate(self.x.strides))

    @property
    def formula(self) -> str:
        if self.log:
            return f"y = x - max(x) - log(sum(exp(x - max(x)))), over axis {self.axis}"
        return f"y = exp(x - max(x)) / sum(exp(x - max(x))), over axis {self.axis}"

    def with_rows(self, rows: int) -> Softmax:
        return self

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), "take a softmax over")
        return spec_of(self.x)
