"""The Jinja environment of a target."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from kgen.ir.size import at_bound, bare
from kgen.names import comment


def template_folder() -> Path:
    """The templates: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


@cache
def environment(target: str) -> jinja2.Environment:
    """Templates of `templates/<target>/`; a name that is not defined is an error."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_folder() / target),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=target == "html",
    )
    env.filters["comment"] = comment
    env.filters["bare"] = bare
    env.filters["at_bound"] = at_bound
    return env
