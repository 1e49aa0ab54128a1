"""The order of a graph's nodes during which the least is alive at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from kgen.ir.graph import Graph
from kgen.ir.size import at_bound
from kgen.ir.value import Value
from kgen.sharing import Sharing

ORDERS = 24
"""Beginnings of an order that are followed at once: those that needed the least so far."""


def ordered(graph: Graph) -> Graph:
    """The same graph with its nodes in an order for which less memory is enough, as far as sizes
    and lifetimes tell; the given order where no other one is better.
    """
    found = _Sizes(graph).best()
    return replace(graph, nodes=tuple(graph.nodes[number] for number in found))


class _State(NamedTuple):
    """A beginning of an order. peak, alive: bytes. done: nodes, as bits of a number."""

    peak: int
    alive: int
    order: tuple[int, ...]
    done: int


@dataclass(frozen=True, eq=False)
class _Sizes:
    """What each node of a graph makes and reads, in bytes of the workspace."""

    graph: Graph

    def best(self) -> tuple[int, ...]:
        states = [_State(0, 0, (), 0)]
        for _ in self.graph.nodes:
            following: dict[int, _State] = {}
            for state in states:
                for after in self._after(state):
                    known = following.get(after.done)
                    if known is None or after < known:
                        following[after.done] = after
            states = sorted(following.values())[:ORDERS]
        return states[0].order

    @cached_property
    def _sharing(self) -> Sharing:
        """Views, and outputs in the caller's arrays."""
        sharing = Sharing(self.graph)
        sharing.views()
        sharing.outputs()
        return sharing

    @cached_property
    def _bytes(self) -> dict[Value, int]:
        return {root: one.size for root, one in self._sharing.buffers().items()}

    @cached_property
    def _made(self) -> list[list[Value]]:
        """The memory that each node is the first to use, in the order of the graph."""
        return [self._roots(node.outputs) for node in self.graph.nodes]

    @cached_property
    def _read(self) -> list[list[Value]]:
        return [self._roots(node.activations) for node in self.graph.nodes]

    @cached_property
    def _needed(self) -> list[int]:
        """For each node those that have to be done before, as bits."""
        makers = {v: number for number, node in enumerate(self.graph.nodes) for v in node.outputs}
        return [
            sum(1 << one for one in {makers[v] for v in node.activations if v in makers})
            for node in self.graph.nodes
        ]

    @cached_property
    def _users(self) -> dict[Value, int]:
        """The nodes that read or make what is in a piece of memory, as bits; one more for what has
        to stay to the end.
        """
        users = dict.fromkeys(self._bytes, 0)
        for number in range(len(self.graph.nodes)):
            for root in {*self._made[number], *self._read[number]}:
                users[root] |= 1 << number
        for root in self._roots(self.graph.outputs):
            users[root] |= 1 << len(self.graph.nodes)
        return users

    @cached_property
    def _replaced(self) -> list[list[tuple[Value, int]]]:
        """For each node the inputs whose memory its output may take, and its bytes."""
        return [
            [
                (self._sharing.root(value), at_bound(node.output.nbytes))
                for value in node.may_overwrite
                if self._sharing.root(value) in self._bytes
            ]
            for node in self.graph.nodes
        ]

    def _roots(self, values: Sequence[Value]) -> list[Value]:
        """The pieces of the workspace that values lie in, each once."""
        roots = (self._sharing.root(value) for value in values)
        return [root for root in dict.fromkeys(roots) if root in self._bytes]

    def _after(self, state: _State) -> Iterator[_State]:
        for number, needed in enumerate(self._needed):
            bit = 1 << number
            if not state.done & bit and needed & ~state.done == 0:
                yield self._with(state, number, state.done | bit)

    def _with(self, state: _State, number: int, done: int) -> _State:
        new = [r for r in self._made[number] if not self._users[r] & state.done]
        during = state.alive + sum(self._bytes[root] for root in new)
        over = {
            root
            for root in (*self._read[number], *self._made[number])
            if not self._users[root] & ~done
        }
        shared = [size for root, size in self._replaced[number] if root in over and new]
        most = during - max(shared, default=0)
        return _State(
            max(state.peak, most),
            during - sum(self._bytes[root] for root in over),
            (*state.order, number),
            done,
        )
