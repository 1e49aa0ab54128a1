"""Buffers in the caller's arrays of outputs, which are free until the outputs are computed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kgen.ir.size import maximum
from kgen.ir.value import HALVES, STRING, Value
from kgen.sharing import Buffer, Place, Sharing

Buffers = Mapping[Value, Buffer]


@dataclass(eq=False)
class Lender:
    """An output's array. free: the steps during which it holds nothing. given: who has it then."""

    number: int
    output: Value
    free: range
    given: dict[Value, Buffer] = field(default_factory=dict)

    def takes(self, buffer: Buffer, members: Sequence[Value]) -> bool:
        """Whether the array has room for all that lives in the buffer, whatever lengths are.

        One buffer at a time, from its beginning: where others would begin depends on lengths, too.
        """
        size = self.output.size
        return (
            buffer.first in self.free
            and buffer.last in self.free
            and not any(other.meets(buffer) for other in self.given.values())
            and all(value.dtype == self.output.dtype for value in members)
            and all(maximum(size, value.size) == size for value in members)
        )


def borrowed(sharing: Sharing, buffers: Buffers, others: Collection[Buffer]) -> dict[Value, Place]:
    """Places in outputs for buffers that are in use when most is, so that the workspace gets
    smaller; by root. others: those that stay in the workspace.
    """
    ways = [_lent(sharing, buffers, others, later) for later in (True, False)]
    return min(ways, key=lambda way: way[1])[0]


def _lent(
    sharing: Sharing, buffers: Buffers, others: Collection[Buffer], later: bool
) -> tuple[dict[Value, Place], int]:
    """Such places, and how much is left of what is in use together at most.

    From the last one of the steps that set the peak: the output is made at the end, and what is
    read then can't be there; of a chain of layers then every second one is. later: whether of
    buffers of one size the last one is taken.
    """
    count = len(sharing.graph.nodes)
    lenders = _lenders(sharing)
    alive = [
        {b for b in (*buffers.values(), *others) if b.first <= step <= b.last}
        for step in range(count)
    ]
    loads = [sum(b.size for b in found) for found in alive]
    members: dict[Value, list[Value]] = {}
    for value in sharing.values:
        members.setdefault(sharing.root(value), []).append(value)
    places: dict[Value, Place] = {}
    while lenders and any(loads):
        busiest = max(range(count), key=lambda step: (loads[step], step))
        able = [
            (root, lender)
            for root, buffer in buffers.items()
            if root not in places and buffer in alive[busiest]
            for lender in lenders
            if lender.takes(buffer, members[root])
        ]
        if not able:
            break
        sign = 1 if later else -1
        root, lender = max(
            able, key=lambda one: (buffers[one[0]].size, sign * buffers[one[0]].first)
        )
        buffer = lender.given[root] = buffers[root]
        places[root] = Place("output", lender.number)
        for step in range(buffer.first, buffer.last + 1):
            loads[step] -= buffer.size
    return places, max(loads, default=0)


def _lenders(sharing: Sharing) -> list[Lender]:
    """Outputs that are computed in the caller's arrays. After an error these are as they were."""
    found = []
    for root, place in sharing.fixed.items():
        if place.kind != "output" or root.dtype in (*HALVES, STRING):
            continue
        value = sharing.graph.outputs[place.number]
        found.append(
            Lender(place.number, value, range(sharing.last_failing + 1, sharing.made[root]))
        )
    return found
