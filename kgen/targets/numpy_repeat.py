"""Repeating along an axis, for which NumPy has a word: C repeats along an axis of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Spec
from kgen.ir.value import Value
from kgen.ops.broadcast import Broadcast
from kgen.ops.reshape import Reshape
from kgen.targets.numpy_names import Names


@dataclass(frozen=True, eq=False, kw_only=True)
class Repeat(Node):
    """Each position along the axis `count` times in a row."""

    x: Value
    axis: int
    count: int

    @property
    def kind(self) -> str:
        return "repeat"

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        return ""  # the code is the formula

    def infer(self) -> Spec:
        return Spec(_repeated(self.x.shape, self.axis, self.count), self.x.dtype, self.x.batch)


def _repeated(shape: tuple[int, ...], axis: int, count: int) -> tuple[int, ...]:
    return (*shape[:axis], shape[axis] * count, *shape[axis + 1 :])


def repeat_along_axes(graph: Graph, names: Names) -> Graph:
    """Given:   r = reshape(x) with a new axis of length one;  b = broadcast(r) along it;
             y = reshape(b), that axis and the one before it as one
    Result:  y = repeat(x)"""
    producer = dict(graph.producer)
    joined: dict[Value, Value] = {}
    nodes: list[Node] = []
    for node in graph.map_bodies(lambda body: repeat_along_axes(body, names)).nodes:
        if isinstance(node, Reshape) and node.x in joined:
            if node.output is joined[node.x]:
                continue  # it is what is repeated already
            node = replace(node, x=joined[node.x])
        elif isinstance(node, Broadcast):
            found = _repeat(graph, node, producer.get(node.x), names)
            if found is not None:
                joined[node.output] = found.output
                nodes.append(found)
                producer[found.output] = found
                continue
        producer[node.output] = node
        nodes.append(node)
    return graph.with_nodes(nodes)


def _repeat(graph: Graph, node: Broadcast, before: Node | None, names: Names) -> Repeat | None:
    """In place of a broadcast that reshapes alone read; what it makes may be one of theirs."""
    axis = node.repeated_axis
    if not axis or not isinstance(before, Reshape) or node.output in graph.outputs:
        return None
    source, batch = before.x, node.batch
    without = (*node.x.shape[:axis], *node.x.shape[axis + 1 :])
    if source.shape != without or source.batch != batch or (batch or 0) >= axis - 1:
        return None
    readers = [one for one in graph.nodes if node.output in one.inputs]
    if not all(isinstance(one, Reshape) for one in readers):
        return None
    count = node.shape[axis]
    shape = _repeated(source.shape, axis - 1, count)
    same = (one.output for one in readers if (one.output.shape, one.output.batch) == (shape, batch))
    output = next(same, None)
    if output is None:
        output = replace(node.output, shape=shape, name=names.new(f"{source.name}_repeated"))
    return Repeat(
        origin=node.origin,
        merged=node.merged,
        output=output,
        x=source,
        axis=axis - 1,
        count=count,
    )
