"""Several samples at once, where one alone would stream all weights for a single pixel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node
from kgen.ir.size import Given, Length
from kgen.ir.value import Constant, Value
from kgen.schedule.dot import Dot
from kgen.schedule.lower import schedule
from kgen.schedule.nonzero import zeros
from kgen.schedule.product import Product
from kgen.schedule.rescale import Rescale
from kgen.schedule.saving import NOTHING, Saving
from kgen.schedule.sparse import sparse
from kgen.schedule.tile import Pixels, choose

SAMPLES = 32
"""At most, in a block: Keras's own batch size. Of 16 each took 4 % longer, of 8 20 %."""

COUNT = Given("samples", SAMPLES, Length("samples", SAMPLES))
"""How many there are, as a length that is known when the code runs."""

SMALL = 8 * 1024
"""Bytes of weights below which a block saves less time than its code is worth."""

SHARE = 0.5
"""How much of a model's work must be streaming for blocks to be worth their code."""


def blocked(
    graph: Graph,
    single: Graph,
    functions: Collection[str],
    winograd: bool,
    saving: Saving = NOTHING,
) -> Graph | None:
    """The scheduled graph of COUNT samples, on the packed weights of `single`, the scheduled
    graph of one; None where it would not pay, or something needs a batch axis of length one.
    """
    if not _pays(single):
        return None
    wide = _widened(graph)
    if wide is None:
        return None
    before = {node.output.name: node for node in _on_constants(single)}
    made = schedule(wide, functions, winograd, _plain_as(single, graph, saving))
    made = made.with_nodes(
        [_on_weights_of(before.get(n.output.name), n, made.producer) for n in made.nodes]
    )
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
    """Whether weights that each sample streams dominate."""
    streams = [node for node in single.nodes if isinstance(node, Product) and node.streams]
    bytes_streamed = sum(n.kernel.nbytes for n in streams if isinstance(n.kernel, Constant))
    work = sum(node.macs for node in single.nodes)
    return bytes_streamed > SMALL and sum(node.macs for node in streams) >= SHARE * work


def _widened(graph: Graph) -> Graph | None:
    """The graph with a batch axis of COUNT instead of one."""
    if graph.remembered or graph.lengths or any(node.bodies for node in graph.nodes):
        return None
    values = [*graph.inputs, *(value for node in graph.nodes for value in node.outputs)]
    if any(value.batch != 0 or value.shape[0] != 1 for value in values):
        return None
    nodes: list[Node] = []
    for node in graph.nodes:
        wider = node.with_rows(COUNT.size)
        if wider is None:
            return None
        nodes.append(wider)

    def widened(value: Value) -> Value:
        if isinstance(value, Constant):
            return value
        return replace(value, shape=(COUNT.size, *value.shape[1:]))

    wide = replace(graph, nodes=tuple(nodes), lengths=(COUNT,))
    return wide.map_values(widened).check()


def _plain_as(single: Graph, graph: Graph, saving: Saving) -> Saving:
    """What one sample computes in plain loops several do, too: the weights are not packed."""
    kept = {(node.output.name, type(node)) for node in single.nodes}
    sums = [node for node in graph.nodes if isinstance(node, Contraction)]
    plain = {one.origin.path for one in sums if (one.output.name, type(one)) in kept}
    return replace(saving, plain=saving.plain | plain)


def _on_weights_of(single: Node | None, node: Node, producer: Mapping[Value, Node]) -> Node:
    """A product on the panels that the single sample's has, with a tile of their width or less; it
    leaves out zeros if that one does, and it pays here too.
    """
    if isinstance(node, Dot) and isinstance(single, Dot):
        return replace(node, kernel=single.kernel)
    if not (isinstance(node, Product) and isinstance(single, Product)):
        return node
    if not isinstance(single.kernel, Constant) or single.terms != node.terms:
        return node
    pixels = Pixels.of(node.rows.count, node.columns.count, node.rows.x, node.columns.x)
    made = replace(
        node,
        kernel=single.kernel,
        scale=single.scale,
        zero=single.zero,
        bias=single.bias,
        panels=single.panels,
        tile=choose(pixels, node.units, node.terms, single.panels.width),
    )
    return sparse(made, single, zeros(node.x, producer)) if single.skips else made
