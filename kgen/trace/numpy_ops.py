"""Lowerings of keras.ops that compute: element by element, and by reduction."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgen.ir.node import MixedSamplesError
from kgen.ir.program import Arg as ProgramArg
from kgen.ir.program import Program, Step
from kgen.ir.value import Constant, Value
from kgen.ops.arg_reduce import ArgReduce
from kgen.ops.cumulative import Cumulative
from kgen.ops.elementwise import Elementwise
from kgen.ops.required import CONDITIONS, Required
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.table import OPERATIONS, decomposes, lowers

# Operation class -> scalar function, for those that cast their inputs to the result's dtype.
ARITHMETIC = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Divide": "divide",
    "TrueDivide": "divide",
    "Power": "power",
    "Mod": "mod",
    "FloorDivide": "floor_divide",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Arctan2": "arctan2",
    "Negative": "negative",
    "Absolute": "absolute",
    "Abs": "absolute",
    "Square": "square",
    "Sqrt": "sqrt",
    "Rsqrt": "rsqrt",
    "Exp": "exp",
    "Exp2": "exp2",
    "Expm1": "expm1",
    "Log": "log",
    "Log1p": "log1p",
    "Log2": "log2",
    "Log10": "log10",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "Arcsin": "arcsin",
    "Arccos": "arccos",
    "Arctan": "arctan",
    "Sinh": "sinh",
    "Cosh": "cosh",
    "Tanh": "tanh",
    "Arcsinh": "arcsinh",
    "Arccosh": "arccosh",
    "Arctanh": "arctanh",
    "Erf": "erf",
    "Erfc": "erfc",
    "Erfinv": "erfinv",
    "Floor": "floor",
    "Ceil": "ceil",
    "Trunc": "trunc",
    "Sign": "sign",
    "BitwiseAnd": "bitwise_and",
    "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor",
    "BitwiseInvert": "bitwise_not",
    "BitwiseNot": "bitwise_not",
    "BitwiseLeftShift": "left_shift",
    "LeftShift": "left_shift",
    "BitwiseRightShift": "right_shift",
    "RightShift": "right_shift",
    "Gcd": "gcd",
    "Cbrt": "cbrt",
    "I0": "i0",
    # keras.activations
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "SparseSigmoid": "sparse_sigmoid",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "SparsePlus": "sparse_plus",
    "Silu": "silu",
    "LogSigmoid": "log_sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "HardTanh": "hard_tanh",
    "Selu": "selu",
    "TanhShrink": "tanh_shrink",
}

# What integers on the right must be.
REQUIRED = {"mod": "nonzero", "floor_divide": "nonzero", "power": "nonnegative"}

# Those whose results are booleans, and whose inputs meet in their common dtype.
COMPARISONS = {
    "Equal": "equal",
    "NotEqual": "not_equal",
    "Less": "less",
    "LessEqual": "less_equal",
    "Greater": "greater",
    "GreaterEqual": "greater_equal",
    "Isnan": "isnan",
    "Isinf": "isinf",
    "Isfinite": "isfinite",
}

LOGIC = {
    "LogicalAnd": "logical_and",
    "LogicalOr": "logical_or",
    "LogicalNot": "logical_not",
    "LogicalXor": "not_equal",
}

# Activations with parameters: the function, and the operation's attributes that follow x.
PARAMETRIC = {
    "LeakyRelu": ("leaky_relu", "negative_slope"),
    "Elu": ("elu", "alpha"),
    "Celu": ("celu", "alpha"),
    "Squareplus": ("squareplus", "b"),
    "SoftShrink": ("soft_shrink", "threshold"),
    "HardShrink": ("hard_shrink", "threshold"),
    "Threshold": ("threshold", "threshold", "default_value"),
}


def common_dtype(*args: Any) -> str:
    """The dtype that Keras brings these operands to."""
    types = [getattr(arg, "dtype", None) or type(arg) for arg in args]
    dtype: str = keras.backend.result_type(*types)
    return dtype


def _arithmetic(function: str) -> Any:
    def lower(builder: Builder, op: Any, *args: Any) -> Value:
        dtype = builder.spec(builder.outputs).dtype
        if function in REQUIRED and "int" in dtype:
            args = (args[0], _required(builder, args[1], dtype, REQUIRED[function]))
        return builder.map(function, *args, dtype=dtype)

    return lower


def _required(builder: Builder, x: Any, dtype: str, condition: str) -> Any:
    """Integers that the condition holds for; what is known now is checked now."""
    if condition == "nonnegative" and dtype.startswith("u"):
        return x
    value = builder.value(x, dtype)
    if not isinstance(value, Constant):
        return builder.add(Required, x=value, condition=condition)
    if not (value.data != 0 if condition == "nonzero" else value.data >= 0).all():
        raise UnsupportedError(
            f"{CONDITIONS[condition][1]}, which TensorFlow refuses; cast to floats first"
        )
    return x


def _comparison(function: str) -> Any:
    def lower(builder: Builder, op: Any, *args: Any) -> Value:
        return builder.map(function, *args, dtype="bool", inputs=common_dtype(*args))

    return lower


def _logic(function: str) -> Any:
    def lower(builder: Builder, op: Any, *args: Any) -> Value:
        return builder.map(function, *args, dtype="bool")

    return lower


def _parametric(function: str, *attributes: str) -> Any:
    def lower(builder: Builder, op: Any, x: Any) -> Value:
        parameters = [getattr(op, attribute) for attribute in attributes]
        return builder.map(function, x, *parameters, dtype=builder.value(x).dtype)

    return lower


OPERATIONS.update({name: _arithmetic(function) for name, function in ARITHMETIC.items()})
OPERATIONS.update({name: _comparison(function) for name, function in COMPARISONS.items()})
OPERATIONS.update({name: _logic(function) for name, function in LOGIC.items()})
OPERATIONS.update({name: _parametric(*spec) for name, spec in PARAMETRIC.items()})


# Keras 3.15 forgets float64 in its rule.
@lowers("Reciprocal", keras_rule=False)
def reciprocal(builder: Builder, op: Any, x: Any) -> Value:
    dtype = keras.backend.result_type(builder.value(x).dtype, float)
    return builder.map("reciprocal", x, dtype=dtype)


@lowers("Gelu")
def gelu(builder: Builder, op: Any, x: Any) -> Value:
    function = "gelu_tanh" if op.approximate else "gelu"
    return builder.map(function, x, dtype=builder.value(x).dtype)


@lowers("Cast")
def cast(builder: Builder, op: Any, x: Any) -> Value:
    return builder.cast(x, op.dtype)


@lowers("Round")
def round_(builder: Builder, op: Any, x: Any) -> Value:
    dtype = builder.spec(builder.outputs).dtype
    if op.decimals == 0:
        return builder.map("round", x, dtype=dtype)
    factor = 10.0**op.decimals
    scaled = builder.map("multiply", x, factor, dtype=dtype)
    return builder.map("divide", builder.map("round", scaled, dtype=dtype), factor, dtype=dtype)


@lowers("Clip")
def clip(builder: Builder, op: Any, x: Any) -> Value:
    dtype = builder.spec(builder.outputs).dtype
    low = builder.map("maximum", x, op.x_min, dtype=dtype)
    return builder.map("minimum", low, op.x_max, dtype=dtype)


@lowers("Where")
def where(builder: Builder, op: Any, condition: Any, x1: Any = None, x2: Any = None) -> Value:
    if x1 is None or x2 is None:
        raise UnsupportedError(
            "where without values has a result whose size depends on the data; give it the values "
            "to choose from"
        )
    dtype = builder.spec(builder.outputs).dtype
    values = [builder.value(condition, "bool")]
    chosen = (builder.operand(x, dtype, values) for x in (x1, x2))
    step = Step("where", (ProgramArg(0), *chosen), dtype)
    program = Program(tuple(value.dtype for value in values), (step,))
    return builder.add(Elementwise, args=tuple(values), program=program)


# Reductions


def _reduction(function: str, dtype: str | None = None) -> Any:
    def lower(builder: Builder, op: Any, x: Any) -> Value:
        value = builder.value(x, dtype or builder.spec(builder.outputs).dtype)
        result = builder.reduce(function, value, op.axis, op.keepdims)
        initial = getattr(op, "initial", None)  # of max and min
        if initial is None:
            return result
        return builder.map(f"{function}imum", result, initial, dtype=result.dtype)

    return lower


OPERATIONS.update(
    {
        "Sum": _reduction("sum"),
        "Mean": _reduction("mean"),
        "Prod": _reduction("prod"),
        "Max": _reduction("max"),
        "Min": _reduction("min"),
        "Amax": _reduction("max"),
        "Amin": _reduction("min"),
        "Any": _reduction("any", "bool"),
        "All": _reduction("all", "bool"),
    }
)


@lowers("Argmax", "Argmin")
def arg_reduce(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    function = type(op).__name__.lower()
    axis = op.axis
    if axis is None:
        if value.batch is not None:
            raise MixedSamplesError(f"{function} over all axes compares the samples")
        value, axis = builder.reshape(value, (value.size,), None), 0
    position = builder.add(
        ArgReduce, x=value, function=function, axis=axis % value.rank, keepdims=op.keepdims
    )
    return builder.reshape_to(
        builder.cast(position, builder.spec(builder.outputs).dtype), builder.outputs
    )


@lowers("Cumsum", "Cumprod")
def cumulative(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x, builder.spec(builder.outputs).dtype)
    axis = op.axis
    if axis is None:
        if value.batch is not None:
            raise MixedSamplesError("it accumulates over all axes")
        value, axis = builder.reshape(value, (value.size,), None), 0
    function = "sum" if type(op).__name__ == "Cumsum" else "prod"
    return builder.add(Cumulative, x=value, function=function, axis=axis % value.rank)


@decomposes("Logsumexp")
def logsumexp(op: Any, x: Any) -> Any:
    largest = ops.max(x, axis=op.axis, keepdims=True)
    total = ops.log(ops.sum(ops.exp(x - largest), axis=op.axis, keepdims=True)) + largest
    if op.keepdims:
        return total
    axes = tuple(range(len(x.shape))) if op.axis is None else op.axis
    return ops.squeeze(total, axis=axes)


@decomposes("Var")
def var(op: Any, x: Any) -> Any:
    x = ops.cast(x, keras.backend.result_type(x.dtype, float))
    mean = ops.mean(x, axis=op.axis, keepdims=True)
    return ops.mean(ops.square(x - mean), axis=op.axis, keepdims=op.keepdims)


@decomposes("Std")
def std(op: Any, x: Any) -> Any:
    return ops.sqrt(ops.var(x, axis=op.axis, keepdims=op.keepdims))
