"""Lengths known at run time, as the C's header and functions see them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from kgen.ir.size import Given, bare
from kgen.ir.value import Value
from kgen.lengths import computed
from kgen.manifest import shape_of
from kgen.names import Names
from kgen.plan import Plan


@dataclass(frozen=True, eq=False)
class Lengths:
    """A plan's lengths: parameters of the functions that users call, and variables in them.

    prefix: of every name with file scope.
    """

    plan: Plan
    prefix: str

    @property
    def own_names(self) -> list[str]:
        """What kgen calls things, behind the prefix."""
        raise NotImplementedError

    @property
    def run_texts(self) -> list[str]:
        """What the run function says of arrays and lengths."""
        raise NotImplementedError

    def batch_arguments(self, index: str) -> str:
        """The arguments for one sample of a batch."""
        raise NotImplementedError

    @cached_property
    def length_parameters(self) -> list[str]:
        """The parameters for the lengths that the caller gives."""
        names = Names(
            *(value.name for value in self.plan.places),
            *(f"{self.prefix}_{name}" for name in self.own_names),
        )
        return [names.take(f"{self.prefix}_{one.name}") for one in self.plan.graph.lengths]

    @property
    def lengths(self) -> list[tuple[str, Given]]:
        """(parameter, length)"""
        return list(zip(self.length_parameters, self.plan.graph.lengths, strict=True))

    def python_shape(self, value: Value) -> list[int | str]:
        """A sample's shape, with expressions of Python for sizes that depend on lengths."""
        return shape_of(value, self.plan.graph.lengths)

    def where_seen(self, one: Given) -> tuple[str, int]:
        """An input that has the length, and the axis of its batches."""
        return next(
            (value.name, axis)
            for value in self.plan.graph.arguments
            for axis, size in enumerate(value.sample_shape, 1)
            if size == one.size
        )

    @property
    def refused_lengths(self) -> str:
        """The condition under which a length is none that the model takes."""
        parts = []
        for name, one in self.lengths:
            parts += [f"{name} < {one.least}", f"{name} > {one.bound}"]
            parts += [f"{name} % {one.multiple} != 0"] if one.multiple > 1 else []
        return " || ".join(parts)

    @property
    def run_lengths(self) -> list[tuple[str, str]]:
        """(name, expression) of the lengths that the run function uses."""
        return self.defined(self.run_texts)

    @property
    def shape_lengths(self) -> list[tuple[str, str]]:
        """The same of the inputs' and outputs' shapes, but for what the caller gives."""
        graph = self.plan.graph
        shapes = [bare(size) for v in (*graph.arguments, *graph.results) for size in v.shape]
        given = {one.unit.name for _, one in self.lengths}
        return [(name, text) for name, text in self.defined(shapes) if name not in given]

    @property
    def batch_lengths(self) -> list[tuple[str, str]]:
        """The same of predict_batch."""
        return self.defined([self.batch_arguments("sample")])

    def defined(self, texts: list[str]) -> list[tuple[str, str]]:
        """The lengths that texts name, and those that they are computed from."""
        text = "\n".join(texts)
        found: list[tuple[str, str]] = []

        def need(name: str, definition: str) -> None:
            nonlocal text
            if re.search(rf"\b{name}\b", text):
                found.append((name, definition))
                text += f"\n{definition}"

        for length in reversed(computed(self.plan.graph)):
            a, b = (str(operand) for operand in length.definition)
            need(
                length.name, f"{a} > {b} ? {a} : {b}" if length.function == "max" else f"{a} / {b}"
            )
        for name, one in reversed(self.lengths):
            need(
                one.unit.name,
                f"(int)({name} / {one.multiple})" if one.multiple > 1 else f"(int){name}",
            )
        return found[::-1]
