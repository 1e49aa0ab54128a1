"""The NumPy and the C of a layer, and which lines of them are a step's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kgen.explanation.report import LayerReport
from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.plan import plan
from kgen.targets import c_files
from kgen.targets import numpy as numpy_target

Lines = tuple[int, int]
"""The first line, and the one after the last."""


@dataclass(frozen=True)
class Listing:
    """Source text, and the lines of each step in it, if it has any."""

    lines: tuple[str, ...]
    places: tuple[Lines | None, ...]


class Sources:
    """The statements and functions of the nodes of a traced graph: nothing is merged, so that each
    step has its own.
    """

    def __init__(self, graph: Graph, prefix: str) -> None:
        planned = plan(graph)
        renamed = dict(zip(planned.graph.walk(), graph.walk(), strict=True))
        self.numpy = {renamed[n]: text for n, text in numpy_target.statements(planned).items()}
        self.c = {renamed[n]: text for n, text in c_files.functions(planned, prefix=prefix).items()}

    def numpy_of(self, layer: LayerReport) -> Listing:
        inside = {node for step in layer.steps for node in _inner(step.node)}
        outer = [step for step in layer.steps if step.node not in inside]
        texts = [self.numpy[step.node] for step in outer]
        return _listing("\n".join(texts), [self.numpy[step.node] for step in layer.steps])

    def c_of(self, layer: LayerReport) -> Listing:
        texts = [self.c[step.node].strip() for step in layer.steps if step.node in self.c]
        return _listing(
            "\n\n".join(texts), [self.c.get(step.node, "").strip() for step in layer.steps]
        )


def _inner(node: Node) -> Iterator[Node]:
    for body in node.bodies:
        yield from body.walk()


def _listing(text: str, parts: Sequence[str]) -> Listing:
    """The text, with the place of each part in it, whatever its indent."""
    lines = text.split("\n")
    bare = [line.strip() for line in lines]
    places: list[Lines | None] = []
    for part in parts:
        wanted = [line.strip() for line in part.split("\n")] if part else []
        starts = range(len(bare) - len(wanted) + 1) if wanted else ()
        start = next((at for at in starts if bare[at : at + len(wanted)] == wanted), None)
        places.append(None if start is None else (start, start + len(wanted)))
    return Listing(tuple(lines), tuple(places))


def hot_line(listing: Listing, step: int) -> int | None:
    """The line of a step's function where its numbers come from: the innermost one."""
    place = listing.places[step]
    if place is None:
        return None
    candidates = [
        at
        for at in range(*place)
        if listing.lines[at].rstrip().endswith(";") or "=" in listing.lines[at]
    ]
    depth = {at: len(listing.lines[at]) - len(listing.lines[at].lstrip()) for at in candidates}
    return max(candidates, key=lambda at: (depth[at], at), default=None)
