"""An array of the model, computed and not constant, brought into the order of a packed kernel."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import Node, Spec
from kgen.ir.value import Value
from kgen.schedule.pack import Panels


@dataclass(frozen=True, eq=False, kw_only=True)
class Repack(Node):
    """groups, terms, units: (count, stride in x) of the axes of each, outermost first."""

    x: Value
    groups: tuple[tuple[int, int], ...]
    terms: tuple[tuple[int, int], ...]
    units: tuple[tuple[int, int], ...]
    panels: Panels

    @property
    def formula(self) -> str:
        return (
            f"y = x in panels of {self.panels.width or self.panels.rest} units, term after term, "
            "as the tile below reads it"
        )

    def infer(self) -> Spec:
        return Spec(self.output.shape, self.output.dtype, self.output.batch)
