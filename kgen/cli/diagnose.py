"""The command `kgen diagnose`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kgen.cli.options import Custom, Model, Unsafe
from kgen.cli.output import print_json
from kgen.cli.running import running


def diagnose_command(
    model: Model,
    samples: Annotated[
        list[str],
        typer.Option(
            "--input",
            metavar="[NAME=]FILE|NUMBERS",
            help="The samples: a .npy file, a .npz file for several inputs, or '[[0, 1]]'.",
        ),
    ],
    mine: Annotated[
        Path,
        typer.Option(help="Your arrays: a .npz file (np.savez('mine.npz', z1=z1, a1=a1))."),
    ],
    other: Annotated[
        list[Path] | None,
        typer.Option(help="A model whose weights you may have used, of another epoch, say."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    custom: Custom = None,
    unsafe: Unsafe = False,
) -> None:
    """Hold your own arrays against a model: which are right, which mistake gives the others."""
    with running() as progress:
        from kgen import array_files
        from kgen.diagnosis.diagnose import diagnose

        x, arrays = array_files.samples(samples), array_files.named_arrays(mine, "--mine")
        progress("diagnosing")
        found = diagnose(model, x, arrays, others=other or (), custom=custom, unsafe=unsafe)
    if json:
        print_json(found.as_dict())
    else:
        sys.stdout.write(f"{found}\n")
    if not found.ok:
        raise typer.Exit(1)
