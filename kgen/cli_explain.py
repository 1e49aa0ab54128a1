"""`kgen explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgen import cli
from kgen.cli import Custom, Model, Name, Shapes, Unsafe


def explain_command(
    model: Model,
    input: Annotated[  # noqa: A002  the option's name
        list[str] | None,
        typer.Option(
            "--input",
            metavar="[NAME=]FILE|NUMBERS",
            help="x.npy, or numbers as '[[0, 1]]'; once per input. A random sample by default.",
        ),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Explain this layer alone.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page to this file instead.", dir_okay=False)
    ] = None,
    name: Name = None,
    input_shape: Shapes = None,
    custom: Custom = None,
    unsafe: Unsafe = False,
) -> None:
    """Show how a model gets its numbers: each layer's formula, weights, steps and values."""
    with cli._running() as progress:
        from kgen.explanation import explain
        from kgen.explanation.inputs import read

        found = explain(
            model,
            read(input or []),
            layer,
            name=name,
            input_shapes=cli._shapes(input_shape),
            custom=custom,
            unsafe=unsafe,
            progress=progress,
        )
        if html is not None:
            progress("writing the page")
            found.to_html(html)
    if html is not None:
        typer.echo(f"{html}\n{found.verdict}")
    else:
        typer.echo(str(found))
    if not found.ok:
        raise typer.Exit(1)
