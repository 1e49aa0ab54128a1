"""One function for steps that differ in nothing but their weights, which become its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from kgen.ir.value import STRING, Constant
from kgen.targets.c_fast import FastOp
from kgen.targets.c_op import COp

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DEFINED = re.compile(r"^\S.*?\b(\w+)\(.*\)\n\{", re.MULTILINE)
FEWEST_LINES = 12
"""Shorter functions stay where they are."""

CType = Callable[[Constant], str]


@dataclass(frozen=True, eq=False)
class Part:
    """A step's text, taken apart: the functions before its own, the comment above that, its
    parameters, and what stands between its braces.
    """

    op: COp
    before: str
    heading: str
    parameters: str
    body: str

    @classmethod
    def of(cls, op: COp, text: str) -> Part | None:
        """None where it can't share a function: see shared."""
        found = re.search(rf"^static void {op.function}\((.*)\)\n\{{\n", text, re.MULTILINE)
        plain = type(op) is FastOp and not op.uses_stored
        if not found or not plain or any(c.dtype == STRING for c in op.node.constants):
            return None
        above = text.rindex("/* ", 0, found.start())
        body = text[found.end() :].removesuffix("}\n")
        part = cls(op, text[:above], text[above : found.start()], found[1], body)
        weights = [op.symbols[c] for c in op.node.constants]
        used_before = any(re.search(rf"\b{one}\b", part.before) for one in weights)
        short = part.code.count("\n") < FEWEST_LINES
        return None if used_before or short or "\n}\n" in body else part

    @cached_property
    def code(self) -> str:
        return COMMENT.sub("", self.before + self.body)

    @cached_property
    def weights(self) -> list[Constant]:
        """The constants that the function reads."""
        constants = dict.fromkeys(self.op.node.constants)
        return [c for c in constants if re.search(rf"\b{self.op.symbols[c]}\b", self.body)]

    @cached_property
    def words(self) -> list[str]:
        """What the weights are called as parameters: its_kernel, its_bias."""
        last = [self.op.symbols[c].rpartition("_")[2] for c in self.weights]
        number = {word: last.count(word) for word in last}
        return [
            f"its_{word}" if word.isalpha() and number[word] == 1 else f"its_weights_{i}"
            for i, word in enumerate(last)
        ]

    def with_parameters(self, text: str) -> str:
        for constant, word in zip(self.weights, self.words, strict=True):
            text = re.sub(rf"\b{self.op.symbols[constant]}\b", word, text)
        return text

    def key(self, ctype: CType) -> tuple[str, ...]:
        """The same for parts that can share a function."""
        text = self.with_parameters(self.code)
        for name in (self.op.function, *DEFINED.findall(self.before)):
            text = re.sub(rf"\b{name}\b", f"@{name.removeprefix(self.op.function)}", text)
        return (text, self.parameters, *self.words, *(ctype(c) for c in self.weights))

    @property
    def arguments(self) -> str:
        names = [one.split()[-1].lstrip("*") for one in self.parameters.split(", ")]
        return ", ".join([*names, *(self.op.symbols[c] for c in self.weights)])

    def call(self, function: str) -> str:
        """The step's own function, which calls the one that it shares."""
        head = f"{self.heading}static void {self.op.function}({self.parameters})"
        return f"{head}\n{{\n    {function}({self.arguments});\n}}\n"

    def function(self, name: str, upper: str, ctype: CType) -> str:
        """The one that others share. upper: the prefix in capitals."""
        weights = zip(self.weights, self.words, strict=True)
        more = [f"const {ctype(c)} *restrict {word}" for c, word in weights]
        head = f"static {upper}_APART void {name}({', '.join([self.parameters, *more])})"
        note = "/* What layers like the next one do, each with weights of its own. */"
        return f"{self.before}{note}\n{head}\n{{\n{self.with_parameters(self.body)}}}\n\n"


def shared(
    ops: Sequence[COp], texts: Sequence[str], upper: str, ctype: CType
) -> list[str]:  # fmt: skip
    """Given:   the steps' texts, some the same but for names and weights
    Result:  texts that call the function of the first of those; an array's type is ctype's

    Steps can't share that fail, that have words, or that read weights in several functions.
    """
    parts = [Part.of(op, text) for op, text in zip(ops, texts, strict=True)]
    alike: dict[tuple[str, ...], list[int]] = {}
    for number, part in enumerate(parts):
        if part is not None:
            alike.setdefault(part.key(ctype), []).append(number)
    result = list(texts)
    for numbers in alike.values():
        if len(numbers) == 1:
            continue
        first = parts[numbers[0]]
        assert first is not None
        name = f"{first.op.function}_alike"
        for number in numbers:
            part = parts[number]
            assert part is not None
            result[number] = part.call(name)
        result[numbers[0]] = first.function(name, upper, ctype) + result[numbers[0]]
    return result
