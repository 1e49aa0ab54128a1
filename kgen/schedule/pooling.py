"""The largest element, or the mean, of each window of one image: vectors run over the channels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import prod

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Spec, spec_of
from kgen.ir.value import Value
from kgen.ops.pad import Pad
from kgen.ops.pool import Pool
from kgen.schedule.depthwise import Reach
from kgen.schedule.forms import fits, has_fixed_sizes


@dataclass(frozen=True, eq=False, kw_only=True)
class Pooling(Node):
    """x: (1, *sizes, channels) in float32, of one to three dimensions.

    function: "max" or "mean". reaches: of the dimensions.
    outside: what elements outside x count as; None: they belong to no window.
    kept: if not 0, only what has one position along the first dimension is computed, that being a
        parameter, from so many positions of x, of which the latest take the place of the oldest.
    """

    x: Value
    function: str
    reaches: tuple[Reach, ...]
    outside: float | None
    text: str
    kept: int = 0

    @property
    def rows(self) -> Reach:
        """Of the first dimension."""
        return self.reaches[0]

    @property
    def window_size(self) -> int:
        return prod(reach.taps for reach in self.reaches)

    @property
    def counts(self) -> bool:
        """Whether a mean's terms have to be counted, window by window."""
        return self.function == "mean" and self.outside is None and self.leaves

    @property
    def leaves(self) -> bool:
        """Whether any window has elements outside x."""
        return any(reach.leaves for reach in self.reaches)

    @property
    def border(self) -> float:
        """The least that a window that leaves x can be, as a finite number."""
        least = float(np.finfo(np.float32).min)
        return least if self.outside is None else max(self.outside, least)

    @property
    def exact(self) -> bool:
        return self.function == "max"

    @property
    def formula(self) -> str:
        return self.text

    def infer(self) -> Spec:
        return spec_of(self.output)


def lower_pools(graph: Graph, functions: Collection[str], plain: Collection[str]) -> Graph:
    """Given:   p = x inside equal elements;  y = the pooling of p, which nothing else reads
    Result:  y = the pooling of x, with what lies outside it counting as such elements

    plain: the layers that stay as they are, by path.
    """
    producer, readers = graph.producer, graph.readers
    nodes = list(graph.nodes)
    for node in graph.nodes:
        if not isinstance(node, Pool) or node.origin.path in plain or not _suits(node, functions):
            continue
        pad = producer.get(node.x)
        if not isinstance(pad, Pad) or readers[pad.output] > 1 or not _may_pad(pad, node):
            pad = None
        else:
            nodes.remove(pad)
        nodes[nodes.index(node)] = _pooling(node, pad)
    return graph.with_nodes(nodes)


def _suits(node: Pool, functions: Collection[str]) -> bool:
    return (
        fits(node, functions)
        and has_fixed_sizes(node)
        and node.x.shape[0] == 1
        and node.output.size > 0
    )


def _may_pad(pad: Pad, node: Pool) -> bool:
    first, *around, last = pad.padding
    return (
        not node.padded
        and min(map(min, around)) >= 0
        and not any((*first, *last))
        and (node.function == "max" or pad.value == 0)
        and pad.value == pad.value  # a NaN is not larger than what is beside it
        and has_fixed_sizes(pad)
    )


def _pooling(node: Pool, pad: Pad | None) -> Pooling:
    padding = pad.padding[1:-1] if pad else node.padding
    x = pad.x if pad else node.x
    sizes = x.shape[1:-1]
    reaches = tuple(
        Reach(size, count, taps, stride, 1, before)
        for size, count, taps, stride, (before, _) in zip(
            sizes, node.output_sizes, node.window, node.strides, padding, strict=True
        )
    )
    return Pooling(
        origin=node.origin,
        merged=(*node.merged, *(pad.origins if pad else ())),
        output=node.output,
        x=x,
        function=node.function,
        reaches=reaches,
        outside=float(pad.value) if pad else None,
        text=f"{node.formula}, x inside elements of {pad.value}" if pad else node.formula,
    )
