"""What the templates of the small style see."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.targets.c_op import COp


@dataclass(frozen=True, eq=False)
class SmallOp(COp):
    """A node in the small style: the readable loops, with sums in float, since microcontrollers
    compute doubles in software.
    """

    @property
    def sums_in_float(self) -> bool:
        return self._summed_dtype == "float32"
