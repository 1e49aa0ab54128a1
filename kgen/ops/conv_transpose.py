"""Transposed convolution: every element of x adds its multiple of the kernel to a window of y."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Contraction, GraphError, Spec
from kgen.ir.value import Constant, Shape, Value
from kgen.ops.pool import channel_axis, checked_images, spatial_sizes, times, with_spatial


@dataclass(frozen=True, eq=False, kw_only=True)
class ConvTranspose(Contraction):
    """x: (batch, *sizes, channels), or (batch, channels, *sizes) unless channels_last.

    kernel: (*window, filters, channels).
    crop: for each dimension how many elements before y's first one the first window begins.
    sizes: of the output.
    """

    x: Value
    kernel: Constant
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    crop: tuple[int, ...]
    sizes: Shape
    channels_last: bool

    @property
    def packable(self) -> tuple[Constant, ...]:
        return (self.kernel,)

    @property
    def window(self) -> Shape:
        return self.kernel.shape[:-2]

    @property
    def filters(self) -> int:
        return self.kernel.shape[-2]

    @property
    def channels(self) -> int:
        return self.kernel.shape[-1]

    @property
    def channel_axis(self) -> int:
        return channel_axis(self.x, self.channels_last)

    @property
    def input_sizes(self) -> Shape:
        return spatial_sizes(self.x, self.channels_last)

    @property
    def macs(self) -> int:
        return self.x.size * (self.kernel.size // max(self.channels, 1))

    @property
    def formula(self) -> str:
        axes, steps = "pqr"[: len(self.window)], "ijk"[: len(self.window)]
        places = [
            f"{times(stride, p)}+{times(rate, i)}" + (f"-{crop}" if crop else "")
            for p, i, stride, rate, crop in zip(
                axes, steps, self.strides, self.dilation, self.crop, strict=True
            )
        ]
        start = "bias[f]" if self.bias is not None else "0"
        return (
            f"y = {start}; y[{','.join(places)},f] += "
            f"sum over c of x[{','.join(axes)},c] * kernel[{','.join(steps)},f,c]"
        )

    def infer(self) -> Spec:
        checked_images(self.x, self.channels_last)
        if self.x.shape[self.channel_axis] != self.channels:
            raise GraphError(f"{self.name}: {self.x}, kernel {self.kernel.shape}")
        shape = with_spatial(self.x, self.sizes, self.filters, self.channels_last)
        return self.finish(shape, self.x.dtype, 0)
