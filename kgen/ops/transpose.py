"""The axes in another order."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, Node, Spec
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Transpose(Node):
    """permutation: axis `a` of y is axis `permutation[a]` of x."""

    x: Value
    permutation: tuple[int, ...]

    @property
    def x_strides(self) -> tuple[int, ...]:
        """x's stride along each axis of the output."""
        return tuple(self.x.strides[axis] for axis in self.permutation)

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        letters = "abcdefgh"[: self.x.rank]
        return f"y[{','.join(letters[axis] for axis in self.permutation)}] = x[{','.join(letters)}]"

    def with_rows(self, rows: int) -> Transpose:
        return self

    def infer(self) -> Spec:
        if sorted(self.permutation) != list(range(self.x.rank)):
            raise GraphError(f"{self.name}: {self.permutation} of {self.x}")
        shape = tuple(self.x.shape[axis] for axis in self.permutation)
        batch = None if self.x.batch is None else self.permutation.index(self.x.batch)
        return Spec(shape, self.x.dtype, batch)
