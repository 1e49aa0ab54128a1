"""Arithmetic of every integer type, with TensorFlow's rules for overflow and division."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tests.cases._build import function, table


def _arithmetic(dtype: str) -> keras.Model:
    large = {8: 37, 16: 9001, 32: 600_000_011, 64: 2_500_000_000_000_000_003}
    bits = int(dtype.removeprefix("u").removeprefix("int"))

    def body(x: Any, y: Any) -> list[Any]:
        factor = ops.cast(large[bits], dtype)
        a, b = x * factor, (y - ops.cast(5, dtype)) * factor  # overflow, in both directions
        divisor = ops.where(
            ops.equal(y, ops.cast(5, dtype)), ops.ones_like(y), y - ops.cast(5, dtype)
        )
        return [
            a + b,
            a - b,
            a * b,
            *([] if dtype.startswith("u") else [-a, ops.abs(b), ops.sign(b)]),
            ops.square(b),
            b // divisor,
            b % divisor,
            ops.maximum(a, b) - ops.minimum(a, b),
            ops.bitwise_and(a, b) + ops.bitwise_xor(a, ~b),
            ops.sum(b, axis=1),
            ops.max(b, axis=2),
            ops.prod(b, axis=2),
            ops.cumsum(b, axis=1),
            a > b,
            ops.where(ops.less(a, b), a, b),
            ops.cast(b, "float32") / 7,
            ops.clip(b, 1, 100),
        ]

    return function(body, (4, 3), (4, 3), dtype=dtype)


def _casts(dtype: str) -> keras.Model:
    """Every type becomes every other one, and what does not fit wraps round."""
    kinds = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")

    def body(x: Any) -> list[Any]:
        factor = ops.cast(37, dtype)
        return [
            ops.cast((x - ops.cast(5, dtype)) * factor, kind) for kind in kinds if kind != dtype
        ]

    return function(body, (4, 3), dtype=dtype)


TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")

table(
    globals(),
    {f"arithmetic_of_{dtype}": (lambda dtype=dtype: _arithmetic(dtype)) for dtype in TYPES}
    | {f"casts_of_{dtype}": (lambda dtype=dtype: _casts(dtype)) for dtype in TYPES},
)
