"""Attention as one loop over heads and blocks of queries: scores, softmax, and the weighted sum."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kgen.ir.node import Contraction, Spec
from kgen.ir.value import Value
from kgen.schedule.product import Axis, Product


@dataclass(frozen=True, eq=False, kw_only=True)
class Attention(Contraction):
    """y = softmax(epilogue(x · keys)) · values, for some queries at a time, whose scores stay near.

    x: the queries. keys, values: as the products read them, packed perhaps.
    epilogue: of each score: scale, bias, mask.
    score_shape: of the array of all scores, which is never made; the epilogue's arguments broadcast
        to it.
    outer: the axes of the heads, with their steps in x, in the keys, and in the output.
    value_steps: the heads' steps in the values.
    queries: the axis of all queries, with its steps in x and in the output.
    block: how many of them are taken at once. If they don't come out even the last block begins
        earlier, and computes some of them again.
    scores, sums: the two products for one head and one block, on other values than this node's.
    others: the scores of a block; of one for each step of the outermost loop, if `shared`.
    """

    x: Value
    keys: Value
    values: Value
    score_shape: tuple[int, ...]
    outer: tuple[Axis, ...]
    value_steps: tuple[int, ...]
    queries: Axis
    block: int
    scores: Product
    sums: Product
    shared: bool = False
    text: str = ""

    @property
    def length(self) -> int:
        """How many keys there are."""
        return self.scores.units

    @property
    def products(self) -> tuple[Product, Product]:
        """The scores and the sums, on this node's values."""
        space = self.others[0]
        return (
            replace(self.scores, x=self.x, kernel=self.keys, output=space),
            replace(self.sums, x=space, kernel=self.values, output=self.output),
        )

    @property
    def operands(self) -> tuple[Value, ...]:
        return (self.x, self.keys, self.values)

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return ()

    @property
    def macs(self) -> int:
        scores = self.output.size // self.sums.units * self.length
        return scores * (self.scores.terms + self.sums.units)

    @property
    def formula(self) -> str:
        return self.text

    def word_for(self, value: Value) -> str:
        return "" if value is self.output else "scores"

    def infer(self) -> Spec:
        return Spec(self.output.shape, self.output.dtype, self.output.batch)

    def infer_all(self) -> tuple[Spec, ...]:
        return tuple(Spec(value.shape, value.dtype, value.batch) for value in self.outputs)

    def for_threads(self) -> Attention:
        """With scores of their own for each step of the outermost loop, which threads share."""
        space = self.others[0]
        size = self.outer[0].count * space.shape[1]
        return replace(self, shared=True, others=(replace(space, shape=(1, size)),))
