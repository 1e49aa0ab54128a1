"""Rows picked by number: y is x with its axis replaced by the indices' axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, MixedSamplesError, Node, Spec, forbid_batch
from kgen.ir.size import is_fixed
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Node):
    """indices: integers; -1 is the last row, and so on (keras.ops.take)."""

    x: Value
    indices: Value
    axis: int

    @property
    def length(self) -> int:
        """How many rows there are to pick from."""
        return self.x.shape[self.axis]

    @property
    def outer(self) -> int:
        """The number of elements in front of the axis."""
        return prod(self.x.shape[: self.axis])

    @property
    def row_size(self) -> int:
        """The number of elements behind the axis."""
        return prod(self.x.shape[self.axis + 1 :])

    @property
    def packable(self) -> tuple[Constant, ...]:
        return (self.x,) if isinstance(self.x, Constant) else ()

    @property
    def can_fail(self) -> bool:
        return not isinstance(self.indices, Constant)

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        rows = ",".join("..." for _ in range(self.axis))
        return f"y = x[{rows}{',' if rows else ''}indices]"

    def with_rows(self, rows: int) -> Gather:
        return self

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), "pick from")
        dtype = self.x.dtype
        before, after = self.x.shape[: self.axis], self.x.shape[self.axis + 1 :]
        shape = (*before, *self.indices.shape, *after)
        if self.x.batch is not None and self.indices.batch is not None:
            raise MixedSamplesError("it picks from one sample with the indices of another")
        if isinstance(self.indices, Constant) and self.indices.size and is_fixed((self.length,)):
            low, high = int(self.indices.data.min()), int(self.indices.data.max())
            if low < -self.length or high >= self.length:  # nothing looks again when the code runs
                raise GraphError(f"{self.name} picks {low} to {high} of {self.length}")
        if self.indices.batch is not None:
            return Spec(shape, dtype, self.axis + self.indices.batch)
        if self.x.batch is None or self.x.batch < self.axis:
            return Spec(shape, dtype, self.x.batch)
        return Spec(shape, dtype, self.x.batch - 1 + self.indices.rank)
