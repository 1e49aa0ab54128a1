"""What -O2 loses: python -m benchmarks.levels [--group others] [--rounds N] [MODEL ...]

The fast style compiled with -O3 and with -O2, in turns; exits with 1 where -O2 takes longer than
the limit. A process may have luck with the memory that it gets, so there are several of each.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

import kgen
from benchmarks.contenders import FLAGS, compiled
from benchmarks.speed import GROUPS, Process, last_core, pinned
from benchmarks.zoo import Entry

LEVELS = ("-O3", "-O2")
LIMIT = 1.10
LINE = "{:<18}{:>12}{:>12}{:>8}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="of the group; all by default")
    parser.add_argument("--group", choices=GROUPS, default="zoo")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--processes", type=int, default=4, help="of each level")
    parser.add_argument("--core", type=int, default=last_core(), help="the last by default")
    given = parser.parse_args()
    models = GROUPS[given.group].models
    print(LINE.format("microseconds", *LEVELS, "ratio"))
    slow = []
    for name in given.models or models:
        with tempfile.TemporaryDirectory() as folder:
            best = times(models[name], given.processes, given.rounds, given.core, Path(folder))
        ratio = best["-O2"] / best["-O3"]
        print(LINE.format(name, *(f"{ns / 1e3:,.2f}" for ns in best.values()), f"{ratio:.2f}"))
        slow += [name] if ratio > LIMIT else []
    if slow:
        raise SystemExit(f"-O2 loses more than {LIMIT - 1:.0%}: {', '.join(slow)}")


def times(
    entry: Entry, processes: int, rounds: int, core: int | None, folder: Path
) -> dict[str, float]:
    """Nanoseconds of a call by level, minima over all its processes."""
    model = entry.model()
    entry.inputs(model, entry.batch).tofile(folder / "x")
    commands = {}
    for level in LEVELS:
        place = folder / level
        files = kgen.export(model, "c", place, name="model", style="fast", check=False)
        sources = [name for name in files if name.endswith(".c")]
        commands[level] = compiled(model, entry.batch, place, sources, (*FLAGS, level))
    best = dict.fromkeys(LEVELS, float("inf"))
    for _ in range(processes):
        with ExitStack() as stack, pinned(core):
            running = {}
            for level, command in commands.items():
                running[level] = Process(command, folder / "x", folder / "y")
                stack.callback(running[level].stop)
                running[level].calibrate()
            for _ in range(rounds):
                for level, process in running.items():
                    best[level] = min(best[level], *process.turn())
    return best


if __name__ == "__main__":
    main()
