"""Which weight of which layer an array is, so that generated code can say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from kgen.trace import describe
from kgen.trace.gates import GATES
from kgen.trace.known import array_of


def describe_constant(
    layers: Sequence[keras.Layer],
    data: np.ndarray,
    likely: str,
    known: keras.Variable | None = None,
) -> tuple[str, str] | None:
    """The name and note of a constant: of the weight of one of the layers that it is, was reshaped
    from, or is a part of. None if it is no weight.

    layers: each inside the one before it. likely: the weight to try first, among equals. known: the
    variable that it is read from, which comes before that.
    """
    if not data.size:
        return None

    def others(layer: keras.Layer) -> bool:
        return known is not None and all(one is not known for one in layer.weights)

    innermost_first = layers[::-1]
    for layer in sorted(innermost_first, key=others):
        path = "/".join(one.name for one in layers[1 : layers.index(layer) + 1])
        in_order = list(enumerate(layer.weights))
        for index, variable in sorted(
            in_order, key=lambda iv: (iv[1] is not known, iv[1].name != likely)
        ):
            found = _part_of(variable, data, GATES.get(type(layer).__name__, ()))
            if found is not None:
                word, place, remark = found
                prefix = f"{layer.path}/"
                own = variable.path.removeprefix(prefix) if layer.path else variable.path
                owner = describe.owner_path(path, own)
                note = f"{owner}: get_weights()[{index}]{place} of {path or layer.name}{remark}"
                return owner + word, note
    return None


def _part_of(
    variable: keras.Variable, data: np.ndarray, gates: Sequence[str]
) -> tuple[str, str, str] | None:
    """A word for the part of the variable that the data is, its place as Python writes it, and a
    remark; ("", "", "") for all of it.
    """
    if data.size == np.prod(variable.shape):
        if not _same(array_of(variable.value), data):
            return None
        sizes = tuple(size for size in data.shape if size != 1)
        kept = sizes == tuple(size for size in variable.shape if size != 1)
        there = "" if kept else f", there of shape {tuple(variable.shape)}"
        return "", "", there + _order(variable.shape[-1:], gates)
    if not gates or np.prod(variable.shape) % data.size:
        return None
    for word, place, part in _parts(array_of(variable.value), gates):
        if _same(part, data):
            return word, place, "" if word.endswith(tuple(gates)) else _order(part.shape, gates)
    return None


def _order(shape: Sequence[int], gates: Sequence[str]) -> str:
    """What lies where along the last axis."""
    return f"; {', '.join(gates)}: {shape[-1] // len(gates)} of each" if gates else ""


def _parts(weight: np.ndarray, gates: Sequence[str]) -> Iterator[tuple[str, str, np.ndarray]]:
    """The parts that cells use of a weight, named: the rows of a GRU's two biases, and the columns
    of one gate or of several in a row.
    """
    rows = [("", "", weight)]
    if weight.ndim == 2 and weight.shape[0] == 2:
        rows += [("_x", "[0]", weight[0]), ("_h", "[1]", weight[1])]
        yield from rows[1:]
    units = weight.shape[-1] // len(gates)
    for word, place, row in rows:
        axes = ":, " * (row.ndim - 1)
        for first in range(len(gates)):
            for end in range(first + 1, len(gates) + 1):
                name = "_".join(gates[first:end])
                where = f"{place}[{axes}{first * units}:{end * units}]"
                yield f"{word}_{name}", where, row[..., first * units : end * units]


def _same(weight: np.ndarray, data: np.ndarray) -> bool:
    """Whether they have the same elements in the same order."""
    nan = weight.dtype.kind == "f"
    return weight.size == data.size and np.array_equal(weight.ravel(), data.ravel(), equal_nan=nan)
