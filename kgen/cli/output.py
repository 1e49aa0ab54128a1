"""What commands print, and where."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

# A pipe has no width; tables then take what they need.
out_console = Console(width=None if sys.stdout.isatty() else 200)
err_console = Console(stderr=True)


def print_line(text: str) -> None:
    """A line as it is: nothing in it is markup, or coloured."""
    out_console.print(text, markup=False, highlight=False)


def print_json(found: Any) -> None:
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")


def table(title: str | None = None, *headings: str) -> Table:
    """One without lines; its columns fold rather than being cut."""
    made = Table(title=title, title_justify="left", box=None, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def plain(*texts: str) -> list[str]:
    """Names from the model, which rich must not read as markup."""
    return [escape(text) for text in texts]


def in_bytes(count: int) -> str:
    """1234 -> "1.2 kB" """
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"
