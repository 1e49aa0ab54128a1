"""Lowerings of keras.ops.linalg: factorizations, and what is built on them."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.src.ops.operation import Operation

from kgen.ir.value import Value
from kgen.ops.cholesky import Cholesky
from kgen.ops.factorization import Factorization
from kgen.ops.gather_elements import GatherElements
from kgen.ops.pad import Pad
from kgen.ops.solve_triangular import SolveTriangular
from kgen.ops.sort import Sort
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.table import decomposes, lowers


def factors(builder: Builder, x: Value, function: str, full: bool = False) -> list[Value]:
    """The factors of each matrix, each an array of its own."""
    y = builder.add(Factorization, x=x, function=function, full=full)
    node = builder.nodes[-1]
    assert isinstance(node, Factorization)
    parts, start = [], 0
    for shape in node.parts:
        part = builder.slice(y, y.rank - 1, start, math.prod(shape))
        parts.append(builder.reshape(part, (*y.shape[:-1], *shape), y.batch))
        start += math.prod(shape)
    return parts


@lowers("Cholesky")
def cholesky(builder: Builder, op: Any, x: Any) -> Value:
    """Where Keras raises an error, for a matrix that is not positive definite, it is NaN."""
    y = builder.add(Cholesky, x=builder.value(x))
    if not op.upper:
        return y
    return builder.transpose(y, [*range(y.rank - 2), y.rank - 1, y.rank - 2])


@lowers("SolveTriangular")
def solve_triangular(builder: Builder, op: Any, a: Any, b: Any) -> Value:
    return _solved(builder, builder.value(a), builder.value(b), lower=op.lower)


def _solved(builder: Builder, a: Value, b: Value, *, lower: bool, unit: bool = False) -> Value:
    """The solution for a matrix or a vector b, a and b broadcast to each other's samples."""
    vector = b.rank == a.rank - 1
    if vector:
        b = builder.reshape(b, (*b.shape, 1), b.batch)
    a, b = _same_samples(builder, a, b)
    y = builder.add(SolveTriangular, a=a, b=b, lower=lower, unit=unit)
    return builder.reshape(y, y.shape[:-1], y.batch) if vector else y


def _same_samples(builder: Builder, a: Value, b: Value) -> tuple[Value, Value]:
    """Both with the axes in front, the batch among them, that either has."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    batch = a.batch if a.batch is not None else b.batch
    return (
        builder.broadcast(a, (*lead, *a.shape[-2:]), batch),
        builder.broadcast(b, (*lead, *b.shape[-2:]), batch),
    )


# Keras 3.15 gives the pivots the dtype of x in its rule.
@lowers("LuFactor", keras_rule=False)
def lu_factor(builder: Builder, op: Any, x: Any) -> tuple[Value, Value]:
    """The second output says for each row of x where in the order it is."""
    value = builder.value(x)
    if value.shape[-1] != value.shape[-2]:
        raise UnsupportedError(
            "lu_factor of matrices that are not square is not supported; use keras.ops.qr"
        )
    both, order = factors(builder, value, "lu")
    # As Keras has it, the permutation is inverted.
    places = builder.add(
        Sort, x=order, function="positions", descending=False, count=order.shape[-1]
    )
    return both, places


@lowers("Solve")
def solve(builder: Builder, op: Any, a: Any, b: Any) -> Value:
    return _solution(builder, builder.value(a), builder.value(b))


def _solution(builder: Builder, a: Value, b: Value) -> Value:
    """By L · U: the rows of b in the order of the pivots, then two triangles."""
    vector = b.rank == a.rank - 1
    if vector:
        b = builder.reshape(b, (*b.shape, 1), b.batch)
    a, b = _same_samples(builder, a, b)
    both, order = factors(builder, a, "lu")
    rows = builder.cast(builder.reshape(order, (*order.shape, 1), order.batch), "int32")
    permuted = builder.add(GatherElements, x=b, indices=rows, axis=b.rank - 2)
    y = _solved(builder, both, permuted, lower=True, unit=True)
    y = _solved(builder, both, y, lower=False)
    return builder.reshape(y, y.shape[:-1], y.batch) if vector else y


@lowers("Inv")
def inv(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    identity = builder.value(np.eye(value.shape[-1], dtype=value.dtype))
    return _solution(builder, value, builder.expand(identity, value.rank))


@decomposes("CholeskyInverse")
def cholesky_inverse(op: Any, x: Any) -> Any:
    """The inverse of the matrix whose Cholesky factor x is."""
    identity = ops.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape)
    inverse = ops.solve_triangular(x, identity, lower=not op.upper)
    turned = ops.swapaxes(inverse, -1, -2)
    return ops.matmul(inverse, turned) if op.upper else ops.matmul(turned, inverse)


def _pivots(x: Any) -> tuple[Any, Any]:
    """The diagonal of U, and -1 where an odd number of rows was exchanged, else 1."""
    both, order = ops.lu_factor(x)
    size = x.shape[-1]
    later = np.triu(np.ones((size, size), bool), 1)
    crossed = ops.expand_dims(order, -1) > ops.expand_dims(order, -2)
    crossings = ops.sum(ops.cast(ops.logical_and(crossed, later), "int32"), axis=(-2, -1))
    sign = 1 - 2 * ops.cast(crossings % 2, x.dtype)
    return ops.diagonal(both, axis1=-2, axis2=-1), sign


@decomposes("Det")
def det(op: Any, x: Any) -> Any:
    diagonal, sign = _pivots(x)
    return ops.prod(diagonal, axis=-1) * sign


@decomposes("Slogdet")
def slogdet(op: Any, x: Any) -> Any:
    diagonal, sign = _pivots(x)
    signs = ops.prod(ops.sign(diagonal), axis=-1) * sign
    return signs, ops.sum(ops.log(ops.abs(diagonal)), axis=-1)


@decomposes("Logdet")
def logdet(op: Any, x: Any) -> Any:
    """Of a positive definite matrix."""
    diagonal = ops.diagonal(ops.cholesky(x), axis1=-2, axis2=-1)
    return 2.0 * ops.sum(ops.log(diagonal), axis=-1)


@lowers("Qr", keras_rule=False)
def qr(builder: Builder, op: Any, x: Any) -> tuple[Value, Value]:
    value = builder.value(x)
    full = op.mode == "complete"
    q, r = factors(builder, value, "qr", full)
    rows = value.shape[-2] if full else min(value.shape[-2:])
    return q, builder.slice(r, r.rank - 2, 0, rows)


@decomposes("Norm")
def norm(op: Any, x: Any) -> Any:
    """Of vectors, or of matrices by two axes (keras/src/backend/tensorflow/linalg.py)."""
    rank = len(x.shape)
    dtype = keras.backend.standardize_dtype(x.dtype)
    x = ops.cast(x, "float32" if dtype == "int64" else keras.backend.result_type(dtype, float))
    axis = tuple(range(rank)) if op.axis is None else op.axis
    axes = tuple(a % rank for a in (axis if isinstance(axis, list | tuple) else (axis,)))
    if len(axes) == 1:
        return _vector_norm(x, op.ord, axes[0], op.keepdims)
    if op.ord in (None, "fro"):
        return ops.sqrt(ops.sum(ops.square(x), axis=axes, keepdims=op.keepdims))
    rows, columns = axes
    inner, outer = (rows, columns) if op.ord in (1, -1) else (columns, rows)
    if op.ord in (1, -1, math.inf, -math.inf):
        sums = ops.sum(ops.abs(x), axis=inner, keepdims=True)
        choose = ops.max if op.ord > 0 else ops.min
        result = choose(sums, axis=outer, keepdims=True)
        return result if op.keepdims else ops.squeeze(result, axis=axes)
    values = ops.svd(ops.moveaxis(x, axes, (-2, -1)), compute_uv=False)
    function = {2: ops.max, -2: ops.min, "nuc": ops.sum}[op.ord]
    result = function(values, axis=-1)
    if op.keepdims:
        for a in sorted(axes):
            result = ops.expand_dims(result, a)
    return result


def _vector_norm(x: Any, order: Any, axis: int, keepdims: bool) -> Any:
    match order:
        case None | 2:
            return ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=keepdims))
        case math.inf:
            return ops.max(ops.abs(x), axis=axis, keepdims=keepdims)
        case 0:
            count = ops.cast(ops.not_equal(x, 0), x.dtype)
            return ops.sum(count, axis=axis, keepdims=keepdims)
    if order == -math.inf:
        return ops.min(ops.abs(x), axis=axis, keepdims=keepdims)
    powers = ops.sum(ops.power(ops.abs(x), float(order)), axis=axis, keepdims=keepdims)
    return ops.power(powers, 1.0 / order)


@lowers("Eigh")
def eigh(builder: Builder, op: Any, x: Any) -> tuple[Value, Value]:
    values, vectors, *_ = factors(builder, builder.value(x), "eigh")
    return values, vectors


JACOBI = 16
"""Of matrices with as many columns or more TensorFlow finds the vectors by another algorithm."""


@lowers("SVD", keras_rule=False)
def svd(builder: Builder, op: Any, x: Any) -> Any:
    value = builder.value(x)
    rows, columns = value.shape[-2:]
    if op.compute_uv and (rows != columns or columns >= JACOBI):
        raise UnsupportedError(
            f"the singular vectors of {rows}x{columns} matrices are not supported: their signs "
            "would differ from TensorFlow's; what works is compute_uv=False, pinv and lstsq, and "
            f"square matrices smaller than {JACOBI}x{JACOBI}"
        )
    u, s, v = _svd(builder, value)
    if not op.compute_uv:
        return s
    return u, s, builder.transpose(v, [*range(v.rank - 2), v.rank - 1, v.rank - 2])


def _svd(builder: Builder, x: Value) -> tuple[Value, Value, Value]:
    """U, s and V, only the first columns of both; of a matrix made square by zeros."""
    rows, columns = x.shape[-2:]
    size, least = max(rows, columns), min(rows, columns)
    if rows != columns:
        padding = (*((0, 0),) * (x.rank - 2), (0, size - rows), (0, size - columns))
        x = builder.add(Pad, x=x, padding=padding, value=0.0)
    u, s, v, *_ = factors(builder, x, "svd")
    s = builder.slice(s, s.rank - 1, 0, least)
    u, v = (builder.slice(part, part.rank - 1, 0, least) for part in (u, v))
    return (
        builder.slice(u, u.rank - 2, 0, rows),
        s,
        builder.slice(v, v.rank - 2, 0, columns),
    )


class _Svd(Operation):  # type: ignore[misc]
    """The singular value decomposition without full matrices, in a sign of kgen's own: for what
    does not depend on it."""

    def compute_output_spec(self, x: Any) -> Any:
        *lead, rows, columns = x.shape
        least = min(rows, columns)
        shapes = ((*lead, rows, least), (*lead, least), (*lead, columns, least))
        return tuple(keras.KerasTensor(shape, dtype=x.dtype) for shape in shapes)


@lowers("_Svd")
def any_svd(builder: Builder, op: Any, x: Any) -> tuple[Value, Value, Value]:
    return _svd(builder, builder.value(x))


def _epsilon(x: Any) -> float:
    return float(np.finfo(keras.backend.standardize_dtype(x.dtype)).eps)


@decomposes("MatrixRank")
def matrix_rank(op: Any, x: Any) -> Any:
    """How many singular values are above the tolerance."""
    values = ops.svd(x, compute_uv=False)
    tolerance = op.tol
    if tolerance is None:
        largest = ops.max(values, axis=-1, keepdims=True)
        tolerance = _epsilon(x) * max(x.shape[-2:]) * largest
    else:
        tolerance = ops.expand_dims(ops.convert_to_tensor(tolerance), -1)
    return ops.sum(ops.cast(values > tolerance, "int32"), axis=-1)


@decomposes("Pinv")
def pinv(op: Any, x: Any) -> Any:
    """V · diagonal(1 / s) · Uᵀ, small singular values left out (Moore and Penrose)."""
    u, s, v = _Svd().symbolic_call(x)
    rcond = 10.0 * max(x.shape[-2:]) * _epsilon(x) if op.rcond is None else op.rcond
    cutoff = rcond * ops.max(s, axis=-1, keepdims=True)
    inverse = ops.where(s > cutoff, 1 / ops.where(s > cutoff, s, 1), 0)
    return ops.matmul(v * ops.expand_dims(inverse, -2), ops.swapaxes(u, -1, -2))


@decomposes("Lstsq")
def lstsq(op: Any, a: Any, b: Any) -> Any:
    vector = len(b.shape) == 1
    if vector:
        b = ops.expand_dims(b, -1)
    u, s, v = _Svd().symbolic_call(a)
    rcond = _epsilon(a) * max(a.shape) if op.rcond is None else op.rcond
    rcond = _epsilon(a) if rcond < 0 else rcond
    kept = s >= rcond * s[0]
    inverse = ops.expand_dims(ops.where(kept, 1 / ops.where(kept, s, 1), 0), -1)
    x = ops.matmul(v, inverse * ops.matmul(ops.transpose(u), b))
    return ops.squeeze(x, axis=-1) if vector else x
