"""Einsums as Products: which letters are pixels, which are units, and which are summed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import NamedTuple

import numpy as np

from kgen.ir.node import Contraction, Node, in_place_of
from kgen.ir.value import Constant, Value, row_major
from kgen.ops.einsum import Einsum
from kgen.schedule import build
from kgen.schedule.forms import spread
from kgen.schedule.pack import Panels, pack, padded
from kgen.schedule.product import Axis, Product, Taps
from kgen.schedule.repack import Repack


class Roles(NamedTuple):
    """x: the operand with the pixels; w: the one with the units; their letters.

    shared: letters of w and the output that are not units: each has a kernel of its own.
    """

    x: Value
    w: Value
    x_letters: str
    w_letters: str
    output: str
    shared: str
    pixels: str
    units: str
    summed: str

    def strides(self, value: Value, letters: str, which: str) -> list[int]:
        """The steps of the letters `which` in an array; 0 where it does not have them."""
        table = dict(zip(letters, row_major(value.shape), strict=True))
        return [table.get(letter, 0) for letter in which]


def roles(node: Einsum) -> Roles | None:
    """How to see an einsum as a product, or None."""
    a, b, output = node.labels
    sizes = node.sizes
    long = [letter for letter in output if sizes[letter] > 1]
    if not long:
        return None
    x, w, x_letters, w_letters = node.a, node.b, a, b
    if long[-1] not in b:
        x, w, x_letters, w_letters = node.b, node.a, b, a
    if long[-1] in x_letters:
        return None
    kept = set(output)
    summed = "".join(letter for letter in x_letters if letter not in kept)
    if set(summed) != set(w_letters) - kept:
        return None
    units = ""
    for letter in reversed(output):
        if letter in x_letters and sizes[letter] > 1:
            break
        if letter in w_letters:
            units = letter + units
    if not units:
        return None
    shared = "".join(c for c in output if c in w_letters and c not in units)
    pixels = "".join(c for c in output if c in x_letters and c not in w_letters)
    return Roles(x, w, x_letters, w_letters, output, shared, pixels, units, summed)


def axes(node: Einsum, found: Roles) -> tuple[list[Axis], list[Axis]]:
    """The shared axes (their steps in the kernel left 0), and the pixels'."""
    sizes, y = node.sizes, dict(zip(found.output, row_major(node.output.shape), strict=True))

    def made(letters: str) -> list[Axis]:
        steps = found.strides(found.x, found.x_letters, letters)
        return [
            Axis(letter, sizes[letter], step, y[letter])
            for letter, step in zip(letters, steps, strict=True)
            if sizes[letter] > 1
        ]

    return made(found.shared), made(found.pixels)


def sums(node: Einsum, found: Roles) -> tuple[list[Taps], int, int]:
    """The taps, the depth and its step in x."""
    steps = found.strides(found.x, found.x_letters, found.summed)
    taps = [
        Taps(letter, node.sizes[letter], step)
        for letter, step in zip(found.summed, steps, strict=True)
        if node.sizes[letter] > 1
    ]
    if not taps:
        return [], 1, 1
    last = taps.pop()
    depth, step = last.count, last.x
    while taps and taps[-1].x == depth * step:
        depth *= taps.pop().count
    return taps, depth, step


def counted(node: Einsum, found: Roles, letters: str) -> tuple[tuple[int, int], ...]:
    """(count, stride in w) of the letters."""
    steps = found.strides(found.w, found.w_letters, letters)
    return tuple((node.sizes[c], step) for c, step in zip(letters, steps, strict=True))


def arranged(node: Einsum, found: Roles) -> np.ndarray:
    """A constant kernel as (shared, terms, units)."""
    assert isinstance(found.w, Constant)
    order = [found.w_letters.index(c) for c in (*found.shared, *found.summed, *found.units)]
    sizes = [prod(node.sizes[c] for c in letters) for letters in _groups(found)]
    return found.w.data.transpose(order).reshape(sizes)


def _groups(found: Roles) -> Sequence[str]:
    return found.shared, found.summed, found.units


def row_step(node: Einsum, found: Roles, width: int) -> int:
    """How far apart the rows of w are if a tile can read it as it is; else 0.

    Its units must lie side by side and come out even, and its terms evenly apart.
    """
    units = [(n, step) for n, step in counted(node, found, found.units) if n > 1]
    terms = [(n, step) for n, step in counted(node, found, found.summed) if n > 1]
    side_by_side = _evenly(units) == 1
    count = prod(n for n, _ in units)
    step = _evenly(terms)
    return step if side_by_side and count % width == 0 and step else 0


def _evenly(axes: list[tuple[int, int]]) -> int:
    """The step of axes that run as one; 0 if they can't."""
    if not axes:
        return 0
    for (_, outer), (count, inner) in pairwise(axes):
        if outer != count * inner:
            return 0
    return axes[-1][1]


def einsum(node: Contraction) -> Sequence[Node] | None:
    assert isinstance(node, Einsum)
    found = roles(node)
    if found is None:
        return None
    if isinstance(found.x, Constant) and found.x.stored:
        return None  # a tile widens its kernel alone
    shared, pixels = axes(node, found)
    taps, depth, step = sums(node, found)
    units = prod(node.sizes[c] for c in found.units)
    late = node.epilogue.args if node.epilogue else ()
    if any(spread(arg, node.output) == "unit" and arg.size != units for arg in late):
        return None  # one for each index of the last axis, but the units span several axes
    terms = prod(node.sizes[c] for c in found.summed)
    outer, rows, columns = build.pixels(pixels)
    tile = build.tile_for(rows, columns, units, terms)
    panels = Panels(units, tile.widest.units)
    before: list[Node] = []
    rows_apart = 0
    kernel: Value
    if isinstance(found.w, Constant):
        note = f"{found.w.note}; {panels.order(terms)}"
        kernel = found.w.arranged(pack(arranged(node, found), panels), note)
    else:
        kernel = found.w
        rows_apart = 0 if taps else row_step(node, found, tile.widest.units)
        if not rows_apart:
            repack = _repack(node, found, panels, terms)
            before, kernel = [repack], repack.output
    if node.bias is not None and node.bias.shape != (units,):
        return None
    shared = build.stepping(tuple(shared), terms * panels.padded)
    if rows_apart:
        steps = dict(counted_by_letter(node, found))
        shared = [replace(axis, kernel=steps[axis.name]) for axis in shared]
    kernel_bytes = 4 * terms * panels.padded
    made = Product(
        **in_place_of(node),
        x=found.x,
        kernel=kernel,
        bias=padded(node.bias, panels),
        outer=(*shared, *outer),
        rows=rows,
        columns=columns,
        taps=tuple(taps),
        depth=depth,
        depth_step=step,
        units=units,
        panels=panels,
        tile=tile,
        row_step=rows_apart,
        pixels_outside=build.pixels_outside(rows, columns, found.x, node.output, kernel_bytes),
        text=node.formula,
    )
    return [*before, made]


def counted_by_letter(node: Einsum, found: Roles) -> list[tuple[str, int]]:
    """The steps in w of the shared letters."""
    steps = found.strides(found.w, found.w_letters, found.shared)
    return list(zip(found.shared, steps, strict=True))


def _repack(node: Einsum, found: Roles, panels: Panels, terms: int) -> Repack:
    groups = prod(node.sizes[c] for c in found.shared)
    size = groups * terms * panels.padded
    output = Value(
        name=f"{node.output.name}/packed",
        shape=(1, size),
        dtype=found.w.dtype,
        batch=0 if found.w.batch is not None else None,
    )
    return Repack(
        origin=node.origin,
        output=output,
        x=found.w,
        groups=counted(node, found, found.shared),
        terms=counted(node, found, found.summed),
        units=counted(node, found, found.units),
        panels=panels,
    )
