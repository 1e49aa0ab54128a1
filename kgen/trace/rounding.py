"""Weights rounded to a type of two bytes: which they are, and the model while it has them so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np

from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.ir.node import Body, Contraction, Node
from kgen.ir.value import Constant, Value, rounded
from kgen.ops.concatenate import Concatenate
from kgen.ops.gather import Gather
from kgen.ops.reshape import Reshape
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.trace.known import array_of

MOVES = (Concatenate, Reshape, Slice, Transpose)
"""What becomes of a kernel before it is multiplied: its numbers are what they were."""


def multiplied(graph: Graph) -> list[keras.Variable]:
    """The float32 weights that the model does nothing with but multiply, in sums of products, or
    look rows up: kernels and embeddings, but not biases, statistics or scales.
    """
    fit, used = set(graph.constants), set(graph.constants)
    for body in _bodies(graph):
        good = _only_multiplied(body)
        fit -= {c for node in body.nodes for c in node.constants if c not in good}
    sources = {
        id(c.variable): c.variable for c in used if c.dtype == "float32" and c.variable is not None
    }
    spoilt = {id(c.variable) for c in used - fit}
    return [variable for key, variable in sources.items() if key not in spoilt]


def _bodies(graph: Body) -> Iterator[Body]:
    yield graph
    for node in graph.nodes:
        for body in node.bodies:
            yield from _bodies(body)


def _only_multiplied(body: Body) -> set[Value]:
    """The values that products alone read, or what passes them on to products alone."""
    good: set[Value] = set()
    bad: set[Value] = set(getattr(body, "outputs", ()))
    for node in reversed(body.nodes):
        passed = isinstance(node, MOVES) and node.output in good - bad
        for value in node.inputs:
            (good if passed or value in _factors(node) else bad).add(value)
    return good - bad


def _factors(node: Node) -> tuple[Value, ...]:
    """What the node multiplies or looks up."""
    if isinstance(node, Contraction):
        late = {node.bias, *(node.epilogue.args if node.epilogue else ())}
        return tuple(value for value in node.operands if value not in late)
    return (node.x,) if isinstance(node, Gather) else ()


@contextmanager
def with_rounded(variables: Sequence[keras.Variable], dtype: str) -> Iterator[None]:
    """The variables hold numbers of the type for the time.

    Raises ExportError, naming them, for numbers that the type is too small for.
    """
    before = [array_of(variable.value) for variable in variables]
    after = [rounded(array, dtype) for array in before]
    beyond = [
        variable.path
        for variable, old, new in zip(variables, before, after, strict=True)
        if (np.isfinite(old) & ~np.isfinite(new)).any()
    ]
    if beyond:
        raise ExportError(
            f"{dtype} has no numbers as large as some in {', '.join(beyond)}; take "
            "--weights-dtype bfloat16, or leave it out."
        )
    try:
        for variable, array in zip(variables, after, strict=True):
            variable.assign(array)
        yield
    finally:
        for variable, array in zip(variables, before, strict=True):
            variable.assign(array)


def marked(graph: Graph, variables: Sequence[keras.Variable], dtype: str) -> Graph:
    """The graph with these variables' constants stored in the type."""
    known = {id(variable) for variable in variables}

    def mark(value: Value) -> Value:
        if isinstance(value, Constant) and id(value.variable) in known:
            return replace(value, stored=dtype)
        return value

    return graph.map_values(mark)
