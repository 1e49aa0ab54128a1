"""What the literature calls the parts of recurrent cells, so that generated code can say it."""

from __future__ import annotations

from typing import Any

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
