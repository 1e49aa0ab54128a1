"""The command line: export, inspect, verify; explain and diagnose are in modules of their own."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from kgen import cli_diagnose, cli_explain, cli_memory
from kgen.cli_options import Custom, MaxShapes, Model, Shapes, Unsafe, WeightsDtype
from kgen.errors import ExportError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Compiles trained Keras models into standalone C and NumPy source code.",
)

# A pipe has no width; tables then take what they need.
out_console = Console(width=None if sys.stdout.isatty() else 200)
err_console = Console(stderr=True)

Name = Annotated[
    str | None, typer.Option(help="Of the files and functions; by default the model file's.")
]
Compiler = Annotated[str, typer.Option("--cc", help="The C compiler.")]


@app.command("export")
def export_command(
    model: Model,
    target: Annotated[str, typer.Option(help="c or numpy.")] = "c",
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")] = Path(),
    name: Name = None,
    style: Annotated[str, typer.Option(help="Of the C: fast, readable or small.")] = "fast",
    input_shape: Shapes = None,
    max_shape: MaxShapes = None,
    custom: Custom = None,
    unsafe: Unsafe = False,
    step: Annotated[
        bool, typer.Option("--step", help="A recurrent model as a function of one time step.")
    ] = False,
    weights: Annotated[
        str, typer.Option(help="In the C: literal, string, incbin, file or embed.")
    ] = "literal",
    weights_dtype: WeightsDtype = "float32",
    weights_section: Annotated[
        str | None, typer.Option(help="The section of the object file for the C's weights.")
    ] = None,
    workspace: Annotated[
        str, typer.Option(help="Of NAME_predict: static, caller or stack.")
    ] = "static",
    threads: Annotated[
        bool, typer.Option("--threads", help="Large loops are shared by OpenMP's threads.")
    ] = False,
    dispatch: Annotated[
        bool, typer.Option("--dispatch", help="Pick SSE2, AVX2 or AVX-512 when it runs.")
    ] = False,
    winograd: Annotated[
        bool,
        typer.Option(
            "--winograd/--no-winograd",
            help="3x3 convolutions take fewer products: faster, more memory for weights, larger "
            "rounding errors.",
        ),
    ] = True,
    ram_limit: Annotated[
        str | None,
        typer.Option(help="Plan for a workspace of no more: bytes, 64k, 2M; or say what it takes."),
    ] = None,
    with_test: Annotated[
        bool, typer.Option("--with-test", help="Add NAME_test.c, which compares with Keras.")
    ] = False,
    cpp: Annotated[bool, typer.Option("--cpp", help="Add NAME.hpp, for C++17.")] = False,
    package: Annotated[
        str,
        typer.Option(help="plain, cmake, python, arduino, esp-idf, zephyr or wasm."),
    ] = "plain",
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Don't compare with Keras before writing.")
    ] = False,
) -> None:
    """Write a model as C (NAME.h, NAME.c) or NumPy (NAME.py) source, and its manifest NAME.json."""
    with _running() as progress:
        from kgen.api import export

        files = export(
            model,
            target,
            out,
            name=name,
            style=style,
            check=not no_check,
            input_shapes=_shapes(input_shape),
            max_shapes=_max_shapes(max_shape),
            custom=custom,
            unsafe=unsafe,
            step=step,
            weights=weights,
            weights_dtype=weights_dtype,
            weights_section=weights_section,
            workspace=workspace,
            threads=threads,
            dispatch=dispatch,
            winograd=winograd,
            ram_limit=ram_limit,
            with_test=with_test,
            cpp=cpp,
            package=package,
            progress=progress,
        )
    for file, text in files.items():
        out_console.print(
            f"{out / file}  {_bytes(len(text))}", highlight=False, soft_wrap=True, markup=False
        )
    if ram_limit is not None:
        for line in cli_memory.planned(files):
            out_console.print(line, highlight=False, soft_wrap=True, markup=False)


@app.command("inspect")
def inspect_command(
    model: Model,
    graph: Annotated[bool, typer.Option("--graph", help="Print the graph instead.")] = False,
    schedule: Annotated[
        bool, typer.Option("--schedule", help="Print what the fast C does and why instead.")
    ] = False,
    target_memory: Annotated[
        bool, typer.Option("--target-memory", help="Print what the C takes of memory instead.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    name: Name = None,
    input_shape: Shapes = None,
    max_shape: MaxShapes = None,
    weights_dtype: WeightsDtype = "float32",
    custom: Custom = None,
    unsafe: Unsafe = False,
) -> None:
    """List a model's layers: shapes, parameters, multiply-adds, bytes, and what each becomes."""
    with _running() as progress:
        from kgen.inspection import choices, inspect

        options = {
            "name": name,
            "input_shapes": _shapes(input_shape),
            "max_shapes": _max_shapes(max_shape),
            "weights_dtype": weights_dtype,
            "custom": custom,
            "unsafe": unsafe,
            "progress": progress,
        }
        if schedule:
            _print_choices(choices(model, **options))
            return
        if target_memory:
            from kgen.inspection import memory

            cli_memory.show(out_console, memory(model, **options), json)
            return
        found = inspect(model, **options)
    if json:
        sys.stdout.write(orjson.dumps(found.as_dict(), option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    if graph:
        sys.stdout.write(found.graph + "\n")
        return
    table = Table(title=found.name, title_justify="left", box=None, header_style="bold")
    for heading, justify in (
        ("layer", "left"), ("class", "left"), ("output", "left"), ("parameters", "right"),
        ("multiply-adds", "right"), ("bytes", "right"), ("became", "left"),
    ):  # fmt: skip
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in found.rows:
        table.add_row(
            *_plain(row.name, row.layer, row.shape),
            f"{row.parameters:,}", f"{row.macs:,}", f"{row.bytes:,}", *_plain(row.became),
        )  # fmt: skip
    out_console.print(table)
    out_console.print(
        f"\n{found.parameters:,} parameters ({_bytes(found.weight_bytes)} of constants), "
        f"{found.macs:,} multiply-adds\nworkspace {found.workspace_bytes:,} bytes; "
        f"no plan can be below {found.lower_bound:,}",
        highlight=False,
    )
    for name, condition in found.lengths.items():
        out_console.print(
            f"{name} {condition}; numbers are those of the greatest", highlight=False, markup=False
        )


def _print_choices(choices: Any) -> None:
    several = f"{choices.samples} samples at once, in NAME_predict_batch"
    headings = ("step", "how", "tile", "panel", "loops", "sums", "--threads", "because")
    for title, steps in (("one sample", choices.steps), (several, choices.block)):
        table = Table(title=title, title_justify="left", box=None, header_style="bold")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for c in steps:
            texts = (c.name, c.kind, c.tile, c.panel, c.order, c.sums, c.threads, c.why)
            table.add_row(*_plain(*texts))
        if steps:
            out_console.print(table)


@app.command("verify")
def verify_command(
    model: Model,
    samples: Annotated[int, typer.Option(min=1, help="How many random samples.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
    cc: Compiler = "cc",
    name: Name = None,
    input_shape: Shapes = None,
    max_shape: MaxShapes = None,
    weights_dtype: WeightsDtype = "float32",
    custom: Custom = None,
    unsafe: Unsafe = False,
) -> None:
    """Export, compile and run a model, and compare each output with model.predict."""
    with _running() as progress:
        from kgen.verification import verify

        report = verify(
            model,
            count=samples,
            seed=seed,
            cc=cc,
            name=name,
            input_shapes=_shapes(input_shape),
            max_shapes=_max_shapes(max_shape),
            weights_dtype=weights_dtype,
            custom=custom,
            unsafe=unsafe,
            progress=progress,
        )
    table = Table(
        title=f"{report.name}: {report.samples} random samples against model.predict",
        title_justify="left", box=None, header_style="bold",
    )  # fmt: skip
    for heading in ("source", "output", "largest difference", "of the scale", "ULP", ""):
        table.add_column(heading, overflow="fold")
    for c in report.comparisons:
        gap = c.difference
        ulps = "" if gap.ulps is None else f"{gap.ulps:,}"
        verdict = "[green]pass[/]" if gap.ok else "[red]fail[/]"
        table.add_row(
            *_plain(c.variant, c.output),
            f"{gap.absolute:.3g}",
            f"{gap.relative:.3g}",
            ulps,
            verdict,
        )
    out_console.print(table)
    for c in report.rounding:
        out_console.print(
            f"{c.variant}: with its weights rounded, as they are above, output {c.output!r} is up "
            f"to {c.difference.absolute:.3g} from what it is with its own: "
            f"{c.difference.relative:.2g} of its scale",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    for culprit in report.culprits:
        out_console.print(
            f"{culprit.variant}: the first layer that differs is {culprit.layer!r}, "
            f"by {culprit.difference.absolute:.3g}",
            markup=False,
        )
    if not report.ok:
        raise typer.Exit(1)


@contextmanager
def _running() -> Iterator[Any]:
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


cli_diagnose.register(app, _running)


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


def _shapes(options: list[str] | None) -> dict[str, tuple[int, ...]]:
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


def _max_shapes(options: list[str] | None) -> dict[str, int | str]:
    """["512", "image=height:256,*"] -> {"": "512", "image": "height:256,*"}"""
    shapes: dict[str, int | str] = {}
    for option in options or []:
        name, _, text = option.rpartition("=")
        if name in shapes:
            raise ExportError(f"--max-shape says {name or option!r} twice.", exit_code=2)
        shapes[name] = text
    return shapes


def _plain(*texts: str) -> list[str]:
    """Names from the model, which rich must not read as markup."""
    from rich.markup import escape

    return [escape(text) for text in texts]


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"


cli_explain.register(app, _running, _shapes)


def main() -> None:
    """The console script."""
    app()
