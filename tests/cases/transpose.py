"""Axes in another order."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.cases._build import function, layer


def permute() -> keras.Model:
    return layer(layers.Permute((3, 1, 2)), 4, 5, 3)


def transpose() -> keras.Model:
    return function(lambda x: ops.transpose(x, (0, 2, 3, 1)), (4, 5, 3))


def swapaxes() -> keras.Model:
    return function(lambda x: ops.swapaxes(x, 1, -1), (4, 5, 3))


def moveaxis() -> keras.Model:
    return function(lambda x: ops.moveaxis(x, 1, -1), (4, 5, 3))


def moveaxis_of_two() -> keras.Model:
    return function(lambda x: ops.moveaxis(x, (1, 3), (2, 1)), (4, 5, 3))


def far_lines() -> keras.Model:
    """Each element of a row lies in a line of its own."""
    return layer(layers.Permute((3, 1, 2)), 5, 13, 24)


def far_lines_in_images() -> keras.Model:
    return layer(layers.Permute((3, 2, 1)), 6, 9, 20)


def there_and_back() -> keras.Model:
    def body(x):
        return ops.transpose(ops.tanh(ops.transpose(x, (0, 2, 1))), (0, 2, 1))

    return function(body, (4, 5))


def time_in_front() -> keras.Model:
    """The batch axis goes to the middle and comes back."""

    def body(x):
        y = ops.transpose(x, (1, 0, 2)) * 2
        return ops.transpose(y, (1, 0, 2)) + x

    return function(body, (4, 5))


def space_to_depth() -> keras.Model:
    return function(lambda x: ops.space_to_depth(x, 2), (4, 6, 3))


def depth_to_space() -> keras.Model:
    return function(lambda x: ops.depth_to_space(x, 2), (3, 2, 8))
