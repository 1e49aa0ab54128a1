"""Lowerings of keras.ops that compute: element by element, by reduction, and by contraction."""

from __future__ import annotations

import re
import string
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.ir.node import MixedSamplesError
from kgen.ir.program import Arg as ProgramArg
from kgen.ir.program import Number, Program, Step
from kgen.ir.value import Constant, Value
from kgen.ops.arg_reduce import ArgReduce
from kgen.ops.cumulative import Cumulative
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum
from kgen.ops.elementwise import Elementwise
from kgen.ops.top_k import TopK
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
    "Reciprocal": "reciprocal",
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
    "Floor": "floor",
    "Ceil": "ceil",
    "Trunc": "trunc",
    "Sign": "sign",
    "BitwiseAnd": "bitwise_and",
    "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor",
    "BitwiseInvert": "bitwise_not",
    "BitwiseNot": "bitwise_not",
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
    "Mish": "mish",
    "Selu": "selu",
    "TanhShrink": "tanh_shrink",
}

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
        return builder.map(function, *args, dtype=builder.spec(builder.outputs).dtype)

    return lower


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
        raise UnsupportedError("where without values has a result whose size depends on the data")
    dtype = builder.spec(builder.outputs).dtype
    operands: list[Any] = [builder.value(condition, "bool")]
    args: list[Any] = [ProgramArg(0)]
    for x in (x1, x2):
        scalar = builder.scalar(x)
        if scalar is not None:
            args.append(Number(np.asarray(scalar).astype(dtype).item(), dtype))
            continue
        value = builder.value(x, dtype)
        if value not in operands:
            operands.append(value)
        args.append(ProgramArg(operands.index(value)))
    program = Program(tuple(v.dtype for v in operands), (Step("where", tuple(args), dtype),))
    return builder.add(Elementwise, args=tuple(operands), program=program)


# Reductions


def _reduction(function: str, dtype: str | None = None) -> Any:
    def lower(builder: Builder, op: Any, x: Any) -> Value:
        if getattr(op, "initial", None) is not None:
            raise UnsupportedError(
                f"{function} with an initial value is not supported; use keras.ops.maximum"
            )
        value = builder.value(x, dtype or builder.spec(builder.outputs).dtype)
        return builder.reduce(function, value, op.axis, op.keepdims)

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


@lowers("TopK")
def top_k(builder: Builder, op: Any, x: Any) -> tuple[Value, Value]:
    from kgen.ops.gather_elements import GatherElements

    value = builder.value(x)
    indices = builder.add(TopK, x=value, k=op.k)
    values = builder.add(GatherElements, x=value, indices=indices, axis=value.rank - 1)
    return values, indices


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


# Contractions


@lowers("Matmul")
def matmul(builder: Builder, op: Any, x1: Any, x2: Any) -> Value:
    dtype = builder.spec(builder.outputs).dtype
    return _matmul(builder, builder.value(x1, dtype), builder.value(x2, dtype))


def _matmul(builder: Builder, a: Value, b: Value) -> Value:
    if isinstance(b, Constant) and b.rank == 2 and a.rank >= 1:
        return builder.add(Dense, x=a, kernel=b)
    letters = string.ascii_lowercase
    a_labels = "y" if a.rank == 1 else letters[: a.rank - 2] + "xy"
    b_labels = "y" if b.rank == 1 else letters[: b.rank - 2] + "yz"
    # Leading axes are aligned from the right.
    more = a.rank - b.rank
    if b.rank > 1 and a.rank > 1:
        if more > 0:
            b_labels = letters[more : more + b.rank - 2] + "yz"
        elif more < 0:
            a_labels = letters[-more : -more + a.rank - 2] + "xy"
    longest = max(a_labels[:-2], b_labels[:-2], key=len)
    out = longest + ("x" if a.rank > 1 else "") + ("z" if b.rank > 1 else "")
    return einsum_of_two(builder, a, a_labels, b, b_labels, out)


@lowers("Dot")
def dot(builder: Builder, op: Any, x1: Any, x2: Any) -> Value:
    dtype = builder.spec(builder.outputs).dtype
    a, b = builder.value(x1, dtype), builder.value(x2, dtype)
    if not a.rank or not b.rank:
        return builder.map("multiply", a, b, dtype=dtype)
    if b.rank <= 2:
        return _matmul(builder, a, b)
    letters = string.ascii_lowercase
    a_labels = letters[: a.rank - 1] + "z"
    others = letters[a.rank - 1 : a.rank + b.rank - 2]
    return einsum_of_two(
        builder, a, a_labels, b, others[:-1] + "z" + others[-1], a_labels[:-1] + others
    )


@lowers("Tensordot")
def tensordot(builder: Builder, op: Any, x1: Any, x2: Any) -> Value:
    dtype = builder.spec(builder.outputs).dtype
    a, b = builder.value(x1, dtype), builder.value(x2, dtype)
    if isinstance(op.axes, int):
        a_axes, b_axes = list(range(a.rank - op.axes, a.rank)), list(range(op.axes))
    else:
        a_axes, b_axes = ([axes] if isinstance(axes, int) else list(axes) for axes in op.axes)
    a_labels = list(string.ascii_lowercase[: a.rank])
    b_labels = list(string.ascii_lowercase[a.rank : a.rank + b.rank])
    for i, j in zip(a_axes, b_axes, strict=True):
        b_labels[j] = a_labels[i]
    out = [x for x in a_labels if x not in b_labels] + [x for x in b_labels if x not in a_labels]
    return einsum_of_two(builder, a, "".join(a_labels), b, "".join(b_labels), "".join(out))


@lowers("Einsum")
def einsum(builder: Builder, op: Any, *operands: Any, **_: Any) -> Value:
    dtype = builder.spec(builder.outputs).dtype
    values = [builder.value(operand, dtype) for operand in operands]
    inputs, output = spelled_out(op.subscripts, [value.rank for value in values])
    pending = list(zip(values, inputs, strict=True))
    while len(pending) > 1:
        (a, a_labels), (b, b_labels), *rest = pending
        later = set(output).union(*(labels for _, labels in rest))
        both = "".join(dict.fromkeys(a_labels + b_labels))
        out = output if not rest else "".join(label for label in both if label in later)
        pending = [(einsum_of_two(builder, a, a_labels, b, b_labels, out), out), *rest]
    value, labels = pending[0]
    return _permuted(builder, *_simplified(builder, value, labels, output), output)


def spelled_out(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the output: ellipses replaced, an implicit output made explicit."""
    text = subscripts.replace(" ", "")
    left, arrow, output = text.partition("->")
    inputs = left.split(",")
    free = [letter for letter in string.ascii_letters if letter not in text]
    widest = max(
        (
            rank - len(labels.replace("...", ""))
            for labels, rank in zip(inputs, ranks, strict=True)
            if "..." in labels
        ),
        default=0,
    )
    dots = "".join(free[:widest])
    spelled = []
    for labels, rank in zip(inputs, ranks, strict=True):
        missing = rank - len(labels.replace("...", ""))
        spelled.append(labels.replace("...", dots[len(dots) - missing :] if missing else ""))
    if not arrow:
        letters = re.sub(r"[^a-zA-Z]", "", left)
        output = dots + "".join(sorted(x for x in set(letters) if letters.count(x) == 1))
    return spelled, output.replace("...", dots)


def einsum_of_two(
    builder: Builder, a: Value, a_labels: str, b: Value, b_labels: str, output: str
) -> Value:
    """Two operands' einsum, after what concerns one of them alone (sums, diagonals, length-one axes)."""
    a, a_labels = _simplified(builder, a, a_labels, b_labels + output)
    b, b_labels = _simplified(builder, b, b_labels, a_labels + output)
    sizes = dict(zip(a_labels, a.shape, strict=True))
    other = dict(zip(b_labels, b.shape, strict=True))
    clash = {x for x in sizes if x in other and sizes[x] != other[x]}
    a, a_labels = _without_ones(builder, a, a_labels, clash)
    b, b_labels = _without_ones(builder, b, b_labels, clash)
    equation = f"{a_labels},{b_labels}->{output}"
    if isinstance(a, Constant) and a.rank == 2 and not isinstance(b, Constant):
        # The same product with the weights on the right.
        a, a_labels, b, b_labels = b, b_labels, a, a_labels
        equation = f"{a_labels},{b_labels}->{output}"
    flat = _as_dense(builder, a, a_labels, b, b_labels, output)
    return flat if flat is not None else builder.add(Einsum, a=a, b=b, equation=_renamed(equation))


def _renamed(equation: str) -> str:
    """The equation with the output's letters i, j, k, ... and those summed over p, q, r, ..."""
    output = equation.partition("->")[2]
    others = [x for x in dict.fromkeys(equation) if x.isalpha() and x not in output]
    new = dict(zip(output, "ijklmnabcdefgh", strict=False)) | dict(
        zip(others, "pqrstuvw", strict=False)
    )
    return "".join(new.get(letter, letter) for letter in equation)


def _as_dense(
    builder: Builder, a: Value, a_labels: str, b: Value, b_labels: str, output: str
) -> Value | None:
    """A contraction of a's last axes with the first axes of weights is a matrix product."""
    if not isinstance(b, Constant):
        return None
    shared = "".join(x for x in b_labels if x in a_labels)
    rest = "".join(x for x in b_labels if x not in a_labels)
    if not shared or not rest or not a_labels.endswith(shared):
        return None
    if output != a_labels[: -len(shared)] + rest:
        return None
    order = [b_labels.index(x) for x in shared + rest]
    kernel = builder.transpose(b, order)
    inputs = int(np.prod([b.shape[b_labels.index(x)] for x in shared]))
    outer = a.shape[: -len(shared)]
    x = builder.reshape(a, (*outer, inputs), a.batch)
    units = tuple(b.shape[b_labels.index(x)] for x in rest)
    matrix = builder.reshape(kernel, (inputs, int(np.prod(units))), None)
    y = builder.add(Dense, x=x, kernel=matrix)
    return builder.reshape(y, (*outer, *units), y.batch)


def _simplified(builder: Builder, x: Value, labels: str, kept: str) -> tuple[Value, str]:
    """x with repeated letters taken along their diagonal and letters found nowhere else summed."""
    for label in dict.fromkeys(labels):
        if labels.count(label) > 1:
            raise UnsupportedError(
                "einsum along a diagonal is not supported; use keras.ops.diagonal's sum"
            )
    alone = tuple(axis for axis, label in enumerate(labels) if label not in kept)
    if alone:
        x = builder.reduce("sum", x, alone)
        labels = "".join(label for label in labels if label in kept)
    return x, labels


def _without_ones(builder: Builder, x: Value, labels: str, clash: set[str]) -> tuple[Value, str]:
    """x without the length-one axes that broadcast against the other operand."""
    drop = {i for i, label in enumerate(labels) if label in clash and x.shape[i] == 1}
    if not drop:
        return x, labels
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in drop)
    batch = None if x.batch is None else x.batch - sum(axis < x.batch for axis in drop)
    kept = "".join(label for axis, label in enumerate(labels) if axis not in drop)
    return builder.reshape(x, shape, batch), kept


def _permuted(builder: Builder, x: Value, labels: str, output: str) -> Value:
    return builder.transpose(x, [labels.index(label) for label in output])
