"""Scalar programs as text, through a target's macros.

`operators.j2` has a macro for every function that the language writes inline, `functions.j2` one
for every function that needs a definition of its own; the macro's name is the function's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import jinja2

from kgen.ir.program import Arg, Number, Operand, Program, Step, Temp

# Functions that bind their operands closer than the function around them does.
_TIGHT = {("add", "multiply"), ("subtract", "multiply"), ("add", "divide"), ("subtract", "divide")}


@dataclass
class Expressions:
    """Turns programs into text, and remembers which functions they need.

    number: text of a literal. name: what a defined function is called in the text, by (function,
        dtype).
    function: which macro writes a step, given its operands' dtypes; by default that of its
        function's name.
    """

    operators: jinja2.environment.TemplateModule
    functions: jinja2.environment.TemplateModule
    number: Callable[[Number], str]
    name: Callable[[str, str], str]
    function: Callable[[Step, list[str]], str] = lambda step, _: step.function
    used: dict[tuple[str, str], None] = field(default_factory=dict)

    def text(
        self, program: Program, operands: Sequence[str]
    ) -> tuple[list[tuple[str, str, str]], str]:
        """(dtype, name, text) of each intermediate result that is read more than once, and the
        result's text.
        """
        texts: dict[int, tuple[str, str]] = {}  # step -> (text, outermost inline function)
        temporaries: list[tuple[str, str, str]] = []
        uses = [program.uses(Temp(index)) for index in range(len(program.steps))]

        def operand_text(operand: Operand, outer: str) -> str:
            match operand:
                case Arg(index):
                    return operands[index]
                case Number():
                    return self.number(operand)
                case Temp(index):
                    text, inner = texts[index]
                    loose = inner and (outer, inner) not in _TIGHT and outer
                    return f"({text})" if loose else text

        for index, step in enumerate(program.steps):
            text, inline = self._call(program, step, operand_text)
            if uses[index] > 1:
                name = f"t{len(temporaries)}"
                temporaries.append((step.dtype, name, text))
                texts[index] = (name, "")
            else:
                texts[index] = (text, inline)
        if not program.steps:
            return temporaries, operands[0]
        return temporaries, texts[len(program.steps) - 1][0]

    def _call(
        self, program: Program, step: Step, operand_text: Callable[[Operand, str], str]
    ) -> tuple[str, str]:
        dtypes = [program.dtype_of(operand) for operand in step.args]
        function = self.function(step, dtypes)
        macro = getattr(self.operators, function, None)
        if macro is not None:
            args = [operand_text(operand, step.function) for operand in step.args]
            text = without_double_parentheses(str(macro(step.dtype, dtypes, *args)).strip())
            closed = text.endswith(")") and text.split("(")[0].replace(".", "").isidentifier()
            return text, "" if closed and _balanced(text) else step.function
        args = [operand_text(operand, "") for operand in step.args]
        return f"{self.use(function, dtypes[0])}({', '.join(args)})", ""

    def use(self, function: str, dtype: str) -> str:
        """The name of a defined function, now that it is needed."""
        if not hasattr(self.functions, function):
            raise KeyError(f"no macro for the function {function!r}")
        self.used[(function, dtype)] = None
        return self.name(function, dtype)


def without_double_parentheses(text: str) -> str:
    """`f((a + b), (c))` -> `f(a + b, c)`: an argument needs none of its own."""
    opened: list[int] = []
    dropped: set[int] = set()
    for position, letter in enumerate(text):
        if letter == "(":
            opened.append(position)
        elif letter == ")":
            start = opened.pop()
            before, after = text[:start], text[position + 1 :]
            if before.endswith(("(", ", ")) and after.startswith((")", ", ")):
                dropped |= {start, position}
    return "".join(letter for position, letter in enumerate(text) if position not in dropped)


def _balanced(text: str) -> bool:
    """Whether the first parenthesis closes with the last one: `f(a)`, not `f(a) + g(b)`."""
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and letter == ")":
            return position == len(text) - 1
    return False
