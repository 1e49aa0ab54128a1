"""Sums of products become Products: the axes merged, the weights packed, the tile chosen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node
from kgen.ir.value import Constant, Value, row_major
from kgen.ops.conv import Conv
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum
from kgen.ops.elementwise import Elementwise
from kgen.ops.pad import Pad
from kgen.schedule.depthwise import Depthwise, Reach
from kgen.schedule.einsum import Roles, arranged, axes, counted, roles, row_step, sums
from kgen.schedule.forms import on_vectors, spread
from kgen.schedule.pack import Panels, pack, padded
from kgen.schedule.product import Axis, Product, Taps
from kgen.schedule.repack import Repack
from kgen.schedule.tile import LINE, Tile, choose, stream

PLAIN = 64
"""Dense layers with no more products than this are fastest as plain loops, unrolled."""

FEW_FILTERS = 4
"""Groups with fewer filters waste most of a vector."""

SLOW = frozenset(
    ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "silu", "softplus")
    + ("erf", "gelu", "gelu_tanh", "mish", "elu", "selu")
)
"""Functions of a dozen operations or more."""

Lowering = Callable[[Contraction], Sequence[Node] | None]


def schedule(graph: Graph, functions: Collection[str]) -> Graph:
    """The graph with its contractions as nodes of this package, where they pay.

    functions: the scalar functions that can be computed on vectors.
    """
    nodes: list[Node] = []
    for node in graph.nodes:
        lowering = LOWERINGS.get(type(node))
        made = None
        if lowering is not None:
            assert isinstance(node, Contraction)
            *late, first = _split(node, functions)[::-1]
            made = lowering(first) if _float(first) else None  # type: ignore[arg-type]
            if made is not None:
                made = [*made, *late]
        nodes.extend(made if made is not None else [node])
    return graph.with_nodes(nodes)


def _float(node: Node) -> bool:
    """Vectors hold float32 alone."""
    return all(value.dtype == "float32" for value in (*node.inputs, node.output))


def _split(node: Contraction, functions: Collection[str]) -> list[Node]:
    """The contraction, with its epilogue as a node of its own where vectors can't compute it."""
    epilogue = node.epilogue
    if epilogue is None or (_on_vectors(node, functions) and not _wasteful(node)):
        return [node]
    total = replace(node.output, name=f"{node.output.name}/sum", dtype=node.accumulator)
    rest = Elementwise(
        origin=node.origin,
        output=node.output,
        args=(total, *epilogue.args),
        program=epilogue.program,
    )
    return [replace(node, epilogue=None, output=total), rest]


def _wasteful(node: Contraction) -> bool:
    """Whether functions that take long would be computed for many lanes of padding."""
    assert node.epilogue is not None
    units = node.output.shape[-1]
    lines = -(-units // LINE)
    return (
        node.output.size > 16 * LINE
        and lines * LINE > 1.3 * units
        and any(step.function in SLOW for step in node.epilogue.program.steps)
    )


def _on_vectors(node: Contraction, functions: Collection[str]) -> bool:
    assert node.epilogue is not None
    return on_vectors(node.epilogue.program, functions) and all(
        spread(arg, node.output) for arg in node.epilogue.args
    )


def _dense(node: Contraction) -> Sequence[Node] | None:
    assert isinstance(node, Dense)
    inputs, units = node.kernel.shape
    if node.macs <= PLAIN or not inputs:
        return None
    columns = Axis("row", node.rows, inputs, units)
    return [
        _product(
            node,
            node.x,
            node.kernel.data.reshape(1, inputs, units),
            axes=[columns],
            taps=[],
            depth=inputs,
        )
    ]


def _conv(node: Contraction) -> Sequence[Node] | None:
    assert isinstance(node, Conv)
    if not node.channels_last or not node.output.size:
        return None
    if node.groups == node.filters and node.group_channels == 1 and len(node.window) < 3:
        return [_depthwise(node)]
    if node.group_filters < FEW_FILTERS:
        return None
    before: list[Node] = []
    x = node.x
    if node.padded:
        pad = _pad(node)
        before, x = [pad], pad.output
    strides, y_strides = x.strides[1:-1], row_major(node.output.shape)[1:-1]
    names = ("plane", "row", "column")[-len(strides) :]
    axes = [
        Axis(name, count, step * stride, y)
        for name, count, step, stride, y in zip(
            names, node.output_sizes, node.strides, strides, y_strides, strict=True
        )
    ]
    taps = [
        Taps(letter, count, rate * stride)
        for letter, count, rate, stride in zip(
            "ijk", node.window, node.dilation, strides, strict=False
        )
        if count > 1
    ]
    terms = prod(node.window) * node.group_channels
    kernel = node.kernel.data.reshape(terms, node.groups, node.group_filters)
    made = _product(
        node,
        x,
        kernel.transpose(1, 0, 2),
        axes=axes,
        taps=taps,
        depth=node.group_channels,
    )
    return [*before, made]


def _depthwise(node: Conv) -> Depthwise:
    """A sequence is an image of one row."""
    reaches = [
        Reach(size, count, length, stride, rate, before)
        for size, count, length, stride, rate, (before, _) in zip(
            node.input_sizes,
            node.output_sizes,
            node.window,
            node.strides,
            node.dilation,
            node.padding,
            strict=True,
        )
    ]
    row = Reach(1, 1, 1, 1, 1, 0)
    rows, columns = reaches if len(reaches) == 2 else (row, *reaches)
    taps, channels = prod(node.window), node.filters
    width = -(-channels // LINE) * LINE
    kernel = np.zeros((taps, width), node.kernel.dtype)
    kernel[:, :channels] = node.kernel.data.reshape(taps, channels)
    note = f"{node.kernel.note}; channels padded with zeros"
    bias = node.bias
    if bias is not None:
        bias = Constant.of(bias.name, padded(bias.data, 1, Panels(channels, width)), bias.note)
    return Depthwise(
        origin=node.origin,
        merged=node.merged,
        output=node.output,
        epilogue=node.epilogue,
        x=node.x,
        kernel=Constant.of(node.kernel.name, kernel, note),
        bias=bias,
        rows=rows,
        columns=columns,
        channels=channels,
        text=node.formula,
    )


def _pad(node: Conv) -> Pad:
    """The zeros around x as an array: cheaper than asking at each tap, and one copy of x."""
    padding = ((0, 0), *node.padding, (0, 0))
    shape = tuple(size + sum(pair) for size, pair in zip(node.x.shape, padding, strict=True))
    output = replace(node.x, name=f"{node.output.name}/pad", shape=shape)
    return Pad(origin=node.origin, output=output, x=node.x, padding=padding, value=0.0)


def _einsum(node: Contraction) -> Sequence[Node] | None:
    assert isinstance(node, Einsum)
    found = roles(node)
    if found is None or node.macs <= PLAIN:
        return None
    shared, pixels = axes(node, found)
    taps, depth, step = sums(node, found)
    units = prod(node.sizes[c] for c in found.units)
    terms = prod(node.sizes[c] for c in found.summed)
    outer, rows, columns = _pixels(pixels)
    tile = _tile(rows, columns, units, terms)
    panels = Panels(units, tile.widest.units)
    before: list[Node] = []
    rows_apart = 0
    kernel: Value
    if isinstance(found.w, Constant):
        note = f"{found.w.note}; packed in panels"
        kernel = Constant.of(found.w.name, pack(arranged(node, found), panels), note)
    else:
        kernel = found.w
        rows_apart = 0 if taps else row_step(node, found, tile.widest.units)
        if not rows_apart:
            repack = _repack(node, found, panels, terms)
            before, kernel = [repack], repack.output
    bias = node.bias
    if bias is not None:
        if bias.shape != (units,):
            return None
        bias = Constant.of(bias.name, padded(bias.data, 1, panels), bias.note)
    steps = found.strides(found.w, found.w_letters, found.shared)
    size = terms * panels.padded
    kernels = {}
    for letter, own in zip(reversed(found.shared), reversed(steps), strict=True):
        kernels[letter] = own if rows_apart else size
        size *= node.sizes[letter]
    shared = [replace(axis, kernel=kernels[axis.name]) for axis in shared]
    made = Product(
        origin=node.origin,
        merged=node.merged,
        output=node.output,
        epilogue=node.epilogue,
        x=found.x,
        kernel=kernel,
        bias=bias,
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
        text=node.formula,
    )
    return [*before, made]


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


LOWERINGS: dict[type[Node], Lowering] = {Dense: _dense, Conv: _conv, Einsum: _einsum}


def _product(
    node: Contraction,
    x: Value,
    kernel: np.ndarray,
    *,
    axes: list[Axis],
    taps: list[Taps],
    depth: int,
) -> Product:
    """kernel: (groups, terms, units)."""
    groups, terms, units = kernel.shape
    while taps and taps[-1].x == depth and groups == 1:
        depth *= taps.pop().count
    outer, rows, columns = _pixels(axes)
    tile = _tile(rows, columns, units, terms)
    panels = Panels(units, tile.widest.units)
    if groups > 1:
        outer.insert(0, Axis("group", groups, depth, units, terms * panels.padded))
    source = next(value for value in node.inputs if isinstance(value, Constant))
    bias = node.bias
    if bias is not None:
        bias = Constant.of(bias.name, padded(bias.data, groups, panels), bias.note)
    return Product(
        origin=node.origin,
        merged=node.merged,
        output=node.output,
        epilogue=node.epilogue,
        x=x,
        kernel=Constant.of(source.name, pack(kernel, panels), f"{source.note}; packed in panels"),
        bias=bias,
        outer=tuple(outer),
        rows=rows,
        columns=columns,
        taps=tuple(taps),
        depth=depth,
        depth_step=1,
        units=units,
        panels=panels,
        tile=tile,
        text=node.formula,
    )


def _tile(rows: Axis, columns: Axis, units: int, terms: int) -> Tile:
    if rows.count * columns.count == 1:
        return stream(units)
    return choose(rows.count, columns.count, units, terms)


def _pixels(axes: list[Axis]) -> tuple[list[Axis], Axis, Axis]:
    """Axes that can run as one do; the last two are rows and columns of pixels."""
    merged: list[Axis] = []
    for axis in axes:
        if axis.count == 1:
            continue
        last = merged[-1] if merged else None
        if last and last.x == axis.count * axis.x and last.y == axis.count * axis.y:
            merged[-1] = Axis(axis.name, last.count * axis.count, axis.x, axis.y)
        else:
            merged.append(axis)
    while len(merged) < 2:
        merged.insert(0, Axis("row" if merged else "column", 1, 0, 0))
    *outer, rows, columns = merged
    return outer, rows, columns
