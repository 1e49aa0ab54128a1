"""What weights of two bytes save and cost: python -m benchmarks.narrow_weights [MODEL ...]

Rewrites a table of docs/embedding.md.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import orjson

import kgen
from benchmarks.embedding import write_figures
from benchmarks.timed import fastest
from benchmarks.zoo import ZOO
from kgen.ir.value import HALVES
from kgen.render.write import Files

MODELS = ("mlp", "mlp_32", "lstm", "transformer", "keywords", "resnet8", "mobilenet")
HEAD = """\
| model | weights | in two bytes | time, float16 | time, bfloat16 |
|---|--:|--:|--:|--:|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL")
    rows = [row_of(name) for name in parser.parse_args().models]
    print(write_figures("benchmarks.narrow_weights", HEAD + "\n".join(rows) + "\n"))


def row_of(name: str) -> str:
    """Times are of a call, as multiples of the one with weights of four bytes."""
    entry = ZOO[name]
    model = entry.model()
    exports = {
        dtype: kgen.export(model, name="model", check=False, weights="string", weights_dtype=dtype)
        for dtype in ("float32", *HALVES)
    }
    sizes = [_weight_bytes(exports[dtype]) for dtype in ("float32", "float16")]
    with tempfile.TemporaryDirectory() as folder:
        times = fastest(entry, model, exports, Path(folder), entry.batch)
    ratios = [f"{times[dtype] / times['float32']:.2f}" for dtype in ("float16", "bfloat16")]
    return f"| {' | '.join([entry.title, *(f'{size:,}' for size in sizes), *ratios])} |"


def _weight_bytes(files: Files) -> int:
    size: int = orjson.loads(files["model.json"])["weight_bytes"]
    return size


if __name__ == "__main__":
    main()
