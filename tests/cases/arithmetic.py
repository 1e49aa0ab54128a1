"""The rarer functions of single elements, on zeros, infinities, NaN and integers near overflow."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from tests.cases._build import function

_REALS = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 100.0, 1e-30], np.float32
)
_WHOLE = np.array([0, 1, -1, 5, -7, 12, 2**31 - 1, -(2**31), 3, 40, -3], np.int32)


def _pairs(body, values: np.ndarray, dtype: str) -> keras.Model:
    """The function of every pair of the values; the inputs only make them differ from constants."""
    left, right = (grid.reshape(1, -1) for grid in np.meshgrid(values, values))
    return function(
        lambda x, y: body(ops.where(x < 100, left, x), ops.where(y < 100, right, y)),
        (1,), (1,), dtype=dtype,
    )  # fmt: skip


def special_values() -> keras.Model:
    functions = (
        ops.fabs, ops.angle, ops.imag, ops.real, ops.deg2rad, ops.rad2deg, ops.cbrt, ops.isneginf,
        ops.isposinf, ops.isreal, ops.nan_to_num, ops.signbit, ops.sinc, ops.i0, ops.sign, ops.abs,
        ops.round, ops.trunc, ops.sqrt, ops.relu, ops.relu6, ops.reciprocal,
    )  # fmt: skip
    return function(
        lambda x: [one(ops.where(x < 100, _REALS, x)) for one in functions], (1,)
    )  # fmt: skip


def pairs_of_special_values() -> keras.Model:
    functions = (
        ops.heaviside, ops.hypot, ops.divide_no_nan, ops.isclose, ops.logaddexp, ops.logaddexp2,
        ops.fmax, ops.fmin, ops.fmod, ops.mod, ops.nextafter, ops.maximum, ops.minimum, ops.power,
        ops.arctan2, ops.floor_divide,
    )  # fmt: skip
    return _pairs(lambda x, y: [one(x, y) for one in functions], _REALS, "float32")


def with_options() -> keras.Model:
    def body(x, y):
        return [
            ops.isclose(x, y, equal_nan=True),
            ops.isclose(x, y, rtol=0.5, atol=0.1),
            ops.isin(x, np.array([1.0, 3.0], np.float32)),
            ops.isin(x, [1.0, 2.0], invert=True),
            ops.select([x < 0, y > 0], [x, y * 2], 5.0),
            ops.nan_to_num(x, nan=2.0, posinf=9.0, neginf=-9.0),
        ]

    return _pairs(body, _REALS, "float32")


def pairs_of_integers() -> keras.Model:
    def body(x, y):
        divisor = ops.where(ops.equal(y, 0), 7, y)
        return [
            x + y, x - y, x * y, ops.negative(x), ops.abs(x), ops.square(x), ops.sign(x),
            ops.left_shift(x, y), ops.right_shift(x, y), ops.bitwise_left_shift(x, 3),
            ops.bitwise_right_shift(x, 2), x // divisor, x % divisor, ops.fmod(x, divisor),
            ops.bitwise_invert(x), ops.bitwise_not(x), ops.gcd(x % 100, y % 90),
            ops.lcm(x % 100, y % 90),
        ]  # fmt: skip

    return _pairs(body, _WHOLE, "int32")


def integers_become_floats() -> keras.Model:
    def body(x, y):
        return [
            ops.heaviside(x, y), ops.hypot(x, y), ops.ldexp(ops.cast(x, "float32"), y % 5),
            ops.fabs(x), ops.cbrt(x), ops.signbit(x), ops.sinc(x), ops.deg2rad(x),
            ops.isclose(x, y), ops.fmax(x, y), ops.nan_to_num(x), ops.isposinf(x), ops.i0(x % 5),
            ops.angle(x), ops.logaddexp(x, y), ops.true_divide(x, y),
        ]  # fmt: skip

    return _pairs(body, _WHOLE, "int32")


def small_integers() -> keras.Model:
    return function(
        lambda x, y: [
            ops.left_shift(x * 20, y), ops.right_shift(x * 20, y), ops.gcd(x, y), ops.signbit(x),
            ops.bitwise_not(x),
        ],
        (6,), (6,), dtype="uint8",
    )  # fmt: skip


def saturating_casts() -> keras.Model:
    return function(
        lambda x: [
            ops.saturate_cast(x * 200, "uint8"),
            ops.saturate_cast(x * 200, "int8"),
            ops.saturate_cast(x * 3e9, "int32"),
        ],
        (9,),
    )


def erfinv() -> keras.Model:
    ends = np.array([1.0, -1.0, 1.5, np.nan, -0.99999], np.float32)
    return function(
        lambda x: [ops.erfinv(ops.where(x < 100, ends, x)), ops.erfinv(ops.tanh(x))], (1,)
    )


def erfinv_of_doubles() -> keras.Model:
    return function(lambda x: ops.erfinv(ops.tanh(2 * x)), (40,), dtype="float64")


def bits_as_another_type() -> keras.Model:
    return function(
        lambda x: [ops.view(x, "int32"), ops.view(ops.view(x, "uint32") + 1, "float32")], (5,)
    )
