"""Storing weights once that are used twice."""

from __future__ import annotations

from kgen.ir.graph import Graph
from kgen.ir.node import Node, in_place_of
from kgen.ir.value import Constant
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum

FEWEST = 64
"""Elements of a matrix that two copies are too many of."""


def share_transposed(graph: Graph) -> Graph:
    """Given:   y = gather(table, ids);  z = dense(x, kernel), the kernel being the table transposed
    Result:  z = einsum(x, table), of which there is one copy"""
    known: dict[tuple[str, tuple[int, ...], bytes], Constant] = {}
    for constant in graph.constants:
        if constant.rank == 2 and constant.size >= FEWEST and constant.levels is None:
            known.setdefault((constant.dtype, constant.shape, constant.bits), constant)
    nodes: list[Node] = []
    kept: set[Constant] = set()
    for node in graph.nodes:
        table = _transposed(node, known)
        if isinstance(node, Dense) and table is not None and node.kernel not in kept:
            kept.add(table)
            nodes.append(_over_table(node, table))
        else:
            kept.update(node.constants)
            nodes.append(node)
    return graph.with_nodes(nodes)


def _transposed(
    node: Node, known: dict[tuple[str, tuple[int, ...], bytes], Constant]
) -> Constant | None:
    """The constant that is the kernel of a dense layer transposed; Keras's own keep their order."""
    if not isinstance(node, Dense) or node.kernel.variable is not None:
        return None
    if node.kernel.levels or {node.kernel.dtype, node.x.dtype} != {"float32"}:
        return None
    turned = node.kernel.reordered(lambda data: data.T)
    return known.get((turned.dtype, turned.shape, turned.bits))


def _over_table(node: Dense, table: Constant) -> Einsum:
    rows = "rstvwxyz"[: node.x.rank - 1]
    return Einsum(
        **in_place_of(node),
        bias=node.bias,
        a=node.x,
        b=table,
        equation=f"{rows}i,ui->{rows}u",
    )
