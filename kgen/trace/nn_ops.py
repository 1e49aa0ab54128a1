"""Lowerings of keras.ops.nn: convolution, pooling, normalisation, softmax."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.ir.node import MixedSamplesError
from kgen.ir.size import maximum
from kgen.ir.value import Constant, Value
from kgen.ops.adaptive_pool import AdaptivePool
from kgen.ops.batch_normalization import BatchNormalization
from kgen.ops.conv import Conv
from kgen.ops.conv_transpose import ConvTranspose
from kgen.ops.normalization import Normalization
from kgen.ops.pool import Pool
from kgen.ops.softmax import Softmax
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.derived import derived
from kgen.trace.table import decomposes, lowers


def _is_last(data_format: str | None) -> bool:
    return (data_format or keras.config.image_data_format()) == "channels_last"


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    sizes = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    return tuple(int(size) for size in (sizes * rank if len(sizes) == 1 else sizes))


def same_padding(
    sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """TensorFlow's SAME: ceil(size / stride) windows, the odd element of padding at the end."""
    padding = []
    for size, length, stride, rate in zip(sizes, window, strides, dilation, strict=True):
        reach = (length - 1) * rate + 1
        total = ((size + stride - 1) // stride - 1) * stride + reach - size
        if reach < stride:  # some elements between windows may be in none
            total = maximum(total, 0) if reach > 1 else 0
        padding.append((total // 2, total - total // 2))
    return tuple(padding)


def _same_around(
    x: Value,
    channels_last: bool,
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
) -> tuple[tuple[int, int], ...]:
    """The same of images, as it comes from their shape."""

    def rule(shape: Sequence[int]) -> tuple[tuple[int, int], ...]:
        sizes = shape[1:-1] if channels_last else shape[2:]
        return same_padding(sizes, window, strides, dilation)

    padding: tuple[tuple[int, int], ...] = derived(rule, x.shape)
    return padding


def _constant_kernel(builder: Builder, kernel: Any, dtype: str) -> Constant:
    value = builder.value(kernel, dtype)
    if not isinstance(value, Constant):
        raise UnsupportedError(
            "convolution with a kernel that is computed from the input is not supported; use "
            "keras.ops.image.extract_patches and a product with it"
        )
    return value


@lowers("Conv")
def conv(builder: Builder, op: Any, inputs: Any, kernel: Any) -> Value:
    x = builder.value(inputs)
    return _conv(builder, op, x, _constant_kernel(builder, kernel, x.dtype), groups=None)


@lowers("DepthwiseConv")
def depthwise_conv(builder: Builder, op: Any, inputs: Any, kernel: Any) -> Value:
    x = builder.value(inputs)
    weights = _constant_kernel(builder, kernel, x.dtype)
    return _conv(builder, op, x, _depthwise_kernel(builder, weights), groups=weights.shape[-2])


def _depthwise_kernel(builder: Builder, kernel: Constant) -> Constant:
    """(..., channels, multiplier) -> (..., 1, channels * multiplier), the same memory."""
    *window, channels, multiplier = kernel.shape
    flat = builder.reshape(kernel, (*window, 1, channels * multiplier), None)
    assert isinstance(flat, Constant)
    return flat


@lowers("SeparableConv")
def separable_conv(builder: Builder, op: Any, inputs: Any, depthwise: Any, pointwise: Any) -> Value:
    x = builder.value(inputs)
    first = _constant_kernel(builder, depthwise, x.dtype)
    second = _constant_kernel(builder, pointwise, x.dtype)
    y = _conv(builder, op, x, _depthwise_kernel(builder, first), groups=first.shape[-2])
    rank = first.rank - 2
    return builder.add(
        Conv,
        x=y,
        kernel=second,
        strides=(1,) * rank,
        dilation=(1,) * rank,
        padding=((0, 0),) * rank,
        groups=1,
        channels_last=_is_last(op.data_format),
    )


def _conv(builder: Builder, op: Any, x: Value, kernel: Constant, groups: int | None) -> Value:
    rank = kernel.rank - 2
    last = _is_last(op.data_format)
    strides, dilation = _tuple(op.strides, rank), _tuple(op.dilation_rate, rank)
    channels = x.shape[-1 if last else 1]
    padding: tuple[tuple[int, int], ...] = ((0, 0),) * rank
    if op.padding == "same":
        padding = _same_around(x, last, kernel.shape[:-2], strides, dilation)
    return builder.add(
        Conv,
        x=x,
        kernel=kernel,
        strides=strides,
        dilation=dilation,
        padding=padding,
        groups=groups or channels // kernel.shape[-2],
        channels_last=last,
    )


@lowers("ConvTranspose")
def conv_transpose(builder: Builder, op: Any, inputs: Any, kernel: Any) -> Value:
    x = builder.value(inputs)
    weights = _constant_kernel(builder, kernel, x.dtype)
    rank = weights.rank - 2
    last = _is_last(op.data_format)
    strides, dilation = _tuple(op.strides, rank), _tuple(op.dilation_rate, rank)
    spec = builder.spec(builder.outputs)
    sizes = spec.shape[1:-1] if last else spec.shape[2:]
    crop: tuple[int, ...] = (0,) * rank
    if op.padding == "same":
        # TensorFlow takes the gradient of the convolution that leads from y to x.
        crop = tuple(
            before for before, _ in same_padding(sizes, weights.shape[:-2], strides, dilation)
        )
    return builder.add(
        ConvTranspose,
        x=x,
        kernel=weights,
        strides=strides,
        dilation=dilation,
        crop=crop,
        sizes=sizes,
        channels_last=last,
    )


@lowers("MaxPool", "AveragePool")
def pool(builder: Builder, op: Any, inputs: Any) -> Value:
    x = builder.value(inputs)
    last = _is_last(op.data_format)
    rank = x.rank - 2
    window = _tuple(op.pool_size, rank)
    strides = window if op.strides is None else _tuple(op.strides, rank)
    padding: tuple[tuple[int, int], ...] = ((0, 0),) * rank
    if op.padding == "same":
        padding = _same_around(x, last, window, strides, (1,) * rank)
    return builder.add(
        Pool,
        x=x,
        function="max" if type(op).__name__ == "MaxPool" else "mean",
        window=window,
        strides=strides,
        padding=padding,
        channels_last=last,
    )


# Keras 3.15 keeps the first spatial axis in its rule for channels_last.
@lowers("AdaptiveMaxPool", "AdaptiveAveragePool", keras_rule=False)
def adaptive_pool(builder: Builder, op: Any, inputs: Any) -> Value:
    x = builder.value(inputs)
    last = _is_last(op.data_format)
    return builder.add(
        AdaptivePool,
        x=x,
        function="max" if type(op).__name__ == "AdaptiveMaxPool" else "mean",
        sizes=_tuple(op.output_size, x.rank - 2),
        channels_last=last,
    )


@lowers("Softmax", "LogSoftmax")
def softmax(builder: Builder, op: Any, x: Any) -> Value:
    value = builder.value(x)
    log = type(op).__name__ == "LogSoftmax"
    axis = op.axis
    if isinstance(axis, list | tuple) and len(axis) == 1:
        axis = axis[0]
    if isinstance(axis, int):
        return builder.add(Softmax, x=value, axis=axis % value.rank, log=log)
    axes = builder.axes(axis, value.rank)
    if value.batch in axes:
        raise MixedSamplesError("it would take a softmax over the batch axis")
    # Several axes: bring them to the end, and see them as one.
    others = [a for a in range(value.rank) if a not in axes]
    order = [*others, *axes]
    moved = builder.transpose(value, order)
    flat = builder.reshape(
        moved,
        (*(value.shape[a] for a in others), prod(value.shape[a] for a in axes)),
        moved.batch,
    )
    y = builder.add(Softmax, x=flat, axis=flat.rank - 1, log=log)
    wide = builder.reshape(y, moved.shape, moved.batch)
    return builder.transpose(wide, [order.index(a) for a in range(value.rank)])


@lowers("BatchNorm")
def batch_norm(
    builder: Builder,
    op: Any,
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any = None,
    scale: Any = None,
) -> Value:
    value = builder.value(x)
    weights = {
        "mean": (mean, "moving_mean"),
        "variance": (variance, "moving_variance"),
        "gamma": (scale, "gamma"),
        "beta": (offset, "beta"),
    }
    parts = {
        name: None if part is None else builder.value(part, value.dtype, weight)
        for name, (part, weight) in weights.items()
    }
    if any(part is not None and not isinstance(part, Constant) for part in parts.values()):
        raise UnsupportedError(
            "batch_normalization with computed statistics is not supported; write it as "
            "(x - mean) * keras.ops.rsqrt(variance + epsilon)"
        )
    return builder.add(
        BatchNormalization, x=value, axis=op.axis % value.rank, epsilon=float(op.epsilon), **parts
    )


@lowers("LayerNorm")
def layer_norm(builder: Builder, op: Any, x: Any, gamma: Any = None, beta: Any = None) -> Value:
    if op.rms_scaling:
        return builder.value(_scaled_by_variance(op, x, gamma), builder.spec(x).dtype)
    return _normalization(builder, op, x, gamma, beta, centered=True)


def _scaled_by_variance(op: Any, x: Any, gamma: Any) -> Any:
    """What Keras computes for the deprecated rms_scaling=True."""
    x = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
    variance = ops.var(x, axis=op.axis, keepdims=True)
    y = x * ops.rsqrt(variance + (keras.config.epsilon() if op.epsilon is None else op.epsilon))
    if gamma is None:
        return y
    axes = [axis % len(x.shape) for axis in np.atleast_1d(op.axis)]
    shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
    return y * ops.reshape(ops.cast(gamma, x.dtype), shape)


@lowers("RMSNorm")
def rms_norm(builder: Builder, op: Any, x: Any, scale: Any = None) -> Value:
    if scale is not None and not _broadcasts(scale.shape, x.shape):
        raise UnsupportedError(
            f"its scale of shape {tuple(scale.shape)} does not fit the last axes of its input, and "
            "Keras itself can't run it; normalise over the last axes, or transpose before and after"
        )
    return _normalization(builder, op, x, scale, None, centered=False)


def _broadcasts(shape: Sequence[int], to: Sequence[int]) -> bool:
    last = to[len(to) - len(shape) :]
    return all(size in (1, other) for size, other in zip(shape, last, strict=True))


def _normalization(
    builder: Builder, op: Any, x: Any, gamma: Any, beta: Any, *, centered: bool
) -> Value:
    value = builder.value(x)
    axes = builder.axes(op.axis, value.rank)

    def full_rank(part: Any) -> Value | None:
        if part is None:
            return None
        weights = builder.value(part, value.dtype)
        if weights.rank == value.rank:
            return weights
        if centered and axes != (value.rank - 1,):
            shape = tuple(size if a in axes else 1 for a, size in enumerate(value.shape))
            return builder.reshape(weights, shape, None)
        return builder.expand(weights, value.rank)

    epsilon = keras.config.epsilon() if op.epsilon is None else op.epsilon
    return builder.add(
        Normalization,
        x=value,
        gamma=full_rank(gamma),
        beta=full_rank(beta),
        axes=axes,
        epsilon=float(epsilon),
        centered=centered,
    )


@decomposes("Moments")
def moments(op: Any, x: Any) -> Any:
    mean = ops.mean(x, axis=op.axes, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=op.axes, keepdims=op.keepdims)
    return (mean if op.keepdims else ops.squeeze(mean, axis=op.axes)), variance


@decomposes("Normalize")
def normalize(op: Any, x: Any) -> Any:
    epsilon = keras.config.epsilon() if op.epsilon is None else op.epsilon
    if op.order == 2:
        squares = ops.sum(ops.square(x), axis=op.axis, keepdims=True)
        return x * ops.minimum(ops.rsqrt(squares), 1.0 / epsilon)
    size = ops.abs(x)
    if op.order == 1:
        norm = ops.sum(size, axis=op.axis, keepdims=True)
    else:
        norm = ops.sum(size**op.order, axis=op.axis, keepdims=True) ** (1.0 / op.order)
    return x / ops.maximum(norm, epsilon)


@decomposes("Glu")
def glu(op: Any, x: Any) -> Any:
    linear, gate = ops.split(x, 2, axis=op.axis)
    return linear * ops.sigmoid(gate)


@decomposes("Sparsemax")
def sparsemax(op: Any, x: Any) -> Any:
    """Martins and Astudillo, 2016: x less a threshold, where that is positive."""
    last = ops.moveaxis(x, op.axis, -1)
    ordered, _ = ops.top_k(last, k=last.shape[-1])
    totals = ops.cumsum(ordered, axis=-1)
    ranks = np.arange(1, last.shape[-1] + 1, dtype=x.dtype)
    support = ordered - (totals - 1) / ranks > 0
    count = ops.sum(ops.cast(support, x.dtype), axis=-1, keepdims=True)
    threshold = (ops.sum(ops.where(support, totals, 0.0), axis=-1, keepdims=True) - 1) / count
    # Keras sums the running totals of the support, not its last one; see backend/tensorflow/nn.py.
    return ops.moveaxis(ops.maximum(last - threshold, 0.0), -1, op.axis)


@decomposes("ReLU")
def relu(op: Any, x: Any) -> Any:
    """keras.activations.relu with parameters (keras/src/activations/activations.py)."""
    slope, ceiling, threshold = op.negative_slope, op.max_value, op.threshold
    if slope != 0.0 and ceiling is None and threshold == 0:
        return ops.leaky_relu(x, slope)
    if threshold != 0:
        y = ops.where(ops.greater(x, threshold), x, 0)
    elif ceiling == 6:
        y, ceiling = ops.relu6(x), None
    else:
        y = ops.relu(x)
    if ceiling is not None:
        y = ops.clip(y, 0.0, ceiling)
    if slope != 0.0:
        y = y - slope * ops.relu(threshold - x if threshold != 0 else -x)
    return y
