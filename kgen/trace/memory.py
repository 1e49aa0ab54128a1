"""Variables that a layer reads and assigns when it is called: what a stateful layer remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import keras
from keras import KerasTensor, tree
from keras.src.backend.common.variables import Variable as KerasVariable
from keras.src.layers.preprocessing.data_layer import DataLayer
from keras.src.layers.rnn.rnn import RNN

from kgen.ir.value import Shape, Value
from kgen.trace import gates
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.known import array_of

SEEDS = "seed_generator_state"
"""What Keras calls the variable that each random number changes."""


@dataclass(eq=False)
class Remembered:
    """before: the value when the model is called. tensor: the value now."""

    before: Value
    tensor: KerasTensor


class Memory:
    """The variables that a model changes when it is called."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.entries: list[Remembered] = []
        self._variables: dict[int, Remembered] = {}
        self._augmenting = False
        self._ignoring = False

    @contextmanager
    def ignoring_assignments(self) -> Iterator[None]:
        """While this lasts, Keras only works out shapes."""
        outer, self._ignoring = self._ignoring, True
        try:
            yield
        finally:
            self._ignoring = outer

    @contextmanager
    def of_layer(self, layer: keras.Layer, path: str) -> Iterator[None]:
        """While this lasts, what is read and assigned is the layer's."""
        outer, self._augmenting = self._augmenting, isinstance(layer, DataLayer)
        try:
            with self._states_of(layer, path):
                yield
        finally:
            self._augmenting = outer

    @contextmanager
    def _states_of(self, layer: keras.Layer, path: str) -> Iterator[None]:
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
            if id(variable) not in self._variables:
                shape = (1, *variable.shape[1:])
                dtype = keras.backend.standardize_dtype(variable.dtype)
                self._variables[id(variable)] = self.keep(path, label, shape, dtype)
        size = layer._expected_batch_size
        layer._expected_batch_size = None
        try:
            yield
        finally:
            layer._expected_batch_size = size

    def keep(self, path: str, label: str, shape: Shape, dtype: str) -> Remembered:
        """A new thing to remember: an array for each sample, zero at first."""
        name = f"{path}/{label}"
        before = Value(name=name, shape=shape, dtype=dtype, batch=0, label=label)
        self.entries.append(Remembered(before, self.builder.tensor(before)))
        return self.entries[-1]

    def holds(self, tensor: Any) -> bool:
        """Whether the tensor is what a stateful layer's variable holds now."""
        value, entries = self.builder.value(tensor), self._variables.values()
        return any(self.builder.value(entry.tensor) is value for entry in entries)

    @contextmanager
    def assignments(self) -> Iterator[None]:
        """While this lasts, assigning to a variable is done here, and leaves the model alone."""
        memory = self

        def assigned(variable: Any, value: Any) -> Any:
            entry = memory._variables.get(id(variable))
            # Keras draws a number for each augmentation, done or not.
            if memory._ignoring or (variable.name == SEEDS and memory._augmenting):
                return variable
            if variable.name == SEEDS:
                raise UnsupportedError(
                    "it draws random numbers when it is called at inference; leave it out, or give "
                    "keras.random a number for a seed, which makes the same ones each time"
                )
            if entry is None:
                raise UnsupportedError(
                    f"it changes its variable {variable.name!r} when it is called, and only the "
                    "states of recurrent layers may change; make it an input and an output"
                )
            entry.tensor = value
            return value

        with mock.patch.object(KerasVariable, "assign", assigned):
            yield

    def convert_to_tensor(self, x: Any, dtype: Any = None, sparse: Any = None, **_: Any) -> Any:
        """keras.ops.convert_to_tensor, for remembered variables too."""
        entry = self._variables.get(id(x))
        return keras.ops.convert_to_tensor(x if entry is None else entry.tensor, dtype)

    def values(self, taken: list[Value]) -> list[tuple[Value, Value]]:
        """(before, after) of each variable; each of the values after is made by a node of its own,
        and none of them is taken.
        """
        pairs = []
        for entry in self.entries:
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
        if array_of(array).any():
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
