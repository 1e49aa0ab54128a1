"""keras.ops.nn of losses and of labels, as compositions of others."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.trace.builder import UnsupportedError
from kgen.trace.table import decomposes


def _clipped(output: Any) -> Any:
    epsilon = keras.config.epsilon()
    return ops.clip(output, epsilon, 1 - epsilon)


@decomposes("BinaryCrossentropy")
def binary_crossentropy(op: Any, target: Any, output: Any) -> Any:
    target = ops.cast(ops.convert_to_tensor(target), output.dtype)
    if op.from_logits:  # max(z, 0) - z * target + log(1 + e^-|z|)
        largest = ops.relu(output) - output * target
        return largest + ops.log1p(ops.exp(-ops.abs(output)))
    output = _clipped(output)
    return -(target * ops.log(output) + (1 - target) * ops.log(1 - output))


@decomposes("CategoricalCrossentropy")
def categorical_crossentropy(op: Any, target: Any, output: Any) -> Any:
    target = ops.cast(ops.convert_to_tensor(target), output.dtype)
    if op.from_logits:
        logs = ops.log_softmax(output, axis=op.axis)
    else:
        logs = ops.log(_clipped(output / ops.sum(output, axis=op.axis, keepdims=True)))
    return -ops.sum(target * logs, axis=op.axis)


@decomposes("SparseCategoricalCrossentropy")
def sparse_categorical_crossentropy(op: Any, target: Any, output: Any) -> Any:
    """NaN where the target is no class, as TensorFlow's graphs have it."""
    target = ops.cast(ops.convert_to_tensor(target), "int32")
    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:
        target = ops.squeeze(target, axis=-1)
    # What Keras makes of probabilities are their logarithms, normalised once more.
    logs = ops.log_softmax(output if op.from_logits else ops.log(_clipped(output)), axis=-1)
    classes = np.arange(output.shape[-1], dtype=np.int32)
    hot = ops.equal(ops.expand_dims(target, -1), classes)
    picked = -ops.sum(ops.where(hot, logs, 0.0), axis=-1)
    return ops.where(ops.any(hot, axis=-1), picked, float("nan"))


@decomposes("MultiHot")
def multi_hot(op: Any, inputs: Any) -> Any:
    if op.sparse:
        raise UnsupportedError("sparse results are not supported; use multi_hot with sparse=False")
    axis = 1 if len(inputs.shape) > 1 else 0
    dtype = keras.backend.standardize_dtype(op.dtype or "float32")
    outputs = ops.one_hot(inputs, op.num_classes, axis=op.axis, dtype=dtype)
    return (ops.any if dtype == "bool" else ops.max)(outputs, axis=axis)


@decomposes("PSNR")
def psnr(op: Any, x1: Any, x2: Any) -> Any:
    """Over all axes, the batch among them."""
    error = ops.mean(ops.square(x1 - x2))
    return 20 * ops.log10(ops.cast(op.max_val, x2.dtype)) - 10 * ops.log10(error)


@decomposes("CTCLoss")
def ctc_loss(op: Any, *args: Any) -> Any:
    raise UnsupportedError("ctc_loss is for training and not supported; export the model before it")


@decomposes("CTCDecode")
def ctc_decode(op: Any, inputs: Any, sequence_lengths: Any) -> Any:
    """The most likely class of each step, repetitions and the mask left out, -1 behind the end."""
    if op.strategy != "greedy":
        raise UnsupportedError(
            "ctc_decode by beam search is not supported; strategy='greedy' is, or decode after the "
            "exported model"
        )
    steps, classes = inputs.shape[1:]
    blank = op.mask_index % classes if op.mask_index is not None else classes - 1
    best = ops.argmax(inputs, axis=-1)
    lengths = ops.expand_dims(ops.cast(sequence_lengths, "int32"), -1)
    inside = ops.less(np.arange(steps, dtype=np.int32), lengths)
    kept = ops.logical_and(inside, ops.not_equal(best, blank))
    if op.merge_repeated:
        before = ops.pad(best[:, :-1], [(0, 0), (1, 0)], constant_values=-1)
        kept = ops.logical_and(kept, ops.not_equal(best, before))
    # What is kept moves to the front: the n-th kept step is where the running count is n + 1.
    counts = ops.expand_dims(ops.cumsum(ops.cast(kept, "int32"), axis=1), 1)
    places = np.arange(1, steps + 1, dtype=np.int32)[:, None]
    hit = ops.logical_and(ops.equal(counts, places), ops.expand_dims(kept, 1))
    chosen = ops.sum(ops.where(hit, ops.expand_dims(best, 1), 0), axis=-1)
    decoded = ops.where(ops.any(hit, axis=-1), chosen, -1)
    highest = ops.where(inside, ops.max(inputs, axis=-1), 0.0)
    return ops.expand_dims(decoded, 0), -ops.sum(highest, axis=-1, keepdims=True)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


@decomposes("Unfold")
def unfold(op: Any, x: Any) -> Any:
    """(batch, channels, height, width) -> (batch, channels * window, places)."""
    window, rate, around, stride = map(_pair, (op.kernel_size, op.dilation, op.padding, op.stride))
    x = ops.pad(x, [(0, 0), (0, 0), *((size, size) for size in around)])
    counts = [
        (size - d * (k - 1) - 1) // s + 1
        for size, k, d, s in zip(x.shape[2:], window, rate, stride, strict=True)
    ]
    parts = [
        x[(slice(None), slice(None), *_places((i, j), counts, rate, stride))]
        for i in range(window[0])
        for j in range(window[1])
    ]
    stacked = ops.stack(parts, axis=2)
    samples, channels = x.shape[:2]
    return ops.reshape(stacked, (samples, channels * len(parts), counts[0] * counts[1]))


def _places(tap: Any, counts: Any, rate: Any, stride: Any) -> list[slice]:
    """Where a tap of the window meets the image."""
    return [
        slice(i * d, i * d + s * (n - 1) + 1, s)
        for i, n, d, s in zip(tap, counts, rate, stride, strict=True)
    ]


@decomposes("Fold")
def fold(op: Any, x: Any) -> Any:
    """The sum of the patches, each where `unfold` took it from."""
    window, rate, around, stride, output = map(
        _pair, (op.kernel_size, op.dilation, op.padding, op.stride, op.output_size)
    )
    sizes = [size + 2 * p for size, p in zip(output, around, strict=True)]
    counts = [
        (size - d * (k - 1) - 1) // s + 1
        for size, k, d, s in zip(sizes, window, rate, stride, strict=True)
    ]
    channels = x.shape[1] // (window[0] * window[1])
    patches = ops.reshape(x, (x.shape[0], channels, *window, *counts))
    total: Any = None
    for i in range(window[0]):
        for j in range(window[1]):
            part = patches[:, :, i, j]
            for axis, (tap, n, d, s, size) in enumerate(
                zip((i, j), counts, rate, stride, sizes, strict=True), start=2
            ):
                part = _spread(part, axis, tap * d, n, s, size)
            total = part if total is None else total + part
    crops = [slice(p, size - p) for p, size in zip(around, sizes, strict=True)]
    return total[(slice(None), slice(None), *crops)]


def _spread(x: Any, axis: int, start: int, count: int, stride: int, size: int) -> Any:
    """x's elements along the axis at start, start + stride, ... of `size` ones, zeros between."""

    def padded(y: Any, at: int, widths: tuple[int, int]) -> Any:
        return ops.pad(y, [widths if a == at else (0, 0) for a in range(len(y.shape))])

    if stride > 1:
        wide = padded(ops.expand_dims(x, axis + 1), axis + 1, (0, stride - 1))
        x = ops.reshape(wide, (*x.shape[:axis], count * stride, *x.shape[axis + 1 :]))
        x = x[(slice(None),) * axis + (slice(0, stride * (count - 1) + 1),)]
    return padded(x, axis, (start, size - start - x.shape[axis]))
