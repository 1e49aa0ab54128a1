"""Pooling to a given number of windows, of nearly equal length."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec
from kgen.ir.value import Shape, Value
from kgen.ops.pool import channel_axis, checked_images, spatial_sizes, with_spatial


@dataclass(frozen=True, eq=False, kw_only=True)
class AdaptivePool(Node):
    """function: "max" or "mean". sizes: of the output.

    Along an axis of n elements, window o of m reaches from floor(o*n/m) to ceil((o+1)*n/m).
    """

    x: Value
    function: str
    sizes: Shape
    channels_last: bool

    @property
    def channel_axis(self) -> int:
        return channel_axis(self.x, self.channels_last)

    @property
    def input_sizes(self) -> Shape:
        return spatial_sizes(self.x, self.channels_last)

    @property
    def exact(self) -> bool:
        return self.function == "max"

    @property
    def formula(self) -> str:
        return (
            f"y[o] = {self.function} of x[floor(o*n/m) .. ceil((o+1)*n/m) - 1], "
            f"n = {self.input_sizes}, m = {self.sizes}"
        )

    def infer(self) -> Spec:
        checked_images(self.x, self.channels_last)
        channels = self.x.shape[self.channel_axis]
        return Spec(with_spatial(self.x, self.sizes, channels, self.channels_last), self.x.dtype, 0)
