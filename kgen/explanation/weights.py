"""Which weights a model has, under the names of their layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Weights:
    """Of a Keras model: its layers by their paths, and names for its weights.

    A cell that a layer has made for itself is left out of paths, as in all of kgen's names.
    """

    def __init__(self, model: Any) -> None:
        found = list(_layers(model, ""))
        self.layers = {path: layer for path, layer, _ in found}
        self._names = {
            id(variable): f"{path}/{variable.name}"
            for path, layer, depth in sorted(found, key=lambda one: one[2])
            for variable in layer.weights
        }
        self._places = {id(variable): place for place, variable in enumerate(model.weights)}
        self.in_order = [self.name(variable) for variable in model.weights]

    def name(self, variable: Any) -> str:
        """The path of the innermost layer that has it, then its own name."""
        return self._names.get(id(variable), str(variable.path))

    def place(self, variable: Any) -> int:
        """In the model's get_weights()."""
        return self._places.get(id(variable), 0)


def _layers(layer: Any, path: str, depth: int = 1) -> Iterator[tuple[str, Any, int]]:
    """(path, layer, how many layers it is in) of every layer in a layer."""
    own_cell = getattr(layer, "cell", None) if type(layer).__name__ != "RNN" else None
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        place = path if inner is own_cell else f"{path}/{inner.name}".lstrip("/")
        if inner is not own_cell:
            yield place, inner, depth
        yield from _layers(inner, place, depth + 1)
