"""The least time that a model can take on this core, whoever computes it.

For each step the larger of its multiply-adds at their peak and of reading its weights at the
bandwidth that this machine has for as many bytes as all weights are; both are measured. The
weights in a loop over time are read once a step, with those of the loop alone in the cache.
Activations cost nothing, and convolutions are computed as they are defined: Winograd's way may
be faster than the limit.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from kgen.ir.node import Body
from kgen.pipeline import Export

WIDTHS = (64, 32, 16)


@dataclass(frozen=True)
class Core:
    """peak: floating-point operations a second. bandwidth: {bytes: bytes read a second}"""

    peak: float
    bandwidth: dict[int, float]

    def reading(self, size: int) -> float:
        """The bandwidth of a working set of so many bytes, between those that were measured."""
        known = sorted(self.bandwidth)
        size = min(max(size, known[0]), known[-1])
        above = next(one for one in known if one >= size)
        below = max(one for one in known if one <= size)
        if above == below:
            return self.bandwidth[above]
        part = math.log(size / below) / math.log(above / below)
        return self.bandwidth[below] ** (1 - part) * self.bandwidth[above] ** part

    @property
    def fact(self) -> str:
        """For the report."""
        reading = ", ".join(
            f"{self.reading(size) / 1e9:.0f} GB/s of {text}"
            for size, text in ((1 << 14, "16 KB"), (1 << 19, "512 KB"), (1 << 28, "256 MB"))
        )
        return f"{self.peak / 1e9:.0f} GFLOP/s of multiply-adds; reads {reading}"


@dataclass(frozen=True)
class Work:
    """A step of a model. macs: of all of its runs. weights: bytes, which are read `times` times.
    near: whether other weights leave it in the cache meanwhile.
    """

    macs: int
    weights: int
    times: int
    near: bool


def measure(compiler: str, flags: Sequence[str]) -> Core:
    """Of the core that this runs on, with the vectors that do best."""
    found = [_measured(compiler, flags, width) for width in WIDTHS]
    bandwidth = {size: max(one.bandwidth[size] for one in found) for size in found[0].bandwidth}
    return Core(max(one.peak for one in found), bandwidth)


def _measured(compiler: str, flags: Sequence[str], width: int) -> Core:
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "limit")
        source = str(Path(__file__).with_name("limit.c"))
        subprocess.run(
            [compiler, *flags, "-w", f"-DBYTES_OF_VECTOR={width}", "-o", program, source],
            check=True,
        )
        said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    numbers = {int(size): float(rate) for size, rate in map(str.split, said.splitlines())}
    return Core(numbers.pop(0), numbers)


def limit(model: keras.Model, batch: int, core: Core) -> float:
    """Seconds for a batch."""
    work = list(_work(Export(model, "model", {}).graph))
    everything = sum(one.weights for one in work)
    total = 0.0
    for one in work:
        computing = 2 * one.macs * batch / core.peak
        near = sum(other.weights for other in work if other.near) if one.near else everything
        total += max(computing, one.times * one.weights / core.reading(near))
    return total


def _work(body: Body, times: int = 1) -> Iterator[Work]:
    """Of each node; a loop is what its body does, as often as it runs."""
    for node in body.nodes:
        for inner in node.bodies:
            yield from _work(inner, times * getattr(node, "steps", 1))
        if not node.bodies:
            weights = sum(constant.nbytes for constant in node.constants)
            yield Work(times * node.macs, weights, times, times > 1)
