"""The XOR network that kgen began with: train it, export it, and see three times the same numbers.

Run by `make demo`. Writes xor.keras and its C and NumPy source to the folder demo/ (or --out).
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import Any

from kgen.quiet import import_tensorflow

import_tensorflow()

import keras
import numpy as np

import kgen

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
TARGETS = np.array([[0], [1], [1], [0]], dtype=np.float32)


class History(keras.callbacks.Callback):
    """Records the loss and all weights after each epoch; stops once the network is sure."""

    def __init__(self, enough: float) -> None:
        super().__init__()
        self.enough = enough
        self.losses: list[float] = []
        self.weights: list[list[np.ndarray]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {})["loss"]
        self.losses.append(loss)
        self.weights.append([array.copy() for array in self.model.get_weights()])
        if loss < self.enough:
            self.model.stop_training = True


def train(seed: int) -> tuple[keras.Model, History]:
    """Four hidden units can get stuck; the caller then tries another seed."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((2,), name="inputs"),
            keras.layers.Dense(4, activation="relu", name="hidden"),
            keras.layers.Dense(1, activation="sigmoid", name="output"),
        ],
        name="xor",
    )
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="mean_squared_error")
    history = History(enough=1e-3)
    model.fit(INPUTS, TARGETS, batch_size=4, epochs=600, verbose=0, callbacks=[history])
    return model, history


def trained() -> tuple[keras.Model, History]:
    """The first of a few networks that gets all four inputs right."""
    for seed in range(10):
        model, history = train(seed)
        if np.array_equal(np.round(model.predict(INPUTS, verbose=0)), TARGETS):
            return model, history
    raise SystemExit("No network learned XOR; that should not happen.")


def run_numpy(path: Path) -> np.ndarray:
    """Imports the exported module, as a user's program would."""
    spec = importlib.util.spec_from_file_location("xor_numpy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result: np.ndarray = module.predict(INPUTS)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    model, history = trained()
    path = out / "xor.keras"
    model.save(path)
    first, *_, last = history.losses
    print(f"trained for {len(history.losses)} epochs: loss {first:.4f} -> {last:.4f}")

    written = {
        "c": kgen.export(path, "c", out / "c", style="readable"),
        "numpy": kgen.export(path, "numpy", out / "numpy"),
    }
    for folder, files in written.items():
        for name in files:
            print(f"wrote {out / folder / name}")

    in_c = kgen.build(path, style="readable").predict(INPUTS)
    in_numpy = run_numpy(out / "numpy" / "xor.py")
    in_keras = model.predict(INPUTS, verbose=0)

    print("\n  inputs        C     NumPy     Keras   rounded")
    for x, c, n, k in zip(INPUTS, in_c, in_numpy, in_keras, strict=True):
        print(
            f"  {x[0]:.0f} xor {x[1]:.0f}  {c[0]:.6f}  {n[0]:.6f}  {k[0]:.6f}  {round(float(c[0]))}"
        )


if __name__ == "__main__":
    main()
