"""What C templates see of a node: names, types, loops and index expressions."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from kgen.ir.node import Contraction, Epilogue, Node
from kgen.ir.program import Program
from kgen.ir.size import bare
from kgen.ir.value import Constant, Value, broadcast_strides, row_major
from kgen.lengths import used_by
from kgen.names import comment
from kgen.targets import loops
from kgen.targets.c_numbers import Numbers
from kgen.targets.c_scalar import function_of
from kgen.targets.c_types import CTYPES, count_text, pointer
from kgen.targets.c_walks import Rows, Walks
from kgen.targets.expression import Expressions
from kgen.targets.loops import Loop

LABELLED = ("elementwise", "dense", "conv")
"""The kinds whose loop variables no label is the same as."""

NAMED = ("x", "a", "b", "indices", "updates", "kernel", "keys", "values", "weights")
"""The fields of nodes whose arrays are called by the field, in this order."""


class Text(NamedTuple):
    """An expression, and the statements that must come before it."""

    before: list[str]
    value: str


LENGTHS = "@lengths"
"""Stands in a function's signature for the lengths among its parameters until its text is there,
and with it what it uses.
"""


@dataclass(frozen=True, eq=False)
class COp(Walks, Numbers):
    """A node as its template sees it.

    function: the C function's name. symbols: of the constants. node: with all its properties.
    inner: whether it belongs to the body of a loop.
    lengths_of: of each function that has a text the lengths that it uses.
    stored: the type of the constants that are loaded from a file, which functions get a pointer to.
    """

    function: str
    symbols: dict[Value, str]
    expressions: Expressions
    error: str
    inner: bool
    lengths_of: dict[Node, list[str]]
    stored: str

    # Names and types

    @cached_property
    def parameters(self) -> dict[Value, str]:
        """The name, inside the function, of each array that is passed to it."""
        node: Node = self.node
        names: dict[Value, str] = {}
        labelled = node.kind in LABELLED
        for field in NAMED:
            value = getattr(node, field, None)
            if isinstance(value, Value) and not isinstance(value, Constant):
                names.setdefault(value, (labelled and value.label) or field)
        rest = [value for value in node.activations if value not in names]
        letter = "z" if isinstance(node, Contraction) else "x"
        for position, value in enumerate(rest):
            plain = letter if len(rest) == 1 else f"{letter}{position}"
            own = labelled and value.label and value.label not in names.values()
            names[value] = value.label if own else plain
        return names

    def ref(self, value: Value) -> str:
        return self.symbols[value] if isinstance(value, Constant) else self.parameters[value]

    def load(self, value: Value, place: str) -> str:
        """The element of an array at an index expression."""
        stored = value.stored if isinstance(value, Constant) else ""
        if stored == "int4":
            return f"{self.call('int4_at', stored)}({self.ref(value)}, {place})"
        element = f"{self.ref(value)}[{place}]"
        return f"{self.call(f'from_{stored}', stored)}({element})" if stored else element

    def ctype(self, value: Value) -> str:
        return CTYPES[value.dtype]

    @property
    def type(self) -> str:
        """The element type of the output."""
        return CTYPES[self.node.output.dtype]

    @property
    def uses_stored(self) -> bool:
        return any(self.symbols[c].startswith("constants->") for c in self.node.constants)

    @property
    def stored_parameter(self) -> str:
        """`const NAME_constants *constants`, or nothing."""
        return f"const {self.stored} *constants" if self.uses_stored else ""

    @property
    def counts_steps(self) -> bool:
        """Whether the function, in a loop, takes the number of the step."""
        return False

    @property
    def overwritten(self) -> Collection[Value]:
        """The inputs in whose memory the output may be."""
        values: tuple[Value, ...] = self.node.may_overwrite
        return values

    @property
    def signature(self) -> str:
        overwritten = self.overwritten
        parts = [self.stored_parameter] if self.uses_stored else []
        parts += self.length_parameters
        parts += [
            pointer(value.dtype, f"{'' if value in overwritten else 'restrict '}{name}", const=True)
            for value, name in self.parameters.items()
        ]
        # The output may be the memory of an input that it may overwrite.
        y = f"{'' if overwritten else 'restrict '}y"
        parts.append(pointer(self.node.output.dtype, y, const=False))
        parts += [
            pointer(value.dtype, f"restrict {self.node.word_for(value)}", const=False)
            for value in self.node.others
        ]
        result = "int" if self.node.can_fail else "void"
        return f"static {result} {self.function}({', '.join(parts)})"

    @property
    def length_parameters(self) -> list[str]:
        """What stands for them in the signature."""
        return [LENGTHS] if used_by(self.node) else []

    @property
    def lengths(self) -> list[str]:
        """The function's first parameters: the lengths that it uses."""
        return self.lengths_of.get(self.node, [])

    def with_lengths(self, text: str) -> str:
        """The function's text with the lengths that it uses for parameters: they are known now."""
        if LENGTHS not in text:
            return text
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        assert "//" not in code  # Python's division, and a comment in C: a length without a name
        names = [one.name for one in used_by(self.node)]
        used = [name for name in names if re.search(rf"\b{name}\b", code)]
        self.lengths_of[self.node] = used
        return text.replace(f"{LENGTHS}, ", "".join(f"int {name}, " for name in used))

    # Expressions

    def call(self, function: str, dtype: str) -> str:
        """The name of a scalar function for this dtype; it will be defined."""
        return self.expressions.use(function, dtype)

    def exp(self, x: str) -> str:
        """e^x in the output's type."""
        return f"exp{self.suffix}({x})"

    def program(self, program: Program, operands: Sequence[str]) -> Text:
        temporaries, text = self.expressions.text(program, operands)
        before = [f"const {CTYPES[dtype]} {name} = {value};" for dtype, name, value in temporaries]
        return Text(before, text)

    def finish(self, total: str, operands: Sequence[str] = ()) -> Text:
        """The epilogue of an element whose sum is `total`; operands: its arguments there."""
        epilogue: Epilogue | None = self.node.epilogue
        if epilogue is None:
            return Text([], total)
        program = epilogue.program
        if program.uses_first() == 1:
            return self.program(program, [total, *operands])
        text = self.program(program, ["t", *operands])
        return Text([f"const {CTYPES[program.dtypes[0]]} t = {total};", *text.before], text.value)

    def operands(self, names: Sequence[str]) -> list[str]:
        """The epilogue's arguments at an element of the output.

        names: for each axis of the output the loop variable, or "" where its length is one.
        """
        epilogue: Epilogue | None = self.node.epilogue
        return [self.element(arg, names) for arg in epilogue.args] if epilogue else []

    def element(self, arg: Value, names: Sequence[Any]) -> str:
        """The element of an array that broadcasts to the output, at the loops' position."""
        strides = broadcast_strides(arg.shape, self.node.output.shape)
        terms = [(name, stride) for name, stride in zip(names, strides, strict=True) if name]
        return f"{self.ref(arg)}[{loops.index(terms)}]"

    @staticmethod
    def index(terms: Sequence[tuple[str, int]], start: int = 0) -> str:
        return loops.index(terms, start)

    @staticmethod
    def count_text(size: int) -> str:
        return count_text(size)

    @staticmethod
    def times(number: str, stride: int) -> str:
        """`number * stride`, without what changes nothing."""
        if stride == 1:
            return number
        return f"({number}) * {stride}" if " " in number else f"{number} * {stride}"

    # Loops

    @staticmethod
    def loops(**counts: int) -> list[Loop]:
        """Loops of these names, less those that run once."""
        return [Loop(name, count) for name, count in counts.items() if count != 1]

    def over(self, shape: Sequence[int], *strides: Sequence[int]) -> tuple[list[Loop], list[str]]:
        """The fewest loops over a shape, and the index of each array of the given strides."""
        nested, terms = loops.nest(shape, strides)
        return nested, [loops.index(one) for one in terms]

    def over_output(self, *values: Value) -> tuple[list[Loop], list[str]]:
        """Loops over the output, and the index of y and of each value that broadcasts to it."""
        shape = self.node.output.shape
        strides = [broadcast_strides(value.shape, shape) for value in values]
        return self.over(shape, row_major(shape), *strides)

    def split(
        self, shape: Sequence[int], axes: Sequence[int], *strides: Sequence[int]
    ) -> tuple[list[Loop], list[Loop], list[str]]:
        """Loops over the other axes, loops over `axes` inside them, and the arrays' indices."""
        others = [axis for axis in range(len(shape)) if axis not in axes]
        outer, outer_terms = loops.nest(
            [shape[axis] for axis in others], [[one[axis] for axis in others] for one in strides]
        )
        inner, inner_terms = loops.nest(
            [shape[axis] for axis in axes],
            [[one[axis] for axis in axes] for one in strides],
            "pqrstuvw",
        )
        texts = [loops.index([*a, *b]) for a, b in zip(outer_terms, inner_terms, strict=True)]
        return outer, inner, texts

    def rows(self, unit: str) -> Rows:
        """The vectors of a matrix product; unit: the loop variable along an output vector."""
        node = self.node
        lead = node.output.shape[:-1]
        args = node.epilogue.args if node.epilogue else ()
        strides = [broadcast_strides(arg.shape, node.output.shape) for arg in args]
        starts = row_major(lead)
        nested, (y, x, *places) = loops.nest(
            lead,
            [
                [stride * node.output.shape[-1] for stride in starts],
                [stride * node.x.shape[-1] for stride in starts],
                *(one[:-1] for one in strides),
            ],
            "rstv",
        )
        operands = [
            f"{self.ref(arg)}[{loops.index([*place, (unit, one[-1])])}]"
            for arg, place, one in zip(args, places, strides, strict=True)
        ]
        return Rows(nested, x, [*y, (unit, 1)], operands)

    def at(self, values: Sequence[Value], places: Sequence[str]) -> list[str]:
        """Each value's element at its index expression."""
        return [self.load(value, place) for value, place in zip(values, places, strict=True)]

    # The comment above the function

    @property
    def title(self) -> str:
        """The layers that the function computes."""
        parts = []
        for origin in self.node.origins:
            name = origin.path.rpartition("/")[2]
            parts.append(f"{origin.path}: {origin.summary}" if name != origin.summary else name)
        return comment("; then ".join(parts)) + self.how_often

    @property
    def how_often(self) -> str:
        """What the title says of a function that is called more than once."""
        return ", in each step" if self.inner else ""

    @property
    def afterwards(self) -> str:
        """What becomes of each element of a sum, called y, in arrays' names without indices."""
        epilogue: Epilogue | None = getattr(self.node, "epilogue", None)
        if epilogue is None:
            return ""
        # A comment needs no definitions, nor the prefix of their names, nor which of them is quick.
        words = replace(
            self.expressions, name=lambda function, _: function, function=function_of, used={}
        )
        operands = ["y", *(self.ref(arg) for arg in epilogue.args)]
        temporaries, text = words.text(epilogue.program, operands)
        return "; ".join([text, *(f"{name} = {value}" for _, name, value in temporaries)])

    @property
    def shapes(self) -> list[str]:
        """The arrays: shapes, types where they are not the output's, and the weights' order."""
        node = self.node
        lines = []
        flow = ", ".join(f"{name} {self._shape(value)}" for value, name in self.parameters.items())
        lines.append(f"{flow or 'nothing'} -> y {self._shape(node.output)}")
        for constant in node.constants:
            lines.append(f"{self.symbols[constant]} {self._shape(constant)}{self._order(constant)}")
        return lines

    def _shape(self, value: Value) -> str:
        sizes = value.shape if isinstance(value, Constant) else value.sample_shape
        ctype = (isinstance(value, Constant) and value.stored) or CTYPES[value.dtype]
        dtype = "" if ctype == self.type else f" {ctype}"
        return f"({', '.join(map(bare, sizes))}){dtype}"

    @staticmethod
    def _order(constant: Constant) -> str:
        """Where in the literal array an element is."""
        if constant.rank < 2:
            return ""
        letters = "ijklmn"[: constant.rank]
        place = " + ".join(
            letter if stride == 1 else f"{letter} * {stride}"
            for axis, (letter, stride) in enumerate(zip(letters, constant.strides, strict=True))
        )
        return f": element [{']['.join(letters)}] is number {place}"
