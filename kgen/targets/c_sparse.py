"""What the template of a product that leaves out zeros sees: the functions of both its ways."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.targets.c_fast import FastOp


@dataclass(frozen=True, eq=False)
class SparseOp(FastOp):
    @property
    def ways(self) -> tuple[FastOp, FastOp]:
        """The product of all terms, and that of one row over some of them."""
        dense = self.part("all", self.node.dense, threads=self.threads)
        return dense, self.part("some", self.node.row)

    def passed_on(self, part: FastOp) -> str:
        """What a function of the same parameters is called with."""
        arrays = (self.parameters[value] for value in part.parameters)
        return ", ".join([*self._named(self.node.columns.count), *arrays])
