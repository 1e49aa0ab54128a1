"""Several samples at once, where one alone would stream all weights for a single pixel."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Constant, Value
from kgen.schedule.lower import schedule
from kgen.schedule.product import Product
from kgen.schedule.rescale import Rescale
from kgen.schedule.saving import NOTHING, Saving
from kgen.schedule.tile import Pixels, choose

SAMPLES = 32
"""In a block: Keras's own batch size. Of 16 each took 4 % longer, of 8 20 %."""

NEAR = 32 * 1024
"""Bytes of weights that stay in the first-level cache: streaming those costs little."""

SHARE = 0.5
"""How much of a model's work must be streaming for blocks to be worth their code."""


def blocked(
    graph: Graph,
    single: Graph,
    functions: Collection[str],
    winograd: bool,
    saving: Saving = NOTHING,
) -> Graph | None:
    """The scheduled graph of SAMPLES samples, on the packed weights of `single`, the scheduled
    graph of one; None where it would not pay, or something needs a batch axis of length one.
    """
    if not _pays(single):
        return None
    wide = _widened(graph)
    if wide is None:
        return None
    before = {node.output.name: node for node in _on_constants(single)}
    made = schedule(wide, functions, winograd, saving)
    made = made.with_nodes([_on_weights_of(before.get(n.output.name), n) for n in made.nodes])
    known = {id(constant.data) for constant in single.constants}
    return made.check() if all(id(c.data) in known for c in made.constants) else None


def _on_constants(single: Graph) -> list[Node]:
    """The nodes, their weights without the factors that differ from sample to sample."""
    plain = {n.output: n.kernel for n in single.nodes if isinstance(n, Rescale)}
    return [
        replace(n, kernel=plain.get(n.kernel, n.kernel)) if isinstance(n, Product) else n
        for n in single.nodes
    ]


def _pays(single: Graph) -> bool:
    """Whether weights that each sample streams, from beyond the first-level cache, dominate."""
    streams = [node for node in single.nodes if isinstance(node, Product) and node.streams]
    bytes_streamed = sum(n.kernel.nbytes for n in streams if isinstance(n.kernel, Constant))
    work = sum(node.macs for node in single.nodes)
    return bytes_streamed > NEAR and sum(node.macs for node in streams) >= SHARE * work


def _widened(graph: Graph) -> Graph | None:
    """The graph with a batch axis of SAMPLES instead of one."""
    if graph.remembered or graph.lengths or any(node.bodies for node in graph.nodes):
        return None
    values = [*graph.inputs, *(value for node in graph.nodes for value in node.outputs)]
    if any(value.batch != 0 or value.shape[0] != 1 for value in values):
        return None
    nodes: list[Node] = []
    for node in graph.nodes:
        wider = node.with_rows(SAMPLES)
        if wider is None:
            return None
        nodes.append(wider)

    def widened(value: Value) -> Value:
        if isinstance(value, Constant):
            return value
        return replace(value, shape=(SAMPLES, *value.shape[1:]))

    return replace(graph, nodes=tuple(nodes)).map_values(widened).check()


def _on_weights_of(single: Node | None, node: Node) -> Node:
    """A product on the panels that the single sample's has, with a tile of their width."""
    if not (isinstance(node, Product) and isinstance(single, Product)):
        return node
    if not isinstance(single.kernel, Constant) or single.terms != node.terms:
        return node
    pixels = Pixels(node.rows.count, node.columns.count, node.rows.x, node.columns.x)
    return replace(
        node,
        kernel=single.kernel,
        scale=single.scale,
        zero=single.zero,
        bias=single.bias,
        panels=single.panels,
        tile=choose(pixels, node.units, node.terms, [single.tile.widest.units]),
    )
