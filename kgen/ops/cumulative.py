"""Running sums and products along one axis."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec, forbid_batch, same_elements, spec_of
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Cumulative(Node):
    """function: "sum" or "prod"."""

    x: Value
    function: str
    axis: int

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements((self.x,), self.output)

    @property
    def formula(self) -> str:
        return f"y[n] = {self.function} of x[0..n] along axis {self.axis}"

    def with_rows(self, rows: int) -> Cumulative:
        return self

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), "accumulate along")
        return spec_of(self.x)
