"""Lowerings of keras.ops that move elements about without computing."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.ir.node import MixedSamplesError
from kgen.ir.value import Value
from kgen.ops.concatenate import Concatenate
from kgen.ops.gather_elements import GatherElements
from kgen.ops.pad import Pad
from kgen.ops.slice import Slice
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.table import decomposes, lowers


@lowers("Reshape", "Ravel", "ExpandDims", "Squeeze")
def reshape(builder: Builder, op: Any, x: Any) -> Value:
    return builder.reshape_to(x, builder.outputs)


@lowers("StopGradient", "Copy", "ConvertToTensor", "Array", "Conjugate", "Conj", "Real")
def same(builder: Builder, op: Any, x: Any) -> Value:
    return builder.value(x, builder.spec(builder.outputs).dtype)


@lowers("Transpose")
def transpose(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    axes = op.axes if op.axes is not None else range(value.rank)[::-1]
    return builder.transpose(value, [axis % value.rank for axis in axes])


@lowers("Swapaxes")
def swapaxes(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    order = list(range(value.rank))
    first, second = op.axis1 % value.rank, op.axis2 % value.rank
    order[first], order[second] = second, first
    return builder.transpose(value, order)


@lowers("Moveaxis")
def moveaxis(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    source, target = (
        [axis % value.rank for axis in (axes if isinstance(axes, list | tuple) else [axes])]
        for axes in (op.source, op.destination)
    )
    order = [axis for axis in range(value.rank) if axis not in source]
    for place, axis in sorted(zip(target, source, strict=True)):
        order.insert(place, axis)
    return builder.transpose(value, order)


@lowers("BroadcastTo")
def broadcast_to(builder: Builder, op: Any, x: Any) -> Value:
    spec = builder.spec(builder.outputs)
    return builder.broadcast(x, spec.shape, spec.batch)


@lowers("GetItem")
def get_item(builder: Builder, op: Any, x: Any, key: Any) -> Value:
    value = builder.value(x)
    keys = list(key) if isinstance(key, list | tuple) else [key]
    if any(isinstance(part, keras.KerasTensor) for part in keys):
        raise UnsupportedError("indexing with a tensor is not supported; use keras.ops.take")
    taken = sum(part is not None and part is not Ellipsis for part in keys)
    if not any(part is Ellipsis for part in keys):
        keys.append(Ellipsis)
    where = next(i for i, part in enumerate(keys) if part is Ellipsis)
    keys[where : where + 1] = [slice(None)] * (value.rank - taken)
    starts, steps, sizes = [], [], []
    shape: list[int] = []  # the result's: new axes are there, axes of one picked element are not
    axis, batch = 0, None
    for part in keys:
        if part is None:
            shape.append(1)
            continue
        length = value.shape[axis] * (builder.batch if axis == value.batch else 1)
        if isinstance(part, slice):
            picked = range(*part.indices(length))
        else:
            index = int(part)
            picked = range(index % length, index % length + 1)
        if axis == value.batch:
            if picked != range(length):
                raise MixedSamplesError("it picks samples out of a batch")
            picked = range(value.shape[axis])
            batch = len(shape)
        if isinstance(part, slice):
            shape.append(len(picked))
        starts.append(picked.start if len(picked) else 0)
        steps.append(picked.step)
        sizes.append(len(picked))
        axis += 1
    # At other lengths the same bounds may cut something off.
    bounded = any(isinstance(part, slice) and part != slice(None) for part in keys)
    if bounded or tuple(sizes) != value.shape:
        value = builder.add(
            Slice, x=value, starts=tuple(starts), steps=tuple(steps), sizes=tuple(sizes)
        )
    return builder.reshape(value, tuple(shape), batch)


# In a functional model the size of the batch axis is None in Keras's rule.
@lowers("Slice", keras_rule=False)
def slice_(builder: Builder, op: Any, inputs: Any, start_indices: Any) -> Value:
    value = builder.value(inputs)
    if any(isinstance(start, keras.KerasTensor) for start in start_indices):
        raise UnsupportedError(
            "slices that begin where the data says are not supported; use keras.ops.take"
        )
    starts = [int(start) for start in start_indices]
    sizes = []
    for axis, (start, size, whole) in enumerate(zip(starts, op.shape, value.shape, strict=True)):
        if axis == value.batch:
            if start != 0 or size not in (None, -1, whole * builder.batch):
                raise MixedSamplesError("it picks samples out of a batch")
            sizes.append(whole)
        else:
            sizes.append(whole - start if size == -1 else int(size))
    if tuple(sizes) == value.shape:
        return value
    return builder.add(
        Slice, x=value, starts=tuple(starts), steps=(1,) * value.rank, sizes=tuple(sizes)
    )


@lowers("Flip")
def flip(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    axes = builder.axes(op.axis, value.rank)
    return builder.add(
        Slice,
        x=value,
        starts=tuple(size - 1 if axis in axes else 0 for axis, size in enumerate(value.shape)),
        steps=tuple(-1 if axis in axes else 1 for axis in range(value.rank)),
        sizes=value.shape,
    )


@lowers("Concatenate")
def concatenate(builder: Builder, op: Any, xs: Any) -> Value:
    return _concatenated(builder, list(xs), op.axis)


def _concatenated(builder: Builder, xs: list[Any], axis: int) -> Value:
    spec = builder.spec(builder.outputs)
    values = [builder.value(x, spec.dtype) for x in xs]
    axis %= values[0].rank
    if spec.batch is not None and axis != spec.batch:
        # What is the same for all samples is repeated for each.
        values = [builder.broadcast(v, v.shape, spec.batch) for v in values]
    return (
        values[0] if len(values) == 1 else builder.add(Concatenate, args=tuple(values), axis=axis)
    )


@decomposes("Stack")
def stack(op: Any, x: Any) -> Any:
    return ops.concatenate([ops.expand_dims(one, op.axis) for one in x], axis=op.axis)


@decomposes("Hstack")
def hstack(op: Any, xs: Any) -> Any:
    return ops.concatenate(list(xs), axis=0 if len(xs[0].shape) == 1 else 1)


@lowers("Split")
def split(builder: Builder, op: Any, x: Any) -> list[Value]:
    value = builder.value(x)
    axis = op.axis % value.rank
    sizes = [builder.spec(part).shape[axis] for part in builder.outputs]
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    return [
        builder.slice(value, axis, start if size else 0, size)
        for start, size in zip(starts, sizes, strict=True)
    ]


@lowers("Unstack")
def unstack(builder: Builder, op: Any, x: Any) -> list[Value]:
    value = builder.value(x)
    axis = op.axis % value.rank
    if axis == value.batch:
        raise MixedSamplesError("it takes the samples of a batch apart")
    return [
        builder.reshape_to(builder.slice(value, axis, index, 1), part)
        for index, part in enumerate(builder.outputs)
    ]


@lowers("Pad")
def pad(builder: Builder, op: Any, x: Any, constant_values: Any = None) -> Value:
    value = builder.value(x)
    padding = [
        (int(before), int(after))
        for before, after in np.broadcast_to(np.asarray(op.pad_width), (value.rank, 2))
    ]
    if op.mode == "constant":
        fill = builder.scalar(0 if constant_values is None else constant_values)
        if fill is None:
            raise UnsupportedError("pad with an array of values is not supported; use one number")
        fill = np.asarray(fill).astype(value.dtype).item()
        return builder.add(Pad, x=value, padding=tuple(padding), value=fill)
    for axis, widths in enumerate(padding):
        if widths == (0, 0):
            continue
        edge = {"reflect": 1, "symmetric": 0}.get(op.mode, value.shape[axis])
        if max(widths) <= value.shape[axis] - edge:
            value = _mirrored(builder, value, axis, widths, edge)
            continue
        try:
            places = np.pad(np.arange(value.shape[axis], dtype=np.int32), widths, mode=op.mode)
        except ValueError as error:
            raise UnsupportedError(
                f"pad with mode {op.mode!r} is not supported: {error}; what works is constant, "
                "reflect and symmetric, of widths within the array's"
            ) from None
        value = builder.gather(value, places, axis)
    return value


def _mirrored(
    builder: Builder, value: Value, axis: int, widths: tuple[int, int], edge: int
) -> Value:
    """The axis continued on both ends by what is next to them, turned round.

    edge: 1 if its first and last element are not repeated, else 0.
    """
    before, after = widths
    parts = [value]
    if before:
        parts.insert(0, builder.slice(value, axis, before - 1 + edge, before, -1))
    if after:
        parts.append(builder.slice(value, axis, value.shape[axis] - 1 - edge, after, -1))
    return builder.add(Concatenate, args=tuple(parts), axis=axis)


@lowers("Take")
def take(builder: Builder, op: Any, x: Any, indices: Any) -> Value:
    value, places = builder.value(x), builder.value(indices)
    if places.dtype not in ("int32", "int64"):
        places = builder.cast(places, "int32")
    if op.axis is None:
        if value.batch is not None:
            raise MixedSamplesError("it picks from the flattened batch")
        return builder.gather(builder.reshape(value, (value.size,), None), places, 0)
    return builder.gather(value, places, op.axis % value.rank)


@lowers("TakeAlongAxis")
def take_along_axis(builder: Builder, op: Any, x: Any, indices: Any) -> Value:
    value, places = builder.value(x), builder.value(indices)
    if op.axis is None:
        raise MixedSamplesError("it picks from the flattened batch")
    if places.dtype not in ("int32", "int64"):
        places = builder.cast(places, "int32")
    return builder.add(GatherElements, x=value, indices=places, axis=op.axis % value.rank)


@lowers("Repeat")
def repeat(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    axis = op.axis
    if axis is None:
        if value.batch is not None:
            raise MixedSamplesError("it repeats the flattened batch")
        value, axis = builder.reshape(value, (value.size,), None), 0
    axis %= value.rank
    if axis == value.batch:
        raise MixedSamplesError("it repeats samples")
    repeats = np.asarray(op.repeats)
    if repeats.size > 1:
        places = np.repeat(np.arange(value.shape[axis], dtype=np.int32), repeats)
        return builder.gather(value, places, axis)
    return repeated(builder, value, axis, int(repeats.reshape(())))


def repeated(builder: Builder, value: Value, axis: int, count: int) -> Value:
    """Each element along the axis `count` times, through an axis of its own."""
    before, size, after = value.shape[: axis + 1], value.shape[axis], value.shape[axis + 1 :]
    batch = value.batch
    moved = batch if batch is None or batch <= axis else batch + 1
    wide = builder.reshape(value, (*before, 1, *after), moved)
    wide = builder.broadcast(wide, (*before, count, *after), moved)
    return builder.reshape(wide, (*before[:-1], size * count, *after), batch)


@lowers("Tile")
def tile(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    spec = builder.spec(builder.outputs)
    repeats = [op.repeats] if isinstance(op.repeats, int) else [int(one) for one in op.repeats]
    value = builder.expand(value, max(len(repeats), value.rank))
    repeats = [1] * (value.rank - len(repeats)) + repeats
    for axis, count in enumerate(repeats):
        if count == 1 or (axis == spec.batch and value.batch is None):
            continue
        if axis == value.batch:
            raise MixedSamplesError("it repeats samples")
        before, after = value.shape[:axis], value.shape[axis:]
        moved = value.batch if value.batch is None or value.batch < axis else value.batch + 1
        wide = builder.reshape(value, (*before, 1, *after), moved)
        wide = builder.broadcast(wide, (*before, count, *after), moved)
        shape = (*before, count * after[0], *after[1:])
        value = builder.reshape(wide, shape, value.batch)
    return builder.broadcast(value, spec.shape, spec.batch)


@decomposes("Roll")
def roll(op: Any, x: Any) -> Any:
    if op.axis is None:
        flat = ops.roll(ops.reshape(x, (-1,)), op.shift, axis=0)
        return ops.reshape(flat, x.shape)
    axes = op.axis if isinstance(op.axis, list | tuple) else (op.axis,)
    shifts = op.shift if isinstance(op.shift, list | tuple) else (op.shift,) * len(axes)
    for axis, shift in zip(axes, shifts, strict=True):
        length = x.shape[axis]
        cut = length - int(shift) % length if length else 0
        if cut not in (0, length):
            head, tail = ops.split(x, [cut], axis=axis)
            x = ops.concatenate([tail, head], axis=axis)
    return x


@lowers("OneHot")
def one_hot(builder: Builder, op: Any, x: Any) -> Value:
    if getattr(op, "sparse", False):
        raise UnsupportedError("sparse results are not supported; use one_hot with sparse=False")
    value = builder.value(x)
    spec = builder.spec(builder.outputs)
    axis = op.axis % (value.rank + 1)
    shape = (*value.shape[:axis], 1, *value.shape[axis:])
    batch = value.batch if value.batch is None or value.batch < axis else value.batch + 1
    classes = np.arange(op.num_classes, dtype=value.dtype)
    classes = classes.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    hot = builder.map(
        "equal", builder.reshape(value, shape, batch), classes, dtype="bool", inputs=value.dtype
    )
    return builder.cast(hot, spec.dtype)


@lowers("ZerosLike", "OnesLike", "FullLike")
def like(builder: Builder, op: Any, x: Any, fill_value: Any = None) -> Value:
    spec = builder.spec(builder.outputs)
    fill = {"ZerosLike": 0, "OnesLike": 1}.get(type(op).__name__, fill_value)
    value = builder.value(fill, spec.dtype)
    return builder.broadcast(value, spec.shape, spec.batch)


@decomposes("SpaceToDepth")
def space_to_depth(op: Any, x: Any) -> Any:
    last = op.data_format == "channels_last"
    block = op.block_size
    if not last:
        x = ops.transpose(x, (0, 2, 3, 1))
    samples, height, width, channels = x.shape
    x = ops.reshape(x, (samples, height // block, block, width // block, block, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    x = ops.reshape(x, (samples, height // block, width // block, prod((block, block, channels))))
    return x if last else ops.transpose(x, (0, 3, 1, 2))


@decomposes("DepthToSpace")
def depth_to_space(op: Any, x: Any) -> Any:
    last = op.data_format == "channels_last"
    block = op.block_size
    if not last:
        x = ops.transpose(x, (0, 2, 3, 1))
    samples, height, width, channels = x.shape
    x = ops.reshape(x, (samples, height, width, block, block, channels // block**2))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    x = ops.reshape(x, (samples, height * block, width * block, channels // block**2))
    return x if last else ops.transpose(x, (0, 3, 1, 2))
