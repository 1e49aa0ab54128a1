"""What every command does its work in: progress, warnings, errors."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from kgen.cli.output import err_console
from kgen.errors import ExportError


@contextmanager
def running() -> Iterator[Any]:
    """Progress on a terminal, nothing on a pipe; errors as one message, with their exit codes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    try:
        with warnings.catch_warnings(record=True) as caught, _status() as progress:
            warnings.simplefilter("always")
            _import_tensorflow()
            yield progress
        for warning in caught:
            if not issubclass(
                warning.category, DeprecationWarning | FutureWarning | ResourceWarning
            ):
                err_console.print(f"warning: {warning.message}", style="yellow", markup=False)
    except ExportError as error:
        err_console.print(f"kgen: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None


def _import_tensorflow() -> None:
    """Imports it while what it says of itself, from C++ on standard error, goes nowhere."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123  a device, not a path of ours
            os.dup2(nowhere.fileno(), 2)
        import tensorflow  # noqa: F401
    finally:
        os.dup2(saved, 2)
        os.close(saved)


@contextmanager
def _status() -> Iterator[Any]:
    if not err_console.is_terminal:
        yield lambda text: None
        return
    with err_console.status("starting TensorFlow") as status:
        yield status.update
