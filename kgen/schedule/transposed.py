"""Transposed convolutions as Products: each remainder of an output's place by the stride is a
convolution of x of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product as every
from math import ceil, prod

import numpy as np

from kgen.ir.node import Contraction, Node
from kgen.ir.value import row_major
from kgen.ops.conv_transpose import ConvTranspose
from kgen.ops.slice import Slice
from kgen.schedule.build import ONE_VECTOR, product
from kgen.schedule.convolution import AXES, padded_image
from kgen.schedule.forms import has_fixed_sizes
from kgen.schedule.neighbours import AT_ONCE, GAIN, repeated
from kgen.schedule.phases import Phases
from kgen.schedule.product import Axis, Taps
from kgen.schedule.tile import Pixels, choose, cycles

NOWHERE = -1
"""In place of the element of a kernel, where a phase has no such tap."""


@dataclass(frozen=True)
class _Line:
    """One dimension as the product goes through it.

    together: how many outputs of each phase lie side by side, as further units; 0: the phases are
        a loop of their own.
    """

    name: str
    phases: Phases
    x: int
    y: int
    together: int = 0

    @property
    def parts(self) -> int:
        """Steps of the loop over phases."""
        return 1 if self.together else self.phases.stride

    @property
    def sides(self) -> int:
        """Outputs side by side."""
        return self.phases.stride * self.together if self.together else 1

    @property
    def axis(self) -> Axis:
        times = self.together or 1
        count = self.phases.count // times if times > 1 else self.phases.count
        return Axis(self.name, count, times * self.x, times * self.phases.stride * self.y)

    @property
    def phase(self) -> Axis:
        name, moves = f"{self.name}_phase", self.phases.moves
        return Axis(name, self.parts, moves * self.x, self.y)

    @property
    def taps(self) -> int:
        if not self.together:
            return self.phases.taps
        p = self.phases
        return p.taps + self.together - 1 + p.moves * (p.stride - 1)

    def element(self, part: int, side: int, tap: int) -> int:
        """Which element of the kernel that tap is, or NOWHERE."""
        p = self.phases
        later, phase = divmod(side, p.stride) if self.together else (0, part)
        ahead = later + p.moves * phase if self.together else 0
        element = p.tap(phase, tap - ahead)
        return element if 0 <= element < p.window else NOWHERE

    def inside(self, part: int) -> tuple[int, int]:
        """The taps of a phase that are elements of the kernel: from which to before which."""
        taps = [
            tap
            for tap, side in every(range(self.taps), range(self.sides))
            if self.element(part, side, tap) != NOWHERE
        ]
        return (min(taps), max(taps) + 1) if taps else (0, 0)

    @property
    def elements(self) -> int:
        """Taps of all phases."""
        return sum(end - start for start, end in map(self.inside, range(self.parts)))

    @property
    def loop(self) -> tuple[tuple[int, int], ...]:
        """The same for each phase, or nothing if all taps always are."""
        found = tuple(map(self.inside, range(self.parts)))
        return found if set(found) != {(0, self.taps)} else ()


def transposed(node: Contraction) -> Sequence[Node] | None:
    """Output elements whose place has the same remainder by the stride meet the same taps."""
    assert isinstance(node, ConvTranspose)
    if not node.channels_last or not node.output.size or node.output.shape[0] > 1:
        return None
    if node.epilogue is not None and any(arg.size > node.filters for arg in node.epilogue.args):
        return None
    if any(s > 1 and r > 1 for s, r in zip(node.strides, node.dilation, strict=True)):
        return None
    phases = [
        Phases(*numbers)
        for numbers in zip(
            node.window, node.strides, node.dilation, node.crop, node.sizes, strict=True
        )
    ]
    pads = [p.padding(size) for p, size in zip(phases, node.input_sizes, strict=True)]
    before: list[Node] = []
    x = node.x
    if any(any(pair) for pair in pads):
        pad = padded_image(f"{node.output.name}/pad", x, node, pads)
        before, x = [pad], pad.output
    whole = tuple(p.count * p.stride for p in phases)
    shape = (node.output.shape[0], *whole, node.filters)
    names = AXES[-len(phases) :]
    lines = [
        _Line(*one)
        for one in zip(names, phases, x.strides[1:-1], row_major(shape)[1:-1], strict=True)
    ]
    lines = _side_by_side(node, lines)
    taps = [
        Taps(letter, line.taps, line.phases.rate * line.x, f"{line.name}_phase", line.loop)
        for letter, line in zip("ijk", lines, strict=False)
        if line.taps > 1
    ]
    exact = whole == node.sizes
    output = node.output if exact else replace(node.output, name=f"{node.name}/whole", shape=shape)
    made = product(
        replace(node, output=output, bias=repeated(node.bias, lines[-1].sides)),
        x,
        _kernel(node, lines),
        axes=[line.axis for line in lines],
        taps=taps,
        depth=node.channels,
        outer=tuple(line.phase for line in lines if line.parts > 1),
    )
    if lines[-1].together:
        why = f"{lines[-1].sides} columns side by side: {made.tile.why}"
        made = replace(made, tile=made.tile._replace(why=why))
    if exact:
        return [*before, made]
    ones, zeros = (1,) * node.output.rank, (0,) * node.output.rank
    cut = Slice(
        origin=node.origin,
        output=node.output,
        x=output,
        starts=zeros,
        steps=ones,
        sizes=node.output.shape,
    )
    return [*before, made, cut]


def _side_by_side(node: ConvTranspose, lines: list[_Line]) -> list[_Line]:
    """The last dimension's phases, and a few outputs of each, as units of one product where that
    is quicker: few filters leave most of a vector empty. Taps outside a phase's own are zero.
    """
    *others, last = lines
    late = node.epilogue.args if node.epilogue else ()
    if not has_fixed_sizes(node) or last.phases.rate > 1 or any(arg.size > 1 for arg in late):
        return lines
    ways = [replace(last, together=n) for n in (1, *AT_ONCE) if last.phases.count % n == 0]
    best = min(ways, key=lambda way: _cost(node, [*others, way]))
    quicker = _cost(node, [*others, best]) < GAIN * _cost(node, lines)
    return [*others, best] if quicker else lines


def _cost(node: ConvTranspose, lines: Sequence[_Line]) -> float:
    """Cycles of all phases."""
    *rows, columns = [line.axis for line in lines]
    pixels = Pixels(
        prod(axis.count for axis in rows), columns.count, lines[-2].x if rows else 0, columns.x
    )
    parts = prod(line.parts for line in lines)
    terms = ceil(prod(line.elements for line in lines) / parts * node.channels)
    units = lines[-1].sides * node.filters
    width = ONE_VECTOR if any(line.loop for line in lines) else 0
    return parts * cycles(choose(pixels, units, terms, width).widest, pixels, units, terms)


def _kernel(node: ConvTranspose, lines: Sequence[_Line]) -> np.ndarray:
    """(phases, taps and channels, units), zeros where a phase has fewer taps."""
    kernel = node.kernel.data.swapaxes(-1, -2)  # (*window, channels, filters)
    parts, taps = [line.parts for line in lines], [line.taps for line in lines]
    sides = lines[-1].sides
    channels, filters = kernel.shape[-2:]
    result = np.zeros((*parts, *taps, channels, sides, filters), kernel.dtype)
    for part in every(*map(range, parts)):
        for tap in every(*map(range, taps)):
            for side in range(sides):
                place = tuple(
                    line.element(a, side if line is lines[-1] else 0, t)
                    for line, a, t in zip(lines, part, tap, strict=True)
                )
                if NOWHERE not in place:
                    result[(*part, *tap)][:, side] = kernel[place]
    return result.reshape(prod(parts), prod(taps) * channels, sides * filters)
