"""Tracing: a Keras model becomes a graph of the operations it performs on one sample."""

from __future__ import annotations

from functools import partial

import keras

from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.ir.node import GraphError
from kgen.trace import (  # noqa: F401  they fill the tables
    arithmetic_ops,
    arrangement_ops,
    attention,
    contraction_ops,
    contrast,
    control_ops,
    hashing,
    image_ops,
    layers,
    linalg_ops,
    lookups,
    loss_ops,
    nn_ops,
    numpy_ops,
    preprocessing,
    product_ops,
    resize_ops,
    scatter_ops,
    shape_ops,
    signal_ops,
    sorting_ops,
    spectrograms,
    statistics_ops,
    text,
    vectorize,
)
from kgen.trace.alignment import UnlikeGraphsError
from kgen.trace.half import computed_in_float, precision
from kgen.trace.lengths import graph_at_any_length
from kgen.trace.signature import InputShapes, Signature, signature
from kgen.trace.tracer import Tracer

__all__ = ["Signature", "precision", "signature", "trace", "trace_as"]


def trace(model: keras.Model, input_shapes: InputShapes | None = None) -> Graph:
    """The graph of what `model.predict` computes for one sample.

    input_shapes: sizes for unknown dimensions, by input name, without the batch axis.
    Raises ExportError, naming every layer and operation that can't be exported.
    """
    return trace_as(model, signature(model, input_shapes or {}))


def trace_as(model: keras.Model, given: Signature, *, one_step: bool = False) -> Graph:
    """The same for inputs of these shapes, which may depend on lengths.

    one_step: whether recurrent layers remember their states, so that the graph is that of one time
        step.
    """

    def traced(known: Signature, defer: bool = False) -> Graph:
        graph = Tracer(model, one_step, defer).run(known).check()
        return computed_in_float(graph).check()

    if not given.lengths:
        return traced(given)
    try:
        return graph_at_any_length(traced, given)
    except UnlikeGraphsError as unlike:
        # What Keras computes from the lengths is told from the operations, if not from the results.
        try:
            return graph_at_any_length(partial(traced, defer=True), given)
        except (ExportError, GraphError):
            raise unlike from None
