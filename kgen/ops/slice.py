"""Every step-th element from a start, along each axis; a negative step counts down."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import Shape, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Node):
    """y[i, j, ...] = x[starts[0] + steps[0]*i, starts[1] + steps[1]*j, ...]; sizes: the output's
    shape.
    """

    x: Value
    starts: tuple[int, ...]
    steps: tuple[int, ...]
    sizes: Shape

    @property
    def x_strides(self) -> tuple[int, ...]:
        """Elements of x between neighbours of the output along each axis."""
        return tuple(s * step for s, step in zip(self.x.strides, self.steps, strict=True))

    @property
    def x_start(self) -> int:
        """The element of x that is the output's first."""
        return sum(s * start for s, start in zip(self.x.strides, self.starts, strict=True))

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        places = []
        for letter, start, step in zip("abcdefgh", self.starts, self.steps, strict=False):
            moved = letter if abs(step) == 1 else f"{abs(step)}*{letter}"
            sign = "-" if step < 0 else "+"
            places.append(moved if start == 0 and step > 0 else f"{start}{sign}{moved}")
        return f"y[{','.join('abcdefgh'[: self.x.rank])}] = x[{','.join(places)}]"

    def with_rows(self, rows: int) -> Slice | None:
        return replace(self, sizes=(rows, *self.sizes[1:]))

    def infer(self) -> Spec:
        for axis, (start, step, size, whole) in enumerate(
            zip(self.starts, self.steps, self.sizes, self.x.shape, strict=True)
        ):
            if (start, step, size) != (0, 1, whole):
                forbid_batch(self.x, (axis,), "cut or turn round")
            if size and not (0 <= start < whole and 0 <= start + step * (size - 1) < whole):
                raise GraphError(f"{self.name} reads outside {self.x} on axis {axis}")
        return Spec(self.sizes, self.x.dtype, self.x.batch)
