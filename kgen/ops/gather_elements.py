"""Elements picked by number along one axis, each place with an index of its own."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec, broadcast, forbid_batch, spec_of
from kgen.ir.value import Constant, Value, broadcast_strides


@dataclass(frozen=True, eq=False, kw_only=True)
class GatherElements(Node):
    """indices: integers, of x's rank, broadcast against x on the other axes (NumPy's
    take_along_axis).
    """

    x: Value
    indices: Value
    axis: int

    @property
    def length(self) -> int:
        """How many elements there are to pick from."""
        return self.x.shape[self.axis]

    @property
    def x_strides(self) -> tuple[int, ...]:
        """x's stride along each axis of the output, but for the one that is picked from."""
        one = [1 if axis == self.axis else size for axis, size in enumerate(self.x.shape)]
        repeats = broadcast_strides(one, self.output.shape)
        return tuple(s if r else 0 for s, r in zip(self.x.strides, repeats, strict=True))

    @property
    def index_strides(self) -> tuple[int, ...]:
        """The indices' stride along each axis of the output."""
        return broadcast_strides(self.indices.shape, self.output.shape)

    @property
    def step(self) -> int:
        """Elements between those that are picked from."""
        return self.x.strides[self.axis]

    @property
    def can_fail(self) -> bool:
        return not isinstance(self.indices, Constant)

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        return f"y[..., n, ...] = x[..., indices[..., n, ...], ...], along axis {self.axis}"

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.axis,), "pick from")
        forbid_batch(self.indices, (self.axis,), "pick along")
        one = (*self.x.shape[: self.axis], 1, *self.x.shape[self.axis + 1 :])
        shape, batch = broadcast([spec_of(self.indices), Spec(one, "", self.x.batch)])
        return Spec(shape, self.x.dtype, batch)
