"""A sum of products of two arrays, by Einstein's convention."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import Contraction, GraphError, MixedSamplesError, Spec, product_dtype
from kgen.ir.value import Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Einsum(Contraction):
    """equation: "ab,bc->ac": one letter for each axis of a, b and the output, none twice in one of
    them.

    A letter in both inputs and not in the output is summed over.
    """

    a: Value
    b: Value
    equation: str

    @property
    def labels(self) -> tuple[str, str, str]:
        """The letters of a, b and the output."""
        operands, _, output = self.equation.partition("->")
        a, _, b = operands.partition(",")
        return a, b, output

    @property
    def sizes(self) -> dict[str, int]:
        """The length of each letter's axis, for one sample."""
        a, b, _ = self.labels
        sizes = dict(zip(a, self.a.shape, strict=True))
        for label, size in zip(b, self.b.shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise GraphError(f"{self.name}: {self.equation} of {self.a} and {self.b}")
        return sizes

    @property
    def summed(self) -> str:
        """The letters summed over, in the order of a and then b."""
        a, b, output = self.labels
        return "".join(label for label in dict.fromkeys(a + b) if label not in output)

    @property
    def matrix_axes(self) -> tuple[list[int], list[int], list[int]] | None:
        """The orders of the axes of a, b and the output in which it is a product of stacks of
        matrices; None if it is none, or the elements of no row or column lie side by side.
        """
        a, b, output = self.labels
        stack = [label for label in output if label in a and label in b]
        rows, columns = (
            [label for label in one if label not in other] for one, other in ((a, b), (b, a))
        )
        # Of one matrix b there may be a stack of rows on the other side.
        single = len(columns) == len(self.summed) == 1 and rows
        if not single or (len(rows) > 1 and len(b) > 2) or {a[-1], b[-1]} & {*stack}:
            return None
        if {*rows, *columns} - {*output}:
            return None
        made = [*stack, *rows, *columns]
        return (
            [a.index(label) for label in (*stack, *rows, *self.summed)],
            [b.index(label) for label in (*stack, *self.summed, *columns)],
            [made.index(label) for label in output],
        )

    @property
    def packable(self) -> tuple[Constant, ...]:
        return tuple(value for value in self.operands if isinstance(value, Constant))

    @property
    def macs(self) -> int:
        return prod(self.sizes.values())

    @property
    def formula(self) -> str:
        a, b, output = (",".join(labels) for labels in self.labels)
        total = f"sum over {','.join(self.summed)} of " if self.summed else ""
        bias = f" + bias[{output.rpartition(',')[2]}]" if self.bias is not None else ""
        return f"y[{output}] = {total}a[{a}] * b[{b}]{bias}"

    def with_rows(self, rows: int) -> Einsum:
        return self

    def infer(self) -> Spec:
        a, b, output = self.labels
        if any(len(set(labels)) != len(labels) for labels in self.labels):
            raise GraphError(f"{self.name}: a letter twice in {self.equation}")
        samples = {
            labels[value.batch]
            for labels, value in ((a, self.a), (b, self.b))
            if value.batch is not None
        }
        if len(samples) > 1:
            raise MixedSamplesError("it multiplies different samples of a batch")
        label = next(iter(samples), None)
        if label is not None:
            self._check_samples(label)
        sizes = self.sizes
        batch = None if label is None else output.index(label)
        dtype = product_dtype(self.a.dtype, self.b.dtype)
        return self.finish(tuple(sizes[letter] for letter in output), dtype, batch)

    def _check_samples(self, label: str) -> None:
        a, b, output = self.labels
        if label not in output:
            raise MixedSamplesError("it would sum over the batch axis")
        for labels, value in ((a, self.a), (b, self.b)):
            if label in labels and value.batch != labels.index(label):
                raise MixedSamplesError("it pairs the samples of a batch with something else")
