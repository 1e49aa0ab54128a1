"""Convolutions of what comes into a loop, before it and of all steps at once.

In C that would cost memory for all of their results, and gain nothing; to NumPy each step costs
its calls.
"""

from __future__ import annotations

from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Constant, Value
from kgen.ops.conv import Conv
from kgen.ops.reshape import Reshape
from kgen.ops.scan import Scan
from kgen.passes.loops import without_unused
from kgen.targets.numpy_names import Names

MOST = 1 << 20
"""The most elements that the results of all steps may have, for each sample."""


def convolve_all_steps(graph: Graph, names: Names) -> Graph:
    """Given:   a loop with states, whose steps compute conv(x[t])
    Result:  all = conv(x), the steps as samples, before the loop, which reads all[t]"""
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _taken_out(node, names) if isinstance(node, Scan) and node.initial else [node]
    return graph.with_nodes(nodes)


def _taken_out(node: Scan, names: Names) -> list[Node]:
    """What comes before the loop, and the loop."""
    early = [one for one in node.body.nodes if isinstance(one, Conv) and _is_early(node, one)]
    if not early:
        return [node]
    before = [part for one in early for part in _of_all_steps(node, one, names)]
    elements = (*node.elements, *(one.output for one in early))
    loop = replace(
        node,
        body=replace(
            node.body,
            inputs=(*(state for state, _ in node.states), *elements, *node.outer),
            nodes=tuple(one for one in node.body.nodes if one not in early),
        ),
        sequences=(*node.sequences, *(part.output for part in before[2::3])),
    )
    return [*before, without_unused(loop, list(zip(loop.picks, loop.outputs, strict=True)))]


def _is_early(node: Scan, one: Conv) -> bool:
    """Whether it knows nothing but a step's element, which is one sample's."""
    after = one.epilogue.args if one.epilogue else ()
    return (
        one.x in node.elements
        and node.axis == 1
        and one.x.batch == 0
        and one.x.shape[0] == 1
        and all(isinstance(arg, Constant) for arg in after)
        and node.steps * one.output.size <= MOST
    )


def _of_all_steps(node: Scan, one: Conv, names: Names) -> tuple[Reshape, Conv, Reshape]:
    """From (1, steps, ...) to as many samples, the convolution, and back."""
    sequence = node.sequences[node.elements.index(one.x)]

    def samples_of(value: Value, word: str) -> Value:
        name = names.new(f"{value.name}_{word}")
        return replace(value, name=name, shape=(node.steps, *value.shape[1:]))

    x, y = samples_of(one.x, "frames"), samples_of(one.output, "frames")
    shape = (1, node.steps, *one.output.shape[1:])
    steps = replace(one.output, name=names.new(f"{one.name}_steps"), shape=shape)
    return (
        Reshape(origin=one.origin, output=x, x=sequence, shape=x.shape, batch=0),
        replace(one, output=y, x=x),
        Reshape(origin=one.origin, output=steps, x=y, shape=shape, batch=0),
    )
