"""Arithmetic, comparison and logic, element by element."""

from __future__ import annotations

from functools import partial

import keras
from keras import Input, Model, layers, ops

from tests.cases._build import function, table

_REAL = [
    "negative",
    "abs",
    "square",
    "exp",
    "exp2",
    "expm1",
    "sin",
    "cos",
    "tan",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "erf",
    "erfc",
    "floor",
    "ceil",
    "trunc",
    "round",
    "sign",
    "isnan",
    "isinf",
    "isfinite",
]
_POSITIVE = ["sqrt", "rsqrt", "log", "log1p", "log2", "log10", "reciprocal"]
_UNIT = ["arcsin", "arccos", "arctanh"]
_BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "arctan2",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "mod",
    "floor_divide",
]


def _unary(name: str) -> keras.Model:
    return function(lambda x: getattr(ops, name)(x), (5, 3))


def _positive(name: str) -> keras.Model:
    return function(lambda x: getattr(ops, name)(ops.abs(x) + 0.1), (5, 3))


def _unit(name: str) -> keras.Model:
    return function(lambda x: getattr(ops, name)(ops.tanh(x) * 0.9), (5, 3))


def _binary(name: str) -> keras.Model:
    return function(lambda x, y: getattr(ops, name)(x, y), (5, 3), (1, 3))


table(globals(), {f"unary_{name}": partial(_unary, name) for name in _REAL})
table(globals(), {f"unary_{name}": partial(_positive, name) for name in _POSITIVE})
table(globals(), {f"unary_{name}": partial(_unit, name) for name in _UNIT})
table(globals(), {f"binary_{name}": partial(_binary, name) for name in _BINARY})


def arccosh() -> keras.Model:
    return function(lambda x: ops.arccosh(ops.abs(x) + 1.0), (5, 3))


def power_of_positive_numbers() -> keras.Model:
    return function(lambda x, y: ops.power(ops.abs(x) + 0.1, y), (5, 3), (5, 1))


def power_with_number() -> keras.Model:
    return function(lambda x: x**3 + 2.0 ** (x / 4), (5, 3))


def powers_with_known_exponents() -> keras.Model:
    """Those that are other functions, and one that isn't; zeros of both signs among the bases."""

    def body(x):
        size = ops.abs(x) + 0.1
        zeros = ops.floor(x) * 0.0
        return [
            *(ops.power(x, exponent) for exponent in (-1.0, 2.0, 3.0)),
            *(ops.power(size, exponent) for exponent in (-0.5, 0.5, 2.2)),
            *(ops.power(zeros, exponent) for exponent in (0.5, 2.0, 3.0)),
        ]

    return function(body, (5, 3))


def operators_with_numbers_on_either_side() -> keras.Model:
    return function(lambda x: (2 - x) / (1 + abs(x)) - x * 0.25 + (-x), (4, 3))


def operator_overloads() -> keras.Model:
    return function(lambda x, y: (x - y) * x / (y * y + 1), (4, 3), (4, 3))


def result_used_three_times() -> keras.Model:
    def body(x, y):
        z = x * y - ops.sin(x)
        return z * ops.sigmoid(z) + ops.tanh(z)

    return function(body, (4, 3), (1, 3))


def broadcast_both_ways() -> keras.Model:
    return function(lambda x, y: x + y, (5, 1, 3), (1, 4, 1))


def broadcast_of_different_ranks() -> keras.Model:
    return function(lambda x, y: x * ops.expand_dims(y, 1) + 1, (5, 3), (3,))


def where_with_numbers() -> keras.Model:
    return function(lambda x: ops.where(x > 0.2, 1.5, -x), (5, 3))


def where_with_arrays() -> keras.Model:
    return function(lambda x, y, z: ops.where(x < y, y * z, x), (5, 3), (5, 1), (1, 3))


def where_integers() -> keras.Model:
    return function(lambda x: ops.where(x > 0, 3, 7), (5, 3))


def clip() -> keras.Model:
    return function(lambda x: ops.clip(x, -0.4, 0.7), (5, 3))


def round_with_decimals() -> keras.Model:
    return function(lambda x: ops.round(x, 2), (5, 3))


def round_halves_to_even() -> keras.Model:
    return function(lambda x: ops.round(ops.cast(ops.cast(x * 4, "int32"), "float32") / 2), (5, 3))


def logical_not() -> keras.Model:
    return function(lambda x: ops.logical_not(x > 0), (5, 3))


def comparison_as_number() -> keras.Model:
    return function(lambda x: ops.cast(x > 0, "float32") * 2 + ops.cast(x < 0.5, "float32"), (5, 3))


def threshold() -> keras.Model:
    return function(lambda x: ops.threshold(x, 0.3, -2.0), (5, 3))


def zeros_and_ones_like() -> keras.Model:
    return function(
        lambda x: x + ops.ones_like(x) - ops.zeros_like(x) + ops.full_like(x, 2), (5, 3)
    )


def stop_gradient() -> keras.Model:
    return function(lambda x: ops.stop_gradient(x) * 2, (5, 3))


def copy_of_an_input() -> keras.Model:
    return function(ops.copy, (5, 3))


def hashed_strings() -> keras.Model:
    """FarmHash and SipHash; the samples have words of up to 84 bytes."""
    x = Input((7,), dtype="string", name="words")
    outputs = [
        layers.Hashing(1000003)(x),
        layers.Hashing(1000003, salt=(133, 137))(x),
        layers.Hashing(11, mask_value="")(x),
        layers.Hashing(5, output_mode="multi_hot")(x),
    ]
    return Model(x, outputs)


def hashed_numbers() -> keras.Model:
    x = Input((7,), dtype="int64", name="numbers")
    large = x * 1234567890123 - 4000000000000
    outputs = [
        layers.Hashing(1000003)(large),
        layers.Hashing(1000003, salt=5, dtype="int32")(large),
        layers.Hashing(11, mask_value=3)(x),
        layers.Hashing(5, output_mode="count")(x),
    ]
    return Model(x, outputs)


def hashed_floats_and_one_hot() -> keras.Model:
    x = Input((1,), name="number")
    return Model(x, [layers.Hashing(9)(x * 10), layers.Hashing(4, output_mode="one_hot")(x * 10)])


def hashed_crossing() -> keras.Model:
    words = Input((1,), dtype="string", name="words")
    numbers = Input((1,), dtype="int64", name="numbers")
    return Model(
        [words, numbers],
        [
            layers.HashedCrossing(1000003)((words, numbers - 3)),
            layers.HashedCrossing(7, output_mode="one_hot")((numbers, words)),
        ],
    )
