"""The largest element, or the mean, of each window; padding belongs to no window."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from kgen.ir.node import GraphError, MixedSamplesError, Node, Spec
from kgen.ir.order import first_taps, trail
from kgen.ir.size import is_fixed
from kgen.ir.value import Shape, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool(Node):
    """function: "max" or "mean". x as in a convolution. padding: before and after, by axis."""

    x: Value
    function: str
    window: Shape
    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    channels_last: bool

    @property
    def channel_axis(self) -> int:
        return channel_axis(self.x, self.channels_last)

    @property
    def input_sizes(self) -> Shape:
        return spatial_sizes(self.x, self.channels_last)

    @property
    def output_sizes(self) -> Shape:
        return spatial_sizes(self.output, self.channels_last)

    @property
    def window_size(self) -> int:
        return prod(self.window)

    @property
    def padded(self) -> bool:
        return any(before or after for before, after in self.padding)

    def trail(self, value: Value) -> int | None:
        return window_trail(self, value)

    @property
    def exact(self) -> bool:
        return self.function == "max"

    @property
    def formula(self) -> str:
        window = "x".join(map(str, self.window))
        padding = ", of what lies inside x" if self.padded else ""
        return f"y = {self.function} of x over windows of {window}, {self.strides} apart{padding}"

    def infer(self) -> Spec:
        checked_images(self.x, self.channels_last)
        sizes = tuple(
            (size + before + after - length) // stride + 1
            for size, length, stride, (before, after) in zip(
                self.input_sizes, self.window, self.strides, self.padding, strict=True
            )
        )
        channels = self.x.shape[self.channel_axis]
        return Spec(with_spatial(self.x, sizes, channels, self.channels_last), self.x.dtype, 0)


def channel_axis(x: Value, channels_last: bool) -> int:
    return x.rank - 1 if channels_last else 1


def spatial_sizes(x: Value, channels_last: bool) -> Shape:
    return x.shape[1:-1] if channels_last else x.shape[2:]


def with_spatial(x: Value, sizes: Shape, channels: int, channels_last: bool) -> Shape:
    """x's shape with other spatial sizes and another number of channels."""
    return (x.shape[0], *sizes, channels) if channels_last else (x.shape[0], channels, *sizes)


def window_trail(node: Any, value: Value) -> int | None:
    """Node.trail of a convolution or pooling: pixels in their order, channels last."""
    x, y = node.x, node.output
    sizes = (*x.shape, *y.shape)
    if value is not x or not node.channels_last or not is_fixed(sizes) or y.shape[0] != 1:
        return None
    before = [pair[0] for pair in node.padding]
    taps = first_taps(node.input_sizes, node.output_sizes, node.strides, before, x.shape[-1])
    return trail(taps, y.shape[-1]) if taps.size else None


def times(factor: int, letter: str) -> str:
    """For formulas: 2*p, or p alone."""
    return letter if factor == 1 else f"{factor}*{letter}"


def checked_images(x: Value, channels_last: bool) -> None:
    """Raises unless the first axis is all that holds samples."""
    if x.rank < 3:
        raise GraphError(f"{x} has no spatial dimension (channels_last={channels_last})")
    if x.batch is None and x.shape[0] != 1:
        raise GraphError(f"{x} has no batch axis")
    if x.batch not in (0, None):
        raise MixedSamplesError("its windows would slide over the samples of a batch")
