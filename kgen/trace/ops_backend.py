"""`keras.src.backend` as some layers use it, with keras.ops in place of the functions that want
real arrays.

Those layers (Softmax with a mask, Rescaling, ...) call `backend.numpy.where` or
`self.backend.cast`, which can't be recorded; `keras.ops.where` does the same and can.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import keras

_MODULES = (
    "keras.src.layers.",
    "keras.src.activations.",
    "keras.src.backend.common.variables",  # weight * tensor
    "keras.src.ops.image",  # what it writes in other operations
)
_NAMESPACES = ("numpy", "nn", "math", "image", "linalg", "core")
_FUNCTIONS = ("cast", "convert_to_tensor", "shape", "cond", "scatter", "slice", "vectorized_map")


class _Namespace:
    def __init__(self, real: Any, operations: Any) -> None:
        self._real = real
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        for module in (self._operations, keras.ops):
            if hasattr(module, name):
                return getattr(module, name)
        return getattr(self._real, name)


class OpsBackend:
    """Stands in for the backend module: same names, keras.ops behind those that compute.

    functions: what else stands in for a function of the backend, by name.
    """

    def __init__(self, real: Any, functions: Mapping[str, Any]) -> None:
        self._real = real
        self._stand_ins = functions

    def __getattr__(self, name: str) -> Any:
        if name in self._stand_ins:
            return self._stand_ins[name]
        if name in _NAMESPACES:
            return _Namespace(getattr(self._real, name), getattr(keras.ops, name, keras.ops))
        if name in _FUNCTIONS:
            return getattr(keras.ops, name)
        return getattr(self._real, name)


def _forward(function: Callable[..., Any]) -> Callable[..., Any]:
    """keras.ops.custom_gradient without the gradient."""
    return lambda *args, **kwargs: function(*args, **kwargs)[0]


@contextmanager
def symbolic_backend(functions: Mapping[str, Any]) -> Iterator[None]:
    """Binds the name `backend` to an OpsBackend in modules whose code meets symbolic tensors."""
    modules = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(_MODULES) and hasattr(module, "backend")
    ]
    originals = [(module, module.backend) for module in modules]
    try:
        for module, real in originals:
            module.__dict__["backend"] = OpsBackend(real, functions)
        with mock.patch.object(keras.src.backend.core, "custom_gradient", _forward):
            yield
    finally:
        for module, real in originals:
            module.__dict__["backend"] = real


@contextmanager
def symbolic_self_backend(layer: Any, functions: Mapping[str, Any]) -> Iterator[None]:
    """The same for a layer that keeps a backend of its own in `self.backend`."""
    real = layer.__dict__.get("backend")
    if real is None:
        yield
        return
    try:
        layer.__dict__["backend"] = OpsBackend(real, functions)
        yield
    finally:
        layer.__dict__["backend"] = real
