"""Tracing: a Keras model becomes a graph of the operations it performs on one sample."""

from __future__ import annotations

import keras

from kgen.ir.graph import Graph
from kgen.trace import (  # noqa: F401  they fill the tables
    attention,
    contraction_ops,
    contrast,
    hashing,
    layers,
    lookups,
    nn_ops,
    numpy_ops,
    preprocessing,
    resize_ops,
    shape_ops,
    spectrograms,
    text,
)
from kgen.trace.signature import InputShapes, Signature, signature
from kgen.trace.tracer import Tracer

__all__ = ["Signature", "signature", "trace"]


def trace(model: keras.Model, input_shapes: InputShapes | None = None) -> Graph:
    """The graph of what `model.predict` computes for one sample.

    input_shapes: sizes for unknown dimensions, by input name, without the batch axis.
    Raises ExportError, naming every layer and operation that can't be exported.
    """
    return Tracer(model).run(signature(model, input_shapes or {})).check()
