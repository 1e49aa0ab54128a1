"""Which function lowers which Keras operation or layer: tables filled by decorators, keyed by class name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Lowering = Callable[..., Any]

OPERATIONS: dict[str, Lowering] = {}
"""Operation class -> `lower(builder, operation, *args, **kwargs)`, giving the output Value or Values."""

DECOMPOSITIONS: dict[str, Lowering] = {}
"""Operation class -> `rewrite(operation, *args, **kwargs)`, which calls other keras.ops instead."""

LAYERS: dict[str, Lowering] = {}
"""Layer class -> `call(layer, *args, **kwargs)`, traced in place of the layer's own `call`."""

REFUSED_LAYERS: dict[str, str] = {}
"""Layer class -> why it can't be exported."""


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Registers the lowering of the operation classes of these names."""
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
