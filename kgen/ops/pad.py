"""A constant around x."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec, forbid_batch
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(Node):
    """padding: for each axis the elements before and after. value: theirs."""

    x: Value
    padding: tuple[tuple[int, int], ...]
    value: bool | int | float

    @property
    def y_start(self) -> int:
        """The element of the output that is x's first."""
        strides = self.output.strides
        return sum(s * before for s, (before, _) in zip(strides, self.padding, strict=True))

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        return f"y = x with {self.padding} elements of {self.value} before and after"

    def infer(self) -> Spec:
        for axis, padding in enumerate(self.padding):
            if padding != (0, 0):
                forbid_batch(self.x, (axis,), "pad")
        shape = tuple(
            size + before + after
            for size, (before, after) in zip(self.x.shape, self.padding, strict=True)
        )
        return Spec(shape, self.x.dtype, self.x.batch)
