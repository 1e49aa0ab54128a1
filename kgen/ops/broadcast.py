"""One array repeated along new or length-one axes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kgen.ir import node
from kgen.ir.node import MixedSamplesError, Node, Spec, spec_of
from kgen.ir.value import Shape, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Broadcast(Node):
    """shape: the output's, to which x broadcasts. batch: the output's batch axis."""

    x: Value
    shape: Shape
    batch: int | None

    @property
    def exact(self) -> bool:
        return True

    @property
    def repeated_axis(self) -> int | None:
        """The one axis along which it is repeated, if there is one, and no new axes or samples."""
        if self.x.rank != len(self.shape) or self.x.batch != self.batch:
            return None
        axes = [n for n, (a, b) in enumerate(zip(self.x.shape, self.shape, strict=True)) if a != b]
        return axes[0] if len(axes) == 1 else None

    @property
    def formula(self) -> str:
        return "y = x, repeated along the axes where x has length 1"

    def with_rows(self, rows: int) -> Broadcast | None:
        return replace(self, shape=(rows, *self.shape[1:]))

    def infer(self) -> Spec:
        wanted = Spec(self.shape, self.x.dtype, self.batch)
        shape, batch = node.broadcast([wanted, spec_of(self.x)])
        if shape != self.shape or batch != self.batch:
            raise MixedSamplesError("it spreads the samples of a batch over another axis")
        return wanted
