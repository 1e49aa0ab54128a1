"""keras.ops that arrange elements, as compositions: diagonals, triangles, stacks and splits."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from keras import ops

from kgen.ir.value import Value
from kgen.trace.arithmetic_ops import alike, promised
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.known import array_of
from kgen.trace.table import decomposes, lowers


@decomposes("Rot90")
def rot90(op: Any, array: Any) -> Any:
    first, second = (axis % len(array.shape) for axis in op.axes)
    turns = op.k % 4
    if turns == 1:
        return ops.swapaxes(ops.flip(array, axis=second), first, second)
    if turns == 3:
        return ops.flip(ops.swapaxes(array, first, second), axis=second)
    if turns == 2:
        # Keras 3.15 turns twice, but takes the turned rectangle for one that is not.
        x = ops.moveaxis(array, (first, second), (-2, -1))
        for _ in range(2):
            x = ops.reshape(ops.swapaxes(ops.flip(x, axis=-1), -1, -2), x.shape)
        return ops.moveaxis(x, (-2, -1), (first, second))
    return ops.convert_to_tensor(array)


@decomposes("Fliplr")
def fliplr(op: Any, x: Any) -> Any:
    return ops.flip(x, axis=1)


@decomposes("Flipud")
def flipud(op: Any, x: Any) -> Any:
    return ops.flip(x, axis=0)


@decomposes("Append")
def append(op: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(x1, x2)
    if op.axis is None:
        return ops.concatenate([ops.reshape(x1, (-1,)), ops.reshape(x2, (-1,))], axis=0)
    return ops.concatenate([x1, x2], axis=op.axis)


@decomposes("Vstack")
def vstack(op: Any, xs: Any) -> Any:
    rows = [ops.reshape(x, (1, -1)) if len(x.shape) < 2 else x for x in xs]
    return ops.concatenate(rows, axis=0)


@decomposes("Dstack")
def dstack(op: Any, xs: Any) -> Any:
    def with_depth(x: Any) -> Any:
        if len(x.shape) < 2:
            x = ops.reshape(x, (1, -1))
        return ops.expand_dims(x, -1) if len(x.shape) == 2 else x

    return ops.concatenate([with_depth(x) for x in xs], axis=2)


@decomposes("Hsplit")
def hsplit(op: Any, x: Any) -> Any:
    return ops.split(x, op.indices_or_sections, axis=0 if len(x.shape) == 1 else 1)


@decomposes("Vsplit")
def vsplit(op: Any, x: Any) -> Any:
    return ops.split(x, op.indices_or_sections, axis=0)


@decomposes("Dsplit")
def dsplit(op: Any, x: Any) -> Any:
    return ops.split(x, op.indices_or_sections, axis=2)


@decomposes("ArraySplit")
def array_split(op: Any, x: Any) -> Any:
    """The first parts are longer by one."""
    parts = op.indices_or_sections
    if not isinstance(parts, int):
        return ops.split(x, parts, axis=op.axis)
    short, longer = divmod(x.shape[op.axis], parts)
    sizes = [short + 1] * longer + [short] * (parts - longer)
    return ops.split(x, np.cumsum(sizes[:-1]).tolist(), axis=op.axis)


@decomposes("Diagonal")
def diagonal(op: Any, x: Any) -> Any:
    x = ops.moveaxis(x, (op.axis1, op.axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    down, right = max(-op.offset, 0), max(op.offset, 0)
    length = max(min(rows - down, columns - right), 0)
    x = x[..., down : down + length, right : right + length]
    flat = ops.reshape(x, (*x.shape[:-2], length * length))
    return flat[..., :: length + 1] if length else flat


@decomposes("Diag")
def diag(op: Any, x: Any) -> Any:
    if len(x.shape) == 2:
        return ops.diagonal(x, offset=op.k)
    size = x.shape[0] + abs(op.k)
    rows = ops.pad(ops.expand_dims(x, 1), [(max(-op.k, 0), max(op.k, 0)), (0, 0)])
    return ops.where(np.eye(size, k=op.k, dtype=bool), rows, ops.zeros_like(rows))


@decomposes("Diagflat")
def diagflat(op: Any, x: Any) -> Any:
    return ops.diag(ops.reshape(x, (-1,)), k=op.k)


@decomposes("Trace")
def trace(op: Any, x: Any) -> Any:
    return ops.sum(ops.diagonal(x, offset=op.offset, axis1=op.axis1, axis2=op.axis2), axis=-1)


@decomposes("Tril", "Triu")
def triangle(op: Any, x: Any) -> Any:
    if not isinstance(op.k, int):
        raise UnsupportedError(
            "a triangle whose diagonal the data says is not supported; use keras.ops.where with a "
            "comparison of places"
        )
    cut = np.tril if type(op).__name__ == "Tril" else np.triu
    return ops.where(cut(np.ones(x.shape[-2:], bool), op.k), x, ops.zeros_like(x))


@decomposes("Meshgrid")
def meshgrid(op: Any, *x: Any) -> Any:
    flat = [ops.reshape(one, (-1,)) for one in x]
    order = list(range(len(flat)))
    if op.indexing == "xy" and len(flat) > 1:
        order[:2] = [1, 0]
    shape = [flat[i].shape[0] for i in order]
    grids = []
    for position, one in enumerate(flat):
        sizes = [-1 if place == position else 1 for place in order]
        grids.append(ops.broadcast_to(ops.reshape(one, sizes), shape))
    return grids


@decomposes("Rearrange")
def rearrange(op: Any, tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """einops' notation: "b (h r) w -> b h (w r)"."""

    def groups(side: str) -> list[list[str]]:
        return [part.strip("()").split() for part in re.findall(r"\w+|\([^)]*\)", side)]

    before, after = (groups(side) for side in pattern.split("->"))
    sizes = dict(axes_lengths)
    for group, whole in zip(before, tensor.shape, strict=True):
        known = math.prod(axes_lengths.get(name, 1) for name in group)
        sizes.update({name: whole // known for name in group if name not in axes_lengths})
    names = [name for group in before for name in group]
    x = ops.reshape(tensor, [sizes[name] for name in names])
    x = ops.transpose(x, [names.index(name) for group in after for name in group])
    return ops.reshape(x, [math.prod(sizes[name] for name in group) for group in after])


@decomposes("UnravelIndex")
def unravel_index(op: Any, indices: Any) -> Any:
    one = len(indices.shape) == 1
    places = []
    for size in reversed(op.shape) if one else op.shape:  # Keras 3.15 is right for one axis only
        places.append(ops.mod(indices, size))
        indices = ops.floor_divide(indices, size)
    return tuple(reversed(places))


@decomposes("Full")
def full(op: Any, fill_value: Any) -> Any:
    return ops.broadcast_to(ops.cast(fill_value, promised(op, fill_value)), op.shape)


@decomposes("EmptyLike")
def empty_like(op: Any, x: Any) -> Any:
    return ops.zeros_like(x, dtype=op.dtype)


@decomposes("Linspace")
def linspace(op: Any, start: Any, stop: Any) -> Any:
    """Between numbers or arrays that broadcast; the new axis is op.axis."""
    spec = op.compute_output_spec(start, stop)
    dtype = (spec[0] if isinstance(spec, list | tuple) else spec).dtype
    start, stop = alike(start, stop, dtype=dtype)
    steps = max(op.num - 1 if op.endpoint else op.num, 1)
    step = (stop - start) / steps
    axis = op.axis % (max(len(start.shape), len(stop.shape)) + 1)
    numbers = np.arange(op.num, dtype=dtype)
    shape = [1] * (max(len(start.shape), len(stop.shape)) + 1)
    shape[axis] = op.num
    result = ops.expand_dims(start, axis) + ops.expand_dims(step, axis) * numbers.reshape(shape)
    if op.endpoint and op.num > 1:  # exactly, as TensorFlow does
        last = (np.arange(op.num) == op.num - 1).reshape(shape)
        result = ops.where(last, ops.expand_dims(stop, axis), result)
    if "int" in dtype:
        result = ops.floor(result)
    return (ops.cast(result, dtype), step) if op.retstep else ops.cast(result, dtype)


@decomposes("Logspace")
def logspace(op: Any, start: Any, stop: Any) -> Any:
    exponents = ops.linspace(
        start, stop, num=op.num, endpoint=op.endpoint, dtype=op.dtype, axis=op.axis
    )
    return ops.power(ops.cast(op.base, exponents.dtype), exponents)


@decomposes("Geomspace")
def geomspace(op: Any, start: Any, stop: Any) -> Any:
    dtype = op.dtype or promised(op, start, stop)
    start, stop = alike(start, stop, dtype=dtype)
    result = ops.logspace(
        ops.log10(ops.abs(start)),
        ops.log10(ops.abs(stop)),
        num=op.num,
        endpoint=op.endpoint,
        dtype=op.dtype,
        axis=op.axis,
    )
    return result * ops.sign(start)  # as Keras 3.15 has it: right for axis 0


@lowers("Arange")
def arange(builder: Builder, op: Any, start: Any, stop: Any = None, step: Any = None) -> Value:
    """From known numbers: 0, 1, 2, ... times the step, from the start on."""
    numbers = [None if one is None else builder.scalar(one) for one in (start, stop, step)]
    if numbers.count(None) > (start, stop, step).count(None):
        raise UnsupportedError(
            "arange's length depends on the data; use a fixed length and a comparison with it"
        )
    whole = array_of(op.call(*numbers))
    dtype = str(whole.dtype)
    counted = builder.value(np.arange(len(whole), dtype=dtype))
    begin = 0 if stop is None else start
    if step is not None and numbers[2] != 1:
        counted = builder.map("multiply", counted, builder.value(step, dtype), dtype=dtype)
    if builder.scalar(begin) != 0:
        counted = builder.map("add", counted, builder.value(begin, dtype), dtype=dtype)
    return counted


@decomposes("Ndim")
def ndim(op: Any, x: Any) -> int:
    """A plain number, as outside of tracing: layers count with it."""
    return len(x.shape)


@lowers("Size")
def size(builder: Builder, op: Any, x: Any) -> Value:
    """Known when exporting, unless it counts samples."""
    value = builder.value(x)
    if value.batch is not None:
        raise UnsupportedError("size counts all samples of a batch; use keras.ops.shape")
    return builder.value(np.asarray(value.size, np.int32))
