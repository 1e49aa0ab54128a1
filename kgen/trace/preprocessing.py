"""Layers that turn numbers into categories, and categories into numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from kgen.ir.value import NARROW, Value
from kgen.ops.bincount import Bincount
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.graph_operation import apply
from kgen.trace.table import lowers_layer


@lowers_layer("Discretization")
def discretization(layer: Any, inputs: Any) -> Any:
    if layer.bin_boundaries is None:
        raise UnsupportedError("it has no boundaries; call adapt, or pass bin_boundaries")
    indices = ops.digitize(inputs, np.asarray(layer.bin_boundaries, np.float32))
    depth = len(layer.bin_boundaries) + 1
    return encode(layer, indices, layer.output_mode, depth, layer.output_dtype)


@lowers_layer("CategoryEncoding")
def category_encoding(layer: Any, inputs: Any, count_weights: Any = None) -> Any:
    dtype = layer.compute_dtype
    return encode(layer, inputs, layer.output_mode, layer.num_tokens, dtype, count_weights)


def encode(layer: Any, indices: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Integers as `output_mode` says: int, one_hot, multi_hot or count (Keras's
    encode_categorical_inputs).

    Along the last axis; with more axes than two along the second, where one-hot vectors are summed.
    """
    if getattr(layer, "sparse", False):
        raise UnsupportedError("its output is a sparse tensor; set sparse=False")
    if mode == "int":
        return ops.cast(indices, dtype)
    if not indices.dtype.startswith(("int", "uint")):
        indices = ops.cast(indices, "int64")
    if mode == "one_hot":
        if len(indices.shape) > 1 and indices.shape[-1] == 1:
            indices = ops.squeeze(indices, axis=-1)
        return ops.one_hot(indices, depth, dtype=dtype)
    if len(indices.shape) < 2:
        raise UnsupportedError("it counts along the batch; give its input another axis")
    few = len(indices.shape) <= 2
    if not few:
        indices = ops.moveaxis(indices, 1, -1)
        weights = None if weights is None else ops.moveaxis(weights, 1, -1)
    return counted(indices, depth, dtype, weights, binary=mode == "multi_hot", strict=few)


def counted(
    x: Any,
    depth: int,
    dtype: str,
    weights: Any = None,
    *,
    binary: bool = False,
    strict: bool = False,
) -> Any:
    """How often each number below depth occurs along the last axis of integers; see Bincount."""
    if dtype in NARROW:
        raise UnsupportedError(
            f"it would count in {dtype}, which TensorFlow can't; give the layer dtype='float32'"
        )

    def lower(builder: Builder, x: Any, weights: Any = None) -> Value:
        value = builder.value(x)
        if value.dtype not in ("int32", "int64"):
            value = builder.cast(value, "int64")
        return builder.add(
            Bincount,
            x=value,
            weights=None if weights is None else builder.value(weights, dtype),
            depth=depth,
            binary=binary,
            strict=strict,
            dtype=dtype,
        )

    return apply(lower, x, *([] if weights is None else [weights]))
