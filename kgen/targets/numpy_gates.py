"""Convolutions side by side in a loop, as ConvLSTM's gates: NumPy does them as one.

What that costs in C is memory for all of their results at once, which NumPy has anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Constant
from kgen.ops.conv import Conv
from kgen.ops.elementwise import Elementwise
from kgen.ops.slice import Slice
from kgen.targets.numpy_names import Names


def join_gates(graph: Graph, names: Names) -> Graph:
    """Given:   in a loop, y = f(conv(x, A));  z = g(conv(x, B)), alike but for their weights
    Result:  both = conv(x, [A, B]);  y = f(both[..., :n]);  z = g(both[..., n:])"""
    return graph.map_bodies(lambda body: _joined(body, names))


def _joined(graph: Graph, names: Names) -> Graph:
    graph = graph.map_bodies(lambda body: _joined(body, names))
    alike: dict[object, list[Conv]] = {}
    for node in graph.nodes:
        if isinstance(node, Conv) and node.groups == 1:
            window = (node.kernel.shape, node.strides, node.padding, node.dilation)
            stored = (node.kernel.dtype, node.kernel.stored)
            key = (node.x, window, stored, node.channels_last, node.bias is None)
            alike.setdefault(key, []).append(node)
    groups = [group for group in alike.values() if len(group) > 1]
    changed: dict[Node, list[Node]] = {}
    for group in groups:
        whole = _whole(group, names)
        for number, node in enumerate(group):
            changed[node] = _part(node, whole, number, names)
        changed[group[0]].insert(0, whole)
    return graph.with_nodes([one for node in graph.nodes for one in changed.get(node, [node])])


def _whole(group: Sequence[Conv], names: Names) -> Conv:
    """The convolution with all filters."""
    first = group[0]
    shape = list(first.output.shape)
    shape[first.channel_axis] *= len(group)
    name = names.new(f"{_common([node.output.name for node in group])}_gates")
    biases = [node.bias for node in group if node.bias is not None]
    return replace(
        first,
        output=replace(first.output, name=name, shape=tuple(shape)),
        kernel=_side_by_side([node.kernel for node in group], names),
        bias=_side_by_side(biases, names) if biases else None,
        epilogue=None,
    )


def _part(node: Conv, whole: Conv, number: int, names: Names) -> list[Node]:
    """What makes a convolution's output of its part of the whole."""
    axis, filters, after = node.channel_axis, node.filters, node.epilogue
    own = node.output
    if after is not None:
        own = replace(own, name=names.new(f"{own.name}_sum"))
    part = Slice(
        origin=node.origin,
        output=own,
        x=whole.output,
        starts=tuple(number * filters if a == axis else 0 for a in range(own.rank)),
        steps=(1,) * own.rank,
        sizes=own.shape,
    )
    if after is None:
        return [part]
    function = Elementwise(
        origin=node.origin,
        merged=node.merged,
        output=node.output,
        args=(own, *after.args),
        program=after.program,
    )
    return [part, function]


def _side_by_side(constants: Sequence[Constant], names: Names) -> Constant:
    """Along their last axes."""
    data = np.concatenate([one.data for one in constants], axis=-1)
    notes = ", ".join(dict.fromkeys(one.note for one in constants if one.note))
    name = names.new(_common([one.name for one in constants]))
    return replace(Constant.of(name, data, notes), stored=constants[0].stored)


def _common(names: Sequence[str]) -> str:
    """The words that all of them begin with."""
    words = zip(*(name.split("_") for name in names), strict=False)
    same = takewhile(lambda each: len(set(each)) == 1, words)
    return "_".join(each[0] for each in same) or names[0]
