"""What the command line says of memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from kgen.render.write import Files


def planned(files: Files) -> Iterator[str]:
    """How an export fits its limit, from its manifest."""
    manifests = (orjson.loads(text) for file, text in files.items() if file.endswith(".json"))
    facts = next(one for one in manifests if "ram_limit" in one)
    yield f"workspace {facts['workspace_bytes']:,} bytes, of {facts['ram_limit']:,}"
    yield from (f"  {way}" for way in facts["ram_saved_by"])


def show(console: Console, styles: list[Any], json: bool) -> None:
    """What the C takes in each style: a table, or JSON."""
    if json:
        sys.stdout.write(orjson.dumps(styles, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    table = Table(box=None, header_style="bold")
    table.add_column("bytes of memory")
    for one in styles:
        table.add_column(one.style, justify="right")

    def row(title: str, *numbers: int, about: str = "") -> None:
        table.add_row(title, *(f"{about}{number:,}" for number in numbers))

    machines = list(styles[0].code)
    row("flash: weights", *(one.weights for one in styles))
    for machine in machines:
        row(f"flash: code, {machine}", *(one.code[machine] for one in styles), about="~")
    for title, field in (
        ("RAM: the library's own workspaces", "own"), ("  each", "workspace"),
        ("  of which states", "states"), ("  no placement can be below", "bound"),
        ("  with --ram-limit, at least", "least"),
        ("RAM: the caller's arrays", "arguments"),
    ):  # fmt: skip
        row(title, *(getattr(one, field) for one in styles))
    for machine in machines:
        row(
            f"RAM: a stack frame at most, {machine}",
            *(one.frame[machine] for one in styles),
            about="~",
        )
    console.print(table)
    for one in styles:
        alive = ", ".join(f"{name} {size:,}" for name, size in one.alive)
        console.print(
            f"{one.style}: most is needed in {one.layer!r}: {alive or 'nothing'}",
            markup=False, highlight=False,
        )  # fmt: skip
