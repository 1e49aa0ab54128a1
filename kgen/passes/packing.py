"""Storing weights in fewer bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.value import Constant, Levels, Value
from kgen.ops.dense import Dense
from kgen.ops.grouped_dense import GroupedDense


def keep_integers(graph: Graph) -> Graph:
    """Given:   y = dense(x, kernel), the kernel made of small integers
    Result:  y = grouped_dense(x, integers, scale, zero), which need a fraction of its bytes"""
    nodes = [
        grouped if isinstance(node, Dense) and (grouped := _grouped(node)) is not None else node
        for node in graph.nodes
    ]
    return graph.with_nodes(nodes)


def _grouped(node: Dense) -> GroupedDense | None:
    kernel, levels = node.kernel, node.kernel.levels
    if levels is None or kernel.rank != 2 or not kernel.size:
        return None
    block = _block(levels)
    if block is None:
        return None
    path = kernel.name.rpartition("/")[0]
    of = f"of {kernel.name}, for {block} rows each"
    return GroupedDense(
        origin=node.origin,
        output=node.output,
        x=node.x,
        kernel=Constant.of(kernel.name, levels.numbers, kernel.note),
        scale=Constant.of(f"{path}/scale", levels.scale[::block], f"scales {of}"),
        zero=Constant.of(f"{path}/zero", levels.zero[::block], f"zeros {of}"),
        block=block,
    )


def _block(levels: Levels) -> int | None:
    """How many rows in a row share scale and zero, if it is always the same number."""
    pairs = np.concatenate([levels.scale, levels.zero], axis=1)
    changes = np.flatnonzero((pairs[1:] != pairs[:-1]).any(axis=1)) + 1
    block = int(changes[0]) if changes.size else len(pairs)
    repeated = np.repeat(pairs[::block], block, axis=0)[: len(pairs)]
    # A block of a few rows would need more bytes for its scale than it saves.
    return block if block > 1 and np.array_equal(repeated, pairs) else None


def pack_int4(graph: Graph) -> Graph:
    """Given:   weights in int8, all from -8 to 7, that their readers can unpack
    Result:  the same in int4, two of them a byte"""
    packable = Counter(constant for node in graph.nodes for constant in node.packable)
    packed: dict[Value, Value] = {
        constant: replace(constant, dtype="int4")
        for constant in graph.constants
        if constant.dtype == "int8"
        and packable[constant] == graph.readers[constant]
        and constant.size > 1
        and constant.data.min() >= -8
        and constant.data.max() <= 7
    }
    if not packed:
        return graph
    assert all(isinstance(constant, Constant) for constant in packed)
    return graph.map_values(lambda value: packed.get(value, value))
