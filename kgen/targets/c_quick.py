"""Scalar functions of floats in the fast style's plain loops: inline ones instead of math.h's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jinja2

from kgen.ir.program import Step
from kgen.render.environment import environment
from kgen.targets.c_scalar import function_of

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
