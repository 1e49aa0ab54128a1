"""Names for what the NumPy target adds to a graph that has its names."""

from __future__ import annotations

from kgen.ir.graph import Graph


class Names:
    """Those that are taken."""

    def __init__(self, graph: Graph) -> None:
        nodes = list(graph.walk())
        values = [value for node in nodes for value in (*node.outputs, *node.inputs)]
        values += [value for node in nodes for body in node.bodies for value in body.inputs]
        self._taken = {value.name for value in (*graph.inputs, *graph.constants, *values)}

    def new(self, word: str) -> str:
        name, count = word, 1
        while name in self._taken:
            name, count = f"{word}_{count}", count + 1
        self._taken.add(name)
        return name
