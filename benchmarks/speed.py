"""kgen's C side by side with its peers: python -m benchmarks.speed [MODEL ...]

One thread on one core; rounds take turns, so that what else the machine does strikes all alike.
Each output is checked against Keras in float64 before anything is timed. Writes NAME.md and
NAME.svg (docs/benchmarks by default) after every model: an interrupted run leaves what it has.
With --group others, models that tell whether the same holds for others: a page with the times
alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf

from benchmarks import contenders, limit, memory, speed_report
from benchmarks.contenders import CONTENDERS
from benchmarks.limit import Core
from benchmarks.others import OTHERS
from benchmarks.speed_report import OTHERS_PAGE, ZOO_PAGE, Page, Report, Row, Timing
from benchmarks.zoo import ZOO, Entry

ROOT = Path(__file__).parent.parent
SAMPLE = 2e6  # nanoseconds that a sample should last: the clock's own cost then vanishes
TURN = 4e7  # and all samples of a contender's turn, if calls are that short
TOLERANCE = 1e-3  # of the largest output; all computed in float32
FIXED = ["setarch", "-R"] if shutil.which("setarch") else []  # addresses the same in each start
STARTS, QUICK_START = (
    25,
    0.1,
)  # for its memory a program is started so often, if it takes less seconds


@dataclass(frozen=True)
class Group:
    """Models by their names on the command line, and what is written of them where."""

    models: Mapping[str, Entry]
    page: Page
    out: Path


GROUPS = {
    "zoo": Group(ZOO, ZOO_PAGE, ROOT / "docs" / "benchmarks"),
    "others": Group(OTHERS, OTHERS_PAGE, ROOT / "docs" / "benchmarks_others"),
}


class FailureError(RuntimeError):
    """Why a contender has no time for a model."""


class Process:
    """A contender's program for one model, which waits until it is told to run."""

    def __init__(self, command: list[str], x: Path, y: Path) -> None:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [*command, str(x), str(y)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        if self._answer() != "ready":
            self.stop()
            raise FailureError("did not start")
        self.start = time.perf_counter() - began
        self.peak = memory.peak_of(self._process.pid)
        self._samples, self._calls = 1, 1

    def calibrate(self) -> None:
        """Chooses how many calls a sample is, and how many samples a turn."""
        for _ in range(2):
            (duration,) = self.turn()[:1]
            self._calls = max(1, round(SAMPLE / duration))
        self._samples = max(1, min(10, round(TURN / (duration * self._calls))))

    def turn(self) -> list[float]:
        """Nanoseconds per call, of each sample."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self._samples} {self._calls}\n")
        self._process.stdin.flush()
        times = [float(word) for word in self._answer().split()]
        if len(times) != self._samples:
            raise FailureError("stopped while it was timed")
        return times

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def measure(
    entry: Entry, names: list[str], rounds: int, core: int | None, best: Core, folder: Path
) -> Row:
    """Builds the model, prepares all contenders, checks their outputs, and times them in turns.

    best: what the core can do.
    """
    model = entry.model()
    x = entry.inputs(model, entry.batch)
    exact = entry.float64(model, x)
    x.tofile(folder / "x")
    row = Row(entry.title, model.count_params(), 1e6 * limit.limit(model, entry.batch, best))
    with ExitStack() as stack:
        running: dict[str, Process] = {}
        for name in names:
            place = folder / name
            place.mkdir()
            try:
                command = CONTENDERS[name].prepare(model, entry.batch, place)
                with pinned(core):
                    process = Process(command, folder / "x", place / "y")
                    stack.callback(process.stop)
                    again = partial(Process, [*FIXED, *command], folder / "x", place / "y")
                    row.peaks[name] = typical_peak(process, again)
                row.errors[name] = check(np.fromfile(place / "y", np.float32), exact)
            except Exception as error:  # a converter's bug leaves a hole in the table
                row.failures[name] = explain(error)
                continue
            running[name] = process
        row.memory = memory.planned(
            folder / "kgen" / "model.json", folder / "litert" / "model.tflite", entry.batch
        )
        times: dict[str, list[float]] = {name: [] for name in running}
        for process in running.values():
            process.calibrate()
        for _ in range(rounds):
            for name, process in running.items():
                times[name] += process.turn()
    for name, samples in times.items():
        row.timings[name] = Timing(min(samples) / 1e3, statistics.median(samples) / 1e3)
    return row


def typical_peak(first: Process, again: Callable[[], Process]) -> float | None:
    """The median of the memory that a contender's program has had after its first call, of several
    starts: the kernel maps by 0.2 MB more or less of the libraries in each. One start has to do
    where it takes long: such programs are so large that this does not show.
    """
    if first.start > QUICK_START:
        return first.peak
    peaks = []
    for _ in range(STARTS):
        process = again()
        process.stop()
        peaks.append(process.peak)
    known = [peak for peak in peaks if peak is not None]
    return statistics.median(known) if known else None


def explain(error: Exception) -> str:
    """In one line."""
    kind = "" if isinstance(error, FailureError) else f"{type(error).__name__}: "
    return f"{kind}{error}".splitlines()[0][:200]


def check(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest error over the largest output; raises FailureError where that is too much."""
    error = float(np.abs(found - exact.ravel()).max() / np.abs(exact).max())
    if not error <= TOLERANCE:
        raise FailureError(f"wrong outputs: off by {error:.1e} of the largest")
    return error


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Processes that start inside stay on the core; systems without affinity let them roam."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def last_core() -> int | None:
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def machine() -> str:
    """The processor's name and the number of cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def facts(names: list[str]) -> Mapping[str, str]:
    """What the report says of the run."""
    load = f"{os.getloadavg()[0]:.1f} processes" if hasattr(os, "getloadavg") else "unknown"
    tools = f"Python {platform.python_version()}, Keras {keras.__version__}"
    return {
        "Date": date.today().isoformat(),
        "Machine": machine(),
        "Its load when the run began": load,
        "Contenders": ", ".join(CONTENDERS[name].version for name in names),
        "C compiler": f"{contenders.compiler_version()}, {' '.join(contenders.FLAGS)}",
        "Made with": f"{tools}, TensorFlow {tf.__version__}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="of the group; all by default")
    parser.add_argument("--group", choices=GROUPS, default="zoo")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, with commas")
    parser.add_argument("--core", type=int, default=last_core(), help="the last by default")
    parser.add_argument("--out", type=Path, metavar="NAME")
    parser.add_argument("--note", help="a sentence about the run, for the report")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    group = GROUPS[arguments.group]
    for unknown in sorted({*names} - {*CONTENDERS} | {*arguments.models} - {*group.models}):
        parser.error(f"there is no {unknown}; models are {', '.join(group.models)}")
    for name in [name for name in names if CONTENDERS[name].missing and name != "kgen"]:
        print(f"{name} is left out: install {', '.join(CONTENDERS[name].missing)}")
        names.remove(name)
    titles = {name: CONTENDERS[name].title for name in names}
    report = Report(group.page, titles, dict(facts(names)))
    report.facts["Rounds"] = f"{arguments.rounds}, on one core"
    with pinned(arguments.core):
        best = limit.measure(contenders.COMPILER, contenders.FLAGS)
    report.facts["The core at its best"] = best.fact
    if arguments.note:
        report.facts["Note"] = arguments.note
    for model in arguments.models or group.models:
        with tempfile.TemporaryDirectory() as folder:
            entry = group.models[model]
            row = measure(entry, names, arguments.rounds, arguments.core, best, Path(folder))
        report.rows.append(row)
        print(f"{model:<16}", report.line(row), *row.failures.values(), sep="  ", flush=True)
        speed_report.write(report, arguments.out or group.out)


if __name__ == "__main__":
    main()
