"""What the fast style's templates see of a node of any kind: loops over vectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kgen.ir.node import Contraction
from kgen.ir.program import Program
from kgen.ir.size import at_bound
from kgen.ir.value import Value, broadcast_strides, row_major
from kgen.schedule.forms import fits, innermost, normalization_form, softmax_form
from kgen.schedule.lower import PLAIN, follows
from kgen.schedule.threads import shared_loop
from kgen.targets import loops
from kgen.targets.c_op import COp, Text
from kgen.targets.c_small import followed
from kgen.targets.c_vectors import VectorExpressions, vector_functions
from kgen.targets.loops import Loop

SHORT_SUM = 32
"""Sums of no more terms are as exact in float as they have to be."""

LONG_SUM = 256
"""Terms that a reduction takes in a row, in four sums."""

CTYPES = {"float32": "vec", "bool": "ivec"}


def shortened(count: int) -> int:
    """The largest divisor of `count` that is no longer than LONG_SUM, or `count` itself."""
    if count <= 2 * LONG_SUM:
        return count
    shorter = (size for size in range(LONG_SUM, LONG_SUM // 4, -1) if count % size == 0)
    return next(shorter, count)


class Frame(NamedTuple):
    """An array inside zeros: loops over the images, where each begins, and an image's parts in
    elements: zeros before, rows of `run` elements with a gap of zeros between them, zeros after.
    """

    loops: list[Loop]
    x: str
    y: str
    rows: int
    run: int
    x_row: int
    y_row: int
    before: int
    gap: int
    after: int
    after_start: int


@dataclass(frozen=True, eq=False)
class VectorOp(COp):
    """What every template of the fast style asks about its node.

    prefix: of every name with file scope. threads: whether loops may be shared by several.
    following: whether outputs may follow inputs through the same memory.
    """

    prefix: str
    vectors: VectorExpressions
    threads: bool
    following: bool

    @property
    def upper(self) -> str:
        return self.prefix.upper()

    @cached_property
    def on_vectors(self) -> bool:
        """Whether the fast style's own template applies, if there is one."""
        return fits(self.node, vector_functions())

    @property
    def signature(self) -> str:
        """Tiny sums of products are worth less than the call of a function."""
        text = super().signature
        tiny = isinstance(self.node, Contraction) and at_bound(self.node.macs) <= PLAIN
        return text.replace("static ", "static inline ", 1) if tiny else text

    @property
    def overwritten(self) -> Collection[Value]:
        return followed(self.node) if self.following and follows(self.node) else super().overwritten

    @property
    def softmax_form(self) -> str:
        return softmax_form(self.node)

    @property
    def normalization_form(self) -> str:
        return normalization_form(self.node)

    def shared(self, loop: str) -> str:
        """What stands above a loop that threads share, or nothing."""
        here = self.threads and not self.inner and shared_loop(self.node) == loop
        return f"{self.upper}_THREADS" if here else ""

    # Plain loops: short sums in float, and the compiler unrolls them

    @property
    def sums_in_float(self) -> bool:
        node = self.node
        terms = node.macs / max(node.output.size, 1)
        return self._summed_dtype == "float32" and 0 < terms <= SHORT_SUM

    def exp(self, x: str) -> str:
        """The same, inline where it is of floats."""
        floats = self.node.output.dtype == "float32"
        return f"{self.call('quick_exp', 'float32')}({x})" if floats else super().exp(x)

    # Runs of elements that lie side by side

    def runs(
        self, shape: Sequence[int], *strides: Sequence[int]
    ) -> tuple[list[Loop], int, list[tuple[str, int]]]:
        """The loops outside a run, its length, and for each array where it begins and its step."""
        run = innermost(shape, strides)
        outer, left = list(shape), run.count
        for axis in reversed(range(len(outer))):
            if left == 1:
                break
            left //= outer[axis]
            outer[axis] = 1
        nested, terms = loops.nest(outer, strides)
        places = [(loops.index(one), step) for one, step in zip(terms, run.steps, strict=True)]
        return nested, run.count, places

    def output_runs(self, *values: Value) -> tuple[list[Loop], int, list[tuple[str, int]]]:
        shape = self.node.output.shape
        strides = [broadcast_strides(value.shape, shape) for value in values]
        return self.runs(shape, row_major(shape), *strides)

    def on_vector_args(self, program: Program, names: Sequence[str]) -> Text:
        temporaries, text = self.vectors.text(program, names)
        before = [f"const {self.prefix}_{CTYPES[dtype]} {n} = {v};" for dtype, n, v in temporaries]
        return Text(before, text)

    @staticmethod
    def plus_text(pointer: str, place: str) -> str:
        return pointer if place == "0" else f"{pointer} + {place}"

    def reduced(self) -> tuple[list[Loop], list[tuple[str, int]], list[Loop], str, int]:
        """A reduction with its last axis kept: loops over the other kept axes, the output's terms,
        the loops of the reduction, where x's element is, and how far the innermost loop moves on.

        A long innermost loop is two, so that no sum takes many terms one by one.
        """
        node = self.node
        last = node.x.rank - 1
        kept = [axis for axis in range(last) if axis not in node.axes]
        outer, (x, y) = loops.nest(
            [node.x.shape[axis] for axis in kept],
            [[strides[axis] for axis in kept] for strides in (node.x.strides, node.y_strides)],
        )
        inner, (taken,) = loops.nest(
            [node.x.shape[axis] for axis in node.axes],
            [[node.x.strides[axis] for axis in node.axes]],
            "qrstvw",
        )
        if not inner:
            inner, taken = [Loop("q", 1)], [("q", 0)]
        block = shortened(inner[-1].count)
        if block < inner[-1].count:
            long, (name, step) = inner.pop(), taken.pop()
            inner += [Loop(name, long.count // block), Loop("p", block)]
            taken += [(name, block * step), ("p", step)]
        return outer, [*y, ("u", 1)], inner, loops.index([*x, *taken[:-1]]), taken[-1][1]

    def crossing(self) -> tuple[list[Loop], Loop, Loop, list[str]]:
        """A transposition: the loops outside, the one along x's lines, the one along y's, and where
        the elements of y and x are.
        """
        node = self.node
        nested, terms = loops.nest(node.output.shape, [node.output.strides, node.x_strides])
        *others, along_y = nested
        (name,) = (name for name, step in terms[1] if step == 1)
        (along_x,) = (loop for loop in others if loop.name == name)
        outer = [loop for loop in others if loop is not along_x]
        return outer, along_x, along_y, [loops.index(one) for one in terms]

    def frame(self) -> Frame:
        """The parts of a padded image: see schedule.forms for which paddings have this form."""
        node = self.node
        padded = [axis for axis, pair in enumerate(node.padding) if any(pair)]
        first, last = padded[0], padded[-1]
        inner = row_major(node.x.shape)[last]
        outer, (x, y) = loops.nest(
            node.x.shape[:first], [node.x.strides[:first], node.output.strides[:first]], "nm"
        )
        left, right = (count * inner for count in node.padding[last])
        run, row = node.x.shape[last] * inner, node.output.shape[last] * inner
        rows = node.x.shape[first] if first < last else 1
        top, bottom = node.padding[first] if first < last else (0, 0)
        before = top * row + left
        return Frame(
            loops=outer,
            x=loops.index(x),
            y=loops.index(y),
            rows=rows,
            run=run,
            x_row=run,
            y_row=row,
            before=before,
            gap=left + right,
            after=right + bottom * row,
            after_start=before + (rows - 1) * row + run,
        )
