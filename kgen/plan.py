"""Where every value lives: names for it, and a place in the workspace shared with values of other
times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from kgen.borrowing import borrowed
from kgen.ir.graph import Graph
from kgen.ir.node import Body, Node
from kgen.ir.size import at_bound
from kgen.ir.value import STRING, Value, element_size
from kgen.lengths import with_named_lengths
from kgen.names import Names
from kgen.ops.scan import Scan
from kgen.overlaps import Follows, Overlaps, forbidden, overlaps, saved
from kgen.sharing import BodySharing, Buffer, Place, Sharing

__all__ = ["Place", "Plan", "plan"]

MAX_ELEMENT = 8
"""The size of the largest element type, in bytes."""

TRIES, WORK = 64, 1_000_000
"""How often buffers are placed once more if places are above the bound, and in how many steps."""

WORTH, LEAST = 7 / 8, 64
"""Arrays lie in outputs, too, if that leaves so much of a workspace, and saves so many bytes."""

Allocation: TypeAlias = tuple[dict[Buffer, int], int]
"""An offset for each buffer, and the peak, in bytes."""


@dataclass(frozen=True)
class Peak:
    """The step during which most bytes are alive.

    layer: its path. alive: (name, bytes) of the arrays in the workspace, the largest first.
    """

    layer: str
    alive: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """graph: with unique identifiers for names.
    places: of every value but the constants.
    steps: the nodes that do something; the others are views of the same memory under another shape.
    copies: outputs that are computed elsewhere and copied at the end: (value, number of the
        output).
    turns: of a loop's body the states, before and after a step, of which the new one stays where it
        was computed, and is the old one of the next step.
    strings: how many pointers to strings the workspace holds, beside its bytes: they have an array
        of their own, because their size depends on the machine.
    bodies: the plan of each Scan's body; its copies are done after every step.
    scratch: for each node with a body the byte of the workspace where its body's own begins.
    workspace_bytes: the peak. lower_bound: what no placement can be below, the largest sum of the
        sizes of values that are alive together.
    peak: when and what that is.
    """

    graph: Graph
    places: dict[Value, Place]
    steps: tuple[Node, ...]
    copies: tuple[tuple[Value, int], ...]
    turns: tuple[tuple[Value, Value], ...]
    strings: int
    bodies: dict[Node, Plan]
    scratch: dict[Node, int]
    workspace_bytes: int
    lower_bound: int
    peak: Peak

    @property
    def weight_bytes(self) -> int:
        return sum(constant.nbytes for constant in self.graph.constants)

    @property
    def macs(self) -> int:
        """Multiply-adds for one sample; of any length, at the bound."""
        return at_bound(sum(node.macs for node in self.graph.nodes))


def plan(graph: Graph, *, follows: Follows | None = None, turning: bool = False) -> Plan:
    """Names for all values, and places: first fit in the best of a few orders of the buffers.

    follows: of which nodes outputs may follow inputs through the same memory, as Node.trail says.
    turning: whether a loop's new states may stay where they were computed, see BodySharing.
    """
    graph = named(graph)
    return _placed(graph, Sharing(graph), follows, turning)


def _placed(
    graph: Graph, sharing: Sharing, follows: Follows | None = None, turning: bool = False
) -> Plan:
    sharing.unite_all()
    bodies: dict[Node, Plan] = {
        node: _placed(node.body, BodySharing(node, turning), turning=turning)
        for node in graph.nodes
        if isinstance(node, Scan)
    }
    buffers = sharing.buffers()
    steps = {node: step for step, node in enumerate(graph.nodes)}
    scratch = {
        node: Buffer(body.workspace_bytes, steps[node], steps[node], MAX_ELEMENT)
        for node, body in bodies.items()
    }
    numbers = {value: buffer for value, buffer in buffers.items() if not buffer.text}
    may = overlaps(graph, sharing, buffers, follows) if follows else {}
    lent = {} if isinstance(sharing, BodySharing) else borrowed(sharing, numbers, scratch.values())
    kept = {value: buffer for value, buffer in numbers.items() if value not in lent}
    offsets, peak = allocate([*numbers.values(), *scratch.values()], may)
    less = allocate([*kept.values(), *scratch.values()], may)
    if less[1] <= min(peak * WORTH, peak - LEAST):
        offsets, peak = less
    else:
        lent, kept = {}, numbers
    everything = [*kept.values(), *scratch.values()]
    named_buffers = [(value.name, buffer) for value, buffer in kept.items()]
    named_buffers += [(f"the loop's own in {n.name}", buffer) for n, buffer in scratch.items()]
    slots, text_peak = allocate([buffer for buffer in buffers.values() if buffer.text], {})
    pointer = element_size(STRING)
    found = {buffer: Place("workspace", offset) for buffer, offset in offsets.items()}
    found.update({buffer: Place("strings", slot // pointer) for buffer, slot in slots.items()})
    places = {}
    for value in sharing.values:
        root = sharing.root(value)
        place = sharing.fixed.get(root) or lent.get(root) or found[buffers[root]]
        places[value] = replace(place, offset=sharing.offset(value))
    return Plan(
        graph=graph,
        places=places,
        steps=tuple(node for node in graph.nodes if node not in sharing.silent),
        copies=tuple(sharing.copies),
        turns=tuple(sharing.turns) if isinstance(sharing, BodySharing) else (),
        strings=text_peak // pointer,
        bodies=bodies,
        scratch={node: offsets[buffer] for node, buffer in scratch.items()},
        workspace_bytes=peak,
        lower_bound=lower_bound(everything, may),
        peak=_peak(graph.nodes, named_buffers, may),
    )


def named(graph: Graph) -> Graph:
    """The graph with a legal, unique identifier for each value; a state that a step of a loop
    replaces in its place keeps its name.
    """
    names = Names()
    identifiers: dict[Value, str] = {}
    for value in graph.inputs:
        identifiers[value] = names.take(value.name)
    _name_nodes(graph, names, identifiers)
    for constant in graph.constants:
        identifiers[constant] = names.take(constant.name)
    graph = graph.map_values(lambda value: replace(value, name=identifiers[value]))
    return with_named_lengths(graph, names)


def _name_nodes(graph: Body, names: Names, identifiers: dict[Value, str]) -> None:
    for node in graph.nodes:
        for value in node.outputs:
            if value not in identifiers:
                identifiers[value] = names.take(value.name)
        if isinstance(node, Scan):
            for value in node.body.inputs:
                identifiers[value] = names.take(value.name)
            for before, after in BodySharing(node).replaced_in_place():
                identifiers[after] = identifiers[before]
        for body in node.bodies:
            for value in body.inputs:
                if value not in identifiers:
                    identifiers[value] = names.take(value.name)
            _name_nodes(body, names, identifiers)


def _peak(nodes: Sequence[Node], buffers: Sequence[tuple[str, Buffer]], may: Overlaps) -> Peak:
    """The first of the steps during which most is alive; of an array that overlaps another one, the
    bytes that it adds.
    """
    if not nodes:
        return Peak("", ())

    def alive(step: int) -> list[tuple[str, int]]:
        found = [(name, b) for name, b in buffers if b.first <= step <= b.last]
        less = saved((b for _, b in found), may)
        sizes = [(name, b.size - less.get(b, 0)) for name, b in found]
        return [(name, size) for name, size in sizes if size]

    busiest = max(range(len(nodes)), key=lambda step: sum(size for _, size in alive(step)))
    largest = sorted(alive(busiest), key=lambda pair: (-pair[1], pair[0]))
    return Peak(nodes[busiest].origin.path, tuple(largest))


def lower_bound(buffers: Iterable[Buffer], may: Overlaps) -> int:
    """The largest sum of the sizes of buffers that are alive together, in bytes."""
    all_buffers = list(buffers)

    def needed(step: int) -> int:
        alive = [one for one in all_buffers if one.first <= step <= one.last]
        return sum(one.size for one in alive) - sum(saved(alive, may).values())

    return max((needed(buffer.first) for buffer in all_buffers), default=0)


def allocate(buffers: list[Buffer], may: Overlaps) -> Allocation:
    """An offset in bytes for each buffer, and the peak; buffers alive together don't overlap, but
    as they may.
    """
    orders = (
        lambda b: (-b.size, b.first),
        lambda b: (b.first, -b.size),
        lambda b: (-(b.last - b.first), -b.size),
        lambda b: (-b.last, -b.size),
        lambda b: (-b.size * (b.last - b.first + 1), b.first),
    )
    results = [_first_fit(sorted(buffers, key=order), may) for order in orders]
    best = min(results, key=lambda result: result[1])
    return best if best[1] <= lower_bound(buffers, may) else _moved(best, may)


def _moved(best: Allocation, may: Overlaps) -> Allocation:
    """A better one, if there is one where in turn the buffer that reached highest comes first."""
    offsets, bound = best[0], lower_bound(best[0], may)
    order = sorted(offsets, key=lambda b: (offsets[b], b.first))
    for _ in range(min(TRIES, WORK // len(order) ** 2)):
        if best[1] <= bound:
            break
        highest = max(order, key=lambda b: offsets[b] + b.size)
        order = [highest, *(b for b in order if b is not highest)]
        offsets, peak = _first_fit(order, may)
        best = min(best, (offsets, peak), key=lambda result: result[1])
    return best


def _first_fit(buffers: list[Buffer], may: Overlaps) -> Allocation:
    offsets: dict[Buffer, int] = {}
    peak = 0
    for buffer in buffers:
        taken = sorted(
            forbidden(buffer, other, offsets[other], may)
            for other in offsets
            if other.meets(buffer)
        )
        offset = 0
        for low, high in taken:
            if _aligned(offset, buffer) <= low:
                break
            offset = max(offset, high)
        offsets[buffer] = _aligned(offset, buffer)
        peak = max(peak, offsets[buffer] + buffer.size)
    return offsets, peak


def _aligned(offset: int, buffer: Buffer) -> int:
    return -(-offset // buffer.alignment) * buffer.alignment
