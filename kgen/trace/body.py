"""Tracing the body of a loop into a graph of its own."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from keras import KerasTensor

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Origin
from kgen.ir.value import Constant, Value
from kgen.ops.scan import Scan
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.gates import gate_labels


@dataclass(frozen=True, eq=False)
class State:
    """One state of a loop. first: before the first step; None if it is zero. before: in the body,
    before the step. tensor: Keras's for it. label: a word for it.
    """

    first: Value | None
    before: Value
    tensor: KerasTensor
    label: str

    @property
    def zero(self) -> bool:
        return self.first is None


class BodyTrace:
    """What Keras computes while this context lasts becomes the body of one Scan node.

    origin: the layer. axis: of the sequences, the one with the steps.
    """

    def __init__(self, builder: Builder, origin: Origin, *, axis: int, backwards: bool) -> None:
        self.builder = builder
        self.origin = origin
        self.axis = axis
        self.backwards = backwards
        self._states: list[State] = []
        self._after: dict[State, Value] = {}
        self._sequences: list[Value] = []
        self._elements: list[Value] = []
        self._results: list[Value] = []
        self._outer: list[Node] = []
        self._made: tuple[Value, ...] = ()

    # Before and after the body's own operations

    def __enter__(self) -> BodyTrace:
        self._outer, self.builder.nodes = self.builder.nodes, []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        nodes, self.builder.nodes = self.builder.nodes, self._outer
        if error is None:
            self._add(nodes)

    def _add(self, nodes: list[Node]) -> None:
        count = {sequence.shape[self.axis] for sequence in self._sequences}
        if len(count) != 1:
            raise UnsupportedError(
                f"its sequences have different lengths {sorted(count)}; cut or pad them to one"
            )
        states = tuple(state.before for state in self._states)
        after = tuple(self._after[state] for state in self._states)
        inputs = (*states, *self._elements)
        captured = _captured(nodes, inputs)
        for value, word in gate_labels(nodes, self._elements, states).items():
            self.builder.labels.setdefault(value, word)
        body = Graph(
            name=self.origin.path,
            inputs=(*inputs, *captured.values()),
            outputs=(*after, *self._results),
            nodes=tuple(nodes),
        ).map_values(lambda value: captured.get(value, value))
        self.builder.origin = self.origin
        self._made = self.builder.add_several(
            Scan,
            body=body.with_nodes(body.nodes),
            initial=tuple(state.first for state in self._states),
            sequences=tuple(self._sequences),
            captured=tuple(captured),
            steps=count.pop(),
            axis=self.axis,
            backwards=self.backwards,
            picks=tuple(range(len(body.outputs))),
        )

    # While the body is traced

    def state(self, first: Any, label: str) -> State:
        """A new state; first: what it is before the first step."""
        value = self.builder.value(first)
        zero = isinstance(value, Constant) and _is_zero(value.data)
        return self._new_state(None if zero else value, value, label)

    def state_like(self, tensor: Any, label: str) -> State:
        """A new state of the tensor's shape and type that is zero before the first step."""
        return self._new_state(None, self.builder.value(tensor), label)

    def _new_state(self, first: Value | None, like: Value, label: str) -> State:
        before = Value(
            name=f"{self.origin.path}/{label}",
            shape=like.shape,
            dtype=like.dtype,
            batch=self.axis - 1,
            label=label,
        )
        state = State(first, before, self.builder.tensor(before), label)
        self._states.append(state)
        return state

    def element(self, sequence: Any, label: str) -> KerasTensor:
        """The step's part of a sequence."""
        value = self.builder.value(sequence)
        batch = value.batch
        if batch == self.axis:
            raise UnsupportedError(
                "its steps are the samples of the batch; move them to an axis of their own"
            )
        if batch is None or batch > self.axis:
            raise UnsupportedError(
                "its sequence has no batch axis before that of the steps; give each sample its own "
                "sequence"
            )
        element = Value(
            name=f"{self.origin.path}/{label}",
            shape=(*value.shape[: self.axis], *value.shape[self.axis + 1 :]),
            dtype=value.dtype,
            batch=batch,
            label=label,
        )
        self._sequences.append(value)
        self._elements.append(element)
        return self.builder.tensor(element)

    def hand_on(self, state: State, after: Any) -> None:
        """Says what the state is after the step."""
        value = self._own(after, state.before)
        if value in self._after.values():
            value = self.builder.add_copy(value)
        self.builder.labels.setdefault(value, state.label)
        self.builder.names.setdefault(value, state.before.name)
        self._after[state] = value

    def call(self, tensor: Any, label: str) -> None:
        """Names what the tensor holds, unless it has a name."""
        value = self.builder.value(tensor)
        if value not in self.builder.names and not isinstance(value, Constant):
            self.builder.labels[value] = label
            self.builder.names[value] = f"{self.origin.path}/{label}"

    def result(self, tensor: Any) -> int:
        """A result of the step; its number, for `stacked`."""
        value = self.builder.value(tensor)
        shape, batch = self.builder.split_shape(tuple(tensor.shape))
        like = Value(name="", shape=shape, dtype=value.dtype, batch=batch)
        self._results.append(self._own(tensor, like))
        return len(self._results) - 1

    def _own(self, tensor: Any, like: Value) -> Value:
        """The tensor's value, made by a node of the body and of the wanted shape."""
        value = self.builder.value(tensor)
        if (value.shape, value.dtype) != (like.shape, like.dtype):
            raise UnsupportedError(
                f"a state of shape {like.shape} and type {like.dtype} becomes one of shape "
                f"{value.shape} and type {value.dtype}; hand on what it was given"
            )
        value = self.builder.broadcast(value, like.shape, like.batch)
        made = any(value in node.outputs for node in self.builder.nodes)
        return value if made else self.builder.add_copy(value)

    # Afterwards

    def final(self, state: State) -> KerasTensor:
        """The state after the last step."""
        return self.builder.tensor(self._made[self._states.index(state)])

    def stacked(self, number: int) -> KerasTensor:
        """A result for all steps."""
        return self.builder.tensor(self._made[len(self._states) + number])


def _is_zero(data: np.ndarray) -> bool:
    return not data.any() and not (data.dtype.kind == "f" and np.signbit(data).any())


def _captured(nodes: list[Node], inputs: tuple[Value, ...]) -> dict[Value, Value]:
    """Values from outside that the nodes read: what each of them is called within."""
    known = {*inputs, *(value for node in nodes for value in node.outputs)}
    outside = dict.fromkeys(
        value for node in nodes for value in node.activations if value not in known
    )
    return {
        value: Value(name="", shape=value.shape, dtype=value.dtype, batch=value.batch)
        for value in outside
    }
