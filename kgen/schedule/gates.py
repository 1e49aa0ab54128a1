"""A product whose units are gates, and what these make of the states of a recurrent cell."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.graph import Graph
from kgen.ir.node import Spec, same_elements, spec_of
from kgen.ir.value import Value
from kgen.schedule.product import Product


@dataclass(frozen=True, eq=False, kw_only=True)
class Gates(Product):
    """The sums of some units of every gate, and what is computed of them while they are at hand.

    The epilogue, if there is one, applies to the sums of all gates, (1, gates * units); its
    arguments have their elements, and the kernel's panels hold for LINE units of each gate in turn.

    body: element-wise nodes of one unit. Its inputs are the gates, in the product's order, then
        `given`; its outputs are this node's.
    given: what else the body reads: (1, units), or one element for all units.
    gates: how many there are. each: units of one.
    there_and_back: whether every other step of the loop reads the kernel from its end.
    """

    body: Graph
    given: tuple[Value, ...]
    gates: int
    each: int
    there_and_back: bool = False

    @property
    def name(self) -> str:
        return f"{self.origin.path}/step"

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        """Of each unit everything is read before anything is written; x all units read."""
        candidates = same_elements(self.given, self.output)
        return tuple(value for value in candidates if value is not self.x)

    @property
    def macs(self) -> int:
        return self.gates * self.each * self.terms

    def infer_all(self) -> tuple[Spec, ...]:
        return tuple(spec_of(value) for value in self.outputs)
