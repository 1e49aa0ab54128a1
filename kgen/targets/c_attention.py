"""What the template of an attention sees: its two products as functions, where a head begins."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.value import Value, broadcast_strides
from kgen.targets.c_fast import FastOp
from kgen.targets.c_op import Text


@dataclass(frozen=True, eq=False)
class AttentionOp(FastOp):
    @property
    def parts(self) -> list[FastOp]:
        """The functions of the scores and of the sums, of one head and one block of queries."""
        words = ("scores", "sums")
        return [self.part(word, node) for word, node in zip(words, self.node.products, strict=True)]

    def start(self, array: str, blocks: bool) -> str:
        """Where an array begins for a head and, if there are several, a block of queries."""
        node = self.node
        names = [axis.name for axis in node.outer]
        steps, query = {
            "x": ([axis.x for axis in node.outer], node.queries.x),
            "y": ([axis.y for axis in node.outer], node.queries.y),
            "keys": ([axis.kernel for axis in node.outer], 0),
            "values": (list(node.value_steps), 0),
        }[array]
        terms = list(zip(names, steps, strict=True)) + ([("first", query)] if blocks else [])
        value = node.output if array == "y" else getattr(node, array)
        return self.plus("y" if array == "y" else self.ref(value), terms)

    @property
    def afterwards(self) -> str:
        text = super().afterwards
        return text and f"{text}, of each score y before the softmax"

    @property
    def scores_of_step(self) -> list[tuple[str, int]]:
        """Where the scores are that a step of the outermost loop has for its own."""
        node = self.node
        return [(node.outer[0].name, node.block * node.length)] if node.shared else []

    def scored(self, blocks: bool) -> Text | None:
        """What becomes of a vector `s` of scores, of keys from u on: scale, bias, mask."""
        epilogue = self.node.epilogue
        if epilogue is None:
            return None
        operands = [self._along_keys(arg, blocks) for arg in epilogue.args]
        return self.on_vector_args(epilogue.program, ["s", *operands])

    def _along_keys(self, arg: Value, blocks: bool) -> str:
        node, p = self.node, self.prefix
        *heads, query, step = broadcast_strides(arg.shape, node.score_shape)
        long = [s for n, s in zip(node.score_shape, heads, strict=False) if n > 1]
        terms = [(axis.name, s) for axis, s in zip(node.outer, long, strict=True)]
        terms += [("first", query)] if blocks else []
        place = self.plus(self.ref(arg), [*terms, ("query", query)])
        left = f"{self.upper}_LEFT({node.length}, u)"
        if arg.dtype == "bool":
            return f"{p}_load_mask({place} + u, {left})" if step else f"{p}_mask_of(*({place}))"
        return f"{p}_load_some({place} + u, {left})" if step else f"{p}_splat(*({place}))"
