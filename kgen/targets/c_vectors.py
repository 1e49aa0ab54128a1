"""Arithmetic on vectors of the fast style: its functions, and the helpers that a text needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import jinja2

from kgen.ir.program import Number, Program, Step
from kgen.render.environment import environment
from kgen.targets.c_types import literal
from kgen.targets.expression import Expressions

LIBRARIES = ("fast/helpers.j2", "fast/transforms.j2", "fast/math.j2")


def _module(name: str) -> jinja2.environment.TemplateModule:
    return environment("c").get_template(name).module


def _names(module: jinja2.environment.TemplateModule) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_")]


@cache
def vector_functions() -> frozenset[str]:
    """The scalar functions that have a definition on vectors."""
    defined = [name[1:] for name in _names(_module("fast/math.j2")) if name.startswith("v")]
    return frozenset([*defined, *_names(_module("fast/operators.j2"))])


def helper_names() -> list[str]:
    return [name for library in LIBRARIES for name in _names(_module(library))]


def helpers(prefix: str, texts: Iterable[str]) -> list[str]:
    """The definitions of the helpers that the texts call, each after those that it calls itself."""
    macros = {
        name: getattr(_module(lib), name) for lib in LIBRARIES for name in _names(_module(lib))
    }
    pattern = re.compile(rf"\b{prefix}_({'|'.join(sorted(macros, key=len, reverse=True))})\b")
    found: dict[str, str] = {}

    def need(text: str) -> None:
        for name in dict.fromkeys(pattern.findall(text)):
            if name not in found:
                definition = str(macros[name](prefix, prefix.upper())).strip()
                need(definition.replace(f"{prefix}_{name}(", "("))
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
        if getattr(self.operators, step.function, None) is not None:
            return super()._call(program, step, operand_text)
        args = [
            f"{self.prefix}_splat({self.number(arg)})"
            if isinstance(arg, Number)
            else operand_text(arg, "")
            for arg in step.args
        ]
        return f"{self.prefix}_v{step.function}({', '.join(args)})", ""
