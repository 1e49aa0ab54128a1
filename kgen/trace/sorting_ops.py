"""Lowerings of keras.ops that bring elements into order, and what is built on order."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.ir.node import MixedSamplesError
from kgen.ir.value import Constant, Value
from kgen.ops.gather_elements import GatherElements
from kgen.ops.search_sorted import SearchSorted
from kgen.ops.sort import Sort
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.known import array_of
from kgen.trace.table import decomposes, lowers


@lowers("Sort", "Argsort")
def sort(builder: Builder, op: Any, x: Any) -> Value:
    value, axis = builder.value(x), op.axis
    if axis is None:
        if value.batch is not None:
            raise MixedSamplesError("it sorts over all axes")
        value, axis = builder.reshape(value, (value.size,), None), 0
    order = [a for a in range(value.rank) if a != axis % value.rank] + [axis % value.rank]
    result = builder.add(
        Sort,
        x=builder.transpose(value, order),
        function="values" if type(op).__name__ == "Sort" else "positions",
        descending=False,
        count=value.shape[axis],
    )
    return builder.transpose(result, [order.index(a) for a in range(value.rank)])


@lowers("TopK")
def top_k(builder: Builder, op: Any, x: Any) -> tuple[Value, Value]:
    value = builder.value(x)
    places = builder.add(Sort, x=value, function="positions", descending=True, count=op.k)
    values = builder.add(GatherElements, x=value, indices=places, axis=value.rank - 1)
    return values, places


@decomposes("Argpartition")
def argpartition(op: Any, x: Any) -> Any:
    raise UnsupportedError(
        "argpartition leaves an order undefined, and Keras 3.15 cuts its input to integers; use "
        "keras.ops.argsort"
    )


# Places in a row of edges


@lowers("SearchSorted")
def search_sorted(builder: Builder, op: Any, sorted_sequence: Any, values: Any) -> Value:
    edges, x = builder.value(sorted_sequence), builder.value(values)
    dtype = keras.backend.result_type(edges.dtype, x.dtype)
    edges, x = builder.cast(edges, dtype), builder.cast(x, dtype)
    if isinstance(edges, Constant):
        return builder.add(SearchSorted, x=x, edges=edges, side=op.side)
    # Edges that are computed: compared with every element, along an axis of its own at the end.
    wide = builder.reshape(x, (*x.shape, 1), x.batch)
    function = "less" if op.side == "left" else "less_equal"
    below = builder.map(function, edges, wide, dtype="bool", inputs=dtype)
    return builder.reduce("sum", builder.cast(below, "int32"), -1)


@lowers("Digitize")
def digitize(builder: Builder, op: Any, x: Any, bins: Any) -> Value:
    """The bins are float32 in TensorFlow, whatever their dtype was."""
    value = builder.value(x)
    dtype = "float64" if value.dtype == "float64" else "float32"
    edges = np.asarray([float(edge) for edge in bins], np.float32).astype(dtype)
    return builder.add(
        SearchSorted, x=builder.cast(value, dtype), edges=builder.value(edges), side="right"
    )


@decomposes("InTopK")
def in_top_k(op: Any, targets: Any, predictions: Any) -> Any:
    """Whether fewer than k predictions are larger than the target's; not if one is not finite."""
    classes = predictions.shape[-1]
    hot = ops.equal(ops.expand_dims(targets, -1), np.arange(classes, dtype=np.int32))
    own = ops.sum(ops.where(hot, predictions, 0.0), axis=-1, keepdims=True)
    more = ops.sum(ops.cast(predictions > own, "int32"), axis=-1)
    known = ops.logical_and(ops.any(hot, axis=-1), ops.all(ops.isfinite(predictions), axis=-1))
    return ops.logical_and(known, more < op.k)


# Quantiles


def _numbers(q: Any, percent: bool) -> np.ndarray:
    """The fractions, in double precision, that Keras makes of `q`: it reads numbers as floatx."""
    if isinstance(q, keras.KerasTensor):
        raise UnsupportedError("quantiles that the data asks for are not supported; use numbers")
    own = getattr(q, "dtype", None)
    dtype = keras.config.floatx() if own is None or percent else str(np.dtype(own))
    fractions = array_of(q).astype(dtype)
    return (fractions / np.asarray(100, dtype) if percent else fractions).astype(np.float64)


def _flattened(x: Any, axis: Any) -> tuple[Any, list[int]]:
    """x with the axes joined at the end, and the axes."""
    rank = len(x.shape)
    if axis is None:
        return ops.reshape(x, (-1,)), list(range(rank))
    several = axis if isinstance(axis, list | tuple) else [axis]
    axes = [one % rank for one in several]
    others = [a for a in range(rank) if a not in axes]
    moved = ops.transpose(x, [*others, *axes])
    joined = math.prod(x.shape[a] for a in axes)
    return ops.reshape(moved, [*(x.shape[a] for a in others), joined]), axes


def _if_known(x: Any) -> Any:
    """x as an array, unless it depends on the data or on a length."""
    return x if isinstance(x, keras.KerasTensor) else array_of(x)


def _between(method: str, exact: Any, library: Any) -> list[tuple[Any, Any]]:
    """(place, weight) of the elements that make up the quantile at the place `exact`; None for a
    weight of one."""
    low, high = library.floor(exact), library.ceil(exact)
    match method:
        case "lower":
            return [(low, None)]
        case "higher":
            return [(high, None)]
        case "nearest":
            return [(library.round(exact), None)]
        case "midpoint":
            return [(low, 0.5), (high, 0.5)]
        case _:
            below = library.maximum(high - 1, 0.0 * high)
            share = below + 1 - exact
            return [(below + 1, 1 - share), (below, share)]


def _method(op: Any) -> str:
    """Keras 3.15's Quantile drops its method when a functional model calls it."""
    if type(op).__name__ == "Quantile" and op._inbound_nodes:
        return "linear"
    return getattr(op, "method", "linear")


@decomposes("Quantile", "Percentile", "Median")
def quantile(op: Any, x: Any, q: Any = 0.5) -> Any:
    fractions = _numbers(q, type(op).__name__ == "Percentile")
    x = ops.cast(x, keras.backend.result_type(x.dtype, float))
    flat, axes = _flattened(x, op.axis)
    length = flat.shape[-1]
    ordered = ops.sort(flat, axis=-1)
    parts = []
    exact = ops.cast(length - 1, "float64") * fractions
    for place, weight in _between(_method(op), exact, ops):
        places = _if_known(ops.cast(ops.clip(place, 0, length - 1), "int32"))
        one = isinstance(places, np.ndarray) and not places.ndim
        picked = ordered[..., int(places)] if one else ops.take(ordered, places, axis=-1)
        if weight is not None:
            picked = picked * _if_known(ops.cast(weight, x.dtype))
        parts.append(picked)
    result = sum(parts[1:], parts[0])
    unordered = ops.any(ops.isnan(flat), axis=-1, keepdims=fractions.ndim > 0)
    return _placed(op, ops.where(unordered, math.nan, result), axes, fractions.ndim)


@decomposes("Nanquantile", "Nanpercentile", "Nanmedian")
def nanquantile(op: Any, x: Any, q: Any = 0.5) -> Any:
    """Of the numbers in each row, of which there are as many as the data says."""
    fractions = _numbers(q, type(op).__name__ == "Nanpercentile")
    flat, axes = _flattened(x, op.axis)
    ordered = ops.sort(flat, axis=-1)
    count = ops.sum(ops.cast(~ops.isnan(flat), "float64"), axis=-1, keepdims=True)
    results = []
    for fraction in fractions.reshape(-1):
        parts = []
        for place, weight in _between(
            getattr(op, "method", "linear"), (count - 1) * float(fraction), ops
        ):
            places = ops.cast(ops.clip(place, 0, flat.shape[-1] - 1), "int32")
            places = ops.minimum(places, ops.maximum(ops.cast(count, "int32") - 1, 0))
            picked = ops.take_along_axis(ordered, places, axis=-1)
            parts.append(picked if weight is None else picked * ops.cast(weight, x.dtype))
        results.append(ops.where(ops.equal(count, 0), math.nan, sum(parts[1:], parts[0])))
    result = ops.concatenate(results, axis=-1)
    if not fractions.ndim:
        result = ops.squeeze(result, axis=-1)
    return _placed(op, result, axes, fractions.ndim)


def _placed(op: Any, result: Any, axes: list[int], rank: int) -> Any:
    """The axis of the fractions in front, the axes that are gone as length one if asked for."""
    if op.keepdims:
        for axis in sorted(axes):
            result = ops.expand_dims(result, axis)
    return ops.moveaxis(result, -1, 0) if rank else result
