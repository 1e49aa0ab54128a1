"""Short ways to write a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import Input, Model

Case = Callable[[], keras.Model]


def layer(one: keras.Layer, *shape: int, dtype: str = "float32") -> keras.Model:
    """The layer on an input of this shape."""
    x = Input(shape, dtype=dtype, name="x")
    return Model(x, one(x))


class Function(keras.Layer):
    """A layer whose call is a function of keras.ops; it must keep the batch axis in front.

    shape: of its output without the batch axis, where Keras can't find it out.
    """

    def __init__(
        self, function: Callable[..., Any], shape: tuple[int, ...] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.function = function
        self.shape = shape

    def call(self, *inputs: Any) -> Any:
        return self.function(*inputs)

    def compute_output_spec(self, *inputs: Any) -> Any:
        if self.shape is None:
            return super().compute_output_spec(*inputs)
        return keras.KerasTensor((None, *self.shape), inputs[0].dtype)


def function(
    body: Callable[..., Any], *shapes: tuple[int, ...], dtype: str = "float32"
) -> keras.Model:
    """keras.ops on inputs of these shapes, called between layers."""
    inputs = [
        Input(shape, dtype=dtype, name=name) for shape, name in zip(shapes, "xyzuvw", strict=False)
    ]
    return Model(inputs if len(inputs) > 1 else inputs[0], body(*inputs))


def table(module: dict[str, Any], cases: Mapping[str, Case]) -> None:
    """Adds cases that differ in one word each to a module (its globals())."""
    for name, case in cases.items():
        case.__name__ = name
        case.__module__ = module["__name__"]
        module[name] = case
