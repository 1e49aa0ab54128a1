"""Options that are declared as fields of a dataclass, and functions that are called with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import wraps
from inspect import cleandoc, signature
from textwrap import fill
from typing import Any, NamedTuple, ParamSpec, TypeVar, get_args, get_type_hints


class Only(NamedTuple):
    """That an option has an effect with some words of another one alone.

    other: its name. words: those. because: why with no others.
    """

    other: str
    words: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Option:
    """help: for users. choices: the words that there are, if it is one of several.

    only: what it has an effect with, if not with everything.
    """

    help: str
    choices: tuple[str, ...] = ()
    only: tuple[Only, ...] = ()


class Declared(NamedTuple):
    """A field that is an option."""

    name: str
    type: object
    default: object
    option: Option

    @property
    def flag(self) -> str:
        """On the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def given(self) -> str:
        """The flag that gives another value than the default."""
        return f"--no-{self.flag[2:]}" if self.default is True else self.flag


def declared(options: type[Any]) -> tuple[Declared, ...]:
    """The options among a class's fields."""
    hints = get_type_hints(options, include_extras=True)
    found = []
    for field in fields(options):
        kind, *notes = get_args(hints[field.name]) or (hints[field.name],)
        found += [Declared(field.name, kind, field.default, n) for n in notes if type(n) is Option]
    return tuple(found)


P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


def called_with(options: Callable[P, T]) -> Callable[[Callable[[T], R]], Callable[P, R]]:
    """Makes a function of an object one that is called with the object's fields.

    options: the object's class, a dataclass, whose options become the function's parameters and
    are in its documentation.
    """

    def decorate(function: Callable[[T], R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name not in known:
                    raise TypeError(_no_option(function.__name__, name, list(known)))
            return function(options(*args, **kwargs))

        known = {one.name: one for one in declared(options)}  # type: ignore[arg-type]
        own = signature(options)
        parameters = [own.parameters[name].replace(annotation=known[name].type) for name in known]
        parameters.sort(key=lambda one: one.kind)
        call.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=parameters, return_annotation=get_type_hints(function)["return"]
        )
        texts = [f"{one.name}: {known[one.name].option.help}" for one in parameters]
        call.__doc__ = "\n".join([cleandoc(function.__doc__ or ""), "", *map(_paragraph, texts)])
        return call

    return decorate


def _no_option(function: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    said = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}."
    return f"kgen.{function} has no option {name!r}; {said}"


def _paragraph(text: str) -> str:
    return fill(text, 96, subsequent_indent="    ", break_on_hyphens=False)
