"""How long NumPy modules take for one sample: python -m benchmarks.numpy_speed [MODEL ...]

Those of zoo.py that by_hand.py has too may take no more than 1.2 times as long as it does; others
have a limit in seconds. Exits with 1 when a limit is broken.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads gain nothing on products this small
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import keras
import numpy as np

from benchmarks import by_hand
from benchmarks.zoo import ZOO
from kgen.pipeline import Export

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help=f"of {', '.join(by_hand.MODELS)}"
    )
    parser.add_argument("--rounds", type=int, default=20, help="the fastest counts (default: 20)")
    arguments = parser.parse_args()
    slow = False
    for name in arguments.models or by_hand.MODELS:
        ours, theirs = beside_hand(name, arguments.rounds)
        slow = slow or ours > RATIO * theirs
        print(
            f"{ZOO[name].title:<28}{1000 * ours:8.3f} ms, by hand {1000 * theirs:.3f} ms: "
            f"{ours / theirs:.2f} times as long, limit {RATIO}",
            flush=True,
        )
    for name, (limit, make) in LIMITS.items() if not arguments.models else ():
        model = make()
        predict = exported(model)
        inputs = Export(model, "model", {}).samples(1)
        (seconds,) = fastest([partial(predict, *inputs)], arguments.rounds)
        slow = slow or seconds > limit
        print(f"{name:<28}{1000 * seconds:8.2f} ms, limit {1000 * limit:g} ms", flush=True)
    sys.exit(slow)


def beside_hand(name: str, rounds: int) -> list[float]:
    """Seconds of the exported module and of by_hand.py for a model, which must agree."""
    entry = ZOO[name]
    model = entry.model()
    weights = model.get_weights()
    predict, x = exported(model), entry.inputs(model, entry.batch)
    written = by_hand.MODELS[name]
    np.testing.assert_allclose(predict(x), written(weights, x), rtol=1e-3, atol=1e-5)
    return fastest([partial(predict, x), partial(written, weights, x)], rounds)


def exported(model: keras.Model) -> Callable[..., np.ndarray]:
    """`predict` of the model's NumPy module."""
    module = ModuleType("model")
    exec(Export(model, "model", {}).files("numpy", "fast")["model.py"], module.__dict__)
    found: Callable[..., np.ndarray] = module.predict
    return found


def fastest(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The shortest time of each, which take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds + 1):
        for call, found in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            found.append(time.perf_counter() - start)
    return [min(found[1:]) for found in times]


if __name__ == "__main__":
    main()
