"""One layer called again by itself, with other inputs, weights, or operations than it has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import keras
import keras.src.ops
import numpy as np
from keras import tree


@dataclass(frozen=True, eq=False)
class Operation:
    """A call of a function of `keras.ops` that a layer made. arguments: all by name, tensors as
    arrays. result: None if it is not one array.
    """

    name: str
    arguments: Mapping[str, Any]
    result: np.ndarray | None


Changes: TypeAlias = Mapping[int, Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]]
"""By the operation's number what is done instead, from its first tensor and its settings."""

Again: TypeAlias = Callable[
    [Sequence[np.ndarray], Mapping[int, np.ndarray], Changes],
    "tuple[list[np.ndarray], list[Operation]]",
]
"""From inputs, other weights by their index, and changes, to the outputs and the operations."""


def caller(layer: keras.Layer, args: Any, kwargs: Any) -> Again:
    """Calls the layer as it was called, at inference."""
    settings = {**kwargs, "training": False} if layer._call_has_training_arg else kwargs

    def again(
        inputs: Sequence[np.ndarray], weights: Mapping[int, np.ndarray], changes: Changes
    ) -> tuple[list[np.ndarray], list[Operation]]:
        remaining = iter(inputs)

        def replaced(leaf: Any) -> Any:
            if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
                return leaf
            return keras.ops.cast(keras.ops.convert_to_tensor(next(remaining)), leaf.dtype)

        given = tree.map_structure(replaced, args)
        named = {
            name: value if name.endswith("mask") else tree.map_structure(replaced, value)
            for name, value in settings.items()
        }
        watch = _Watch(changes)
        with _assigned(layer, weights), _watched(watch):
            result = layer(*given, **named)
        outputs = [_array(leaf) for leaf in tree.flatten(result) if leaf is not None]
        return outputs, watch.operations

    return again


@contextmanager
def _assigned(layer: keras.Layer, weights: Mapping[int, np.ndarray]) -> Iterator[None]:
    variables = [layer.weights[index] for index in weights]
    before = [_array(variable.value) for variable in variables]
    try:
        for variable, array in zip(variables, weights.values(), strict=True):
            variable.assign(array)
        yield
    finally:
        for variable, array in zip(variables, before, strict=True):
            variable.assign(array)


class _Watch:
    """Notes the operations that a layer itself calls, not those within them or inner layers.

    depth: of calls around the present one, of layers and operations: 1 is in the layer itself.
    """

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.operations: list[Operation] = []
        self.depth = 0

    def call(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        self.depth += 1
        try:
            return function(*args, **kwargs)
        finally:
            self.depth -= 1

    def operation(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if self.depth != 1 or not any(map(keras.ops.is_tensor, tree.flatten(args))):
            return self.call(function, args, kwargs)
        bound = _signature(function).bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = {name: _argument(value) for name, value in bound.arguments.items()}
        result = self.call(function, args, kwargs)
        change = self.changes.get(len(self.operations))
        if change is not None:
            first = next(a for a in arguments.values() if isinstance(a, np.ndarray))
            changed = keras.ops.convert_to_tensor(change(first, arguments))
            result = keras.ops.cast(changed, result.dtype)
        made = _array(result) if keras.ops.is_tensor(result) else None
        self.operations.append(Operation(function.__name__, arguments, made))
        return result


@contextmanager
def _watched(watch: _Watch) -> Iterator[None]:
    call = keras.Layer.__call__
    found = _functions()

    def outermost(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: watch.operation(function, args, kwargs)

    for name, function in found.items():
        replaced = outermost(function)
        for module in _MODULES:
            setattr(module, name, replaced)
    keras.Layer.__call__ = lambda layer, *args, **kwargs: watch.call(call, (layer, *args), kwargs)
    try:
        yield
    finally:
        keras.Layer.__call__ = call
        for name, function in found.items():
            for module in _MODULES:
                setattr(module, name, function)


_MODULES = (keras.ops, keras.src.ops)
_HELPERS = {"is_tensor", "convert_to_tensor", "convert_to_numpy", "shape", "cast", "dtype"}


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    return {
        name: function
        for name, function in inspect.getmembers(keras.ops, inspect.isfunction)
        if name not in _HELPERS and getattr(keras.src.ops, name, None) is function
    }


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def _argument(value: Any) -> Any:
    if isinstance(value, keras.Variable):
        return _array(value.value)
    return _array(value) if keras.ops.is_tensor(value) else value


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))
