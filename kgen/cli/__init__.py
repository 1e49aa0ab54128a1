"""The command line: a module for each command."""

from __future__ import annotations

import typer

from kgen.cli.diagnose import diagnose_command
from kgen.cli.explain import explain_command
from kgen.cli.export import export_command
from kgen.cli.inspect import inspect_command
from kgen.cli.verify import verify_command

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Compiles trained Keras models into standalone C and NumPy source code.",
)

app.command("export")(export_command)
app.command("inspect")(inspect_command)
app.command("verify")(verify_command)
app.command("explain")(explain_command)
app.command("diagnose")(diagnose_command)


def main() -> None:
    """The console script."""
    app()
