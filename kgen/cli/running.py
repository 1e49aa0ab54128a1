"""What every command does its work in: progress, warnings, errors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from kgen.cli.output import err_console
from kgen.errors import ExportError
from kgen.quiet import import_tensorflow


@contextmanager
def running() -> Iterator[Any]:
    """Progress on a terminal, nothing on a pipe; errors as one message, with their exit codes."""
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    try:
        with warnings.catch_warnings(record=True) as caught, _status() as progress:
            warnings.simplefilter("always")
            import_tensorflow()
            yield progress
        for warning in caught:
            if not issubclass(
                warning.category, DeprecationWarning | FutureWarning | ResourceWarning
            ):
                err_console.print(f"warning: {warning.message}", style="yellow", markup=False)
    except ExportError as error:
        err_console.print(f"kgen: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None


@contextmanager
def _status() -> Iterator[Any]:
    if not err_console.is_terminal:
        yield lambda text: None
        return
    with err_console.status("starting TensorFlow") as status:
        yield status.update
