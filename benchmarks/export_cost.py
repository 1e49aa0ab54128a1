"""Time and memory that `kgen export` and the C compiler take: python -m benchmarks.export_cost

Exits with 1 when a limit is broken. This process stays small on purpose: Linux counts what the
parent used before exec into the peak memory of its children.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GB = 1e9
UNIT_LIMIT = 2 * GB
CODE_SECONDS, CODE_BYTES = 60.0, 2e6
"""Of NAME.c, at -O3: weights have files of their own."""

LINE = "{:<14}{:<34}{:>10}{:>10}{:>10}{:>12}  {}"

BUILD = """\
import sys
from tests.real_models import application
application(sys.argv[1], 224).save(sys.argv[2])
"""


@dataclass(frozen=True)
class Cost:
    """Of a command: seconds on the clock, bytes at its peak, and seconds of processors, which a
    busy machine doesn't change.
    """

    seconds: float
    memory: float
    cpu: float


@dataclass(frozen=True)
class Limit:
    """What `kgen export` of a model may cost, TensorFlow's import included."""

    seconds: float
    memory: float


STRING_UNITS = Limit(20, 1 * GB)
"""All units of a model whose weights are strings: the seconds of all, the memory of each."""

LIMITS = {"MobileNetV2": Limit(20, 2 * GB), "ResNet50": Limit(60, 4 * GB)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=list(LIMITS), metavar="MODEL")
    parser.add_argument("--runs", type=int, default=3, help="of each export; the median counts")
    parser.add_argument("--style", default="fast")
    parser.add_argument("--weights", default="literal")
    parser.add_argument("--cc", default="gcc")
    arguments = parser.parse_args()
    print(LINE.format("model", "what", "seconds", "CPU", "GB", "limit", ""), flush=True)
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.models:
            model, out = Path(folder, f"{name}.keras"), Path(folder, name)
            run([sys.executable, "-c", BUILD, name, str(model)])
            command = [sys.executable, "-m", "kgen", "export", str(model), "--out", str(out)]
            command += ["--style", arguments.style, "--weights", arguments.weights]
            costs = [run(command) for _ in range(arguments.runs)]
            cost = Cost(
                statistics.median(cost.seconds for cost in costs),
                statistics.median(cost.memory for cost in costs),
                statistics.median(cost.cpu for cost in costs),
            )
            ok &= report(name, "kgen export", cost, LIMITS[name])
            units = []
            for unit in sorted(out.glob("*.c")):
                code, size = unit.name == f"{name}.c", unit.stat().st_size
                level = "-O3" if code else "-O2"
                compile_unit = [arguments.cc, "-std=c99", level, "-c", "-o", os.devnull, str(unit)]
                units.append(run(compile_unit))
                limit = Limit(CODE_SECONDS if code else float("inf"), UNIT_LIMIT)
                ok &= report(name, f"{unit.name} ({size / 1e6:.1f} MB)", units[-1], limit)
                ok &= not code or size <= CODE_BYTES
            if arguments.weights == "string":
                total = Cost(
                    sum(unit.seconds for unit in units),
                    max(unit.memory for unit in units),
                    sum(unit.cpu for unit in units),
                )
                ok &= report(name, "all units", total, STRING_UNITS)
    sys.exit(0 if ok else 1)


def run(command: Sequence[str]) -> Cost:
    """The cost of the command and of what it starts itself; raises CalledProcessError."""
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **os.environ}
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.stderr.buffer.write(said.read())
            raise subprocess.CalledProcessError(process.returncode, command)
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Cost(seconds, usage.ru_maxrss * kilobyte, usage.ru_utime + usage.ru_stime)


def report(name: str, what: str, cost: Cost, limit: Limit) -> bool:
    """Prints a line, and says whether the limit holds."""
    ok = cost.seconds <= limit.seconds and cost.memory <= limit.memory
    parts = [f"{limit.seconds:.0f} s"] if limit.seconds < float("inf") else []
    parts.append(f"{limit.memory / GB:.0f} GB")
    verdict = "" if ok else "BROKEN"
    figures = f"{cost.seconds:.1f}", f"{cost.cpu:.1f}", f"{cost.memory / GB:.2f}"
    print(LINE.format(name, what, *figures, ", ".join(parts), verdict), flush=True)
    return ok


if __name__ == "__main__":
    main()
