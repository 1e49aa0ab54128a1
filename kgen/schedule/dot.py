"""Sums of products for a few units: vectors run over the terms, not over the units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgen.ir.node import Contraction, Spec, in_place_of
from kgen.ir.value import Constant, Value
from kgen.ops.dense import Dense
from kgen.schedule.tile import LINE

TOTAL = 8
"""Steps that adding up a vector's lanes takes."""

BLOCK = 512
"""Terms whose sums are added up before the next ones: that keeps rounding errors small."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Dot(Contraction):
    """y[u] = sum over i of x[i] * kernel[u][i], for the last axis of x.

    kernel: (units, terms padded with zeros to a cache line). terms: how many there are.
    """

    x: Value
    kernel: Constant
    terms: int
    text: str

    @property
    def units(self) -> int:
        return self.kernel.shape[0]

    @property
    def padded(self) -> int:
        return self.kernel.shape[1]

    @property
    def block(self) -> int:
        """How many terms are added up at once."""
        return min(self.terms, BLOCK)

    @property
    def whole(self) -> int:
        """Terms in whole blocks."""
        return self.terms // self.block * self.block

    @property
    def macs(self) -> int:
        return self.output.size * self.terms

    @property
    def formula(self) -> str:
        return self.text

    def infer(self) -> Spec:
        return Spec(self.output.shape, self.output.dtype, self.output.batch)


def dot(node: Dense) -> Dot | None:
    """Given:   y = x times a kernel with few units, which would fill little of a vector
    Result:  for each unit a product of vectors along the terms, whose lanes are added up"""
    terms, units = node.kernel.shape
    lines = -(-units // LINE)
    pays = terms >= LINE and units * (terms / LINE + TOTAL) < terms * lines
    if not units or node.kernel.stored or not pays:
        return None
    padded = -(-terms // LINE) * LINE
    kernel = np.zeros((units, padded), node.kernel.data.dtype)
    kernel[:, :terms] = node.kernel.data.T
    zeros = f", zeros from {terms} on" if padded > terms else ""
    note = f"{node.kernel.note}; the terms of a unit side by side{zeros}"
    return Dot(
        **in_place_of(node),
        bias=node.bias,
        x=node.x,
        kernel=node.kernel.arranged(kernel, note),
        terms=terms,
        text=node.formula,
    )
