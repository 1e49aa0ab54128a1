"""The elements along the last axis in order, or their positions; of equals the first one first."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Sort(Node):
    """function: "values", or "positions" (int32). count: how many of them, from the front.

    NaN counts as larger than all numbers; where TensorFlow has it is not defined.
    """

    x: Value
    function: str
    descending: bool
    count: int

    @property
    def length(self) -> int:
        """How many elements are brought into order."""
        return self.x.shape[-1]

    @property
    def formula(self) -> str:
        what = "x" if self.function == "values" else "positions of x"
        part = f"the first {self.count} of " if self.count < self.length else ""
        order = "largest" if self.descending else "smallest"
        return f"y = {part}{what} along the last axis, {order} first"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.x.rank - 1,), "sort")
        if self.function not in ("values", "positions") or self.count > self.length:
            raise GraphError(f"{self.name}: {self.count} {self.function} of {self.x}")
        dtype = self.x.dtype if self.function == "values" else "int32"
        return Spec((*self.x.shape[:-1], self.count), dtype, self.x.batch)
