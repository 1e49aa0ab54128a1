"""Layers, shapes and nodes in the words of their users."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

import keras

from kgen.ir.node import Node
from kgen.ir.value import Value

_HIDDEN = (
    "name",
    "dtype",
    "trainable",
    "self",
    "args",
    "kwargs",
    "autocast",
    "seed",
    "quantization_config",
)
_HIDDEN_ENDINGS = ("_initializer", "_regularizer", "_constraint")


def layer(layer: keras.Layer) -> str:
    """The layer as one would write it: `Dense(units=4, activation='relu')`, defaults left out."""
    name = type(layer).__name__
    try:
        config = layer.get_config()
        parameters = inspect.signature(type(layer).__init__).parameters
    except Exception:
        return name
    shown = []
    for key, parameter in parameters.items():
        if key in _HIDDEN or key.endswith(_HIDDEN_ENDINGS) or key not in config:
            continue
        value = config[key]
        if not _is_plain(value) or _plain(value) == _plain(parameter.default):
            continue
        if value == "linear" and parameter.default is None:
            continue
        shown.append(f"{key}={_plain(value)!r}")
    text = f"{name}({', '.join(shown)})"
    return text if len(text) <= 160 else name


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 8 and all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    return tuple(_plain(item) for item in value) if isinstance(value, list | tuple) else value


def shape(sizes: Sequence[int | None], batch: int) -> str:
    """A shape as Keras shows it, with the tracer's batch length written as None."""
    return str(tuple(None if size == batch else size for size in sizes))


def snake_case(name: str) -> str:
    """LayerNorm -> layer_norm."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def operation_name(kind: str) -> str:
    """What an operation class is called in keras.ops: NanToNum -> nan_to_num."""
    name = snake_case(kind)
    known = (name, name.replace("_", ""), kind.lower())
    return next((word for word in known if hasattr(keras.ops, word)), name)


def node_name(node: Node, value: Value) -> str:
    """A name for a value inside a layer: the layer's path and what makes it."""
    what = node.word_for(value) or getattr(node, "function", None) or node.kind
    program = getattr(node, "program", None)
    if program is not None and program.steps:
        what = program.steps[-1].function
    last = node.origin.path.rpartition("/")[2]
    return node.origin.path if last == what else f"{node.origin.path}/{what}"


def owner_path(layer_path: str, variable_path: str) -> str:
    """The name of a weight: its layer's path in the model, then its own name."""
    own = variable_path.rpartition("/")[2]
    return f"{layer_path}/{own}" if layer_path else variable_path


def one_line(text: str) -> str:
    return " ".join(text.split())[:400]


def untraceable(layer: keras.Layer, error: Exception) -> str:
    """Why a layer's call failed on symbolic tensors, and what would not."""
    said = one_line(str(error)).rstrip(".")
    if not isinstance(error, ValueError) or not said:
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    own = type(layer).__module__.startswith("keras.") and not isinstance(layer, keras.layers.Lambda)
    if own:
        return f"it can't be traced: {said}; change the layer's settings"
    return (
        f"it can't be traced: {said}; what works is keras.ops on tensors, without NumPy, "
        "TensorFlow or a look at their numbers"
    )
