"""Lowering of keras.ops.image.resize."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kgen.ir.size import Size, maximum, minimum
from kgen.ir.value import Constant, Value
from kgen.ops.pad import Pad
from kgen.ops.resize import Resize
from kgen.ops.slice import Slice
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.derived import derived
from kgen.trace.resampling import nearest, resampling
from kgen.trace.table import lowers

METHODS = ("nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5")


@lowers("Resize")
def resize(builder: Builder, op: Any, images: Any) -> Value:
    """tf.image.resize as a weighted sum along each of the two axes, in the images' own dtype."""
    if op.interpolation not in METHODS:
        raise UnsupportedError(
            f"it resizes by {op.interpolation!r}, which Keras 2 could and Keras 3 can't; what "
            f"works is {', '.join(METHODS)}, of which bicubic and lanczos3 come nearest"
        )
    value = builder.value(images)
    first = value.rank - (3 if op.data_format == "channels_last" else 2)
    axes = (first, first + 1)
    if op.crop_to_aspect_ratio:
        value = _cropped(builder, value, axes, op.size)
    elif op.pad_to_aspect_ratio:
        value = _padded(builder, value, axes, op.size, op.fill_value)
    if op.interpolation == "nearest":
        for axis, size in zip(axes, op.size, strict=True):
            value = _repeated(builder, value, axis, int(size))
        return value
    value = builder.cast(value, "float32")
    # The axis that shrinks most goes first: the other one then has fewer rows to do.
    ratios = {axis: size / value.shape[axis] for axis, size in zip(axes, op.size, strict=True)}
    if op.crop_to_aspect_ratio or op.pad_to_aspect_ratio:
        ratios = dict.fromkeys(axes, 1.0)  # alike, but for rounding
    for axis in sorted(axes, key=ratios.__getitem__):
        size = int(op.size[axes.index(axis)])
        value = _resampled(builder, value, axis, size, op.interpolation, bool(op.antialias))
    return _saturated(builder, value, builder.spec(builder.outputs).dtype)


def _repeated(builder: Builder, value: Value, axis: int, size: int) -> Value:
    rows = nearest(value.shape[axis], size)
    note = f"the row of {value.shape[axis]} that each of {size} is"
    if np.array_equal(rows, np.arange(value.shape[axis])):
        return value
    return builder.gather(value, Constant.of(_name(builder, "rows"), rows, note), axis)


def _resampled(
    builder: Builder, value: Value, axis: int, size: int, method: str, antialias: bool
) -> Value:
    sums = resampling(method, value.shape[axis], size, antialias)
    if sums.is_identity:
        return value
    note = f"{method} from {value.shape[axis]} to {size}"
    starts = Constant.of(_name(builder, "starts"), sums.starts, f"{note}: first of the neighbours")
    weights = Constant.of(_name(builder, "weights"), sums.weights, f"{note}: their weights")
    return builder.add(
        Resize,
        x=value,
        axis=axis,
        starts=starts,
        weights=weights,
        size=size,
        method=method,
        antialias=antialias and method != "area",
    )


def _saturated(builder: Builder, value: Value, dtype: str) -> Value:
    """Rounded and kept within the range of an integer dtype, if it is one."""
    if np.dtype(dtype).kind not in "iu":
        return builder.cast(value, dtype)
    limits = np.iinfo(dtype)
    low, high = np.float32(limits.min), np.float32(limits.max)
    if int(high) > limits.max:
        high = np.nextafter(high, np.float32(0))
    value = builder.map("round", value, dtype="float32")
    value = builder.map("maximum", value, float(low), dtype="float32")
    value = builder.map("minimum", value, float(high), dtype="float32")
    return builder.cast(value, dtype)


def _name(builder: Builder, what: str) -> str:
    return f"{builder.origin.path}/{what}"


def _fitting(sizes: Sequence[int], target: tuple[int, int]) -> tuple[int, int]:
    """The height that fits the width, and the width that fits the height."""
    (height, width), (target_height, target_width) = sizes, target
    return (
        _quotient(width * target_height, target_width),
        _quotient(height * target_width, target_height),
    )


def _quotient(a: int, b: int) -> int:
    """a / b rounded down; as TensorFlow does it, in float32, where that may differ."""
    if a < 2**24:
        return a // b
    if isinstance(a, Size):
        raise TypeError("images of this size have an aspect ratio of more digits than float32 has")
    return int(np.float32(a) / np.float32(b))


def _cropped(builder: Builder, value: Value, axes: tuple[int, int], size: tuple[int, int]) -> Value:
    """The largest part from the middle that has the target's aspect ratio."""

    def rule(shape: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        starts, sizes = [0] * len(shape), list(shape)
        for axis, fitting in zip(axes, _fitting([shape[a] for a in axes], size), strict=True):
            sizes[axis] = maximum(minimum(shape[axis], fitting), 1)
            starts[axis] = (shape[axis] - sizes[axis]) // 2
        return tuple(starts), tuple(sizes)

    starts, sizes = derived(rule, value.shape)
    if sizes == value.shape:
        return value
    return builder.add(Slice, x=value, starts=starts, steps=(1,) * value.rank, sizes=sizes)


def _padded(
    builder: Builder, value: Value, axes: tuple[int, int], size: tuple[int, int], fill: float
) -> Value:
    """The images with as much fill on both sides as makes about the target's aspect ratio."""

    def rule(shape: Sequence[int]) -> tuple[tuple[int, int], ...]:
        padding = [(0, 0)] * len(shape)
        for axis, fitting in zip(axes, _fitting([shape[a] for a in axes], size), strict=True):
            before = (maximum(shape[axis], fitting) - shape[axis]) // 2
            padding[axis] = (before, before)
        return tuple(padding)

    padding = derived(rule, value.shape)
    if not any(map(any, padding)):
        return value
    return builder.add(Pad, x=value, padding=padding, value=fill)
