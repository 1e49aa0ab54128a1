"""What the fast style's template of pooling sees of its windows."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any, NamedTuple

from kgen.schedule.depthwise import Reach
from kgen.targets import loops
from kgen.targets.loops import Loop

SPATIAL = {1: ["row"], 2: ["row", "column"], 3: ["row", "line", "column"]}
"""Names of positions; what is computed row by row has its first dimension's called "row"."""

TAPS = "ijk"


class WindowDimension(NamedTuple):
    """Names of a window's place along a dimension: out, of the output's position; place, where
    the window begins in x; tap, of its elements, of which those from low to high are inside x.
    """

    out: str
    place: str
    tap: str
    reach: Reach

    @property
    def low(self) -> str:
        return f"{self.tap}0"

    @property
    def high(self) -> str:
        return f"{self.tap}1"

    @property
    def bounds(self) -> list[tuple[str, str]]:
        """What low and high are in a window, where it may leave x there."""
        reach, place, found = self.reach, self.place, []
        if reach.first > 0:
            found.append((self.low, f"{place} < 0 ? -{place} : 0"))
        if reach.ends_outside:
            size, taps = reach.size, reach.taps
            inside = f"{place} <= {size - taps} ? {taps} : {size} - {place}"
            found.append((self.high, inside))
        return found

    @property
    def inside(self) -> str:
        """The condition under which all of a window's elements are inside x, or nothing."""
        whole = {self.low: "0", self.high: str(self.reach.taps)}
        return " && ".join(f"{name} == {whole[name]}" for name, _ in self.bounds)

    @property
    def known(self) -> tuple[str, str]:
        """low and high, or the number that one of them is for all windows."""
        names = [name for name, _ in self.bounds]
        low = self.low if self.low in names else "0"
        return low, self.high if self.high in names else str(self.reach.taps)


class PoolingWalks:
    """A part of FastOp."""

    node: Any

    @cached_property
    def window_dimensions(self) -> list[WindowDimension]:
        reaches = self.node.reaches
        return [
            WindowDimension(name, f"{name}0", tap, reach)
            for name, tap, reach in zip(SPATIAL[len(reaches)], TAPS, reaches, strict=False)
        ]

    @property
    def inner_window_loops(self) -> list[Loop]:
        """Over the output's positions within one of the first dimension."""
        return [Loop(one.out, one.reach.count) for one in self.window_dimensions[1:]]

    @property
    def slice_size(self) -> int:
        """Elements of x at one position along the first dimension."""
        inner = prod(one.reach.size for one in self.window_dimensions[1:])
        return inner * int(self.node.x.shape[-1])

    def slice_of(self, first: WindowDimension) -> str:
        """The number of a tap's part, along the first dimension, among those that are kept."""
        number = loops.index(
            [(first.place, 1), *([(first.tap, 1)] if first.reach.taps > 1 else [])]
        )
        kept = self.node.kept
        return f"({number})" + (f" % {kept}" if 0 < kept < first.reach.size else "")

    @property
    def inside_part(self) -> list[tuple[str, int]]:
        """Where a tap's element is within its part of x."""
        terms, step = [("u", 1)], self.node.x.shape[-1]
        for one in reversed(self.window_dimensions[1:]):
            terms[:0] = [(f"({one.place} + {one.tap})", step)]
            step *= one.reach.size
        return terms

    @property
    def window_place(self) -> str:
        """Where the output's position is in y."""
        dimensions = self.window_dimensions[1:] if self.node.kept else self.window_dimensions
        terms: list[tuple[str, int]] = []
        step = self.node.x.shape[-1]
        for one in reversed(dimensions):
            terms[:0] = [(one.out, step)]
            step *= one.reach.count
        return loops.index(terms)
