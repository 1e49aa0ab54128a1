"""The command `kgen inspect`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

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
from kgen.cli.output import in_bytes, out_console, plain, print_json, print_line, table
from kgen.cli.running import running
from kgen.errors import ExportError

if TYPE_CHECKING:
    from kgen.inspection import Inspection
    from kgen.memory import Memory
    from kgen.schedule.report import Choices


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
    with running() as progress:
        from kgen.inspection import choices, inspect, memory

        if graph + schedule + target_memory + (json and graph) > 1:
            raise ExportError(
                "--graph, --schedule and --target-memory each print something else, and the graph "
                "is no JSON; call kgen inspect once for each.",
                exit_code=2,
            )
        find = choices if schedule else memory if target_memory else inspect
        found = find(
            model,
            name=name,
            input_shapes=shapes(input_shape),
            max_shapes=max_shapes(max_shape),
            weights_dtype=weights_dtype,
            custom=custom,
            unsafe=unsafe,
            progress=progress,
        )
    show: Callable[[Any], None] = _print_graph if graph else _print_layers
    if schedule or target_memory:
        show = _print_choices if schedule else _print_memory
    print_json(found) if json else show(found)


def _print_graph(found: Inspection) -> None:
    sys.stdout.write(found.graph + "\n")


def _print_layers(found: Inspection) -> None:
    columns = table(found.name, "layer", "class", "output")
    for heading in ("parameters", "multiply-adds", "bytes"):
        columns.add_column(heading, justify="right", overflow="fold")
    columns.add_column("became", overflow="fold")
    for row in found.rows:
        numbers = (f"{number:,}" for number in (row.parameters, row.macs, row.bytes))
        columns.add_row(*plain(row.name, row.layer, row.shape), *numbers, *plain(row.became))
    out_console.print(columns)
    print_line(
        f"\n{found.parameters:,} parameters ({in_bytes(found.weight_bytes)} of constants), "
        f"{found.macs:,} multiply-adds\nworkspace {found.workspace_bytes:,} bytes; "
        f"no plan can be below {found.lower_bound:,}"
    )
    for length, condition in found.lengths.items():
        print_line(f"{length} {condition}; numbers are those of the greatest")


def _print_memory(styles: list[Memory]) -> None:
    rows = table(None, "bytes of memory")
    for one in styles:
        rows.add_column(one.style, justify="right")

    def row(title: str, *numbers: int, about: str = "") -> None:
        rows.add_row(title, *(f"{about}{number:,}" for number in numbers))

    machines = list(styles[0].code)
    row("flash: weights", *(one.weights for one in styles))
    for machine in machines:
        row(f"flash: code, {machine}", *(one.code[machine] for one in styles), about="~")
    for title, field in (
        ("RAM: the library's own workspaces", "own"),
        ("  each", "workspace"),
        ("  of which states", "states"),
        ("  no placement can be below", "bound"),
        ("  with --ram-limit, at least", "least"),
        ("RAM: the caller's arrays", "arguments"),
    ):
        row(title, *(getattr(one, field) for one in styles))
    for machine in machines:
        title = f"RAM: a stack frame at most, {machine}"
        row(title, *(one.frame[machine] for one in styles), about="~")
    out_console.print(rows)
    for one in styles:
        alive = ", ".join(f"{name} {size:,}" for name, size in one.alive)
        print_line(f"{one.style}: most is needed in {one.layer!r}: {alive or 'nothing'}")


def _print_choices(choices: Choices) -> None:
    several = f"{choices.samples} samples at once, in NAME_predict_batch"
    headings = ("step", "how", "tile", "panel", "loops", "sums", "--threads", "because")
    for title, steps in (("one sample", choices.steps), (several, choices.block)):
        rows = table(title, *headings)
        for c in steps:
            texts = (c.name, c.kind, c.tile, c.panel, c.order, c.sums, c.threads, c.why)
            rows.add_row(*plain(*texts))
        if steps:
            out_console.print(rows)
