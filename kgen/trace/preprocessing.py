"""Layers that turn numbers into categories, and categories into numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from kgen.ir.value import Constant, Value
from kgen.ops.bincount import Bincount
from kgen.ops.bucketize import Bucketize
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.graph_operation import apply
from kgen.trace.table import lowers_layer


@lowers_layer("Discretization")
def discretization(layer: Any, inputs: Any) -> Any:
    if layer.bin_boundaries is None:
        raise UnsupportedError("it has no boundaries: call adapt, or pass bin_boundaries")
    indices = digitize(inputs, list(layer.bin_boundaries))
    depth = len(layer.bin_boundaries) + 1
    return encode(layer, indices, layer.output_mode, depth, layer.output_dtype)


def digitize(x: Any, boundaries: list[float]) -> Any:
    """How many of the ascending boundaries are not above x, as TensorFlow's Bucketize compares:
    in float32.
    """

    def lower(builder: Builder, x: Any) -> Value:
        bins = np.asarray(boundaries, np.float32)
        constant = Constant.of(f"{builder.origin.path}/boundaries", bins)
        return builder.add(Bucketize, x=builder.value(x, "float32"), boundaries=constant)

    return apply(lower, x)


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
    few = len(indices.shape) <= 2
    if not few:
        indices = ops.moveaxis(indices, 1, -1)
        weights = None if weights is None else ops.moveaxis(weights, 1, -1)
    elif len(indices.shape) == 0:
        indices = ops.reshape(indices, (1,))
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
