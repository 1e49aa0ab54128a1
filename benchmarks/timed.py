"""Exports of one model compiled with timing.c, and timed in turn."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras

from benchmarks.contenders import FLAGS, compiled
from benchmarks.zoo import Entry
from kgen.render.write import Files, write

ROUNDS, SAMPLES = 6, 10
WARMING = 0.2
"""Seconds of a round, about."""


def fastest(
    entry: Entry, model: keras.Model, exports: Mapping[str, Files], folder: Path, batch: int = 1
) -> dict[str, float]:
    """Nanoseconds of a call, at the least, by the exports' names. Their own name is "model"."""
    programs = {}
    for name, files in exports.items():
        place = folder / name
        write(files, place, own="model")
        x = entry.inputs(model, batch)
        (place / "x").write_bytes(x.tobytes())
        sources = [file for file in files if file.endswith(".c")]
        command = compiled(model, batch, place, sources, FLAGS)
        programs[name] = _started([*command, str(place / "x"), str(place / "y")])
    try:
        calls = {name: _calls(one) for name, one in programs.items()}
        best = dict.fromkeys(programs, float("inf"))
        for _ in range(ROUNDS):
            for name, one in programs.items():
                best[name] = min(best[name], *_times(one, SAMPLES, calls[name]))
        return best
    finally:
        for one in programs.values():
            one.kill()
            one.wait()


def _started(command: Sequence[str]) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    program = subprocess.Popen(["nice", "-n", "-10", "taskset", "-c", "1", *command], **pipes)  # type: ignore[call-overload]
    assert program.stdout.readline() == "ready\n"
    return program


def _times(program: subprocess.Popen[str], samples: int, calls: int) -> list[float]:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(f"{samples} {calls}\n")
    program.stdin.flush()
    return list(map(float, program.stdout.readline().split()))


def _calls(program: subprocess.Popen[str]) -> int:
    """How many of them take about WARMING."""
    return max(int(WARMING * 1e9 / min(_times(program, 2, 1)) / SAMPLES), 1)
