"""What the literature calls the parts of recurrent cells, so that generated code can say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kgen.ir.node import Contraction, Node
from kgen.ir.program import Arg
from kgen.ir.value import Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.ops.slice import Slice

_LSTM = ("input", "forget", "cell", "output")
_GRU = ("update", "reset", "candidate")

GATES = {
    **dict.fromkeys(("LSTM", "LSTMCell", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _LSTM),
    "ConvLSTMCell": _LSTM,
    **dict.fromkeys(("GRU", "GRUCell"), _GRU),
}
"""The parts of a layer's weights along their last axis, in their order."""

_STATES = {
    "LSTMCell": ("h", "c"),
    "ConvLSTMCell": ("h", "c"),
    "GRUCell": ("h",),
    "SimpleRNNCell": ("h",),
}
"""h is a cell's output, c an LSTM's memory."""


def state_labels(cell: Any, count: int) -> list[str]:
    """A word for each of a cell's states, in their order."""
    if hasattr(cell, "cells"):
        labels = [
            f"{label}_{number}"
            for number, one in enumerate(cell.cells, 1)
            for label in state_labels(one, _count(one))
        ]
    else:
        labels = list(_STATES.get(type(cell).__name__, ()))
    if len(labels) != count:
        labels = ["state"] if count == 1 else [f"state_{n}" for n in range(1, count + 1)]
    return labels


def _count(cell: Any) -> int:
    """How many states a cell has."""
    size = cell.state_size
    return len(size) if isinstance(size, list | tuple) else 1


def gate_labels(
    nodes: Sequence[Node], elements: Iterable[Value], states: Iterable[Value]
) -> dict[Value, str]:
    """Words for the values of a cell's body: "forget" for a gate, "x_forget" for what a step's
    input alone gives to it and "h_forget" for what the states do; "gates" for all gates together.
    """
    sources = {**dict.fromkeys(elements, "x_"), **dict.fromkeys(states, "h_")}
    labels: dict[Value, str] = {}
    gate: dict[Value, str] = {}
    makers = {node.output: node for node in nodes}
    for node in nodes:
        prefixes = {sources.get(value, "") for value in node.activations}
        prefix = prefixes.pop() if len(prefixes) == 1 else ""
        sources.update(dict.fromkeys(node.outputs, prefix))
        word = _gate(node, GATES.get(node.origin.layer, ()), gate)
        if word:
            gate[node.output] = word
            labels[node.output] = prefix + word
            if isinstance(node, Elementwise):
                for arg in node.args:  # the last of several steps has the name
                    if (
                        isinstance(makers.get(arg), Elementwise)
                        and labels.get(arg) == prefix + word
                    ):
                        del labels[arg]
            if isinstance(node, Slice):
                for value in _summands(node.x, makers):
                    labels[value] = sources.get(value, "") + "gates"
    return labels


def _summands(value: Value, makers: dict[Value, Node]) -> list[Value]:
    """The value, and what it is the sum of in the end."""
    return [value, *_terms(value, makers)]


def _terms(value: Value, makers: dict[Value, Node]) -> list[Value]:
    maker = makers.get(value)
    if not isinstance(maker, Elementwise) or maker.program.steps[-1].function != "add":
        return [value]
    inner = [arg for arg in maker.args if arg.shape == value.shape and arg in makers]
    return [one for arg in inner for one in _terms(arg, makers)]


def _gate(node: Node, gates: tuple[str, ...], known: dict[Value, str]) -> str:
    """The gate that the node computes, or a part of; or ""."""
    if isinstance(node, Slice) and node.sizes[-1]:
        units, whole = node.sizes[-1], node.x.shape[-1]
        only_columns = node.sizes[:-1] == node.x.shape[:-1]
        parts = whole // units
        if only_columns and whole % units == 0 and 1 < parts <= len(gates):
            return gates[node.starts[-1] // units]
    if isinstance(node, Contraction):
        for constant in node.constants:
            word = constant.name.rpartition("_")[2]
            if word in gates:
                return word
    if isinstance(node, Elementwise) and len(node.program.steps) == 1:
        step = node.program.steps[0]
        words = {known.get(arg) for arg in node.args if not isinstance(arg, Constant)} - {None}
        kept = len(step.args) == 1 or step.function == "add"
        if kept and len(words) == 1 and all(isinstance(arg, Arg) for arg in step.args):
            return str(words.pop())
    return ""
