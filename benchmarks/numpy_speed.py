"""How long NumPy modules take beside NumPy that a person wrote.

    python -m benchmarks.numpy_speed [--rounds 20] [--write] [ROW ...]

Rows are layers and small networks (the other by_hand_*.py), and models of zoo.py (by_hand.py). A
module may take 1.2 times as long; two models that nobody wrote by hand have a limit in seconds.
Exits with 1 when a limit is broken. --write puts the table into docs/numpy.md.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import geometric_mean
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads gain nothing on products this small
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import keras
import numpy as np

from benchmarks import by_hand
from benchmarks.by_hand_arrays import ARRAYS
from benchmarks.by_hand_blocks import BLOCKS
from benchmarks.by_hand_convolutions import CONVOLUTIONS
from benchmarks.by_hand_functions import FUNCTIONS
from benchmarks.by_hand_pooling import POOLING
from benchmarks.by_hand_sequences import SEQUENCES
from benchmarks.hand_rows import Row, Weights
from benchmarks.zoo import ZOO
from kgen.pipeline import Export

ZOO_ROWS = [
    Row(ZOO[name].title, ZOO[name].model, partial(partial, written), (ZOO[name].batch,), name)
    for name, written in by_hand.MODELS.items()
]
ROWS = [
    *(*ZOO_ROWS, *CONVOLUTIONS, *POOLING, *FUNCTIONS),
    *(*SEQUENCES, *ARRAYS, *BLOCKS),
]

LIMITS: dict[str, tuple[float, Callable[[], keras.Model]]] = {
    "LSTM(128) over 100 steps": (
        0.005,
        lambda: keras.Sequential([keras.Input((100, 64)), keras.layers.LSTM(128)]),
    ),
    "MobileNetV2 at 96x96": (
        0.5,
        lambda: keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3)),
    ),
}
"""{what: (the most seconds, the model)}"""

RATIO = 1.2
"""The most times as long as NumPy written by hand."""

CHECKING = 2e-6
"""Seconds for what a person's function does without: looking at shape and type of what it gets, and
keeping NumPy from warning of infinities. Without them the module's time counts.
"""

SHORT = 0.001
"""Seconds that a measurement takes at least: shorter calls are made several times."""

PAGE = Path(__file__).parent.parent / "docs" / "numpy.md"
PLACE = re.compile(r"(<!-- numpy_speed -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Pair:
    """A row for one size of a batch. ours: the module's call. theirs: the one written by hand."""

    row: Row
    batch: int
    ours: Callable[[], object]
    theirs: Callable[[], object]


@dataclass(frozen=True)
class Result:
    """Seconds, the shortest."""

    pair: Pair
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def slow(self) -> bool:
        return self.ours - CHECKING > RATIO * self.theirs

    def __str__(self) -> str:
        return (
            f"{self.pair.row.title:<46}{self.pair.batch:4}{1000 * self.ours:10.3f} ms, by hand "
            f"{1000 * self.theirs:8.3f} ms: {self.ratio:.2f} times as long"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=20, help="of each row (default: 20)")
    parser.add_argument("--write", action="store_true", help="the table into docs/numpy.md")
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - set(names)
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    keep_memory()
    results = []
    for row in ROWS:
        if row.name in (arguments.rows or names):
            for pair in pairs(row):
                results.append(timed(pair, arguments.rounds))
                print(results[-1], flush=True)
    slow = any(one.slow for one in results)
    for name, (limit, make) in LIMITS.items() if not arguments.rows else ():
        model = make()
        predict, inputs = exported(model), samples(model, 1)
        seconds = min(times(partial(predict, *inputs), 1) for _ in range(arguments.rounds))
        slow = slow or seconds > limit
        print(f"{name:<28}{1000 * seconds:8.2f} ms, limit {1000 * limit:g} ms", flush=True)
    if arguments.write:
        write(results)
    sys.exit(slow)


def keep_memory() -> None:
    """glibc gives the memory of large arrays back at once, and the system makes its pages anew for
    the next one; whom that hits is chance. So it shall keep what it has.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another library than glibc
    for option, value in ((-4, 0), (-1, 1 << 30)):  # M_MMAP_MAX, M_TRIM_THRESHOLD
        set_option(option, value)


def pairs(row: Row) -> Iterator[Pair]:
    """One for each size of a batch; what both compute must agree."""
    keras.utils.clear_session()
    model = row.model()
    weights = with_random_weights(model)
    predict, written = exported(model), row.written(weights)
    for batch in row.batches:
        inputs = samples(model, batch)
        wanted, found = written(*inputs), predict(*inputs)
        several = isinstance(found, tuple)
        for a, b in zip(
            found if several else [found], wanted if several else [wanted], strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4, err_msg=row.title)
        yield Pair(row, batch, partial(predict, *inputs), partial(written, *inputs))


def with_random_weights(model: keras.Model) -> Weights:
    """Kernels as Keras makes them; biases and what normalizations have, which would be 0 or 1."""
    generator = np.random.default_rng(0)
    for variable in model.weights:
        if len(variable.shape) == 1 and variable.dtype == "float32":
            values = generator.uniform(0.5, 1.5, variable.shape)
            variable.assign(values if "variance" in variable.path else values - 0.5)
    return [np.array(one) for one in model.get_weights()]


def samples(model: keras.Model, batch: int) -> list[np.ndarray]:
    return Export(model, "model", {}).samples(batch)


def exported(model: keras.Model) -> Callable[..., np.ndarray]:
    """`predict` of the model's NumPy module."""
    module = ModuleType("model")
    exec(Export(model, "model", {}).files("numpy", "fast")["model.py"], module.__dict__)
    found: Callable[..., np.ndarray] = module.predict
    return found


def timed(pair: Pair, rounds: int) -> Result:
    """Both in turns. What seems slow gets up to four times as many rounds: other programs make
    some of either's times longer, and none shorter.
    """
    once = min(times(pair.theirs, 1) for _ in range(3))
    calls = max(1, round(SHORT / once))
    found = Result(pair, math.inf, math.inf)
    for number in range(4 * rounds):
        if number % rounds == 0 and number and not found.slow:
            break
        both = [pair.ours, pair.theirs]
        seconds = {call: times(call, calls) for call in (both if number % 2 else both[::-1])}
        found = Result(
            pair, min(found.ours, seconds[pair.ours]), min(found.theirs, seconds[pair.theirs])
        )
    return found


def times(call: Callable[[], object], calls: int) -> float:
    """Seconds of one of so many calls in a row."""
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def write(results: Iterable[Result]) -> None:
    """The table of docs/numpy.md: a line for each row, a pair of columns for each batch."""
    rows: dict[str, dict[int, Result]] = {}
    for one in results:
        rows.setdefault(one.pair.row.title, {})[1 if one.pair.batch == 1 else 32] = one
    lines = [
        "| what | ms | by hand | times as long | batch of 32: ms | by hand | times as long |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, of_batches in rows.items():
        cells = [title]
        for batch in (1, 32):
            found = of_batches.get(batch)
            cells += (
                [f"{1000 * found.ours:.3g}", f"{1000 * found.theirs:.3g}", f"{found.ratio:.2f}"]
                if found
                else ["", "", ""]
            )
        lines.append(f"| {' | '.join(cells)} |")
    mean = geometric_mean(
        [one.ratio for of_batches in rows.values() for one in of_batches.values()]
    )
    lines += ["", f"On geometric mean {mean:.2f} times as long."]
    text = "\n".join(lines)
    page = PAGE.read_text(encoding="utf-8")
    page = PLACE.sub(lambda place: f"{place[1]}\n{text}\n\n{place[2]}", page)
    PAGE.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
