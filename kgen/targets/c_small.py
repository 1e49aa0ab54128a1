"""What the templates of the small style see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kgen.ir.value import Value
from kgen.targets.c_op import COp


@dataclass(frozen=True, eq=False)
class SmallOp(COp):
    """A node in the small style: the readable loops, with sums in float, since microcontrollers
    compute doubles in software.
    """

    @property
    def sums_in_float(self) -> bool:
        return self._summed_dtype == "float32"

    @property
    def overwritten(self) -> Collection[Value]:
        """Those too whose elements are read before the output gets there: see Plan.overlaps."""
        node = self.node
        return [v for v in node.activations if v in node.may_overwrite or node.trail(v) is not None]
