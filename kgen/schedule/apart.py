"""Pixels that would push one another out of the first-level cache, copied to lie further apart."""

from __future__ import annotations

from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Value
from kgen.ops.conv import Conv
from kgen.ops.pad import Pad
from kgen.ops.slice import Slice
from kgen.schedule.forms import has_fixed_sizes
from kgen.schedule.tile import LINE

CROWDED = 1024
"""Floats between pixels that all meet in one set of the first-level cache, or a multiple of it."""


def gather_pixels(graph: Graph) -> Graph:
    """Given:   y = a convolution of x with strides and a window of one, whose pixels are crowded
    Result:  p = the pixels of x that it meets, side by side;  y = a convolution of p

    Other such convolutions of x read p too.
    """
    gathered: dict[tuple[Value, tuple[int, ...]], Slice] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        if isinstance(node, Conv) and _leaves_out(node):
            key = (node.x, node.strides)
            if key not in gathered:
                gathered[key] = _pixels(node)
                nodes.append(gathered[key])
            node = replace(node, x=gathered[key].output, strides=(1,) * len(node.strides))
        nodes.append(node)
    return graph.with_nodes(nodes)


def _leaves_out(node: Conv) -> bool:
    """Whether it meets crowded pixels alone, which would not be crowded side by side."""
    return (
        node.channels_last
        and has_fixed_sizes(node)
        and not node.padded
        and set(node.window) == {1}
        and node.groups == 1
        and node.x.dtype == "float32"
        and node.output.size > 0
        and node.strides[-1] > 1
        and _crowded(node, node.x)
        and node.x.shape[-1] % CROWDED != 0
    )


def _crowded(node: Conv, x: Value) -> bool:
    return node.output_sizes[-1] > 1 and x.strides[-2] * node.strides[-1] % CROWDED == 0


def _pixels(node: Conv) -> Slice:
    x = node.x
    sizes = (x.shape[0], *node.output_sizes, x.shape[-1])
    return Slice(
        origin=node.origin,
        output=replace(x, name=f"{node.output.name}/pixels", shape=sizes, label="pixels"),
        x=x,
        starts=(0,) * x.rank,
        steps=(1, *node.strides, 1),
        sizes=sizes,
    )


def apart(pad: Pad, node: Conv) -> Pad:
    """The image with zeros around it that a convolution reads, with a line of zeros behind each
    pixel's channels too if pixels would be crowded without.
    """
    if not has_fixed_sizes(node) or not _crowded(node, pad.output):
        return pad
    *shape, channels = pad.output.shape
    output = replace(pad.output, shape=(*shape, channels + LINE))
    return replace(pad, output=output, padding=(*pad.padding[:-1], (0, LINE)))
