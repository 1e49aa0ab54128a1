"""keras.ops of single elements as compositions of others, with Keras's own formulas
(keras/src/backend/tensorflow/numpy.py), so that zeros, infinities and NaN come out the same.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.src.ops.core import _saturate_cast

from kgen.ir.value import Value
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.table import decomposes, lowers

COMPLEX = (
    "complex numbers are not supported; keep their real and imaginary parts in two arrays, as "
    "keras.ops.fft does"
)


def promised(op: Any, *args: Any, **kwargs: Any) -> str:
    """The dtype that Keras promises of the operation's result."""
    dtype: str = op.compute_output_spec(*args, **kwargs).dtype
    return dtype


def alike(*args: Any, dtype: str | None = None) -> list[Any]:
    """The operands as tensors of one dtype: the given one, or what Keras brings them to."""
    args = tuple(ops.convert_to_tensor(x) if isinstance(x, list | tuple) else x for x in args)
    types = [getattr(arg, "dtype", None) or type(arg) for arg in args]
    wanted = dtype or keras.backend.result_type(*types)
    return [ops.cast(ops.convert_to_tensor(arg), wanted) for arg in args]


def is_float(x: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(x.dtype)


@decomposes("Heaviside")
def heaviside(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(x1, x2, dtype=promised(op, x1, x2))
    return ops.where(x1 < 0, 0, ops.where(x1 > 0, 1, x2))


@decomposes("Fabs")
def fabs(op: Any, x: Any) -> Any:
    return ops.abs(ops.cast(x, promised(op, x)))


@decomposes("Angle")
def angle(op: Any, x: Any) -> Any:
    """Of a real number."""
    x = ops.cast(x, promised(op, x))
    return ops.where(x < 0, math.pi, ops.zeros_like(x))


@decomposes("Imag")
def imag(op: Any, x: Any) -> Any:
    return ops.zeros_like(x)


@decomposes("Deg2rad")
def deg2rad(op: Any, x: Any) -> Any:
    return ops.cast(x, promised(op, x)) * (math.pi / 180)


@decomposes("Rad2deg")
def rad2deg(op: Any, x: Any) -> Any:
    return ops.cast(x, promised(op, x)) * (180 / math.pi)


@decomposes("Lcm")
def lcm(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = (ops.abs(x) for x in alike(x1, x2))
    divisor = ops.gcd(x1, x2)
    return x1 * (x2 // ops.maximum(divisor, 1))


@decomposes("Hypot")
def hypot(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = (ops.abs(x) for x in alike(x1, x2, dtype=promised(op, x1, x2)))
    largest = ops.maximum(x1, x2)
    ratio = ops.divide_no_nan(ops.minimum(x1, x2), largest)
    return largest * ops.sqrt(1.0 + ops.square(ratio))


@decomposes("DivideNoNan")
def divide_no_nan(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(x1, x2, dtype=promised(op, x1, x2))
    return ops.where(ops.equal(x2, 0), 0, x1 / x2)


@decomposes("Isclose")
def isclose(op: Any, x1: Any, x2: Any, rtol: Any = 1e-5, atol: Any = 1e-8) -> Any:
    x1, x2 = alike(x1, x2)
    if not is_float(x1):
        return ops.equal(x1, x2)
    close = ops.abs(x1 - x2) <= atol + rtol * ops.abs(x2)
    if op.equal_nan:
        close = ops.logical_or(close, ops.logical_and(ops.isnan(x1), ops.isnan(x2)))
    return close


@decomposes("Isneginf")
def isneginf(op: Any, x: Any) -> Any:
    return _equals(x, -math.inf)


@decomposes("Isposinf")
def isposinf(op: Any, x: Any) -> Any:
    return _equals(x, math.inf)


def _equals(x: Any, infinity: float) -> Any:
    return ops.equal(x, infinity) if is_float(x) else ops.zeros_like(x, dtype="bool")


@decomposes("Isreal")
def isreal(op: Any, x: Any) -> Any:
    return ops.ones_like(x, dtype="bool")


@decomposes("IsIn")
def isin(op: Any, x1: Any, x2: Any) -> Any:
    """Compared with every element of x2, along an axis of their own at the end."""
    x1, x2 = alike(x1, x2)
    found = ops.any(ops.equal(ops.expand_dims(x1, -1), ops.reshape(x2, (-1,))), axis=-1)
    return ops.logical_not(found) if op.invert else found


@decomposes("Ldexp")
def ldexp(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(x1, x2, dtype=promised(op, x1, x2))
    special = ops.logical_or(ops.isinf(x1), ops.equal(x1, 0))
    return ops.where(special, x1, x1 * ops.exp2(x2))


@decomposes("Logaddexp")
def logaddexp(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(x1, x2, dtype=promised(op, x1, x2))
    delta = x1 - x2
    total = ops.maximum(x1, x2) + ops.log1p(ops.exp(-ops.abs(delta)))
    return ops.where(ops.isnan(delta), x1 + x2, total)


@decomposes("Logaddexp2")
def logaddexp2(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(x1, x2, dtype=promised(op, x1, x2))
    delta = x1 - x2
    ratio = math.log(2.0)
    total = ops.maximum(x1, x2) + ops.log1p(ops.exp(-ops.abs(delta) * ratio)) / ratio
    return ops.where(ops.isnan(delta), x1 + x2, total)


@decomposes("Fmax", "Fmin")
def fmax(op: Any, x1: Any, x2: Any) -> Any:
    """The larger or smaller one; of a number and NaN the number."""
    choose = ops.maximum if type(op).__name__ == "Fmax" else ops.minimum
    x1, x2 = alike(x1, x2)
    result = choose(x1, x2)
    if not is_float(x1):
        return result
    return ops.where(ops.isnan(x1), x2, ops.where(ops.isnan(x2), x1, result))


@decomposes("Fmod")
def fmod(op: Any, x1: Any, x2: Any) -> Any:
    dtype = promised(op, x1, x2)
    wide = "int32" if dtype in ("uint8", "uint16", "uint32") else dtype
    x1, x2 = alike(x1, x2, dtype=wide)
    return ops.cast(ops.sign(x1) * ops.mod(ops.abs(x1), ops.abs(x2)), dtype)


@decomposes("NanToNum")
def nan_to_num(op: Any, x: Any) -> Any:
    if not is_float(x):
        return ops.convert_to_tensor(x)
    limits = np.finfo(keras.backend.standardize_dtype(x.dtype))
    high = float(limits.max) if op.posinf is None else op.posinf
    low = float(limits.min) if op.neginf is None else op.neginf
    x = ops.where(ops.isnan(x), float(op.nan), x)
    x = ops.where(ops.equal(x, math.inf), float(high), x)
    return ops.where(ops.equal(x, -math.inf), float(low), x)


@decomposes("Sinc")
def sinc(op: Any, x: Any) -> Any:
    x = ops.cast(x, promised(op, x)) * math.pi
    return ops.where(ops.equal(x, 0), 1, ops.sin(x) / x)


@decomposes("Select")
def select(op: Any, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The choice of the first condition that holds."""
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = ops.where(condition, choice, result)
    return result


@decomposes("SaturateCast")
def saturate_cast(op: Any, x: Any) -> Any:
    class Symbolic:
        numpy = ops
        cast = staticmethod(ops.cast)

    return _saturate_cast(x, op.dtype, Symbolic)


@lowers("Signbit")
def signbit(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    if value.dtype.startswith("float"):
        return builder.map("signbit", value, dtype="bool", inputs=value.dtype)
    if value.dtype.startswith("int"):
        return builder.map("less", value, 0, dtype="bool", inputs=value.dtype)
    return builder.broadcast(np.zeros((), bool), value.shape, value.batch)


@lowers("Nextafter")
def nextafter(builder: Builder, op: Any, x1: Any, x2: Any) -> Value:
    """Keras looks for the next number among those of double precision, whatever the dtype."""
    result = builder.map("nextafter", x1, x2, dtype="float64")
    return builder.cast(result, builder.spec(builder.outputs).dtype)


@lowers("View")
def view(builder: Builder, op: Any, x: Any) -> Value:
    """The same bits as numbers of another type of the same size."""
    value = builder.value(x)
    dtype = builder.spec(builder.outputs).dtype
    if np.dtype(dtype).itemsize != np.dtype(value.dtype).itemsize:
        raise UnsupportedError(
            f"view of {value.dtype} as {dtype} is not supported; what works are types of one size"
        )
    if dtype == value.dtype:
        return value
    return builder.map(f"view_{dtype}", value, dtype=dtype, inputs=value.dtype)


@lowers("Polar", "ViewAsComplex", "ViewAsReal", "Eig")
def complex_numbers(builder: Builder, op: Any, *args: Any) -> Value:
    raise UnsupportedError(COMPLEX)
