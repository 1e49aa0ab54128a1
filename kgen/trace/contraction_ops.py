"""Lowerings of keras.ops that sum products: matrix products, tensordot and einsum."""

from __future__ import annotations

import re
import string
from typing import Any

import numpy as np

from kgen.ir.node import product_dtype
from kgen.ir.value import Constant, Value
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.table import lowers


@lowers("Matmul")
def matmul(builder: Builder, op: Any, x1: Any, x2: Any) -> Value:
    return _matmul(builder, *_operands(builder, x1, x2))


def _operands(builder: Builder, *operands: Any) -> list[Value]:
    """The operands of a product in its result's type, but for int8: a product of two is summed in
    int32, and weights of int8 stay what they are.
    """
    dtype = builder.spec(builder.outputs).dtype
    values = [builder.value(operand) for operand in operands]
    if len(values) == 2 and values[1].dtype == "int8":
        a, b = values
        narrow = a.dtype == "int8" if dtype == "int32" else isinstance(b, Constant)
        if narrow and product_dtype(a.dtype, b.dtype) == dtype:
            return values
    return [builder.value(value, dtype) for value in values]


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
    values = _operands(builder, *operands)
    inputs, output = spelled_out(op.subscripts, [value.rank for value in values])
    _fitting(op.subscripts, values, inputs)
    pending = list(zip(values, inputs, strict=True))
    while len(pending) > 1:
        (a, a_labels), (b, b_labels), *rest = pending
        later = set(output).union(*(labels for _, labels in rest))
        both = "".join(dict.fromkeys(a_labels + b_labels))
        out = output if not rest else "".join(label for label in both if label in later)
        pending = [(einsum_of_two(builder, a, a_labels, b, b_labels, out), out), *rest]
    value, labels = pending[0]
    return _permuted(builder, *_simplified(builder, value, labels, output), output)


def _fitting(subscripts: str, values: list[Value], inputs: list[str]) -> None:
    """Raises UnsupportedError if a letter stands for several sizes, which Keras finds out late."""
    sizes: dict[str, int] = {}
    for value, labels in zip(values, inputs, strict=True):
        for letter, size in zip(labels, value.shape, strict=True):
            if size != 1 and sizes.setdefault(letter, size) != size:
                raise UnsupportedError(
                    f"in {subscripts} {letter} stands for {sizes[letter]} and for {size}; what "
                    "works is sizes that fit together"
                )


def spelled_out(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the output: ellipses replaced, an implicit output made
    explicit.
    """
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
    """Two operands' einsum, after what concerns one of them alone (sums, diagonals, length-one
    axes).
    """
    a, a_labels = _simplified(builder, a, a_labels, b_labels + output)
    b, b_labels = _simplified(builder, b, b_labels, a_labels + output)
    sizes = dict(zip(a_labels, a.shape, strict=True))
    other = dict(zip(b_labels, b.shape, strict=True))
    clash = {x for x in sizes if x in other and sizes[x] != other[x]}
    # For one sample the batch axis is as short as one that repeats along it.
    samples = {
        labels[value.batch] for value, labels in ((a, a_labels), (b, b_labels))
        if value.batch is not None
    }  # fmt: skip
    clash |= samples.intersection(sizes, other)
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
    drop = {
        i for i, label in enumerate(labels) if label in clash and x.shape[i] == 1 and i != x.batch
    }
    if not drop:
        return x, labels
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in drop)
    batch = None if x.batch is None else x.batch - sum(axis < x.batch for axis in drop)
    kept = "".join(label for axis, label in enumerate(labels) if axis not in drop)
    return builder.reshape(x, shape, batch), kept


def _permuted(builder: Builder, x: Value, labels: str, output: str) -> Value:
    return builder.transpose(x, [labels.index(label) for label in output])
