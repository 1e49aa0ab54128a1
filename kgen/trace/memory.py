"""Variables that a layer reads and assigns when it is called: what a stateful layer remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import KerasTensor, tree
from keras.src.backend.common.variables import Variable as KerasVariable
from keras.src.layers.rnn.rnn import RNN

from kgen.ir.value import Value
from kgen.trace import gates
from kgen.trace.builder import Builder, UnsupportedError


@dataclass(eq=False)
class Remembered:
    """variable: Keras's. before: its value when the model is called. tensor: its value now."""

    variable: keras.Variable
    before: Value
    tensor: KerasTensor


class Memory:
    """The variables that a model changes when it is called."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.entries: dict[int, Remembered] = {}

    @contextmanager
    def of_layer(self, layer: keras.Layer, path: str) -> Iterator[None]:
        """While this lasts, a stateful layer reads and assigns its states here, for a batch of any
        size.
        """
        if not isinstance(layer, RNN) or not layer.stateful:
            yield
            return
        variables = tree.flatten(layer.states)
        labels = gates.state_labels(layer.cell, len(variables))
        _check_zero(layer)
        for variable, label in zip(variables, labels, strict=True):
            if id(variable) not in self.entries:
                self._remember(variable, path, label)
        size = layer._expected_batch_size
        layer._expected_batch_size = None
        try:
            yield
        finally:
            layer._expected_batch_size = size

    def _remember(self, variable: keras.Variable, path: str, label: str) -> None:
        before = Value(
            name=f"{path}/{label}",
            shape=(1, *variable.shape[1:]),
            dtype=keras.backend.standardize_dtype(variable.dtype),
            batch=0,
            label=label,
        )
        self.entries[id(variable)] = Remembered(variable, before, self.builder.tensor(before))

    @contextmanager
    def assignments(self) -> Iterator[None]:
        """While this lasts, assigning a symbolic tensor to a variable is done here."""
        memory, assign = self, KerasVariable.assign

        def assigned(variable: Any, value: Any) -> Any:
            if not isinstance(value, KerasTensor):
                return assign(variable, value)
            entry = memory.entries.get(id(variable))
            if entry is None:
                raise UnsupportedError(
                    f"it changes its variable {variable.name!r} when it is called; only the "
                    "states of recurrent layers may change"
                )
            entry.tensor = value
            return value

        with mock.patch.object(KerasVariable, "assign", assigned):
            yield

    def convert_to_tensor(self, x: Any, dtype: Any = None, sparse: Any = None, **_: Any) -> Any:
        """keras.ops.convert_to_tensor, for remembered variables too."""
        entry = self.entries.get(id(x))
        return keras.ops.convert_to_tensor(x if entry is None else entry.tensor, dtype)

    def values(self, taken: list[Value]) -> list[tuple[Value, Value]]:
        """(before, after) of each variable; each of the values after is made by a node of its own,
        and none of them is taken.
        """
        pairs = []
        for entry in self.entries.values():
            value = self.builder.broadcast(entry.tensor, entry.before.shape, 0)
            made = any(value in node.outputs for node in self.builder.nodes)
            if not made or value in taken:
                value = self.builder.add_copy(value)
            taken = [*taken, value]
            pairs.append((entry.before, value))
        return pairs


def _check_zero(layer: RNN) -> None:
    """Keras resets states to zeros, whatever the cell would start from: then kgen can't tell which
    of the two the user means.
    """
    for array in tree.flatten(layer.get_initial_state(batch_size=1)):
        if np.asarray(keras.ops.convert_to_numpy(array)).any():
            raise UnsupportedError(
                "it is stateful, and its cell starts from states that are not zero, which "
                "reset_state does not bring back; use stateful=False with an initial_state"
            )


def batch_size(model: keras.Model) -> int | None:
    """How many samples a stateful model remembers states for; None if it remembers nothing."""
    sizes = [
        layer._expected_batch_size
        for layer in model._flatten_layers()
        if isinstance(layer, RNN) and layer.stateful
    ]
    return next((int(size) for size in sizes if size), None)
