"""keras.ops of products, as compositions of multiplication, sums and matrix products."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.trace.arithmetic_ops import alike, promised
from kgen.trace.table import decomposes


@decomposes("Outer")
def outer(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(x1, x2)
    return ops.reshape(x1, (-1, 1)) * ops.reshape(x2, (-1,))


@decomposes("Inner")
def inner(op: Any, x1: Any, x2: Any) -> Any:
    dtype = promised(op, x1, x2)
    x1, x2 = alike(x1, x2, dtype=keras.backend.result_type(dtype, float))
    if not len(x1.shape) or not len(x2.shape):
        return ops.cast(x1 * x2, dtype)
    return ops.cast(ops.tensordot(x1, x2, axes=[[-1], [-1]]), dtype)


@decomposes("Vdot")
def vdot(op: Any, x1: Any, x2: Any) -> Any:
    dtype = promised(op, x1, x2)
    x1, x2 = alike(x1, x2, dtype=keras.backend.result_type(dtype, float))
    return ops.cast(ops.sum(ops.reshape(x1, (-1,)) * ops.reshape(x2, (-1,))), dtype)


@decomposes("Kron")
def kron(op: Any, x1: Any, x2: Any) -> Any:
    """Each axis of x1 beside its axis of x2: (a, 1, b, 1) * (1, c, 1, d) is (a*c, b*d)."""
    x1, x2 = alike(x1, x2)
    rank = max(len(x1.shape), len(x2.shape))
    first = [1] * (rank - len(x1.shape)) + list(x1.shape)
    second = [1] * (rank - len(x2.shape)) + list(x2.shape)
    left = ops.reshape(x1, [size for pair in zip(first, [1] * rank, strict=True) for size in pair])
    right = ops.reshape(
        x2, [size for pair in zip([1] * rank, second, strict=True) for size in pair]
    )
    return ops.reshape(left * right, [a * b for a, b in zip(first, second, strict=True)])


@decomposes("Cross")
def cross(op: Any, x1: Any, x2: Any) -> Any:
    """Of vectors with two elements the third is zero."""
    axes = (op.axisa, op.axisb, op.axisc)
    x1, x2 = alike(x1, x2)
    a, b = ops.moveaxis(x1, axes[0], -1), ops.moveaxis(x2, axes[1], -1)

    def parts(x: Any) -> tuple[Any, Any, Any]:
        third = x[..., 2] if x.shape[-1] == 3 else ops.zeros_like(x[..., 0])
        return x[..., 0], x[..., 1], third

    (a0, a1, a2), (b0, b1, b2) = parts(a), parts(b)
    last = a0 * b1 - a1 * b0
    if x1.shape[axes[0]] == 2 and x2.shape[axes[1]] == 2:
        return last
    return ops.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, last], axis=axes[2])


@decomposes("Correlate")
def correlate(op: Any, x1: Any, x2: Any) -> Any:
    """y[n] = sum over m of x1[n + m] * x2[m], each n a slice of x1 between zeros."""
    x1, x2 = alike(x1, x2, dtype=promised(op, x1, x2))
    count = x2.shape[0]
    full = x1.shape[0] + count - 1
    length, start = {
        "full": (full, 0),
        "same": (max(x1.shape[0], count), (full - max(x1.shape[0], count)) // 2),
        "valid": (x1.shape[0] - count + 1, count - 1),
    }[op.mode]
    padded = ops.pad(x1, [(count - 1, count - 1)])
    places = start + np.arange(length)[:, None] + np.arange(count)
    return ops.matmul(ops.take(padded, places.astype(np.int32), axis=0), x2)


@decomposes("Vander")
def vander(op: Any, x: Any) -> Any:
    count = op.N if op.N is not None else x.shape[0]
    powers = np.arange(count) if op.increasing else np.arange(count)[::-1]
    dtype = keras.backend.result_type(x.dtype, "float32")
    table = ops.power(ops.expand_dims(ops.cast(x, dtype), -1), powers.astype(dtype))
    return ops.cast(table, x.dtype)


@decomposes("CDist")
def cdist(op: Any, x: Any, y: Any) -> Any:
    """The distance of each row of x from each row of y."""
    differences = ops.expand_dims(x, -2) - ops.expand_dims(y, -3)
    return ops.sqrt(ops.sum(ops.square(differences), axis=-1))
