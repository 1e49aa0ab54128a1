"""Arguments and options that several commands have, and what their texts mean."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from kgen.declared import declared
from kgen.errors import ExportError

Model = Annotated[
    Path, typer.Argument(help="A .keras or whole-model .h5 file.", show_default=False)
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(
        "--input-shape",
        metavar="[NAME=]SIZES",
        help="Pins unknown dimensions, batch axis left out: 32,10 or NAME=32,10; once per input.",
    ),
]
MaxShapes = Annotated[
    list[str] | None,
    typer.Option(
        "--max-shape",
        metavar="[NAME=]MAX | INPUT=NAME:MAX,SIZE,*",
        help="Leaves unknown dimensions open up to a bound, for the exported code to be given the "
        "length: 512 or tokens=512 (named) for one that all inputs share; once for each of "
        "several, in their order; or an input's sizes one by one, image=height:256,width:256,*.",
    ),
]
WeightsDtype = Annotated[
    str,
    typer.Option(help="Of kernels and embeddings: float32, or rounded, float16 or bfloat16."),
]
Custom = Annotated[
    Path | None, typer.Option(help="A Python file, run first, that defines custom classes.")
]
Unsafe = Annotated[
    bool, typer.Option("--unsafe", help="Load Lambda layers with pickled Python code.")
]
Name = Annotated[
    str | None, typer.Option(help="Of the files and functions; by default the model file's.")
]


Command: TypeAlias = Callable[..., None]


def shapes(options: list[str] | None) -> dict[str, tuple[int, ...]]:
    """["32,10", "NAME=32,10"] -> {"": (32, 10), "NAME": (32, 10)}"""
    shapes: dict[str, tuple[int, ...]] = {}
    for option in options or []:
        name, _, sizes = option.rpartition("=")
        try:
            shapes[name] = tuple(int(size) for size in sizes.split(",") if size.strip())
            valid = all(size >= 0 for size in shapes[name])
        except ValueError:
            valid = False
        if not valid:
            raise ExportError(
                f"--input-shape {option!r} is no list of sizes; write 32,10 or NAME=32,10.",
                exit_code=2,
            )
    return shapes


def max_shapes(options: list[str] | None) -> dict[str, int | str]:
    """["512", "image=height:256,*"] -> {"": "512", "image": "height:256,*"}"""
    shapes: dict[str, int | str] = {}
    for option in options or []:
        name, _, text = option.rpartition("=")
        if name in shapes:
            raise ExportError(f"--max-shape says {name or option!r} twice.", exit_code=2)
        shapes[name] = text
    return shapes


def with_options(
    options: type[Any], panel: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds an option to a command for each one that is declared in a class, in the place of the
    keywords (`**`) that the command gets them as. panel: the title they have in its help.
    """

    def decorate(command: Command) -> Command:
        own = signature(command, eval_str=True)
        *first, keywords = own.parameters.values()
        added = [
            Parameter(
                one.name,
                Parameter.KEYWORD_ONLY,
                default=one.default,
                annotation=Annotated[
                    one.type,
                    typer.Option(
                        one.flag if one.default is not True else f"{one.flag}/{one.given}",
                        help=one.option.help,
                        rich_help_panel=panel,
                    ),
                ],
            )
            for one in declared(options)
        ]
        hints = {one.name: one.annotation for one in added}
        command.__signature__ = own.replace(parameters=[*first, *added])  # type: ignore[attr-defined]
        command.__annotations__ = {
            name: hint for name, hint in command.__annotations__.items() if name != keywords.name
        } | hints
        return command

    return decorate
