"""Functions whose meaning changed between Keras 2 and 3, under names of their own."""

from __future__ import annotations

from typing import Any

from keras import ops


def hard_sigmoid_of_keras_2(x: Any) -> Any:
    """clip(0.2 x + 0.5, 0, 1); in Keras 3 hard_sigmoid is clip(x / 6 + 0.5, 0, 1)."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


OBJECTS = {function.__name__: function for function in (hard_sigmoid_of_keras_2,)}
"""What the rewritten configurations name, for Keras's custom_object_scope."""

RENAMED = {"hard_sigmoid": hard_sigmoid_of_keras_2.__name__}
"""{name in a file of Keras 1 or 2: what it means now}"""
