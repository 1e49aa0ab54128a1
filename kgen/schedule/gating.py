"""Which steps of a loop compute gates from one product, and states from the gates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Constant, Value, element_size
from kgen.ops.dense import Dense
from kgen.ops.elementwise import Elementwise
from kgen.ops.slice import Slice
from kgen.schedule.forms import has_fixed_sizes, has_vector_steps
from kgen.schedule.gates import Gates
from kgen.schedule.pack import Panels, pack, padded
from kgen.schedule.product import Axis
from kgen.schedule.tile import LINE, stream

MOST = 4
"""Gates whose sums, of LINE units each, stay in registers."""

PADDING = 1.5
"""How much longer a kernel may become because each gate is padded on its own."""


NEAR = 32 * 1024
"""Bytes of weights that may stay in the first-level cache from step to step."""

OTHERS = NEAR // 4
"""Bytes of other weights that leave room there."""


def absorb_gates(graph: Graph, functions: Collection[str], plain: int) -> Graph:
    """Given:   y = a product of one pixel, of which nothing but slices of equal size is read; and
        element-wise nodes of those
    Result:  one node, in whose registers the slices stay

    plain: products of no more multiply-adds are left alone.
    """
    for node in graph.nodes:
        if isinstance(node, Dense) and node.macs > plain:
            found = _Cluster.of(graph, node, functions)
            if found is not None:
                graph = found.absorbed()
    return graph


def turn_round(body: Graph) -> Graph:
    """Given:   the step of a loop whose weights are one kernel of gates, too large for the
        first-level cache, and little else
    Result:  the kernel is read there and back: every other step begins with what was read last

    Read in the same order each time, none of it would still be there.
    """
    for node in body.nodes:
        if isinstance(node, Gates) and isinstance(node.kernel, Constant):
            others = sum(map(_stored_bytes, body.constants)) - _stored_bytes(node.kernel)
            if _stored_bytes(node.kernel) > NEAR and others <= OTHERS:
                turned = replace(node, there_and_back=True)
                return body.with_nodes([turned if one is node else one for one in body.nodes])
    return body


def _stored_bytes(weights: Constant) -> int:
    return weights.size * element_size(weights.source_dtype)


@dataclass(frozen=True)
class _Cluster:
    """A product, its slices in order, what is computed of them element by element, and the graph's
    other nodes before and after all that.
    """

    graph: Graph
    product: Dense
    slices: Sequence[Slice]
    nodes: Sequence[Elementwise]
    before: Sequence[Node]
    after: Sequence[Node]

    @classmethod
    def of(cls, graph: Graph, product: Dense, functions: Collection[str]) -> _Cluster | None:
        slices = _slices(graph, product)
        if slices is None or not _fits(product, functions):
            return None
        own = {product, *slices}
        inside = {one.output for one in slices}
        nodes: list[Elementwise] = []
        before: list[Node] = []
        after: list[Node] = []
        late: set[Value] = set()  # what depends on the cluster's results
        for node in graph.nodes:
            if node in own:
                continue
            if late.isdisjoint(node.inputs) and _joins(node, inside, slices[0].output, functions):
                assert isinstance(node, Elementwise)
                nodes.append(node)
                inside.add(node.output)
            elif inside.isdisjoint(node.inputs) and late.isdisjoint(node.inputs):
                before.append(node)
            else:
                after.append(node)
                late.update(node.outputs)
        read_after = {value for node in after for value in node.inputs}
        gates_read = any(one.output in read_after for one in slices)
        if not nodes or gates_read:
            return None
        return cls(graph, product, slices, nodes, before, after)

    def absorbed(self) -> Graph:
        """The graph with one node for the cluster."""
        return self.graph.with_nodes([*self.before, self._node(), *self.after])

    def _node(self) -> Gates:
        product, gates = self.product, [one.output for one in self.slices]
        terms, total = product.kernel.shape
        each = total // len(gates)
        panels = Panels(-(-each // LINE) * LINE * len(gates), len(gates) * LINE)
        tile = stream(panels.width)
        lines = f"of {LINE} units of each of {len(gates)} gates in turn, {panels.order(terms)}"
        made = {node.output for node in self.nodes}
        given = [value for node in self.nodes for value in node.args]
        given = [v for v in dict.fromkeys(given) if v not in made and v not in gates]
        inner = {value: _element(value) for value in given}
        first, *others = self._results(made)
        return Gates(
            origin=product.origin,
            merged=tuple(o for node in (product, *self.nodes) for o in node.origins),
            output=first,
            others=tuple(others),
            epilogue=product.epilogue,
            x=product.x,
            kernel=product.kernel.arranged(
                pack(_by_lines(product.kernel.data, len(gates))[None], panels),
                f"{product.kernel.note}; {lines}",
            ),
            bias=self._bias(panels),
            outer=(),
            rows=Axis("row", 1, 0, 0),
            columns=Axis("column", 1, 0, 0),
            taps=(),
            depth=terms,
            depth_step=1,
            units=panels.units,
            panels=panels,
            tile=tile._replace(why=f"{LINE} units of each gate at a time, and the states of them"),
            text=product.formula,
            body=Graph(
                name="unit",
                inputs=(*gates, *inner.values()),
                outputs=(first, *others),
                nodes=tuple(self.nodes),
            ).map_values(lambda value: inner.get(value, value)),
            given=tuple(inner),
            gates=len(gates),
            each=each,
        )

    def _bias(self, panels: Panels) -> Constant | None:
        bias = self.product.bias
        if bias is None:
            return None
        data = _by_lines(bias.data[None], len(self.slices))[0]
        note = f"{bias.note}; of {LINE} units of each gate in turn"
        return padded(Constant.of(bias.name, data, note), panels)

    def _results(self, made: set[Value]) -> list[Value]:
        """What is read outside, first a value that may take the place of an old one."""
        read = {*self.graph.outputs, *(v for node in self.after for v in node.inputs)}
        results = [node.output for node in self.nodes if node.output in read]
        # In a loop's body the states come first, before and after the step.
        old = {value for node in self.nodes for value in node.args} - {self.product.x}
        states = zip(self.graph.inputs, self.graph.outputs, strict=False)
        in_place = [new for before, new in states if before in old and new in results][:1]
        return [*in_place, *(value for value in results if value not in in_place)]


def _element(value: Value) -> Value:
    """What the body calls an array, or a constant, from outside."""
    own = {field.name: getattr(value, field.name) for field in fields(Value)}
    return Value(**own)


def _slices(graph: Graph, product: Dense) -> list[Slice] | None:
    """Equal slices that together are all that is read of the product, in order."""
    y = product.output
    found = [node for node in graph.nodes if isinstance(node, Slice) and node.x is y]
    if not 2 <= len(found) <= MOST or graph.readers[y] != len(found):
        return None
    each = y.size // len(found)
    found.sort(key=lambda node: node.starts[-1])
    parts = [(node.starts[-1], node.output.size, set(node.steps)) for node in found]
    wanted = [(number * each, each, {1}) for number in range(len(found))]
    outputs = {node.output for node in found}
    if parts != wanted or y.shape[-1] != each * len(found) or outputs & {*graph.outputs}:
        return None
    lines = -(-each // LINE) * len(found)
    return found if lines <= PADDING * -(-y.size // LINE) else None


def _fits(product: Dense, functions: Collection[str]) -> bool:
    """Whether the product is of one pixel, in float32, and ends in what vectors can compute."""
    values = (*product.inputs, product.output)
    if not has_fixed_sizes(product) or any(value.dtype != "float32" for value in values):
        return False
    late = product.epilogue
    return product.rows == 1 and (
        late is None
        or (
            has_vector_steps(late.program, functions)
            and all(arg.size in (1, product.output.size) for arg in late.args)
        )
    )


def _joins(node: Node, inside: Collection[Value], gate: Value, functions: Collection[str]) -> bool:
    """Whether a node is computed of what is inside, unit by unit."""
    return (
        isinstance(node, Elementwise)
        and has_fixed_sizes(node)
        and node.output.dtype == "float32"
        and node.output.size == gate.size == node.output.shape[-1]
        and any(arg in inside for arg in node.args)
        and all(arg.dtype in ("float32", "bool") for arg in node.args)
        and all(arg.size in (1, gate.size) for arg in node.args)
        and has_vector_steps(node.program, functions)
    )


def _by_lines(columns: np.ndarray, gates: int) -> np.ndarray:
    """(terms, gates * units) -> (terms, lines * gates * LINE), zeros beyond a gate's last unit."""
    terms, total = columns.shape
    each = total // gates
    lines = -(-each // LINE)
    result = np.zeros((terms, gates, lines * LINE), columns.dtype)
    result[:, :, :each] = columns.reshape(terms, gates, each)
    return result.reshape(terms, gates, lines, LINE).swapaxes(1, 2).reshape(terms, -1)
