"""Where in a model Keras is while it is traced, and what nodes that come from there say of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import keras
from keras.src.layers.rnn.rnn import RNN
from keras.src.ops.operation import Operation

from kgen.ir.node import Origin
from kgen.trace import describe


class Position:
    """layers: being called, the outermost first. calls: their calls' numbers, behind a zero."""

    def __init__(self) -> None:
        self.layers: list[keras.Layer] = []
        self.calls = [0]
        self._numbers = count(1)
        self._operation = 0  # the number of the last operation's call
        self._rewriting: list[Operation] = []

    @contextmanager
    def within(self, layer: keras.Layer) -> Iterator[None]:
        """During the layer's call; that of a cell of its layer's own counts as the layer's."""
        own = bool(self.layers) and _is_own_cell(self.layers[-1], layer)
        self.calls.append(self.calls[-1] if own else next(self._numbers))
        self.layers.append(layer)
        try:
            yield
        finally:
            self.layers.pop()
            self.calls.pop()

    def at_operation(self) -> None:
        """An operation is called, by the user or by a composition that stands for another one."""
        if not self._rewriting:
            self._operation = next(self._numbers)

    @contextmanager
    def rewriting(self, operation: Operation) -> Iterator[None]:
        """While a composition stands for the operation, whose nodes all come from it."""
        self._rewriting.append(operation)
        try:
            yield
        finally:
            self._rewriting.pop()

    @property
    def visible(self) -> list[keras.Layer]:
        """The layers, but for cells that the user has not made: an LSTM's LSTMCell."""
        pairs = zip([None, *self.layers], self.layers, strict=False)
        return [layer for outer, layer in pairs if not _is_own_cell(outer, layer)]

    @property
    def path(self) -> str:
        """Below the model: "encoder/block_2/dense"."""
        return "/".join(layer.name for layer in self.visible[1:])

    @property
    def call_around(self) -> int:
        """The number of the call of the layer around, of those that are no models; or 0."""
        around = list(zip(self.layers, self.calls[1:], strict=True))[-2::-1]
        return next((number for layer, number in around if not isinstance(layer, keras.Model)), 0)

    def cell(self) -> Any:
        """The present layer's, if it is recurrent."""
        return getattr(self.layers[-1], "cell", None)

    def origin(self, operation: Operation | None = None) -> Origin:
        """Of what the operation makes here."""
        path = self.path
        if path:
            layer = self.visible[-1]
            if not isinstance(layer, keras.Model):
                return Origin(path, type(layer).__name__, describe.layer(layer), self.calls[-1])
        if self._rewriting:
            operation = self._rewriting[0]
        kind = type(operation).__name__ if operation is not None else "operation"
        name = describe.operation_name(kind)
        where = f"{path}/{name}" if path else name
        return Origin(where, kind, f"keras.ops.{name}", self._operation)


def _is_own_cell(outer: keras.Layer | None, layer: keras.Layer) -> bool:
    """Whether the layer is the cell that the layer around it has made for itself."""
    return isinstance(outer, RNN) and type(outer) is not RNN and outer.cell is layer
