"""Arithmetic on vectors of the fast style: its functions, and the helpers that a text needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

import jinja2

from kgen.ir.program import Number, Program, Step
from kgen.render.environment import environment
from kgen.targets.c_types import literal
from kgen.targets.expression import Expressions

FUNCTIONS = ("fast/math.j2", "fast/activations.j2", "fast/circle.j2", "fast/power.j2")
"""Their macros vNAME define the scalar functions on vectors."""

LIBRARIES = ("fast/helpers.j2", "fast/transforms.j2", "fast/doubles.j2", *FUNCTIONS)

QUICK = "fast/quick_helpers.j2"
"""What the scalar functions of fast/quick.j2 call."""

POWERS = {
    -1.0: "reciprocal",
    -0.5: "power_minus_half",
    0.5: "power_half",
    2.0: "square",
    3.0: "cube",
}
"""The functions that are a power with a known exponent."""


def _module(name: str) -> jinja2.environment.TemplateModule:
    return environment("c").get_template(name).module


def _names(module: jinja2.environment.TemplateModule) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_")]


@cache
def vector_functions() -> frozenset[str]:
    """The scalar functions that have a definition on vectors."""
    names = [name for library in FUNCTIONS for name in _names(_module(library))]
    defined = [name[1:] for name in names if name.startswith("v")]
    return frozenset([*defined, *_names(_module("fast/operators.j2"))])


def helper_names() -> list[str]:
    return [name for library in (*LIBRARIES, QUICK) for name in _names(_module(library))]


def helpers(prefix: str, texts: Iterable[str], libraries: Sequence[str] = LIBRARIES) -> list[str]:
    """The definitions of the helpers that the texts call, each after those that it calls itself."""
    macros = {
        name: getattr(_module(lib), name) for lib in libraries for name in _names(_module(lib))
    }
    pattern = re.compile(rf"\b{prefix}_({'|'.join(sorted(macros, key=len, reverse=True))})\b")
    found: dict[str, str] = {}

    def need(text: str, itself: str = "") -> None:
        for name in dict.fromkeys(pattern.findall(text)):
            if name not in found and name != itself:
                definition = str(macros[name](prefix, prefix.upper())).strip()
                need(definition, name)
                found.setdefault(name, definition)

    for text in texts:
        need(text)
    return list(found.values())


def head(prefix: str) -> str:
    """What a file begins with that uses the helpers."""
    module = _module("fast/head.j2")
    includes = "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n"
    pragmas = f"{module.pragma()}{module.precise()}"  # type: ignore
    return f"{pragmas}{includes}{module.types(prefix, prefix.upper())}"  # type: ignore


class VectorExpressions(Expressions):
    """Programs on vectors: what is not arithmetic is a function, and takes no bare numbers."""

    def __init__(self, prefix: str) -> None:
        super().__init__(
            _module("fast/operators.j2"),
            _module("fast/math.j2"),
            number=lambda number: literal(number.value, "float32"),
            name=lambda function, _: f"{prefix}_v{function}",
        )
        self.prefix = prefix

    def _call(self, program: Program, step: Step, operand_text):  # type: ignore[no-untyped-def]
        step = _known_power(step)
        if getattr(self.operators, step.function, None) is not None:
            return super()._call(program, step, operand_text)
        args = [
            f"{self.prefix}_splat({self.number(arg)})"
            if isinstance(arg, Number)
            else operand_text(arg, "")
            for arg in step.args
        ]
        return f"{self.prefix}_v{step.function}({', '.join(args)})", ""


def _known_power(step: Step) -> Step:
    """Given:   power(x, 2)
    Result:  square(x), and so for the other POWERS
    """
    match step:
        case Step("power", (x, Number(exponent))) if exponent in POWERS:
            return replace(step, function=POWERS[exponent], args=(x,))
    return step
