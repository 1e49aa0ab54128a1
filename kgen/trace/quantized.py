"""Layers that `model.quantize` changed: their own `quantized_call`, traced.

It is written with keras.ops, inside functions that also define a gradient, which tracing has no
use for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import keras
from keras.src import ops


@contextmanager
def without_gradients() -> Iterator[None]:
    """Binds keras.ops.custom_gradient to what leaves the gradient out."""
    with mock.patch.object(ops, "custom_gradient", _forward):
        yield


def _forward(function: Callable[..., Any]) -> Callable[..., Any]:
    """Given:   a function that returns its result and the gradient's function
    Result:  the function that returns its result"""

    def call(*args: Any, **kwargs: Any) -> Any:
        result, _ = function(*args, **kwargs)
        return result

    return call


def call_of(layer: keras.Layer) -> Callable[..., Any]:
    """What the layer does at inference: its call, or the quantized one."""
    quantized = getattr(layer, "quantization_mode", None) is not None
    call: Callable[..., Any] = layer.quantized_call if quantized else layer.call
    return call
