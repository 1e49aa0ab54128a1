"""What the fast style's templates see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from kgen.ir.node import Contraction
from kgen.ir.size import Size, is_fixed, named_in
from kgen.ir.value import Value
from kgen.schedule.forms import spread
from kgen.schedule.product import Taps
from kgen.schedule.tile import LINE
from kgen.targets import c_types, loops
from kgen.targets.c_op import Text
from kgen.targets.c_pooling import PoolingWalks
from kgen.targets.c_vector_op import VectorOp
from kgen.targets.loops import Loop

SHORT_PROGRAM = 4
"""Steps of an epilogue that may be written out for each output of a tile."""


class Late(NamedTuple):
    """An argument of the epilogue. spread: see schedule.lower.spread."""

    name: str
    value: Value
    spread: str


@dataclass(frozen=True, eq=False)
class FastOp(PoolingWalks, VectorOp):
    """A node as a template of the fast style sees it, which may be one of products in tiles."""

    def part(self, word: str, node: Contraction, threads: bool = False) -> FastOp:
        """Another node as a function of its own, which this one's calls."""
        return FastOp(
            node,
            function=f"{self.function}_{word}",
            symbols=self.symbols,
            expressions=self.expressions,
            error=self.error,
            inner=False,
            lengths_of={},
            stored=self.stored,
            prefix=self.prefix,
            vectors=self.vectors,
            threads=threads,
            following=False,
        )

    # Kernels packed at run time

    def repack_loops(self) -> tuple[list[Loop], list[Loop], list[tuple[str, int]]]:
        """Loops over groups and terms, and where x's element of them is."""
        node = self.node
        groups = [(f"g{i}", n, s) for i, (n, s) in enumerate(node.groups) if n > 1]
        terms = [(f"k{i}", n, s) for i, (n, s) in enumerate(node.terms) if n > 1]
        places = [(name, step) for name, _, step in (*groups, *terms)]
        return (
            [Loop(name, count) for name, count, _ in groups],
            [Loop(name, count) for name, count, _ in terms],
            places,
        )

    def repacked(self, place: list[tuple[str, int]], count: int, width: int) -> str:
        """x's element of unit first + u; zero from the unit `count` of the panel on, of all units
        where their number is not known.
        """
        units = [(n, s) for n, s in self.node.units if n > 1] or [(1, 0)]
        below, terms = 1, []
        unit = "(first + u)"
        for position, (n, step) in reversed(list(enumerate(units))):
            text = unit if below == 1 else f"{unit} / {below}"
            terms.append((text if position == 0 else f"{text} % {n}", step))
            below *= n
        text = f"x[{loops.index([*place, *reversed(terms)])}]"
        if self.node.panels.open:
            return f"first + u < {count} ? {text} : 0.0f"
        return f"u < {count} ? {text} : 0.0f" if count and count < width else text

    # Products

    @cached_property
    def late(self) -> list[Late]:
        node: Contraction = self.node
        args = node.epilogue.args if node.epilogue else ()
        operands = (getattr(node, "x", None), getattr(node, "kernel", None))
        return [
            Late(
                f"also{number}" if arg in operands or arg in node.constants else self.ref(arg),
                arg,
                spread(arg, node.output),
            )
            for number, arg in enumerate(args)
        ]

    @property
    def weight_suffix(self) -> str:
        """Of the helpers that read the kernel: "_bfloat16", "_int4", or "" for floats."""
        if getattr(self.node, "scale", None) is not None:
            return "_int8" if self.node.stretch.in_byte == 1 else "_int4"
        stored = getattr(self.node.kernel, "stored", "")
        return f"_{stored}" if stored else ""

    @property
    def weight_type(self) -> str:
        return c_types.CTYPES[getattr(self.node.kernel, "stored", "") or self.node.kernel.dtype]

    def finish_on_vectors(self, total: str, at: str, left: str = "count - u") -> Text:
        """The epilogue of a vector of sums.

        at: the place of its first lane in the output. left: how many lanes are not padding.
        """
        node: Contraction = self.node
        if node.epilogue is None:
            return Text([], total)
        p = self.prefix
        places = {
            "all": lambda name: f"{p}_load_some({name} + {at}, {left})",
            "unit": lambda name: f"{p}_load_some({name} + u, {left})",
            "one": lambda name: f"{p}_splat(*{name})",
        }
        operands = [places[arg.spread](arg.name) for arg in self.late]
        return self.on_vector_args(node.epilogue.program, [total, *operands])

    @property
    def finish_is_short(self) -> bool:
        """Whether the epilogue may stand in the code many times."""
        epilogue = self.node.epilogue
        return epilogue is None or len(epilogue.program.steps) <= SHORT_PROGRAM

    def pick(self, field: str) -> str:
        """The tile's size for each class of registers."""
        return self.pick_of([getattr(block, field) for block in self.node.tile.blocks])

    def pick_of(self, numbers: Sequence[int]) -> str:
        """One number for each class of registers."""
        if len(set(numbers)) == 1:
            return str(numbers[0])
        return f"{self.upper}_PICK({', '.join(map(str, numbers))})"

    @property
    def open_pixels(self) -> bool:
        """Whether the number of pixels is known only when the code runs."""
        return isinstance(self.node.columns.count, Size)

    @property
    def tile_lengths(self) -> list[str]:
        """The lengths known at run time that a tile's loops and steps depend on."""
        node = self.node
        steps = (node.rows.x, node.rows.y, node.columns.x, node.columns.y, node.depth_step)
        bounds = [name for taps in node.taps if taps.within for name in self.tap_bounds(taps)]
        return [*bounds, *self._named(steps, node.taps, node.depth)]

    @staticmethod
    def tap_bounds(taps: Taps) -> tuple[str, str]:
        """Which of a loop's taps count, as C says it: from the first to before the second one."""
        return (f"{taps.name}_from", f"{taps.name}_to") if taps.within else ("0", f"{taps.count}")

    @property
    def phases(self) -> list[str]:
        """The bounds of the taps in each step of the outer loops."""
        texts = []
        for taps in self.node.taps:
            bounds = zip(*taps.within, strict=True)
            for name, numbers in zip(self.tap_bounds(taps), bounds, strict=False):
                one = f"{{{', '.join(map(str, numbers))}}}[{taps.phase}]"
                same = len(set(numbers)) == 1
                texts.append(f"const int {name} = {numbers[0] if same else f'(const int[]){one}'};")
        return texts

    @property
    def loop_lengths(self) -> list[str]:
        """The same of the function that calls tiles."""
        node = self.node
        own = node.units if node.pixels_outside else node.columns
        return list(dict.fromkeys([*self.tile_lengths, *self._named(own, self._unit_steps)]))

    @property
    def row_lengths(self) -> list[str]:
        """The lengths that the step from row to row of a depthwise convolution depends on."""
        return self._named(self.node.columns.size)

    @property
    def open_columns(self) -> bool:
        """Whether its sizes are known only when the code runs."""
        return not is_fixed((self.node.rows.count, self.node.columns.count))

    @property
    def _unit_steps(self) -> tuple[int, ...]:
        return tuple(step for _, step in self._panel_of("u"))

    @staticmethod
    def _named(*sizes: Any) -> list[str]:
        return list(dict.fromkeys(length.name for length in named_in(sizes)))

    @property
    def divisor(self) -> str:
        """How many elements a mean is of, as a float."""
        count = self.node.count
        return f"(float){count}" if isinstance(count, Size) else f"{count}.0f"

    @property
    def _rest_widths(self) -> list[int]:
        """Units in a tile of the last panel, for each class of registers."""
        rest = self.node.panels.rest
        widths = [min(block.units, rest) for block in self.node.tile.blocks]
        return [width if rest % width == 0 else LINE for width in widths]

    @property
    def rest_width(self) -> str:
        return self.pick_of(self._rest_widths)

    @property
    def rest_is_many(self) -> bool:
        """Whether any class of registers has tiles there whose units fill them."""
        return self._rest_units >= min(self._rest_widths)

    @property
    def rest_count(self) -> str:
        """How many units the last tile has, if they don't fill it; or 0."""
        return self.pick_of([self._rest_units % width for width in self._rest_widths])

    @property
    def rest_start(self) -> str:
        """The first of those."""
        units = self.node.units
        return self.pick_of([units - self._rest_units % width for width in self._rest_widths])

    @property
    def _rest_units(self) -> int:
        units: int = self.node.units
        return units - int(self.node.panels.full)

    @property
    def takes_parts(self) -> bool:
        """Whether a tile's last vector may be half a one: not where weights are read but once."""
        node = self.node
        return not getattr(node, "streams", False) and getattr(node, "scale", None) is None

    @property
    def pixel_index(self) -> str:
        rows, columns = self.node.rows, self.node.columns
        if rows.count == 1:
            return loops.index([("pixel", columns.y)])
        return loops.index([("pixel / across", rows.y), ("pixel % across", columns.y)])

    @property
    def tap_terms(self) -> list[tuple[str, int]]:
        return [(taps.name, taps.x) for taps in self.node.taps]

    def tap_panel(self, more: list[tuple[str, int]]) -> str:
        """Where a tap's rows of the panel begin. more: of its rows that come before."""
        below, terms = self.node.terms, []
        for taps in self.node.taps:
            below //= taps.count
            terms.append((taps.name, below))
        terms += more
        if not terms:
            return "w"
        text = loops.index(terms)
        return f"w + ({text}) * panel" if len(terms) > 1 else f"w + {text} * panel"

    @staticmethod
    def plus(pointer: str, terms: list[tuple[str, int]]) -> str:
        text = loops.index(terms)
        return pointer if text == "0" else f"{pointer} + {text}"

    @property
    def outer_loops(self) -> list[Loop]:
        return [Loop(axis.name, axis.count) for axis in self.node.outer]

    def moved(self, *by: str) -> dict[str, str]:
        """What the loops around a tile add to its pointers.

        by: which of them: "outer" ones, over a tile's "pixel"s, over a panel's "unit"s.
        Keys: x, w, bias, and the spreads of an epilogue's arguments.
        """
        node = self.node
        outer = node.outer if "outer" in by else ()
        groups = [axis for axis in outer if axis.name == "group"]
        unit = [("u", 1)] if "unit" in by else []
        start, end = ([("from", 1)], [("to", 1)]) if "pixel" in by else ([], [])
        terms = {
            "x": [*((a.name, a.x) for a in outer), *start],
            "w": [*((a.name, a.kernel) for a in outer), *(self._panel_of("u") if unit else [])],
            "bias": [*((a.name, node.panels.padded) for a in groups), *unit],
            "unit": [*((a.name, node.units) for a in groups), *unit],
            "all": [*((a.name, a.y) for a in outer), *end, *unit],
            "one": [],
        }
        return {key: self.plus("", one) for key, one in terms.items()}

    def _panel_of(self, unit: str) -> list[tuple[str, int]]:
        """Where the units from `unit` on begin in a kernel."""
        node = self.node
        width = node.panels.width
        if node.row_step or node.panels.padded <= width:
            return [(unit, 1)]
        return [(f"{unit} / {width}", width * node.panel_rows), (f"{unit} % {width}", 1)]
