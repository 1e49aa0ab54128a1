"""Buffers that may overlap although both are in use: a node's output follows its input through the
same memory, and takes the place of what has been read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Value
from kgen.sharing import Buffer, Sharing

Overlaps: TypeAlias = Mapping[tuple[Buffer, Buffer], int]
"""(input's, output's buffer): bytes that the output must begin before the input at least."""


Follows: TypeAlias = Callable[[Node], bool]
"""Whether a node's output may follow its input, as far as its template goes."""


def overlaps(
    graph: Graph,
    sharing: Sharing,
    buffers: Mapping[Value, Buffer],
    follows: Follows = lambda _: True,
) -> Overlaps:
    """Of inputs that nothing reads later, and outputs that are alone in their memory.

    buffers: of the values that have a place of their own.
    """
    found = {}
    for step, node in enumerate(graph.nodes):
        y = buffers.get(sharing.root(node.output))
        if node in sharing.silent or not follows(node) or y is None or y.first != step:
            continue
        for value in node.activations:
            x = buffers.get(sharing.root(value))
            alone = sum(sharing.root(other) is sharing.root(value) for other in node.activations)
            whole = sharing.fills(value) and sharing.fills(node.output)
            if x is None or x is y or x.last != step or alone > 1 or not whole:
                continue
            distance = node.trail(value) if value.dtype == node.output.dtype else None
            if distance is not None:
                found[x, y] = distance * x.element
    return found


def forbidden(buffer: Buffer, other: Buffer, offset: int, may: Overlaps) -> tuple[int, int]:
    """Between which offsets the buffer may not begin, if another one is at this offset."""
    low, high = offset - buffer.size, offset + other.size
    if (other, buffer) in may:
        low = max(low, offset - may[other, buffer])
    if (buffer, other) in may:
        high = min(high, offset + may[buffer, other])
    return low, high


def saved(alive: Iterable[Buffer], may: Overlaps) -> dict[Buffer, int]:
    """Bytes that outputs need not have of their own while the buffers are alive together."""
    together = set(alive)
    return {
        y: x.size + y.size - max(max(distance, 0) + x.size, y.size)
        for (x, y), distance in may.items()
        if x in together and y in together and max(distance, 0) < y.size
    }
