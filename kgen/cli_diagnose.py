"""The command `kgen diagnose`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from kgen.cli_options import Custom, Model, Unsafe


def register(app: typer.Typer, running: Callable[[], AbstractContextManager[Any]]) -> None:
    """Adds the command. running: what commands do their work in, for progress and errors."""

    @app.command("diagnose")
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
            text = orjson.dumps(found.as_dict(), option=orjson.OPT_INDENT_2).decode()
        else:
            text = str(found)
        sys.stdout.write(f"{text}\n")
        if not found.ok:
            raise typer.Exit(1)
