"""Tiny networks of the second group: calls, functions, ends of vectors count, not products."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

from benchmarks.zoo import Entry


def dense(inputs: int, *sizes: tuple[int, str | None]) -> Callable[[], keras.Model]:
    """Layers of (units, activation)."""
    return lambda: keras.Sequential(
        [keras.Input((inputs,)), *(layers.Dense(units, activation) for units, activation in sizes)]
    )


def sine() -> keras.Model:
    """TensorFlow Lite Micro's first example."""
    return dense(1, (16, "relu"), (16, "relu"), (1, None))()


def anomaly() -> keras.Model:
    """An autoencoder of a few sensors."""
    return dense(8, (6, "elu"), (2, "elu"), (6, "elu"), (8, None))()


def gesture() -> keras.Model:
    """A short window of an accelerometer."""
    return keras.Sequential(
        [
            keras.Input((16, 3)),
            layers.Conv1D(6, 3, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(4, activation="softmax"),
        ]
    )


def controller() -> keras.Model:
    """A few steps of a small recurrent network."""
    return keras.Sequential([keras.Input((8, 4)), layers.GRU(6), layers.Dense(2)])


TINY = {
    "tiny_relu": Entry("2-8-8-1, ReLU", dense(2, (8, "relu"), (8, "relu"), (1, "sigmoid"))),
    "tiny_tanh": Entry("2-8-8-1, tanh", dense(2, (8, "tanh"), (8, "tanh"), (1, "tanh"))),
    "tiny_sigmoid": Entry("2-8-8-1, sigmoid", dense(2, (8, "sigmoid"), (8, "sigmoid"), (1, None))),
    "iris": Entry("iris: 4-16-3, softmax", dense(4, (16, "relu"), (3, "softmax"))),
    "sine": Entry("sine: 1-16-16-1", sine),
    "anomaly": Entry("autoencoder 8-6-2-6-8", anomaly),
    "housing": Entry("housing: 13-32-16-1", dense(13, (32, "relu"), (16, "relu"), (1, None))),
    "policy": Entry("policy: 17-64-64-6, tanh", dense(17, (64, "tanh"), (64, "tanh"), (6, "tanh"))),
    "binary": Entry("64-128-1, sigmoid", dense(64, (128, "relu"), (1, "sigmoid"))),
    "gesture": Entry("Conv1D(6), 16 x 3", gesture),
    "controller": Entry("GRU(6), 8 x 4", controller),
}
"""The quick ones first."""
