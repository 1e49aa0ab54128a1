"""Convolutions with few filters: those of neighbouring pixels side by side fill a vector."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from kgen.ir.value import Constant
from kgen.ops.conv import Conv
from kgen.schedule.forms import has_fixed_sizes, spread
from kgen.schedule.tile import LINE, Pixels, choose, cycles

AT_ONCE = (2, 3, 4)
"""Pixels whose filters may lie side by side."""

GAIN = 0.9
"""Of the time with each pixel on its own: less is not worth a larger kernel."""


def side_by_side(node: Conv) -> Conv:
    """Given:   a convolution without padding whose filters leave much of a vector empty
    Result:  one whose windows span those of n neighbouring columns, with the filters of each of
    them: its output is the same array seen with n times the channels and 1/n of the columns

    The taps outside a pixel's own window are zero. Where that is no quicker, the node as it is.
    """
    times = [n for n in AT_ONCE if _fits(node, n)]
    best = min(times, key=lambda n: _cost(node, n), default=1)
    if best == 1 or _cost(node, best) > GAIN * _cost(node, 1):
        return node
    kernel = node.kernel
    note = f"{kernel.note}; for {best} pixels side by side, zeros outside a pixel's own window"
    shape = (*node.output.shape[:-2], node.output.shape[-2] // best, best * node.filters)
    return replace(
        node,
        output=replace(node.output, shape=shape),
        kernel=kernel.arranged(_spread(kernel.data, best, node.strides[-1]), note),
        bias=repeated(node.bias, best),
        strides=(*node.strides[:-1], best * node.strides[-1]),
    )


def repeated(bias: Constant | None, times: int) -> Constant | None:
    """The bias of so many pixels side by side."""
    if bias is None or times == 1:
        return bias
    return Constant.of(bias.name, np.tile(bias.data, times), f"{bias.note}; {times} times")


def _fits(node: Conv, times: int) -> bool:
    return (
        has_fixed_sizes(node)
        and node.groups == 1
        and node.dilation[-1] == 1
        and node.filters < LINE
        and node.output_sizes[-1] % times == 0
        and all(
            spread(arg, node.output) in ("all", "one")
            for arg in (node.epilogue.args if node.epilogue else ())
        )
    )


def _cost(node: Conv, times: int) -> float:
    """Cycles with that many pixels side by side."""
    *rows, columns = node.output_sizes
    *_, row_step, column_step, _ = (0, *node.x.strides)
    step = times * node.strides[-1] * column_step
    pixels = Pixels(prod(rows), columns // times, row_step, step)
    window = (*node.window[:-1], node.window[-1] + (times - 1) * node.strides[-1])
    units, terms = times * node.filters, prod(window) * node.group_channels
    return cycles(choose(pixels, units, terms).widest, pixels, units, terms)


def _spread(kernel: np.ndarray, times: int, stride: int) -> np.ndarray:
    """(..., columns, channels, filters) -> (..., more columns, channels, times * filters)"""
    *rows, columns, channels, filters = kernel.shape
    shape = (*rows, columns + (times - 1) * stride, channels, times, filters)
    wide = np.zeros(shape, kernel.dtype)
    for pixel in range(times):
        wide[..., pixel * stride : pixel * stride + columns, :, pixel, :] = kernel
    return wide.reshape(*shape[:-2], times * filters)
