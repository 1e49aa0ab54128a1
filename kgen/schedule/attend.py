"""Which nodes are an attention, and how many queries it takes at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Value, broadcast_strides, row_major
from kgen.ops.einsum import Einsum
from kgen.ops.softmax import Softmax
from kgen.schedule.attention import Attention
from kgen.schedule.einsum import einsum
from kgen.schedule.forms import has_fixed_sizes, has_vector_steps
from kgen.schedule.product import Axis, Product
from kgen.schedule.saving import NOTHING, Saving
from kgen.schedule.tile import Pixels, choose, even

NEAR = 4096
"""Scores of a block that stay in the first-level cache beside keys and values."""

FEWEST = 8
"""Queries in a block, however many keys there are: fewer don't fill a tile."""

SPARING = 4
"""Queries in a block where memory counts more than time."""

MOST = 64
"""Queries in a block, however few keys there are."""

PLAIN = 64
"""Scores of no more products are left to plain loops."""

SHORTEST = 4
"""Keys: rows of fewer are left to plain loops."""


def absorb_attention(graph: Graph, functions: Collection[str], saving: Saving = NOTHING) -> Graph:
    """Given:   a = einsum(q, k), then scaled and masked;  b = softmax(a);  y = einsum(b, v), where
        nothing else reads a and b
    Result:  y = an attention, whose scores a and b are never stored whole

    saving: what is done for less memory.
    """
    readers, producer = graph.readers, graph.producer
    made: dict[Node, list[Node]] = {}
    for last in graph.nodes:
        soft = producer.get(last.a) if isinstance(last, Einsum) else None
        first = producer.get(soft.x) if isinstance(soft, Softmax) else None
        if not (isinstance(last, Einsum) and isinstance(soft, Softmax)):
            continue
        if last.origin.path in saving.plain:
            continue
        if isinstance(first, Einsum) and readers[first.output] == readers[soft.output] == 1:
            nodes = _attention(first, soft, last, functions, saving.pieces)
            if nodes is not None:
                made |= {first: [], soft: [], last: nodes}
    return graph.with_nodes([one for node in graph.nodes for one in made.get(node, [node])])


def _attention(
    first: Einsum, soft: Softmax, last: Einsum, functions: Collection[str], pieces: bool
) -> list[Node] | None:
    values = (first.a, first.b, last.b, last.output)
    if (
        not all(has_fixed_sizes(node) for node in (first, last))
        or any(value.dtype != "float32" for value in values)
        or first.macs <= PLAIN
        or soft.log
        or soft.axis != soft.x.rank - 1
        or soft.x.shape[-1] < SHORTEST
        or first.bias is not None
        or last.bias is not None
        or last.epilogue is not None
        or not _on_vectors(first, functions)
    ):
        return None
    scored = einsum(replace(first, epilogue=None))
    summed = einsum(last)
    if scored is None or summed is None:
        return None
    *before, scores = scored
    *between, sums = summed
    assert isinstance(scores, Product)
    assert isinstance(sums, Product)
    if not _match(scores, sums, soft):
        return None
    queries, keys = scores.columns, soft.x.shape[-1]
    most = SPARING if pieces else max(min(NEAR // keys, MOST), FEWEST)
    block = even(queries.count, most)
    space = Value(name=f"{soft.name}/scores", shape=(1, block * keys), dtype="float32", batch=0)
    made = Attention(
        origin=last.origin,
        merged=(*last.merged, *first.origins, *soft.origins),
        output=last.output,
        others=(space,),
        epilogue=first.epilogue,
        x=scores.x,
        keys=scores.kernel,
        values=sums.kernel,
        score_shape=soft.x.shape,
        outer=tuple(
            Axis(a.name, a.count, a.x, b.y, a.kernel)
            for a, b in zip(scores.outer, sums.outer, strict=True)
        ),
        value_steps=tuple(axis.kernel for axis in sums.outer),
        queries=Axis("query", queries.count, queries.x, sums.columns.y),
        block=block,
        scores=_for_block(scores, block, queries.x, keys),
        sums=_for_block(sums, block, keys, sums.columns.y),
        text="y = softmax(x * keys) * values, for each head some queries at once",
    )
    return [*before, *between, made]


def _on_vectors(first: Einsum, functions: Collection[str]) -> bool:
    """Whether scale, bias and mask can be computed on vectors along the keys."""
    if first.epilogue is None:
        return True
    return has_vector_steps(first.epilogue.program, functions) and all(
        arg.dtype in ("float32", "bool")
        and broadcast_strides(arg.shape, first.output.shape)[-1] in (0, 1)
        for arg in first.epilogue.args
    )


def _match(scores: Product, sums: Product, soft: Softmax) -> bool:
    """Whether both products have the same heads, and the same queries one row apart."""
    *heads, count, keys = soft.x.shape
    steps = row_major(soft.x.shape)
    outer = [(n, step) for n, step in zip(heads, steps, strict=False) if n > 1]
    return (
        scores.units == sums.depth == keys
        and sums.depth_step == 1
        and not sums.taps
        and scores.rows.count == sums.rows.count == 1
        and scores.columns.count == sums.columns.count == count > 1
        and scores.columns.y == sums.columns.x == keys
        and [(a.count, a.y) for a in scores.outer] == outer
        and [(a.count, a.x) for a in sums.outer] == outer
        and sums.x is soft.output
    )


def _for_block(product: Product, block: int, x: int, y: int) -> Product:
    """The product for one head and one block of queries, x and y apart."""
    tile = choose(Pixels(1, block, 0, x), product.units, product.terms, product.panels.width)
    columns = Axis("query", block, x, y)
    return replace(product, outer=(), columns=columns, tile=tile, pixels_outside=False)
