"""Nodes: what computes a value from others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, TypedDict, TypeVar

from kgen.ir.program import Program
from kgen.ir.size import Size, lengths_in
from kgen.ir.value import STRING, Constant, Shape, Value

NodeT = TypeVar("NodeT", bound="Node")
BodyT = TypeVar("BodyT", bound="Body")

IDENTITY = ("origin", "output", "others", "merged")
"""The fields that say which node it is; the others say what it computes."""


class GraphError(Exception):
    """A graph that breaks its own rules: a mistake in kgen, never in the user's model."""


class MixedSamplesError(Exception):
    """An operation whose result for one sample depends on the other samples of the batch."""


class Spec(NamedTuple):
    """What a shape rule promises of an output."""

    shape: Shape
    dtype: str
    batch: int | None


@dataclass(frozen=True)
class Origin:
    """The Keras layer, or bare keras.ops operation, that a node was traced from.

    path: the layer's path in the model, "encoder/block_2/dense"; of an operation, its layer's.
    layer: the layer's class; for an operation called outside any layer, the operation's class.
    summary: the layer as one would write it, `Dense(4, activation='relu')`.
    call: the number of the layer's or operation's call; two calls of one layer are the same origin.
    """

    path: str
    layer: str
    summary: str
    call: int = field(default=0, compare=False)


class Body:
    """A graph that a node holds as a field and runs as a part of itself: closed, its values are
    nobody else's; constants may be.
    """

    inputs: tuple[Value, ...]
    nodes: tuple[Node, ...]

    def walk(self) -> Iterator[Node]:
        """Every node, those of a node's bodies before the node itself."""
        for node in self.nodes:
            for body in node.bodies:
                yield from body.walk()
            yield node

    def map_values(self: BodyT, change: Callable[[Value], Value]) -> BodyT:
        """The same graph with every value replaced by `change(value)`."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, kw_only=True)
class Node:
    """One operation of the graph. Its inputs are the Values among its fields, in their order.

    output: what it makes. others: what else it makes, if it makes several values.
    merged: where nodes came from that passes made part of this one.
    """

    origin: Origin
    output: Value
    others: tuple[Value, ...] = ()
    merged: tuple[Origin, ...] = ()

    @property
    def kind(self) -> str:
        """The op's one name: of its module, its templates and its test cases."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def name(self) -> str:
        return self.output.name

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The layers and operations that this node computes, each once."""
        return tuple(dict.fromkeys((self.origin, *self.merged)))

    @property
    def outputs(self) -> tuple[Value, ...]:
        return (self.output, *self.others)

    @property
    def inputs(self) -> tuple[Value, ...]:
        return tuple(
            value
            for field in fields(self)
            if field.name not in ("output", "others")
            for value in _values(getattr(self, field.name))
        )

    @property
    def bodies(self) -> tuple[Body, ...]:
        """The graphs among the fields."""
        found = (getattr(self, field.name) for field in fields(self))
        return tuple(field for field in found if isinstance(field, Body))

    def map_bodies(self: NodeT, change: Callable[[Any], Body]) -> NodeT:
        """The same node with every body replaced by `change(body)`."""
        if not self.bodies:
            return self
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {n: change(f) for n, f in found.items() if isinstance(f, Body)}
        return replace(self, **changed)

    @property
    def activations(self) -> tuple[Value, ...]:
        """The inputs that are not constants, each once."""
        return tuple(dict.fromkeys(v for v in self.inputs if not isinstance(v, Constant)))

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The inputs that are constants, each once; those of its bodies are their nodes' own."""
        return tuple(dict.fromkeys(v for v in self.inputs if isinstance(v, Constant)))

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        """The inputs whose memory the output may take, because each element is read before it is
        written.
        """
        return ()

    def trail(self, value: Value) -> int | None:
        """How many elements the output must begin before this input at least, for both to be in
        overlapping memory: templates write the output in its order, and then no element that is
        still to be read. None if they may not overlap.
        """
        return None

    @property
    def exact(self) -> bool:
        """Whether each element of the output is one of the inputs' elements, or a literal: then it
        is a number of their type without being rounded.
        """
        return False

    @property
    def packable(self) -> tuple[Constant, ...]:
        """The constants that may be stored in a narrower type: templates widen what they read."""
        return ()

    @property
    def can_fail(self) -> bool:
        """Whether some input values have no answer (an index out of range)."""
        return False

    @property
    def error(self) -> str:
        """Of a node that can fail: the last word of the error's name in C; "" if it is one of
        several.
        """
        return "INDEX"

    @property
    def macs(self) -> int:
        """Multiply-adds for one sample."""
        return 0

    @property
    def formula(self) -> str:
        """The arithmetic in one line, as mathematics or the Keras documentation would write it.

        Empty where the generated code says the same in as few words.
        """
        raise NotImplementedError

    def word_for(self, value: Value) -> str:
        """A word for one of the outputs, for its name; "" if the node's kind says enough."""
        return ""

    def with_rows(self: NodeT, rows: int) -> NodeT | None:
        """The node for inputs whose first axis, which holds the batch, has this length instead of
        one; with its inputs and output as they are. None if it needs the axis to be of length one.
        """
        return None

    def infer(self) -> Spec:
        """The output's shape, dtype and batch axis, from the inputs alone.

        Raises MixedSamplesError if samples of a batch would meet.
        """
        raise NotImplementedError

    def infer_all(self) -> tuple[Spec, ...]:
        """The same of every output, for a node that makes several."""
        return (self.infer(),)

    def check(self) -> None:
        specs, found = self.infer_all(), tuple(spec_of(value) for value in self.outputs)
        if specs != found:
            raise GraphError(f"{self} should give {specs}, but its outputs are {found}")

    def map_values(self: NodeT, change: Callable[[Value], Value]) -> NodeT:
        """The same node with every Value, its output included, replaced by `change(value)`."""
        return replace(
            self,
            **{field.name: _mapped(getattr(self, field.name), change) for field in fields(self)},
        )

    def map_sizes(self: NodeT, change: Callable[[Size], int]) -> NodeT:
        """The same node with `change(size)` for each size that depends on a length, among its
        options and in its bodies' nodes; its values' shapes stay.
        """
        changed = {f.name: resized(getattr(self, f.name), change) for f in fields(self)}
        return replace(self, **changed)

    def __str__(self) -> str:
        hidden = (*IDENTITY, "bias", "epilogue")
        options = ", ".join(
            f"{field.name}={getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in hidden
            and not isinstance(getattr(self, field.name), Body)
            and not any(_values(getattr(self, field.name)))
        )
        values = ", ".join(value.name for value in self.inputs)
        made = ", ".join(map(str, self.outputs))
        return f"{made} = {self.kind}({values}{'; ' + options if options else ''})"


@dataclass(frozen=True, eq=False, kw_only=True)
class Epilogue:
    """What happens to each element of a contraction's result before it is stored.

    program: its input 0 is the element, the others are `args`, broadcast to the output.
    """

    program: Program
    args: tuple[Value, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Contraction(Node):
    """A sum of products, plus a bias along the output's last (or channel) axis, then an epilogue.

    bias: (outputs,) or None.
    """

    bias: Constant | None = None
    epilogue: Epilogue | None = None

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The operands, then the bias, then the epilogue's."""
        return (*self.operands, *_values(self.bias), *_values(self.epilogue))

    @property
    def operands(self) -> tuple[Value, ...]:
        """What is multiplied."""
        late = ("output", "others", "bias", "epilogue")
        names = [field.name for field in fields(self) if field.name not in late]
        return tuple(value for name in names for value in _values(getattr(self, name)))

    @property
    def channel_axis(self) -> int:
        """The output's axis that the bias lies along."""
        return -1

    @property
    def accumulator(self) -> str:
        """The element type of the sum, before the epilogue."""
        return self.epilogue.program.dtypes[0] if self.epilogue else self.output.dtype

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        if self.epilogue is None:
            return ()
        return tuple(
            value
            for value in same_elements(self.epilogue.args, self.output)
            if value not in self.operands
        )

    def finish(self, shape: Shape, dtype: str, batch: int | None) -> Spec:
        """The spec after bias and epilogue, neither of which changes the shape."""
        if self.bias is not None and self.bias.shape != (shape[self.channel_axis],):
            raise GraphError(f"{self.name}: bias {self.bias.shape} for {shape}")
        if self.epilogue is None:
            return Spec(shape, dtype, batch)
        for arg in self.epilogue.args:
            if broadcast([Spec(shape, dtype, batch), spec_of(arg)])[0] != shape:
                raise GraphError(f"{self.name}: {arg} does not broadcast to {shape}")
        return Spec(shape, self.epilogue.program.dtype, batch)


class Kept(TypedDict):
    """What stays of a contraction that is computed in another way."""

    origin: Origin
    merged: tuple[Origin, ...]
    output: Value
    epilogue: Epilogue | None


def in_place_of(node: Contraction) -> Kept:
    """Fields of a node that computes what `node` does: `Dot(**in_place_of(node), x=...)`.

    The bias is not among them, since it is mostly packed as the new kernel is.
    """
    return Kept(origin=node.origin, merged=node.merged, output=node.output, epilogue=node.epilogue)


def product_dtype(a: str, b: str) -> str:
    """The type of a sum of products of a and b; b: of weights, perhaps in a narrower type."""
    return "int32" if a == b == "int8" else a


def same_elements(candidates: tuple[Value, ...], output: Value) -> tuple[Value, ...]:
    """Those of the candidates that have the output's shape and element size.

    Strings share memory with strings alone: a pointer is not as large everywhere.
    """
    return tuple(
        value
        for value in candidates
        if not isinstance(value, Constant)
        and value.size == output.size
        and value.nbytes == output.nbytes
        and (value.dtype == STRING) == (output.dtype == STRING)
    )


def spec_of(value: Value) -> Spec:
    return Spec(value.shape, value.dtype, value.batch)


def broadcast(specs: list[Spec]) -> tuple[Shape, int | None]:
    """NumPy's broadcasting rule, and where the batch axis ends up.

    Raises MixedSamplesError when an axis of samples would be paired with an axis of something else.
    """
    rank = max(len(spec.shape) for spec in specs)
    aligned = [(1,) * (rank - len(spec.shape)) + spec.shape for spec in specs]
    axes = {spec.batch + rank - len(spec.shape) for spec in specs if spec.batch is not None}
    if len(axes) > 1:
        raise MixedSamplesError("it pairs different samples of a batch")
    batch = axes.pop() if axes else None
    shape = []
    for axis in range(rank):
        sizes = {sizes[axis] for sizes in aligned} - {1}
        if len(sizes) > 1:
            raise GraphError(f"shapes {[spec.shape for spec in specs]} do not broadcast")
        shape.append(sizes.pop() if sizes else 1)
    if batch is not None:
        for spec, own in zip(specs, aligned, strict=True):
            if own[batch] != (1 if spec.batch is None else shape[batch]):
                raise MixedSamplesError("it pairs the samples of a batch with something else")
    return tuple(shape), batch


def forbid_batch(value: Value, axes: tuple[int, ...], what: str) -> None:
    """Raises MixedSamplesError if the value's batch axis is among `axes`, because the node would
    `what` it.
    """
    if value.batch is not None and value.batch in axes:
        raise MixedSamplesError(f"it would {what} the batch axis")


def _values(field: Any) -> Iterator[Value]:
    if isinstance(field, Value):
        yield field
    elif isinstance(field, tuple):
        for item in field:
            yield from _values(item)
    elif isinstance(field, Epilogue):
        yield from field.args


def resized(field: Any, change: Callable[[Size], int]) -> Any:
    """An option with `change(size)` for each size that depends on a length; of a body its nodes."""
    if isinstance(field, Size):
        return change(field)
    if isinstance(field, Body):
        return replace(field, nodes=tuple(node.map_sizes(change) for node in field.nodes))  # type: ignore[type-var]
    if not any(lengths_in(field)):
        return field
    if isinstance(field, tuple):
        items = (resized(item, change) for item in field)
        return type(field)(*items) if hasattr(field, "_fields") else tuple(items)
    return replace(
        field, **{f.name: resized(getattr(field, f.name), change) for f in fields(field)}
    )


def _mapped(field: Any, change: Callable[[Value], Value]) -> Any:
    if isinstance(field, Value):
        return change(field)
    if isinstance(field, tuple) and any(isinstance(item, Value) for item in field):
        return tuple(_mapped(item, change) for item in field)
    if isinstance(field, Epilogue):
        return replace(field, args=_mapped(field.args, change))
    if isinstance(field, Body):
        return field.map_values(change)
    return field
