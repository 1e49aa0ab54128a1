"""What --threads gains: python -m benchmarks.threads [--threads N] [--rounds N] [MODEL ...]

The same program on one thread of OpenMP, on several, and one exported without --threads, in turns.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from unittest import mock

import kgen
from benchmarks.contenders import FLAGS, compiled
from benchmarks.speed import Process
from benchmarks.zoo import ZOO, Entry

LINE = "{:<18}{:>14}{:>14}{:>14}{:>8}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="of the zoo")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    print(LINE.format("microseconds", "without", "1 thread", f"{given.threads} threads", "gain"))
    for name in given.models or ["mobilenet_v2", "resnet50"]:
        with tempfile.TemporaryDirectory() as folder:
            plain, one, several = times(ZOO[name], given.threads, given.rounds, Path(folder))
        shown = (f"{ns / 1e3:,.0f}" for ns in (plain, one, several))
        print(LINE.format(name, *shown, f"{plain / several:.2f}"), flush=True)


def times(entry: Entry, threads: int, rounds: int, folder: Path) -> list[float]:
    """Nanoseconds of a call, minima: without --threads, on one of its threads, and on several."""
    model = entry.model()
    entry.inputs(model, entry.batch).tofile(folder / "x")
    programs = []
    for shared in (False, True):
        place = folder / str(shared)
        place.mkdir()
        files = kgen.export(model, "c", place, name="model", threads=shared, check=False)
        sources = [name for name in files if name.endswith(".c")]
        flags = (*FLAGS, "-fopenmp") if shared else FLAGS
        programs.append(compiled(model, entry.batch, place, sources, flags))
    plain, shared_program = programs
    running = []
    for command, count in ((plain, 1), (shared_program, 1), (shared_program, threads)):
        with mock.patch.dict(os.environ, OMP_NUM_THREADS=str(count)):
            running.append(Process(command, folder / "x", folder / "y"))
    try:
        for process in running:
            process.calibrate()
        turns = [[process.turn() for process in running] for _ in range(rounds)]
    finally:
        for process in running:
            process.stop()
    return [min(min(turn[index]) for turn in turns) for index in range(len(running))]


if __name__ == "__main__":
    main()
