"""Layers that join several inputs."""

from __future__ import annotations

from functools import partial

import keras
from keras import Input, layers

from tests.cases._build import table

_NAMES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


def _two(name: str) -> keras.Model:
    x, y = Input((4, 3)), Input((4, 3))
    return keras.Model([x, y], getattr(layers, name)()([x, y]))


def _broadcasting(name: str) -> keras.Model:
    x, y = Input((4, 3)), Input((1, 3))
    return keras.Model([x, y], getattr(layers, name)()([x, y]))


def _three(name: str) -> keras.Model:
    inputs = [Input((4, 3)) for _ in range(3)]
    return keras.Model(inputs, getattr(layers, name)()(inputs))


table(globals(), {name.lower(): partial(_two, name) for name in _NAMES})
table(globals(), {f"{name.lower()}_broadcasting": partial(_broadcasting, name) for name in _NAMES})
table(
    globals(),
    {f"{name.lower()}_of_three": partial(_three, name) for name in _NAMES if name != "Subtract"},
)


def add_of_different_ranks() -> keras.Model:
    x, y = Input((4, 3)), Input((3,))
    return keras.Model([x, y], layers.Add()([x, y]))


def dot_of_vectors() -> keras.Model:
    x, y = Input((5,)), Input((5,))
    return keras.Model([x, y], layers.Dot(axes=1)([x, y]))


def dot_of_different_axes() -> keras.Model:
    x, y = Input((5, 4)), Input((3, 5))
    return keras.Model([x, y], layers.Dot(axes=(1, 2))([x, y]))
