"""Convolutions as Products over the pixels of a padded image; those of channels on their own, or in
groups of a few, as Depthwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node, in_place_of
from kgen.ir.value import Value, row_major
from kgen.ops.conv import Conv
from kgen.ops.pad import Pad
from kgen.schedule.apart import apart
from kgen.schedule.build import product
from kgen.schedule.depthwise import Depthwise, Reach
from kgen.schedule.forms import has_fixed_sizes
from kgen.schedule.neighbours import side_by_side
from kgen.schedule.pack import Panels, padded
from kgen.schedule.product import Axis, Taps
from kgen.schedule.tile import LINE

FEW_FILTERS = 4
"""Groups with fewer filters waste most of a vector."""

FEW = (1, 2, 4, 8)
"""Channels and filters of groups that share a vector."""

AXES = ("plane", "row", "column")


def absorb_padding(graph: Graph) -> Graph:
    """Given:   p = x inside zeros;  y = a convolution of p, which nothing else reads
    Result:  y = a convolution of x with that padding, whose kernel may skip what is outside"""
    producer, readers = graph.producer, graph.readers
    nodes: list[Node] = []
    for node in graph.nodes:
        pad = producer.get(node.x) if isinstance(node, Conv) and _may_pad(node) else None
        if isinstance(node, Conv) and isinstance(pad, Pad) and readers[pad.output] == 1:
            first, *around, last = pad.padding
            zeros = pad.value == 0 and min(map(min, around)) >= 0
            if zeros and not any((*first, *last)):
                padding = tuple(
                    (a + c, b + d) for (a, b), (c, d) in zip(around, node.padding, strict=True)
                )
                merged = (*node.merged, pad.origin, *pad.merged)
                node = replace(node, x=pad.x, padding=padding, merged=merged)
        nodes.append(node)
    return graph.with_nodes(nodes)


def _may_pad(node: Conv) -> bool:
    """Whether zeros around x may be the convolution's own."""
    grouped = node.groups > 1 and not _shares_vectors(node)
    return node.channels_last and has_fixed_sizes(node) and not grouped


def _shares_vectors(node: Conv) -> bool:
    """Whether several groups fit into a vector, a depthwise convolution's being of one channel."""
    alone = node.group_channels == 1
    even = node.group_channels == node.group_filters and node.group_channels in FEW
    return (
        node.channels_last
        and node.groups > 1
        and (alone or even)
        and len(node.window) < 3
        and node.output.size > 0
    )


def convolution(node: Contraction) -> Sequence[Node] | None:
    assert isinstance(node, Conv)
    images = node.output.shape[0]  # in one sample
    if _shares_vectors(node):
        if images > 1:
            return None
        if has_fixed_sizes(node) or not node.padded:
            return [_depthwise(node)]
        # Which windows lie inside is not known yet: all do, inside a copy with zeros around.
        pad = padded_image(f"{node.output.name}/pad", node.x, node, node.padding)
        unpadded = replace(node, x=pad.output, padding=((0, 0),) * len(node.padding))
        return [pad, _depthwise(unpadded)]
    few = node.groups > 1 and node.group_filters < FEW_FILTERS
    if not node.channels_last or not node.output.size or few:
        return None
    before: list[Node] = []
    x = node.x
    if node.padded:
        pad = apart(padded_image(f"{node.output.name}/pad", x, node, node.padding), node)
        before, x = [pad], pad.output
        node = replace(node, x=x, padding=((0, 0),) * len(node.padding))
    given = node
    node = side_by_side(given)
    strides, y_strides = x.strides[1:-1], row_major(node.output.shape)[1:-1]
    names = AXES[-len(strides) :]
    axes = [
        Axis(name, count, step * stride, y)
        for name, count, step, stride, y in zip(
            names, node.output_sizes, node.strides, strides, y_strides, strict=True
        )
    ]
    if images > 1:
        axes.insert(0, Axis("image", images, x.strides[0], node.output.strides[0]))
    taps = [
        Taps(letter, count, rate * stride)
        for letter, count, rate, stride in zip(
            "ijk", node.window, node.dilation, strides, strict=False
        )
        if count > 1
    ]
    terms = prod(node.window) * node.group_channels
    kernel = node.kernel.data.reshape(terms, node.groups, node.group_filters)
    groups = Axis("group", node.groups, node.group_channels, node.group_filters)
    made = product(
        node,
        x,
        kernel.transpose(1, 0, 2),
        axes=axes,
        taps=taps,
        depth=node.group_channels,
        outer=(groups,) if node.groups > 1 else (),
    )
    if node is not given:
        times = node.filters // given.filters
        tile = made.tile._replace(why=f"{times} pixels side by side: {made.tile.why}")
        text = f"{given.formula}, the filters of {times} pixels side by side"
        made = replace(made, output=given.output, text=text, tile=tile)
    return [*before, made]


def padded_image(name: str, x: Value, node: Node, padding: Sequence[tuple[int, int]]) -> Pad:
    """The zeros around x as an array: cheaper than asking at each tap, and one copy of x."""
    around = ((0, 0), *padding, (0, 0))
    shape = tuple(size + sum(pair) for size, pair in zip(x.shape, around, strict=True))
    output = replace(x, name=name, shape=shape)
    return Pad(origin=node.origin, output=output, x=x, padding=around, value=0.0)


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
    terms, channels = prod(node.window) * node.group_channels, node.filters
    width = -(-channels // LINE) * LINE
    kernel = np.zeros((terms, width), node.kernel.dtype)
    kernel[:, :channels] = node.kernel.data.reshape(terms, channels)
    note = f"{node.kernel.note}; channels padded with zeros"
    return Depthwise(
        **in_place_of(node),
        x=node.x,
        kernel=node.kernel.arranged(kernel, note),
        bias=padded(node.bias, Panels(channels, width)),
        rows=rows,
        columns=columns,
        channels=channels,
        members=node.group_channels,
        times=node.group_filters // node.group_channels,
        text=node.formula,
    )
