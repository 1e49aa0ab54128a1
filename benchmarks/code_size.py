"""What the things in C become in bytes of code: python -m benchmarks.code_size

Compiles what kgen writes for many models, and fits kgen/code_size.json to the sizes. Needs Debian's
gcc-arm-none-eabi, gcc on x86-64, and scipy. A few minutes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import orjson
from scipy.optimize import nnls

from benchmarks.zoo import ZOO
from kgen.code_size import FEATURES, MACHINES, PLACES, WEIGHTS, Counts, counts, frame_counts
from kgen.options import STYLES
from kgen.pipeline import Export
from tests import generated_models
from tests.harness import CASES
from tests.machines import BARE
from tests.machines import MACHINES as COMPILERS
from tests.target_models import MODELS

EVERY = 4
"""Of the tests' cases, one in so many: the others tell whether the figures hold for them."""

ROUNDS = 8
"""In which outliers lose weight: models of which the compiler knows what comes out, say."""

WHOLE = 6
"""How much more whole models count than a case of one operation: tiny ones too."""

BELOW = 6
"""How much worse a frame is that is larger than it was said to be."""

COMMANDS = {
    "cortex-m4f -Os": f"{COMPILERS['cortex-m4f'].compile.replace(BARE, '')} -Os",
    "x86-64 -O2": "gcc -O2",
}


@dataclass(frozen=True)
class Sample:
    """What is in a model's C, and the bytes that it became: of its code, and its largest frame."""

    name: str
    counts: Counts
    frame_counts: Counts
    code: int
    frame: int


def main() -> None:
    samples = collected()
    weights = {
        machine: {style: fitted(samples[machine, style], machine, style) for style in STYLES}
        for machine in MACHINES
    }
    WEIGHTS.write_bytes(orjson.dumps(weights, option=orjson.OPT_INDENT_2) + b"\n")


def models() -> Iterator[tuple[str, Callable[[], keras.Model]]]:
    yield from MODELS.items()
    yield from generated_models.MODELS.items()
    for name in ("lenet", "autoencoder"):
        yield name, ZOO[name].model
    for name in sorted(CASES)[::EVERY]:
        yield name, CASES[name]


def collected() -> dict[tuple[str, str], list[Sample]]:
    """By machine and style."""
    samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for name, make in models():
        keras.utils.clear_session()
        job = Export(make(), "model", {})
        for style in STYLES:
            files = job.files("c", style)
            source = str(files["model.c"])
            for machine in MACHINES:
                samples[machine, style].append(
                    Sample(
                        name,
                        counts(source, "model", machine),
                        frame_counts(source, "model", machine),
                        *measured(source, str(files["model.h"]), machine),
                    )
                )
    return samples


def measured(source: str, header: str, machine: str) -> tuple[int, int]:
    """Bytes of the functions of NAME.c, without constants, and of the largest frame."""
    name = re.findall(r'#include "(\w+)\.h"', source)[0]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{name}.c").write_text(source)
        Path(folder, f"{name}.h").write_text(header)
        command = [*shlex.split(COMMANDS[machine]), "-std=c99", "-w", "-fstack-usage"]
        subprocess.run([*command, "-c", f"{name}.c", "-o", "unit.o"], cwd=folder, check=True)
        size = [command[0].replace("gcc", "size"), "-A", "unit.o"]
        said = subprocess.run(size, cwd=folder, check=True, capture_output=True, text=True).stdout
        frames = Path(folder, "unit.su").read_text().splitlines()
    code = sum(int(size) for size in re.findall(r"^\.text\S*\s+(\d+)", said, re.MULTILINE))
    return code, max(int(line.split("\t")[1]) for line in frames)


def fitted(samples: list[Sample], machine: str, style: str) -> dict[str, dict[str, float]]:
    """Bytes for each feature."""
    names = ["file", "function", "parameter", "call", "copy", "around", *FEATURES]
    names += [f"{place} {name}" for place in PLACES for name in names]
    sizes = np.array([one.code for one in samples], float)
    weight = np.array([WHOLE if one.name not in CASES else 1 for one in samples], float)
    code, off = fit([one.counts for one in samples], names, sizes, 1, weight)
    within = np.mean(np.abs(off) < 0.2)
    print(f"{machine}, {style}: code of {within:.0%} of {len(samples)} within 20 %, but not of")
    for number in np.argsort(-np.abs(off))[:4]:
        print(f"    {samples[number].name}: {sizes[number]:.0f} bytes, {off[number]:+.0%}")
    frames = np.array([one.frame for one in samples], float)
    names = ["file", "name", "loop", "call", "double", "sum"]
    frame, off = fit([one.frame_counts for one in samples], names, frames, below=BELOW)
    spread = ", ".join(f"{x:+.0%}" for x in np.percentile(off, [0, 5, 50, 95, 100]))
    print(f"    frames: {spread}")
    return {"code": code, "frame": frame}


def fit(
    found: list[Counts],
    names: list[str],
    sizes: np.ndarray,
    below: float,
    weight: np.ndarray | float = 1.0,
) -> tuple[dict[str, float], np.ndarray]:
    """Bytes for each name, none below 0, and the relative errors, which are to be small, most of
    all of large programs. weight: of each program. below: how much more a size counts that is
    underestimated.
    """
    table = np.array([[one[name] for name in names] for one in found], float)
    relative = table / sizes[:, None]
    scale = importance = sizes ** (1 / 3) * weight
    for _ in range(ROUNDS):
        worth, _ = nnls(relative * scale[:, None], scale)
        off = relative @ worth - 1
        scale = importance / np.sqrt(np.maximum(np.abs(off), 0.05)) * np.where(off < 0, below, 1)
    return {name: round(float(x), 2) for name, x in zip(names, worth, strict=True) if x > 0.01}, off


if __name__ == "__main__":
    main()
