"""Nodes that read images: arrays with spatial axes beside that of the channels."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, MixedSamplesError, Node
from kgen.ir.order import first_taps, trail
from kgen.ir.size import is_fixed
from kgen.ir.value import Shape, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class OnImages(Node):
    """x: (batch, *sizes, channels), or (batch, channels, *sizes) unless channels_last."""

    x: Value
    channels_last: bool

    @property
    def channel_axis(self) -> int:
        return self.x.rank - 1 if self.channels_last else 1

    @property
    def channels(self) -> int:
        """Those of x."""
        return self.x.shape[self.channel_axis]

    @property
    def input_sizes(self) -> Shape:
        return spatial_sizes(self.x, self.channels_last)

    @property
    def output_sizes(self) -> Shape:
        return spatial_sizes(self.output, self.channels_last)

    def image(self, sizes: Shape, channels: int) -> Shape:
        """The shape of an image like x, with other sizes and another number of channels."""
        first = self.x.shape[0]
        return (first, *sizes, channels) if self.channels_last else (first, channels, *sizes)

    def check_image(self) -> None:
        """Raises unless the first axis of x is all that holds samples."""
        x = self.x
        if x.rank < 3:
            raise GraphError(f"{x} has no spatial dimension (channels_last={self.channels_last})")
        if x.batch is None and x.shape[0] != 1:
            raise GraphError(f"{x} has no batch axis")
        if x.batch not in (0, None):
            raise MixedSamplesError("its windows would slide over the samples of a batch")


@dataclass(frozen=True, eq=False, kw_only=True)
class OverWindows(OnImages):
    """A window slides over x. padding: before and after, by dimension."""

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]

    @property
    def padded(self) -> bool:
        return any(before or after for before, after in self.padding)

    def trail(self, value: Value) -> int | None:
        """Of pixels in their order, channels last."""
        x, y = self.x, self.output
        sizes = (*x.shape, *y.shape)
        if value is not x or not self.channels_last or not is_fixed(sizes) or y.shape[0] != 1:
            return None
        before = [pair[0] for pair in self.padding]
        taps = first_taps(self.input_sizes, self.output_sizes, self.strides, before, x.shape[-1])
        return trail(taps, y.shape[-1]) if taps.size else None


def spatial_sizes(x: Value, channels_last: bool) -> Shape:
    return x.shape[1:-1] if channels_last else x.shape[2:]


def times(factor: int, letter: str) -> str:
    """For formulas: 2*p, or p alone."""
    return letter if factor == 1 else f"{factor}*{letter}"
