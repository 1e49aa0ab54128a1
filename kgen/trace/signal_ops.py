"""Lowerings of keras.ops of signals: Fourier transforms, frames, and what is built on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from kgen.ir.value import Value
from kgen.ops.fft import Fft
from kgen.trace.builder import Builder
from kgen.trace.derived import derived
from kgen.trace.graph_operation import apply
from kgen.trace.known import array_of
from kgen.trace.table import decomposes, lowers

JOINED = 16
"""Frames that overlap with more than this many others are gathered by number."""


@lowers("FFT")
def fft(builder: Builder, op: Any, x: Any) -> tuple[Value, Value]:
    real, imaginary = x
    return transformed(builder, builder.value(real), builder.value(imaginary))


def transformed(builder: Builder, real: Value, imaginary: Value | None) -> tuple[Value, Value]:
    """Both parts of the Fourier transform along the last axis."""
    length = real.shape[-1]
    angles = -2 * np.pi * np.arange(length) / length
    turns = np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype(real.dtype)
    y = builder.add(Fft, real=real, imaginary=imaginary, turns=builder.value(turns))
    parts = (builder.slice(y, y.rank - 1, part, 1) for part in (0, 1))
    first, second = (builder.reshape(part, real.shape, real.batch) for part in parts)
    return first, second


@lowers("RFFT")
def rfft(builder: Builder, op: Any, x: Any) -> tuple[Value, Value]:
    """The first half of a real array's transform; the other half mirrors it."""
    from kgen.ops.pad import Pad

    value = builder.value(x)
    own, axis = value.shape[-1], value.rank - 1
    length = own if op.fft_length is None else op.fft_length
    if length < own:
        value = builder.slice(value, axis, 0, length)
    elif length > own:
        padding = (*((0, 0),) * axis, (0, length - own))
        value = builder.add(Pad, x=value, padding=padding, value=0.0)
    real, imaginary = transformed(builder, value, None)
    half = length // 2 + 1
    return builder.slice(real, axis, 0, half), builder.slice(imaginary, axis, 0, half)


@decomposes("IRFFT")
def irfft(op: Any, x: Any) -> Any:
    """The real array whose transform begins with x, by the transform of its conjugate."""
    real, imaginary = x
    length = 2 * (real.shape[-1] - 1) if op.fft_length is None else op.fft_length
    half = length // 2 + 1

    def whole(part: Any, sign: float) -> Any:
        own = part.shape[-1]
        part = part[..., :half]
        if own < half:
            part = ops.pad(part, [(0, 0)] * (len(part.shape) - 1) + [(0, half - own)])
        mirrored = ops.flip(part[..., 1 : (length + 1) // 2], axis=-1)
        return ops.concatenate([part, sign * mirrored], axis=-1)

    return ops.fft((whole(real, 1.0), -whole(imaginary, -1.0)))[0] / length


@decomposes("FFT2")
def fft2(op: Any, x: Any) -> Any:
    """Along the last axis, then along the one before."""
    rows = ops.fft(x)
    columns = ops.fft(tuple(ops.swapaxes(part, -1, -2) for part in rows))
    return tuple(ops.swapaxes(part, -1, -2) for part in columns)


@decomposes("IFFT2")
def ifft2(op: Any, x: Any) -> Any:
    """By the transform of the conjugate."""
    real, imaginary = x
    count = real.shape[-1] * real.shape[-2]
    first, second = ops.fft2((real, -imaginary))
    return first / count, -second / count


@decomposes("ExtractSequences")
def extract_sequences(op: Any, x: Any) -> Any:
    return frames(x, op.sequence_length, op.sequence_stride)


def frames(x: Any, length: int, stride: int) -> Any:
    """(..., n) -> (..., count, length): pieces that begin `stride` elements after one another."""
    count = max((x.shape[-1] - length) // stride + 1, 0)
    blocks = -(-length // stride)
    if blocks > JOINED or not count:
        places = stride * np.arange(count)[:, None] + np.arange(length)
        return ops.take(x, places.astype(np.int32), axis=-1)
    # A frame is a few blocks of `stride` elements that follow one another. What the last one lacks
    # to whole blocks is as much at any length of x.
    missing = blocks * stride - length
    if missing:
        x = ops.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(0, missing)])

    def whole(shape: Sequence[int]) -> int:
        return ((shape[-1] - missing - length) // stride + blocks) * stride

    def cut(builder: Builder, x: Any) -> Value:
        value = builder.value(x)
        return builder.slice(value, value.rank - 1, 0, derived(whole, value.shape))

    x = apply(cut, x)
    grid = ops.reshape(x, (*x.shape[:-1], x.shape[-1] // stride, stride))
    parts = [grid[..., block : block + count, :] for block in range(blocks)]
    return ops.concatenate(parts, axis=-1)[..., :length]


def overlapped(x: Any, stride: int) -> Any:
    """(..., count, length) -> (..., n): the sum of the frames, each where it was cut out."""
    count, length = x.shape[-2:]
    blocks = -(-length // stride)
    lead = [(0, 0)] * (len(x.shape) - 2)
    x = ops.pad(x, [*lead, (0, 0), (0, blocks * stride - length)])
    total: Any = None
    for block in range(blocks):
        part = x[..., block * stride : (block + 1) * stride]
        part = ops.pad(part, [*lead, (block, blocks - 1 - block), (0, 0)])
        total = part if total is None else total + part
    flat = ops.reshape(total, (*x.shape[:-2], (count + blocks - 1) * stride))
    return flat[..., : (count - 1) * stride + length]


def window_of(op: Any, dtype: str) -> np.ndarray | None:
    """The operation's window, in the middle of zeros up to fft_length (tf.signal's formulas)."""
    length = op.sequence_length
    if op.window is None:
        return None
    if isinstance(op.window, str):
        a, b = (0.5, 0.5) if op.window == "hann" else (0.54, 0.46)
        period = length if length % 2 == 0 else length - 1
        window = a - b * np.cos(2 * np.pi * np.arange(length) / period)
    else:
        window = array_of(op.window)
    before = (op.fft_length - length) // 2
    return np.pad(window, (before, op.fft_length - length - before)).astype(dtype)


@decomposes("STFT")
def stft(op: Any, x: Any) -> Any:
    if op.center:
        half = op.fft_length // 2
        x = ops.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(half, half)], mode="reflect")
    pieces = frames(x, op.fft_length, op.sequence_stride)
    window = window_of(op, x.dtype)
    return ops.rfft(pieces if window is None else pieces * window, fft_length=op.fft_length)


@decomposes("ISTFT")
def istft(op: Any, x: Any) -> Any:
    """Frames weighted so that those of `stft` with the same options add up to the signal."""
    stride, length = op.sequence_stride, op.fft_length
    pieces = ops.irfft(x, fft_length=length)
    window = window_of(op, pieces.dtype)
    if window is not None:
        overlaps = -(-length // stride)
        squares = np.pad(np.square(window), (0, overlaps * stride - length))
        total = np.tile(squares.reshape(overlaps, stride).sum(0), overlaps)[:length]
        safe = np.where(total == 0, 1, total)
        pieces = pieces * np.where(total == 0, 0, window / safe).astype(window.dtype)
    y = overlapped(pieces, stride)
    start = length // 2 if op.center else 0
    if op.length is not None:
        return y[..., start : start + op.length]
    return y[..., start : -(length // 2)] if op.center else y
