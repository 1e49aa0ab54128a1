"""One dimension of a transposed convolution, seen from its output."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.size import maximum


@dataclass(frozen=True)
class Phases:
    """Output element o = m * stride + phase sums x[p] * kernel[i] over p * stride + i * rate =
    o + crop: for each phase a convolution over m.
    """

    window: int
    stride: int
    dilation: int
    crop: int
    size: int

    @property
    def count(self) -> int:
        """Output elements of each phase, the last ones perhaps beyond the output."""
        return -(-self.size // self.stride)

    @property
    def rate(self) -> int:
        """How far apart in x the taps lie."""
        return self.dilation if self.stride == 1 else 1

    @property
    def moves(self) -> int:
        """How much later in x the taps of the next phase begin, where that is even."""
        return (self.crop + 1) // 2 - self.crop // 2 if self.stride == 2 else 0

    @property
    def first(self) -> int:
        """Where in x the taps of output 0 begin; may be negative."""
        if self.stride == 1:
            return self.crop - (self.window - 1) * self.dilation
        last = self.crop if self.moves or self.stride == 2 else self.crop + self.stride - 1
        return last // self.stride - (self.taps - 1)

    @property
    def taps(self) -> int:
        if self.stride == 1:
            return self.window
        if self.stride == 2:
            return -(-self.window // 2)
        low = -((self.window - 1 - self.crop) // self.stride)
        return (self.crop + self.stride - 1) // self.stride - low + 1

    def tap(self, phase: int, tap: int) -> int:
        """Which element of the kernel tap number `tap` of a phase is; may be outside the kernel."""
        if self.stride == 1:
            return self.window - 1 - tap
        p = self.first + self.moves * phase + tap
        return phase + self.crop - p * self.stride

    def padding(self, size: int) -> tuple[int, int]:
        """The zeros that x needs before and after."""
        last = self.first + (self.count - 1) + (self.taps - 1) * self.rate
        last += self.moves * (self.stride - 1)
        return max(-self.first, 0), maximum(last - size + 1, 0)
