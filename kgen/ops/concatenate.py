"""Arrays one after another along one axis."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, MixedSamplesError, Node, Spec, forbid_batch
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Concatenate(Node):
    """args: alike in every axis but `axis`."""

    args: tuple[Value, ...]
    axis: int

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where on the axis each input begins."""
        sizes = [arg.shape[self.axis] for arg in self.args]
        return tuple(sum(sizes[:position]) for position in range(len(sizes)))

    @property
    def parts(self) -> tuple[tuple[Value, int], ...]:
        """Each input, and the element of the output that is its first."""
        stride = self.output.strides[self.axis]
        return tuple(
            (arg, place * stride) for arg, place in zip(self.args, self.offsets, strict=True)
        )

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        return f"y = its inputs one after another along axis {self.axis}"

    def with_rows(self, rows: int) -> Concatenate:
        return self

    def infer(self) -> Spec:
        first = self.args[0]
        for arg in self.args:
            forbid_batch(arg, (self.axis,), "concatenate along")
            if arg.batch != first.batch:
                raise MixedSamplesError("it joins arrays with and without a batch axis")
            if arg.rank != first.rank or any(
                a != b
                for axis, (a, b) in enumerate(zip(arg.shape, first.shape, strict=True))
                if axis != self.axis
            ):
                raise GraphError(f"{self.name}: {[str(value) for value in self.args]}")
        shape = list(first.shape)
        shape[self.axis] = sum(arg.shape[self.axis] for arg in self.args)
        return Spec(tuple(shape), first.dtype, first.batch)
