"""The least RAM that models can be planned for: python -m benchmarks.ram_limit [MODEL ...]

Rewrites a table of docs/embedding.md.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import keras

import kgen
from benchmarks.embedding import write_figures
from benchmarks.timed import fastest
from benchmarks.zoo import ZOO, Entry
from kgen.memory import of_style
from kgen.pipeline import Export
from kgen.ram_limit import least
from tests.target_models import lstm, transformer

MODELS = {
    "keywords": ZOO["keywords"],
    "lstm": Entry("LSTM(24), 20 steps", lstm),
    "transformer": Entry("transformer, 1 block", transformer),
    "mobilenet": ZOO["mobilenet"],
    "mobilenet_v2": ZOO["mobilenet_v2"],
}
STYLES = ("fast", "small")
HEAD = """\
| model | style | workspace | with a limit, at least | time | how |
|---|---|--:|--:|--:|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(MODELS), metavar="MODEL")
    rows = [row for name in parser.parse_args().models for row in rows_of(name)]
    print(write_figures("benchmarks.ram_limit", HEAD + "\n".join(rows) + "\n"))


def rows_of(name: str) -> list[str]:
    """A row for each style."""
    entry = MODELS[name]
    model = entry.model()
    job = Export(model, "model", {})
    rows = []
    for style in STYLES:
        before, after = of_style(job, style), least(job, style)
        how = "; ".join(way.text for way in after.ways) or "as it is"
        longer = f"{ratio(entry, model, style, after.bytes):.2f}" if after.ways else "1"
        cells = [name, style, f"{before.own:,}", f"{after.bytes:,}", longer, how]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def ratio(entry: Entry, model: keras.Model, style: str, limit: int) -> float:
    """How much longer a call takes under the limit."""
    options = {"style": style, "name": "model", "check": False}
    exports = {
        "before": kgen.export(model, **options),
        "after": kgen.export(model, **options, ram_limit=str(limit)),
    }
    with tempfile.TemporaryDirectory() as folder:
        times = fastest(entry, model, exports, Path(folder))
    return times["after"] / times["before"]


if __name__ == "__main__":
    main()
