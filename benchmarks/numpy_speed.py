"""How long NumPy modules take for one sample: python -m benchmarks.numpy_speed"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads gain nothing on products this small
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import keras

from kgen.api import Export

MODELS: dict[str, tuple[float, Callable[[], keras.Model]]] = {
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="the fastest counts (default: 20)")
    rounds = parser.parse_args().rounds
    slow = False
    for name, (limit, make) in MODELS.items():
        seconds = fastest(make(), rounds)
        slow = slow or seconds > limit
        print(f"{name:<28}{1000 * seconds:8.2f} ms, limit {1000 * limit:g} ms", flush=True)
    sys.exit(slow)


def fastest(model: keras.Model, rounds: int) -> float:
    """The shortest time that the exported module's `predict` takes for one sample."""
    job = Export(model, "model", {})
    inputs = job.samples(1)
    module = ModuleType("model")
    exec(job.files("numpy", "fast")["model.py"], module.__dict__)
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        module.predict(*inputs)
        times.append(time.perf_counter() - start)
    return min(times[1:])


if __name__ == "__main__":
    main()
