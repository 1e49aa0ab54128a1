"""Transposed convolution: every element of x adds its multiple of the kernel to a window of y."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.images import OnImages, times
from kgen.ir.node import Contraction, GraphError, Spec
from kgen.ir.value import Constant, Shape


@dataclass(frozen=True, eq=False, kw_only=True)
class ConvTranspose(OnImages, Contraction):
    """kernel: (*window, filters, channels).

    crop: for each dimension how many elements before y's first one the first window begins.
    sizes: of the output.
    """

    kernel: Constant
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    crop: tuple[int, ...]
    sizes: Shape

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
    def as_conv_padding(self) -> tuple[tuple[int, int], ...]:
        """Without strides it is a convolution with the kernel turned round: what that pads x by,
        before and after; () if it is none.
        """
        each = zip(self.input_sizes, self.sizes, self.window, self.dilation, self.crop, strict=True)
        reach = [(n, size, rate * (length - 1), crop) for n, size, length, rate, crop in each]
        padding = tuple((far - crop, size - n + crop) for n, size, far, crop in reach)
        inside = all(before >= 0 and after >= 0 for before, after in padding)
        return padding if set(self.strides) == {1} and inside else ()

    @property
    def macs(self) -> int:
        return self.x.size * (self.kernel.size // max(self.kernel.shape[-1], 1))

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
        self.check_image()
        if self.channels != self.kernel.shape[-1]:
            raise GraphError(f"{self.name}: {self.x}, kernel {self.kernel.shape}")
        return self.finish(self.image(self.sizes, self.filters), self.x.dtype, 0)
