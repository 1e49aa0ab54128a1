"""The calls of a model's layers, with the nodes of the traced graph that compute them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from kgen.ir.graph import Graph, Layer
from kgen.ir.node import Node
from kgen.ir.value import Constant, Value
from kgen.ops.scan import Scan

Readers: TypeAlias = "dict[Value, list[Node | None]]"


@dataclass(eq=False)
class Call:
    """One call of a layer, or an operation outside of layers, in the order of execution.

    path, kind, summary: as of an Origin. shapes: of what it returns, without the batch axis.
    nodes: its own and those of the layers in it; those of a loop's body before the loop.
    inner: the calls of layers in it. repeated: the how manieth call of its layer it is, from 1.
    given, masks: the values among its arguments, in their order, and which of them are masks.
    """

    path: str
    kind: str
    summary: str
    shapes: tuple[tuple[int, ...], ...] = ()
    nodes: list[Node] = field(default_factory=list)
    inner: list[Call] = field(default_factory=list)
    repeated: int = 1
    given: tuple[Value, ...] = ()
    masks: tuple[Value, ...] = ()

    @property
    def made(self) -> set[Value]:
        loops = [node for node in self.nodes if isinstance(node, Scan)]
        inside = {value for loop in loops for value in loop.body.inputs}
        return inside.union(*(node.outputs for node in self.nodes))

    @property
    def inputs(self) -> tuple[Value, ...]:
        """What it reads that others have made: in the order of the layer's arguments, masks last;
        then, in the order of first use, what is none.
        """
        made = self.made
        read = [value for node in self.nodes for value in node.activations]
        found = dict.fromkeys(value for value in read if value not in made)
        place = {value: n for n, value in enumerate((*self.given, *self.masks))}
        return tuple(sorted(found, key=lambda value: place.get(value, len(place))))

    def outputs(self, readers: Readers) -> tuple[Value, ...]:
        """What others read of it, or the model returns; its last value if nothing is."""
        own = set(self.nodes)
        made = [value for node in self.nodes for value in node.outputs]
        given = [value for value in made if not own.issuperset(readers.get(value, ()))]
        return tuple(given) or tuple(node.output for node in self.nodes[-1:])

    @property
    def constants(self) -> tuple[Constant, ...]:
        return tuple(dict.fromkeys(c for node in self.nodes for c in node.constants))

    def walk(self) -> Iterator[Call]:
        """It and those in it, in the order of execution, the outer ones first."""
        yield self
        for call in self.inner:
            yield from call.walk()


def readers(graph: Graph) -> Readers:
    """The nodes that read each value, those of bodies too; None for the model's outputs."""
    found: Readers = {value: [None] for value in graph.outputs}
    for node in graph.walk():
        for value in node.inputs:
            found.setdefault(value, []).append(node)
    return found


def calls(graph: Graph) -> list[Call]:
    """The outermost calls, those that compute nothing included."""
    known: dict[int, Call] = {}
    order: dict[Call, float] = {}
    records = {layer.call: layer for layer in graph.layers}
    for layer in graph.layers:
        given, masks = layer.given, layer.masks
        known[layer.call] = Call(
            layer.path, layer.kind, layer.summary, layer.shapes, given=given, masks=masks
        )
    outermost = [known[layer.call] for layer in graph.layers if layer.inside not in records]
    for position, node in enumerate(graph.walk()):
        origin = node.origin
        if origin.call not in known or not origin.call:
            known_key = origin.call or -1 - position
            known[known_key] = Call(
                origin.path, origin.layer, origin.summary, (node.output.sample_shape,)
            )
            outermost.append(known[known_key])
            known[known_key].nodes.append(node)
            order[known[known_key]] = position
            continue
        for call in _around(origin.call, known, records):
            call.nodes.append(node)
            order[call] = position
    last = -1.0
    for layer in graph.layers:  # those without nodes come after the one that was called before
        last = order.setdefault(known[layer.call], last + 1e-3)
    for layer in graph.layers:
        if layer.inside in records:
            known[layer.inside].inner.append(known[layer.call])
    ordered = sorted(outermost, key=lambda call: order[call])
    _count(ordered)
    return ordered


def _around(number: int, known: dict[int, Call], records: dict[int, Layer]) -> Iterator[Call]:
    """The call and those that it is a part of."""
    while number in known:
        yield known[number]
        number = records[number].inside if number in records else 0


def _count(ordered: list[Call]) -> None:
    seen: dict[str, int] = {}
    for outer in ordered:
        for call in outer.walk():
            call.repeated = seen[call.path] = seen.get(call.path, 0) + 1
