"""Pooling to a given number of windows, of nearly equal length."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.images import OnImages
from kgen.ir.node import Spec
from kgen.ir.value import Shape


@dataclass(frozen=True, eq=False, kw_only=True)
class AdaptivePool(OnImages):
    """function: "max" or "mean". sizes: of the output.

    Along an axis of n elements, window o of m reaches from floor(o*n/m) to ceil((o+1)*n/m).
    """

    function: str
    sizes: Shape

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
        self.check_image()
        return Spec(self.image(self.sizes, self.channels), self.x.dtype, 0)
