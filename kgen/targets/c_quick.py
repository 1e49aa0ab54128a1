"""Scalar functions of floats in the fast style's plain loops: inline ones instead of math.h's where
processors compute with doubles, as all of 64 bits do.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import jinja2

from kgen.ir.program import Step
from kgen.render.environment import environment
from kgen.targets.c_scalar import ScalarType, function_of
from kgen.targets.c_vectors import QUICK, helpers
from kgen.targets.expression import Expressions

MARK = "quick_"
"""Before the functions' names among the macros."""


def with_quick(functions: jinja2.environment.TemplateModule) -> Any:
    """The macros of all scalar functions, the quick ones among them."""
    modules = (functions, environment("c").get_template("fast/quick.j2").module)
    return SimpleNamespace(
        **{n: getattr(one, n) for one in modules for n in dir(one) if not n.startswith("_")}
    )


def quick_function_of(functions: Any) -> Any:
    """What c_scalar.function_of says, of floats the quick function where there is one."""

    def found(step: Step, dtypes: list[str]) -> str:
        function = function_of(step, dtypes)
        quick = MARK + function
        return quick if dtypes[:1] == ["float32"] and hasattr(functions, quick) else function

    return found


def quick_text(expressions: Expressions, prefix: str, functions: Sequence[str]) -> str:
    """The definitions of quick functions, and of those with math.h's for other machines."""
    macros: Any = expressions.functions
    made, plain = [], []
    for function in functions:
        name = expressions.name(function, "float32")
        made.append(str(getattr(macros, function)(name, prefix)))
        ordinary = getattr(macros, function.removeprefix(MARK), None)
        if ordinary is None:  # one of math.h
            text = macros.plain(name, function.removeprefix(MARK))
        else:
            text = ordinary(name, ScalarType("float32"))
        plain.append(str(text))
    texts = [*helpers(prefix, made, (QUICK,)), *made]
    quick, slow = ("\n\n".join(map(str.strip, some)) for some in (texts, plain))
    return str(macros.either(quick, slow))
