"""Zeros around an image without a copy of it."""

from __future__ import annotations

from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ops.conv import Conv
from kgen.ops.pad import Pad
from kgen.passes.rewrite import merged_origins, only_reader


def pad_while_convolving(graph: Graph) -> Graph:
    """Given:   y = pad(x) with zeros;  z = conv(y), which nothing else reads
    Result:  z = conv(x), padded by as much more"""
    producer = graph.producer
    nodes: list[Node] = list(graph.nodes)
    for node in graph.nodes:
        pad = producer.get(node.x) if isinstance(node, Conv) else None
        if not isinstance(node, Conv) or not isinstance(pad, Pad):
            continue
        if not only_reader(graph, pad.output) or not _around_images(pad, node):
            continue
        added = pad.padding[1:-1] if node.channels_last else pad.padding[2:]
        padding = tuple(
            (before + more_before, after + more_after)
            for (before, after), (more_before, more_after) in zip(node.padding, added, strict=True)
        )
        merged = merged_origins(node, pad)
        survivor = replace(node, x=pad.x, padding=padding, merged=merged)
        nodes[nodes.index(node)] = survivor
        nodes.remove(pad)
    return replace(graph, nodes=tuple(nodes))


def _around_images(pad: Pad, conv: Conv) -> bool:
    """Whether it adds zeros beside the pixels only."""
    others = [0, pad.x.rank - 1] if conv.channels_last else [0, 1]
    return pad.value == 0 and all(pad.padding[axis] == (0, 0) for axis in others)
