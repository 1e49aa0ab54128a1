"""Convolution in one, two or three dimensions: a kernel slides over x, not flipped."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.images import OverWindows, times
from kgen.ir.node import Contraction, GraphError, Spec
from kgen.ir.value import Constant, Shape


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv(OverWindows, Contraction):
    """kernel: (*window, channels // groups, filters); depthwise is groups == channels.

    padding: zeros.
    """

    kernel: Constant
    dilation: tuple[int, ...]
    groups: int

    @property
    def packable(self) -> tuple[Constant, ...]:
        return (self.kernel,)

    @property
    def window(self) -> Shape:
        return self.kernel.shape[:-2]

    @property
    def filters(self) -> int:
        return self.kernel.shape[-1]

    @property
    def group_channels(self) -> int:
        """The input channels that one filter sees."""
        return self.kernel.shape[-2]

    @property
    def group_filters(self) -> int:
        return self.filters // self.groups

    @property
    def macs(self) -> int:
        return self.output.size * (self.kernel.size // max(self.filters, 1))

    @property
    def formula(self) -> str:
        axes = "pqr"[: len(self.window)]
        steps = "ijk"[: len(self.window)]
        taps = []
        for p, i, stride, rate, (before, _) in zip(
            axes, steps, self.strides, self.dilation, self.padding, strict=True
        ):
            place = f"{times(stride, p)}+{times(rate, i)}"
            taps.append(place + (f"-{before}" if before else ""))
        channel = "c" if self.groups == 1 else "c of f's group"
        summed = "c" if self.group_channels > 1 or self.groups == 1 else ""
        bias = " + bias[f]" if self.bias is not None else ""
        place, kernel = ",".join(taps), ",".join(steps)
        x_channel = "c" if self.groups == 1 else channel if summed else "f's channel"
        kernel_channel = summed or "0"
        return (
            f"y[{','.join(axes)},f] = sum over {','.join([*steps, *summed])} of "
            f"x[{place},{x_channel}] * kernel[{kernel},{kernel_channel},f]{bias}"
        )

    def infer(self) -> Spec:
        self.check_image()
        if self.channels != self.group_channels * self.groups or self.filters % self.groups:
            raise GraphError(
                f"{self.name}: {self.x}, kernel {self.kernel.shape}, {self.groups} groups"
            )
        sizes = tuple(
            max((size + before + after - (rate * (length - 1) + 1)) // stride + 1, 0)
            for size, length, stride, rate, (before, after) in zip(
                self.input_sizes,
                self.window,
                self.strides,
                self.dilation,
                self.padding,
                strict=True,
            )
        )
        return self.finish(self.image(sizes, self.filters), self.x.dtype, 0)
