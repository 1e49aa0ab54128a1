"""The largest element, or the mean, of each window; padding belongs to no window."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.images import OverWindows
from kgen.ir.node import Spec
from kgen.ir.value import Shape


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool(OverWindows):
    """function: "max" or "mean"."""

    function: str
    window: Shape

    @property
    def window_size(self) -> int:
        return prod(self.window)

    @property
    def exact(self) -> bool:
        return self.function == "max"

    @property
    def formula(self) -> str:
        window = "x".join(map(str, self.window))
        padding = ", of what lies inside x" if self.padded else ""
        return f"y = {self.function} of x over windows of {window}, {self.strides} apart{padding}"

    def infer(self) -> Spec:
        self.check_image()
        sizes = tuple(
            (size + before + after - length) // stride + 1
            for size, length, stride, (before, after) in zip(
                self.input_sizes, self.window, self.strides, self.padding, strict=True
            )
        )
        return Spec(self.image(sizes, self.channels), self.x.dtype, 0)
