"""Storing weights in fewer bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.value import Constant, Value


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
