"""The command `kgen explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgen.cli.options import Custom, Model, Shapes, Unsafe, shapes
from kgen.cli.running import running


def explain_command(
    model: Model,
    samples: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="[NAME=]FILE|NUMBERS",
            help="x.npy, or '[[0, 1]]'; once per input. One random sample by default.",
        ),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Explain this layer alone.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page to this file instead.", dir_okay=False)
    ] = None,
    input_shape: Shapes = None,
    custom: Custom = None,
    unsafe: Unsafe = False,
) -> None:
    """Show how a model gets its numbers: each layer's formula, weights, steps and values."""
    with running() as progress:
        from kgen.array_files import samples as read
        from kgen.explanation import explain

        found = explain(
            model,
            read(samples or []),
            layer,
            input_shapes=shapes(input_shape),
            custom=custom,
            unsafe=unsafe,
            progress=progress,
        )
        if html is None:
            text = str(found)
        else:
            progress("writing the page")
            found.to_html(html)
            text = f"{html}\n{found.verdict}"
    typer.echo(text)
    if not found.ok:
        raise typer.Exit(1)
