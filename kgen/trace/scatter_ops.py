"""Lowerings of keras.ops that put elements at places given by number."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from keras import KerasTensor, ops

from kgen.ir.node import MixedSamplesError
from kgen.ir.value import Constant, Value
from kgen.ops.scatter import Scatter
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.known import array_of
from kgen.trace.table import decomposes, lowers

FUNCTIONS = {None: "set", "add": "add", "mul": "multiply", "max": "maximum", "min": "minimum"}


@lowers("Scatter", keras_rule=False)
def scatter(builder: Builder, op: Any, indices: Any, values: Any) -> Value:
    """Into zeros; what meets at one place is added up."""
    return scattered(builder, None, op.shape, 0, indices, values, "add")


@lowers("ScatterUpdate")
def scatter_update(builder: Builder, op: Any, inputs: Any, indices: Any, updates: Any) -> Value:
    x = builder.value(inputs)
    return scattered(builder, x, x.shape, 0, indices, updates, FUNCTIONS[op.reduction])


def scattered(
    builder: Builder,
    x: Value | None,
    shape: Sequence[int],
    fill: float,
    indices: Any,
    updates: Any,
    function: str,
) -> Value:
    """x, or an array of this shape filled with a number, with the updates at the indices.

    The batch may lie along an axis that no index counts along.
    """
    places = builder.value(indices)
    values = builder.value(updates, x.dtype if x is not None else None)
    depth, lead = places.shape[-1], places.rank - 1
    if places.batch is not None:
        raise MixedSamplesError("it puts updates at places that differ from sample to sample")
    sizes = tuple(int(size) for size in shape)
    known = places.data if isinstance(places, Constant) else np.zeros((1, depth), int)
    if ((known < 0) | (known >= np.asarray(sizes[:depth]))).any():
        raise UnsupportedError(
            f"it puts updates at places outside {sizes[:depth]}; use places within"
        )
    # The axis of samples, as one of x's: moved in front of all.
    axes = {values.batch - lead + depth} if values.batch is not None else set()
    if x is not None and x.batch is not None:
        axes.add(x.batch)
    if len(axes) > 1 or any(axis < depth for axis in axes):
        raise MixedSamplesError("it puts updates into other samples")
    axis = axes.pop() if axes else None

    def to_front(value: Value, own: int) -> Value:
        if axis is None:
            return builder.reshape(value, (1, *value.shape), None)
        order = [own, *(a for a in range(value.rank) if a != own)]
        return builder.transpose(value, order)

    flat = builder.reshape(places, (1, prod(places.shape[:-1]), depth), None)
    start = None if x is None else to_front(x, axis or 0)
    moved = to_front(values, 0 if axis is None else axis - depth + lead)
    rest = tuple(size for a, size in enumerate(sizes) if a != axis)
    block = (moved.shape[0], flat.shape[1], *rest[depth:])
    moved = builder.reshape(moved, block, moved.batch)
    y = builder.add(
        Scatter, x=start, indices=flat, updates=moved, sizes=rest, fill=fill, function=function
    )
    if axis is None:
        return builder.reshape(y, sizes, None)
    order = [*range(1, axis + 1), 0, *range(axis + 1, len(sizes))]
    return builder.transpose(y, order)


@decomposes("SegmentSum", "SegmentMax", "SegmentMin", "SegmentProd")
def segment(op: Any, data: Any, segment_ids: Any) -> Any:
    """Rows reduced by the number of their segment; negative numbers are left out.

    A segment without rows holds the reduction's neutral element.
    """
    kind = type(op).__name__.removeprefix("Segment").lower()
    count = op.num_segments
    if count is None or op.sorted:
        if isinstance(segment_ids, KerasTensor):
            raise UnsupportedError(
                f"segment_{kind} without num_segments has a result whose size depends on the data; "
                "give num_segments"
            )
        ids = array_of(segment_ids)
        count = len(np.unique(ids)) if kind == "sum" and not op.sorted else int(ids.max()) + 1
    # One more segment for what is left out; a number too large stays too large.
    outside = ops.where(ops.less(segment_ids, count), segment_ids, count + 1)
    places = ops.where(ops.less(segment_ids, 0), count, outside)
    start = ops.full((count + 1, *data.shape[1:]), _neutral(kind, data.dtype), dtype=data.dtype)
    reduction = {"sum": "add", "prod": "mul"}.get(kind, kind)
    result = ops.scatter_update(start, ops.expand_dims(places, -1), data, reduction=reduction)
    if op.sorted and kind != "sum":  # there an empty segment is zero
        hit = np.isin(np.arange(count), ids).reshape(-1, *(1 for _ in data.shape[1:]))
        return ops.where(hit, result[:count], ops.zeros_like(result[:count]))
    return result[:count]


def _neutral(kind: str, dtype: str) -> float:
    if kind in ("sum", "prod"):
        return 0 if kind == "sum" else 1
    if "float" in dtype:
        return float(np.finfo(dtype).min if kind == "max" else np.finfo(dtype).max)
    return int(np.iinfo(dtype).min if kind == "max" else np.iinfo(dtype).max)
