"""What the templates of the small style see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kgen.ir.node import Node
from kgen.ir.value import Value
from kgen.targets.c_op import COp


def followed(node: Node) -> Collection[Value]:
    """The inputs in whose memory the output may be, those too whose elements are read before the
    output gets there.
    """
    return [v for v in node.activations if v in node.may_overwrite or node.trail(v) is not None]


@dataclass(frozen=True, eq=False)
class FollowingOp(COp):
    """A node whose output may follow its input through the same memory: see Plan.overlaps."""

    @property
    def overwritten(self) -> Collection[Value]:
        return followed(self.node)


@dataclass(frozen=True, eq=False)
class SmallOp(FollowingOp):
    """A node in the small style: the readable loops, with sums in float, since microcontrollers
    compute doubles in software.
    """

    @property
    def sums_in_float(self) -> bool:
        return self._summed_dtype == "float32"
