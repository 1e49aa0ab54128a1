"""The question that kgen began with: "I took get_weights() and multiplied the matrices by hand. Why
don't I get model.predict?"

The asker's program for XOR, written anew for Keras 3, with its three mistakes; what `kgen diagnose`
says of it; and the program mended line by line, until its outputs are 0, 1, 1, 0.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from kgen.quiet import import_tensorflow

import_tensorflow()

import keras
import numpy as np

import kgen

Arrays = dict[str, np.ndarray]

model = keras.saving.load_model(Path(__file__).with_name("xor.keras"))
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
W1, b1, W2, b2 = model.get_weights()


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def as_asked() -> Arrays:
    x = X[:2]
    z1 = x @ W1.reshape(4, 2).T + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    out = sigmoid(z2)
    return {"z1": z1, "a1": a1, "z2": z2, "out": out}


def with_the_kernel_as_it_is() -> Arrays:
    x = X[:2]
    z1 = x @ W1 + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    out = sigmoid(z2)
    return {"z1": z1, "a1": a1, "z2": z2, "out": out}


def with_all_samples() -> Arrays:
    x = X
    z1 = x @ W1 + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    out = sigmoid(z2)
    return {"z1": z1, "a1": a1, "z2": z2, "out": out}


def with_the_right_activation() -> Arrays:
    x = X
    z1 = x @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    out = sigmoid(z2)
    return {"z1": z1, "a1": a1, "z2": z2, "out": out}


ATTEMPTS: tuple[Callable[[], Arrays], ...] = (
    as_asked,
    with_the_kernel_as_it_is,
    with_all_samples,
    with_the_right_activation,
)


def main() -> None:
    for attempt in ATTEMPTS:
        arrays = attempt()
        print(inspect.getsource(attempt))
        print(f"out, rounded: {np.round(arrays['out']).ravel()}\n")
        print(f"{kgen.diagnose(model, X, arrays)}\n\n")


if __name__ == "__main__":
    main()
