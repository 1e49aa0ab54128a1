"""Updates put, or reduced, into an array at places given by number."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, MixedSamplesError, Node, Spec, same_elements
from kgen.ir.program import Program, call
from kgen.ir.value import Constant, Shape, Value, row_major

FUNCTIONS = ("set", "add", "multiply", "maximum", "minimum")


@dataclass(frozen=True, eq=False, kw_only=True)
class Scatter(Node):
    """For each row r and number n: y[r, *indices[r, n]] = updates[r, n], or function(y, updates).

    x: (rows, *sizes), what y is at first; if None, `fill` everywhere.
    indices: (rows, count, depth), integers, each within its size. updates: (rows, count, *rest).
    Indices and updates of one row serve all rows. function: one of FUNCTIONS.
    """

    x: Value | None
    indices: Value
    updates: Value
    sizes: Shape
    fill: bool | int | float
    function: str

    @property
    def depth(self) -> int:
        """How many axes an index counts along."""
        return self.indices.shape[-1]

    @property
    def count(self) -> int:
        """How many updates there are in a row."""
        return self.indices.shape[1]

    @property
    def rows(self) -> int:
        return self.output.shape[0]

    @property
    def block(self) -> int:
        """How many elements one update holds."""
        return prod(self.sizes[self.depth :])

    @property
    def axes(self) -> list[tuple[int, int]]:
        """The length and the stride of each axis that an index counts along."""
        strides = row_major(self.sizes)
        return list(zip(self.sizes, strides, strict=True))[: self.depth]

    @property
    def program(self) -> Program:
        """How an update is joined with the element that is there."""
        dtype = self.output.dtype
        return call(self.function, (dtype, dtype), dtype)

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        alone = self.x is not None and self.x not in (self.indices, self.updates)
        return same_elements((self.x,), self.output) if alone and self.x is not None else ()

    @property
    def can_fail(self) -> bool:
        return not isinstance(self.indices, Constant)

    @property
    def formula(self) -> str:
        start = "x" if self.x is not None else str(self.fill)
        place, update = "y[indices[n]]", "updates[n]"
        if self.function == "set":
            return f"y = {start}, then {place} = {update} for each n"
        return f"y = {start}, then {place} = {self.function}({place}, {update}) for each n"

    def infer(self) -> Spec:
        parts = [part for part in (self.x, self.indices, self.updates) if part is not None]
        if any(part.batch not in (None, 0) for part in parts):
            raise MixedSamplesError("it would put updates into other samples")
        rows = max(part.shape[0] for part in parts)
        batch = 0 if any(part.batch == 0 for part in parts) else None
        wanted = (self.count, *self.sizes[self.depth :])
        if self.updates.shape[1:] != wanted or any(p.shape[0] not in (1, rows) for p in parts):
            raise GraphError(f"{self.name}: {self.updates} at {self.indices} in {self.sizes}")
        if self.x is not None and self.x.shape[1:] != self.sizes:
            raise GraphError(f"{self.name}: {self.x} for {self.sizes}")
        return Spec((rows, *self.sizes), self.updates.dtype, batch)
