"""keras.ops.vectorized_map and map: the function is traced for one element, and each of its nodes
is then made to work on all elements at once, along a new axis in front.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import tree

from kgen.ir.node import IDENTITY, Node
from kgen.ir.value import Shape, Value
from kgen.ops.arg_reduce import ArgReduce
from kgen.ops.broadcast import Broadcast
from kgen.ops.cholesky import Cholesky
from kgen.ops.concatenate import Concatenate
from kgen.ops.cumulative import Cumulative
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum
from kgen.ops.elementwise import Elementwise
from kgen.ops.factorization import Factorization
from kgen.ops.fft import Fft
from kgen.ops.gather import Gather
from kgen.ops.gather_elements import GatherElements
from kgen.ops.pad import Pad
from kgen.ops.reduce import Reduce
from kgen.ops.required import Required
from kgen.ops.reshape import Reshape
from kgen.ops.scatter import Scatter
from kgen.ops.search_sorted import SearchSorted
from kgen.ops.slice import Slice
from kgen.ops.softmax import Softmax
from kgen.ops.solve_triangular import SolveTriangular
from kgen.ops.sort import Sort
from kgen.ops.transpose import Transpose
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.table import lowers


@lowers("VectorizedMap", keras_rule=False)
def vectorized_map(builder: Builder, op: Any, elements: Any) -> Any:
    return mapped(builder, op.function, elements)


@lowers("Map", keras_rule=False)
def map_(builder: Builder, op: Any, f: Any, xs: Any) -> Any:
    return mapped(builder, f, xs)


def mapped(builder: Builder, function: Callable[[Any], Any], elements: Any) -> Any:
    """The function of each element along the first axis of the arrays."""
    wholes = [builder.value(x) for x in tree.flatten(elements)]
    parts = [
        Value(name="", shape=x.shape[1:], dtype=x.dtype, batch=x.batch - 1 if x.batch else None)
        for x in wholes
    ]
    before = len(builder.nodes)
    tensors = [builder.tensor(part) for part in parts]
    results = function(tree.pack_sequence_as(elements, tensors))
    nodes = builder.nodes[before:]
    del builder.nodes[before:]
    lift = Lift(builder, dict(zip(parts, wholes, strict=True)))
    for node in nodes:
        lift.node(node)
    return tree.map_structure(lambda x: lift.repeated(builder.value(x)), results)


class Lift:
    """Nodes of one element made into nodes of all. wholes: for each element's value that of all."""

    def __init__(self, builder: Builder, wholes: dict[Value, Value]) -> None:
        self.builder = builder
        self.wholes = wholes
        first = next(iter(wholes.values()))
        self.count, self.over_batch = first.shape[0], first.batch == 0

    def node(self, node: Node) -> None:
        """Appends the node, on all elements if it concerns them."""
        inputs = [value for value in node.inputs if value in self.wholes]
        if not inputs:
            self.builder.nodes.append(node)
            return
        if any(value.batch is not None for value in node.inputs) and self.over_batch:
            raise UnsupportedError(
                "a function for vectorized_map that uses a tensor of the whole batch is not "
                "supported; hand the tensor to vectorized_map too"
            )
        rule = _RULES.get(type(node))
        if rule is None:
            raise UnsupportedError(
                f"{node.kind} inside vectorized_map is not supported; call it on the whole array"
            )
        self.builder.origin = node.origin
        self.wholes[node.output] = rule(self, node)

    def batch(self, one: Value) -> int | None:
        """The batch axis of all elements, for that of one."""
        if self.over_batch:
            return 0
        return None if one.batch is None else one.batch + 1

    def all(self, one: Value, rank: int | None = None) -> Value:
        """All elements' value, the axes of each brought to `rank` by ones in front.

        What is the same for all elements gets a first axis of length one."""
        more = 0 if rank is None else rank - one.rank
        if one not in self.wholes:
            return self.builder.expand(one, 1 + more + one.rank)
        whole = self.wholes[one]
        shape = (whole.shape[0], *(1,) * more, *one.shape)
        batch = whole.batch + more if whole.batch else whole.batch
        return self.builder.reshape(whole, shape, batch)

    def repeated(self, one: Value) -> Value:
        """All elements' value, its first axis as long as there are elements."""
        return self.builder.broadcast(self.all(one), (self.count, *one.shape), self.batch(one))

    def add(self, node: Node, **changed: Any) -> Value:
        """The same node with these fields instead."""
        fields = {
            name: getattr(node, name) for name in node.__dataclass_fields__ if name not in IDENTITY
        }
        return self.builder.add(type(node), **{**fields, **changed})


def _shifted(*fields: str) -> Callable[[Lift, Any], Value]:
    """For nodes of one array x: the axes in these fields lie one further on."""

    def rule(lift: Lift, node: Any) -> Value:
        moved = {}
        for field in fields:
            axes = getattr(node, field)
            moved[field] = axes + 1 if isinstance(axes, int) else tuple(a + 1 for a in axes)
        return lift.add(node, x=lift.all(node.x), **moved)

    return rule


def _elementwise(lift: Lift, node: Elementwise) -> Value:
    args = tuple(
        lift.all(arg, node.output.rank) if arg in lift.wholes else arg for arg in node.args
    )
    return lift.add(node, args=args)


def _slice(lift: Lift, node: Slice) -> Value:
    return lift.add(
        node,
        x=lift.all(node.x),
        starts=(0, *node.starts),
        steps=(1, *node.steps),
        sizes=(lift.count, *node.sizes),
    )


def _einsum(lift: Lift, node: Einsum) -> Value:
    a, b, output = node.labels
    label = next(x for x in "zyxwvutsrqponmlkjihgfedcba" if x not in a + b)
    a, b = (label + x if v in lift.wholes else x for v, x in ((node.a, a), (node.b, b)))
    left, right = (lift.wholes.get(value, value) for value in (node.a, node.b))
    return lift.add(node, a=left, b=right, equation=f"{a},{b}->{label}{output}")


def _gather(lift: Lift, node: Gather) -> Value:
    builder, axis = lift.builder, node.axis
    if node.indices not in lift.wholes:
        return lift.add(node, x=lift.all(node.x), axis=axis + 1)
    if node.x not in lift.wholes and axis == 0:
        return lift.add(node, indices=lift.all(node.indices))
    # Each element picks for itself: one index for each place along the axis.
    indices = lift.all(node.indices)
    before, after = node.x.shape[:axis], node.x.shape[axis + 1 :]
    flat: Shape = (indices.shape[0], *(1 for _ in before), node.indices.size, *(1 for _ in after))
    places = builder.reshape(indices, flat, indices.batch)
    x = lift.all(node.x)
    picked = builder.add(GatherElements, x=x, indices=places, axis=axis + 1)
    return builder.reshape(picked, (lift.count, *node.output.shape), lift.batch(node.output))


def _scatter(lift: Lift, node: Scatter) -> Value:
    """The rows of all elements are rows of one node."""
    if node.output.shape[0] != 1 or node.output.batch is not None:
        raise UnsupportedError(
            "scatter of several rows inside vectorized_map is not supported; call it on the whole "
            "array"
        )

    def rows(value: Value | None) -> Value | None:
        if value not in lift.wholes or value is None:
            return value
        whole = lift.all(value)
        return lift.builder.reshape(whole, (whole.shape[0], *value.shape[1:]), whole.batch)

    y = lift.add(node, x=rows(node.x), indices=rows(node.indices), updates=rows(node.updates))
    return lift.builder.reshape(y, (lift.count, *node.output.shape), y.batch)


_RULES: dict[type[Node], Callable[[Lift, Any], Value]] = {
    Elementwise: _elementwise,
    Reduce: _shifted("axes"),
    ArgReduce: _shifted("axis"),
    Cumulative: _shifted("axis"),
    Softmax: _shifted("axis"),
    Required: _shifted(),
    Sort: _shifted(),
    SearchSorted: _shifted(),
    Dense: _shifted(),
    Cholesky: _shifted(),
    Factorization: _shifted(),
    Fft: lambda lift, node: lift.add(
        node,
        real=lift.repeated(node.real),
        imaginary=None if node.imaginary is None else lift.repeated(node.imaginary),
    ),
    SolveTriangular: lambda lift, node: lift.add(
        node, a=lift.repeated(node.a), b=lift.repeated(node.b)
    ),
    Transpose: lambda lift, node: lift.add(
        node, x=lift.all(node.x), permutation=(0, *(axis + 1 for axis in node.permutation))
    ),
    Reshape: lambda lift, node: lift.builder.reshape(
        lift.all(node.x), (lift.count, *node.shape), lift.batch(node.output)
    ),
    Broadcast: lambda lift, node: lift.builder.broadcast(
        lift.all(node.x, node.output.rank), (lift.count, *node.shape), lift.batch(node.output)
    ),
    Slice: _slice,
    Scatter: _scatter,
    Pad: lambda lift, node: lift.add(node, x=lift.all(node.x), padding=((0, 0), *node.padding)),
    Concatenate: lambda lift, node: lift.add(
        node, args=tuple(lift.repeated(arg) for arg in node.args), axis=node.axis + 1
    ),
    Einsum: _einsum,
    Gather: _gather,
    GatherElements: lambda lift, node: lift.add(
        node, x=lift.all(node.x), indices=lift.all(node.indices), axis=node.axis + 1
    ),
}
