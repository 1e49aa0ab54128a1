"""The command `kgen verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kgen.cli.options import (
    Custom,
    MaxShapes,
    Model,
    Name,
    Shapes,
    Unsafe,
    WeightsDtype,
    max_shapes,
    shapes,
)
from kgen.cli.output import out_console, plain, table
from kgen.cli.running import running

if TYPE_CHECKING:
    from kgen.verification import Report


def verify_command(
    model: Model,
    samples: Annotated[int, typer.Option(min=1, help="How many random samples.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
    cc: Annotated[str, typer.Option("--cc", help="The C compiler.")] = "cc",
    name: Name = None,
    input_shape: Shapes = None,
    max_shape: MaxShapes = None,
    weights_dtype: WeightsDtype = "float32",
    custom: Custom = None,
    unsafe: Unsafe = False,
) -> None:
    """Export, compile and run a model, and compare each output with model.predict."""
    with running() as progress:
        from kgen.verification import verify

        report = verify(
            model,
            count=samples,
            seed=seed,
            cc=cc,
            name=name,
            input_shapes=shapes(input_shape),
            max_shapes=max_shapes(max_shape),
            weights_dtype=weights_dtype,
            custom=custom,
            unsafe=unsafe,
            progress=progress,
        )
    _print_report(report)
    if not report.ok:
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    title = f"{report.name}: {report.samples} random samples against model.predict"
    rows = table(title, "source", "output", "largest difference", "of the scale", "ULP", "")
    for c in report.comparisons:
        gap = c.difference
        rows.add_row(
            *plain(c.variant, c.output),
            f"{gap.absolute:.3g}",
            f"{gap.relative:.3g}",
            "" if gap.ulps is None else f"{gap.ulps:,}",
            "[green]pass[/]" if gap.ok else "[red]fail[/]",
        )
    out_console.print(rows)
    for c in report.rounding:
        out_console.print(
            f"{c.variant}: with its weights rounded, as they are above, output {c.output!r} is up "
            f"to {c.difference.absolute:.3g} from what it is with its own: "
            f"{c.difference.relative:.2g} of its scale",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    for culprit in report.culprits:
        out_console.print(
            f"{culprit.variant}: the first layer that differs is {culprit.layer!r}, "
            f"by {culprit.difference.absolute:.3g}",
            markup=False,
        )
