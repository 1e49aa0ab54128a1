"""Which function lowers which Keras operation or layer: tables filled by decorators, keyed by class
name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Lowering = Callable[..., Any]

OPERATIONS: dict[str, Lowering] = {}
"""Operation class -> `lower(builder, operation, *args, **kwargs)`, giving the output Value or
Values.
"""

DECOMPOSITIONS: dict[str, Lowering] = {}
"""Operation class -> `rewrite(operation, *args, **kwargs)`, which calls other keras.ops instead."""

LAYERS: dict[str, Lowering] = {}
"""Layer class -> `call(layer, *args, **kwargs)`, traced in place of the layer's own `call`."""

WRONG_KERAS_RULES: set[str] = set()
"""Operation classes whose symbolic shape rule in Keras differs from what they compute."""

REFUSED_LAYERS: dict[str, str] = {}
"""Layer class -> why it can't be exported."""


def lowers(*names: str, keras_rule: bool = True) -> Callable[[Lowering], Lowering]:
    """Registers the lowering of the operation classes of these names.

    keras_rule: whether Keras's symbolic shape rule for them can be believed.
    """
    if not keras_rule:
        WRONG_KERAS_RULES.update(names)
    return _register(OPERATIONS, names)


def decomposes(*names: str) -> Callable[[Lowering], Lowering]:
    """Registers the operation classes of these names as compositions of others."""
    return _register(DECOMPOSITIONS, names)


def lowers_layer(*names: str) -> Callable[[Lowering], Lowering]:
    """Registers what is traced in place of these layer classes' `call`."""
    return _register(LAYERS, names)


def _register(table: dict[str, Lowering], names: tuple[str, ...]) -> Callable[[Lowering], Lowering]:
    def decorate(function: Lowering) -> Lowering:
        for name in names:
            if name in table:
                raise ValueError(f"two lowerings for {name}")
            table[name] = function
        return function

    return decorate
