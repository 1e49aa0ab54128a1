"""Weights in the order that a tile reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kgen.ir.size import Size
from kgen.ir.value import Constant
from kgen.schedule.tile import LINE


class Panels(NamedTuple):
    """Units side by side in panels of `width`, the last one of `rest` if they don't come out even.

    A panel holds for each term of the sum, in order, `width` floats: one for each of its units, and
    zeros beyond the last unit. Both widths are multiples of a cache line.

    Where the number of units is known only when the code runs, all panels have the full width.
    """

    units: int
    width: int

    @property
    def open(self) -> bool:
        """Whether the number of units is known only when the code runs."""
        return isinstance(self.units, Size)

    @property
    def full(self) -> int:
        """Units in panels of the full width."""
        return self.units // self.width * self.width

    @property
    def rest(self) -> int:
        """The width of the last, narrower panel; or 0."""
        return -(-(self.units - self.full) // LINE) * LINE

    @property
    def padded(self) -> int:
        """All widths together."""
        if self.open:
            return (self.units + self.width - 1) // self.width * self.width
        return self.full + self.rest

    def order(self, terms: int) -> str:
        """Where in the packed kernel the weight of a term and a unit is, in words."""
        width = self.width if self.full else self.rest
        if self.padded <= width:
            text = f"term k of unit u is number k * {width} + u"
        else:
            last = f" ({self.rest} in the last panel)" if self.rest else ""
            text = (
                f"in panels of {width} units{last}: term k of unit u of the first one is number "
                f"k * {width} + u, of the next ones as much later as all panels before take"
            )
        return f"{text}{self.zeros}"

    @property
    def zeros(self) -> str:
        """What follows the last unit, in words."""
        return f"; zeros beyond unit {self.units - 1}" if self.padded > self.units else ""


@dataclass(frozen=True)
class Stretch:
    """Terms of a kernel of integers that are summed on their own: their number, how many such
    stretches share a scale, and how many terms share a byte.
    """

    terms: int = 1
    of_group: int = 1
    in_byte: int = 1

    @property
    def rows(self) -> int:
        """Of bytes in a panel."""
        return -(-self.terms // self.in_byte)

    def count(self, terms: int) -> int:
        """How many stretches so many terms are, the last one with fewer."""
        return -(-terms // self.terms)

    def rows_of(self, terms: int) -> int:
        """The same of all terms."""
        last = terms - (self.count(terms) - 1) * self.terms
        return (self.count(terms) - 1) * self.rows - (-last // self.in_byte)


WHOLE = Stretch()


def pack(kernel: np.ndarray, panels: Panels) -> np.ndarray:
    """(groups, terms, units) -> flat, in panels; the groups one after the other."""
    _, terms, units = kernel.shape
    parts = []
    for group in kernel:
        for start in range(0, panels.padded, panels.width):
            stop = min(start + panels.width, panels.padded)
            panel = np.zeros((terms, stop - start), kernel.dtype)
            share = group[:, start : min(stop, units)]
            panel[:, : share.shape[1]] = share
            parts.append(panel.reshape(-1))
    return np.concatenate(parts) if parts else np.zeros(0, kernel.dtype)


def padded(bias: Constant | None, panels: Panels) -> Constant | None:
    """(groups * units,) -> flat, zeros beyond each group's last unit."""
    if bias is None:
        return None
    result = padded_rows(bias.data.reshape(-1, panels.units), panels)
    return Constant.of(bias.name, result, f"{bias.note}{panels.zeros}")


def padded_rows(rows: np.ndarray, panels: Panels) -> np.ndarray:
    """(groups, units) -> flat, zeros beyond each group's last unit."""
    result = np.zeros((len(rows), panels.padded), rows.dtype)
    result[:, : panels.units] = rows
    return result.reshape(-1)
