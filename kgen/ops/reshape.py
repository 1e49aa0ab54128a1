"""The same elements in the same order, under another shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from kgen.ir.node import GraphError, MixedSamplesError, Node, Spec
from kgen.ir.value import Shape, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Node):
    """shape: the output's. batch: its batch axis."""

    x: Value
    shape: Shape
    batch: int | None

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        return "y = x, its elements in the same order"

    def with_rows(self, rows: int) -> Reshape | None:
        return replace(self, shape=(rows, *self.shape[1:]))

    def infer(self) -> Spec:
        if prod(self.shape) != self.x.size or (self.batch is None) != (self.x.batch is None):
            raise GraphError(f"{self.name}: {self.x} to {self.shape}, batch axis {self.batch}")
        if self.x.batch is not None and self.batch is not None:
            # The elements between neighbouring samples must stay the same, or samples would be
            # cut elsewhere than at their borders.
            before, after = prod(self.x.shape[self.x.batch :]), prod(self.shape[self.batch :])
            if before != after:
                raise MixedSamplesError("it reshapes across the borders of samples")
        return Spec(self.shape, self.x.dtype, self.batch)
