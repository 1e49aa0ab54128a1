"""Graphs of one model at several lengths, made one whose sizes depend on the lengths.

The graphs are gone through side by side. What a node's own rule says of its output's shape is
computed with Sizes; its options, where they differ from length to length, are looked for among
expressions of its inputs' sizes. Both must agree with every graph.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from kgen.errors import ExportError
from kgen.ir.graph import Graph, Layer
from kgen.ir.node import IDENTITY, Body, Epilogue, GraphError, MixedSamplesError, Node, spec_of
from kgen.ir.program import Arg, Number, Operand, Program, measure
from kgen.ir.size import Given, Length, at
from kgen.ir.value import STRING, Constant, Value
from kgen.ops.broadcast import Broadcast
from kgen.ops.elementwise import Elementwise
from kgen.ops.gather import Gather
from kgen.ops.resize import Resize
from kgen.ops.slice import Slice
from kgen.trace.derived import Derived
from kgen.trace.resampling import nearest
from kgen.trace.sizes import ENOUGH, AmbiguousError, products, size_of, sizes_near

Known = dict[Length, int]


class UnlikeGraphsError(ExportError):
    """The graphs at several lengths don't tell what they are at others.

    ambiguous: whether more graphs might.
    """

    ambiguous = False


class UnlikeError(Exception):
    """What raises it: a part that the graphs don't tell how it depends on the lengths."""


def outline(graph: Body) -> Hashable:
    """What graphs that can be aligned have in common."""
    return tuple(
        (
            type(node),
            getattr(node, "axis", None),
            node.origin,
            len(node.inputs),
            tuple(value.rank for value in node.outputs),
            tuple(outline(body) for body in node.bodies),
        )
        for node in graph.nodes
    )


class Alignment:
    """graphs: of one outline. known: the lengths of each."""

    def __init__(
        self, graphs: Sequence[Graph], known: Sequence[Known], lengths: tuple[Given, ...]
    ) -> None:
        self.graphs = graphs
        self.known = known
        self.lengths = lengths
        self._made: dict[Value, Value] = {}  # of the first graph -> of the result
        self._nodes: list[Node] = []
        self._bases: list[int] = [one.size for one in lengths]
        self._node: Node = graphs[0].nodes[0]
        # Of a low bound there are no more lengths to know.
        fewest = min(one.bound // one.multiple for one in lengths)
        self._enough = min(ENOUGH, fewest - 1)

    def graph(self) -> Graph:
        first = self.graphs[0]
        for values in zip(*(graph.inputs for graph in self.graphs), strict=True):
            self._made[values[0]] = self._value(values)
        nodes = self._aligned([graph.nodes for graph in self.graphs])
        layers = zip(*(graph.layers for graph in self.graphs), strict=True)
        return replace(
            first,
            inputs=tuple(self._made[value] for value in first.inputs),
            outputs=tuple(self._made[value] for value in first.outputs),
            nodes=tuple(nodes),
            layers=tuple(map(self._layer, layers)),
            lengths=self.lengths,
        )

    def _layer(self, calls: tuple[Layer, ...]) -> Layer:
        try:
            shapes = self._part([layer.shapes for layer in calls])
        except UnlikeError:
            shapes = calls[0].shapes  # of its parts the graph knows the shapes
        layer = replace(calls[0], shapes=shapes)
        return layer.reading(lambda value: self._made.get(value, value))

    def _aligned(self, rows: Sequence[Sequence[Node]]) -> list[Node]:
        outer, self._nodes = self._nodes, []
        for nodes in zip(*rows, strict=True):
            self._node = nodes[0]
            self._nodes.append(self._one(nodes))
        inner, self._nodes = self._nodes, outer
        return inner

    def _one(self, nodes: tuple[Node, ...]) -> Node:
        """The node that all these are at their lengths."""
        first = nodes[0]
        kept = self._bases
        self._bases = [*dict.fromkeys(sizes_near(first, self._made)), *kept]
        try:
            resize = self._resize(nodes)
            made = resize if resize is not None else replace(first, **self._fields(nodes))
            specs = made.infer_all()
        except (UnlikeError, GraphError, MixedSamplesError, TypeError, AmbiguousError) as error:
            refusal = self._refusal(str(error))
            refusal.ambiguous = isinstance(error, AmbiguousError)
            raise refusal from None
        for number, (spec, old) in enumerate(zip(specs, first.outputs, strict=True)):
            self._agree(spec.shape, [node.outputs[number] for node in nodes])
            self._made[old] = replace(old, shape=spec.shape)
        self._bases = [*kept, *(s for spec in specs for s in spec.shape if s not in kept)]
        return replace(
            made,
            output=self._made[first.output],
            others=tuple(self._made[value] for value in first.others),
        )

    def _agree(self, shape: tuple[int, ...], values: list[Value]) -> None:
        for value, known in zip(values, self.known, strict=True):
            if (
                tuple(at(size, known) for size in shape) != value.shape
                or spec_of(value)[1:] != spec_of(values[0])[1:]
            ):
                raise self._refusal(f"its shape is {value.shape} where {shape} was expected")

    def _refusal(self, reason: str) -> UnlikeGraphsError:
        names = " and ".join(one.name for one in self.lengths)
        origin = self._node.origin
        return UnlikeGraphsError(
            f"The model can't be exported for any {names}:\n"
            f"  {origin.path!r} ({origin.layer}): {reason}; pin the length with --input-shape"
        )

    # A node's fields

    def _fields(self, nodes: tuple[Node, ...]) -> dict[str, Any]:
        first = nodes[0]
        if isinstance(first, Elementwise) and len({node.program for node in nodes}) > 1:  # type: ignore[attr-defined]
            return self._program(nodes)  # type: ignore[arg-type]
        return {
            field.name: self._field(field.name, field.type, nodes)
            for field in fields(first)
            if field.name not in IDENTITY
        }

    def _resize(self, nodes: tuple[Any, ...]) -> Resize | None:
        """A resizing whose tables differ from length to length, by its rule instead of them."""
        first = nodes[0]
        if isinstance(first, Resize):
            tables, method = [(node.starts.bits, node.weights.bits) for node in nodes], first.method
        elif isinstance(first, Gather) and not any(map(_is_other_gather, nodes)):
            tables, method = [(node.indices.bits, b"") for node in nodes], "nearest"
        else:
            return None
        if len(set(tables)) == 1:
            return None
        return Resize(
            origin=first.origin,
            merged=first.merged,
            output=first.output,
            x=self._part([node.x for node in nodes]),
            axis=first.axis,
            starts=None,
            weights=None,
            size=self._size([node.output.shape[first.axis] for node in nodes]),
            method=method,
            antialias=getattr(first, "antialias", False),
        )

    def _field(self, name: str, annotation: Any, nodes: tuple[Node, ...]) -> Any:
        found = [getattr(node, name) for node in nodes]
        if isinstance(found[0], Constant) and "Value" not in str(annotation):
            return self._fixed_constant(found)
        return self._part(found)

    def _part(self, found: list[Any]) -> Any:
        """What all of `found` are at their lengths."""
        first = found[0]
        if isinstance(first, Constant):
            return self._constant(found)
        if isinstance(first, Value):
            return self._made[first]
        if isinstance(first, Body):
            return self._body(found)
        if isinstance(first, Epilogue):
            return replace(first, args=self._part([one.args for one in found]))
        if isinstance(first, tuple):
            if len({len(one) for one in found}) > 1:
                raise UnlikeError(f"it has {first} at one length, but {found[1]} at another")
            return tuple(self._part(list(parts)) for parts in zip(*found, strict=True))
        if all(isinstance(one, Derived) for one in found):
            ruled = self._by_rule(found)
            if ruled is not None:
                return ruled
        if all(one == first or one is first for one in found):
            return first
        if isinstance(first, int) and not isinstance(first, bool):
            return self._size(found)
        other = next(one for one in found if one != first)
        raise UnlikeError(f"it computes with {first} at one length, but with {other} at another")

    def _body(self, found: list[Graph]) -> Graph:
        """The body of a loop, aligned like the graph around it."""
        first, kept, node = found[0], list(self._bases), self._node
        for values in zip(*(body.inputs for body in found), strict=True):
            self._made[values[0]] = self._value(values)
        nodes = self._aligned([body.nodes for body in found])
        self._bases, self._node = kept, node
        return replace(
            first,
            inputs=tuple(self._made[value] for value in first.inputs),
            nodes=tuple(nodes),
            outputs=tuple(self._made[value] for value in first.outputs),
        )

    def _value(self, values: tuple[Value, ...]) -> Value:
        return replace(values[0], shape=self._shape(values))

    def _shape(self, values: Sequence[Value]) -> tuple[int, ...]:
        columns = zip(*(value.shape for value in values), strict=True)
        return tuple(self._size(list(sizes)) for sizes in columns)

    # Numbers

    def _by_rule(self, found: Sequence[Derived]) -> int | None:
        """What the rule of the lowering gives, if that is what was found at all lengths."""
        x = self._node.inputs[0]
        size: int = found[0].rule(self._made.get(x, x).shape)
        right = [at(size, lengths) for lengths in self.known] == list(found)
        return size if right else None

    def _size(self, found: Sequence[int]) -> int:
        """The expression that has these values."""
        size = size_of(found, self._bases, self.known, self._enough)
        if size is None:
            raise UnlikeError(f"no expression of its sizes is {found[0]} and {found[1]} and so on")
        return size

    def _measured(self, found: Sequence[Any], dtype: str) -> Value:
        """What is computed from lengths and used as a number, as a value of its own.

        found: the number in each graph.
        """
        whole = [int(one) for one in found if one == one // 1]
        bases = [*self._bases, *products(one.size for one in self.lengths)]
        size = size_of(whole, bases, self.known, self._enough) if len(whole) == len(found) else None
        if size is None or dtype == "bool":
            other = next(one for one in found if one != found[0])
            raise UnlikeError(
                f"it computes with {found[0]:.6g} at one length, but with {other:.6g} at another"
            )
        origin = self._node.origin
        name = f"{origin.path}/{size if str(size).isidentifier() else 'length'}"
        return self._add(
            Elementwise,
            Value(name=name, shape=(), dtype=dtype, batch=None, label="length"),
            args=(),
            program=measure(size, dtype),
        )

    def _add(self, kind: type[Node], output: Value, **options: Any) -> Value:
        """The output of a node in front of the one that is being made."""
        self._nodes.append(kind(origin=self._node.origin, output=output, **options))
        return output

    def _program(self, nodes: tuple[Elementwise, ...]) -> dict[str, Any]:
        """Arguments and program of nodes that compute with other numbers at other lengths."""
        programs = [node.program for node in nodes]
        args = list(self._part([node.args for node in nodes]))
        dtypes = list(programs[0].dtypes)
        steps = []
        for same in zip(*(program.steps for program in programs), strict=True):
            if len({(one.function, one.dtype) for one in same}) > 1:
                raise UnlikeError(f"it computes with {programs[0]} at one length only")
            operands: list[Operand] = []
            for operand, *others in zip(*(step.args for step in same), strict=True):
                if any(one != operand for one in others):
                    numbers = [one for one in (operand, *others) if isinstance(one, Number)]
                    if len(numbers) < len(nodes):
                        raise UnlikeError(f"it computes with {programs[0]} at one length only")
                    args.append(self._measured([one.value for one in numbers], numbers[0].dtype))
                    dtypes.append(numbers[0].dtype)
                    operand = Arg(len(args) - 1)
                operands.append(operand)
            steps.append(replace(same[0], args=tuple(operands)))
        return {"args": tuple(args), "program": Program(tuple(dtypes), tuple(steps))}

    # Constants

    def _fixed_constant(self, found: list[Constant]) -> Constant:
        first = found[0]
        if any(one.shape != first.shape or one.bits != first.bits for one in found):
            raise UnlikeError(f"its table {first.name!r} is another one at each length")
        return first

    def _constant(self, found: list[Constant]) -> Value:
        """An array that is a part of what it is at the largest lengths, from its beginning on."""
        first = found[0]
        if all(one.shape == first.shape and one.bits == first.bits for one in found):
            return first
        if first in self._made:
            return self._made[first]
        if all(_is_one_number(one) for one in found):
            return self._one_number(found)
        largest = max(found, key=lambda one: one.size)
        shape = self._shape(found)
        at_end = not all(_is_part(one, largest, at_end=False) for one in found)
        if at_end and not all(_is_part(one, largest, at_end=True) for one in found):
            raise UnlikeError(
                "it computes with an array that is neither the beginning nor the end of the one "
                "that it computes with at greater lengths"
            )
        bounds = {one.unit: one.bound // one.multiple for one in self.lengths}
        whole = tuple(at(size, bounds) for size in shape)
        if any(a > b for a, b in zip(whole, largest.shape, strict=True)):
            raise UnlikeError("it was traced at no length as large as the bound")
        data = largest.data[_part(largest.shape, whole, at_end)]
        table = Constant.of(first.name or f"{self._node.origin.path}/table", data, first.note)
        starts = tuple(a - b if at_end else 0 for a, b in zip(whole, shape, strict=True))
        self._made[first] = self._add(
            Slice,
            Value(name=f"{table.name}_part", shape=shape, dtype=table.dtype, batch=None),
            x=table,
            starts=starts,
            steps=(1,) * table.rank,
            sizes=shape,
        )
        return self._made[first]

    def _one_number(self, found: list[Constant]) -> Value:
        """An array of one number, another one at each length."""
        first = found[0]
        number = self._measured([one.data.flat[0].item() for one in found], first.dtype)
        if first.rank:
            shape = self._shape(found)
            like = replace(number, name=f"{number.name}_repeated", shape=shape)
            number = self._add(Broadcast, like, x=number, shape=shape, batch=None)
        self._made[first] = number
        return number


def _is_one_number(one: Constant) -> bool:
    """Whether all elements are the same number."""
    numbers = one.data.reshape(-1)
    return one.dtype != STRING and one.size > 0 and bool((numbers == numbers[0]).all())


def _is_other_gather(node: Gather) -> bool:
    """Whether the node picks other rows than resizing to the nearest ones does."""
    rows = node.indices
    return (
        not isinstance(rows, Constant)
        or rows.rank != 1
        or not np.array_equal(rows.data, nearest(node.length, rows.size))
    )


def _part(whole: Sequence[int], sizes: Sequence[int], at_end: bool) -> tuple[slice, ...]:
    """The index of an array's beginning, or its end, along each axis."""
    pairs = zip(whole, sizes, strict=True)
    return tuple(slice(a - b, a) if at_end else slice(b) for a, b in pairs)


def _is_part(one: Constant, largest: Constant, at_end: bool) -> bool:
    """Whether an array is the beginning or end of the largest one, but for its rounding: how
    TensorFlow computes an element's sine depends on how many there are.
    """
    if any(a > b for a, b in zip(one.shape, largest.shape, strict=True)):
        return False
    part = largest.data[_part(largest.shape, one.shape, at_end)]
    if not np.issubdtype(part.dtype, np.floating):
        return np.array_equal(part, one.data)
    unit = 4 * np.finfo(part.dtype).eps
    scale = np.abs(part[np.isfinite(part)]).max(initial=0.0)
    return np.allclose(one.data, part, rtol=unit, atol=unit * scale, equal_nan=True)
