"""Builds the graph, one node at a time, from what Keras passes to its operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import KerasTensor

from kgen.ir.node import MixedSamplesError, Node, Origin, Spec
from kgen.ir.program import Arg, Number, Operand, Program, Step
from kgen.ir.value import NARROW, STRING, Constant, Levels, Shape, Value
from kgen.ops.broadcast import Broadcast
from kgen.ops.elementwise import Elementwise
from kgen.ops.gather import Gather
from kgen.ops.reduce import Reduce
from kgen.ops.reshape import Reshape
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.trace.known import array_of

DTYPES = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"} | {
    *NARROW,
    "float32",
    "float64",
    STRING,
}


class UnsupportedError(Exception):
    """What a lowering raises about one operation: what is not supported, and what would work."""


Describe: TypeAlias = "Callable[[np.ndarray, str, keras.Variable | None], tuple[str, str]]"
"""The name and note of a constant, from its data, a likely name, and the variable that it is."""


class Builder:
    """Nodes so far, and the two-way relation of Keras's tensors to the graph's values.

    While tracing, the batch axis has a length that divides no other size of the model, so that
    Keras's own code computes with plain numbers, and any multiple of it is recognised as an axis
    that holds samples.
    """

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.nodes: list[Node] = []
        self.origin = Origin("", "", "")
        self.labels: dict[Value, str] = {}
        self.names: dict[Value, str] = {}  # where the layer's name and the label are not enough
        self.outputs: Any = None  # what Keras says the current operation returns
        self.refused = ""  # or why it says nothing
        self._weights: dict[tuple[int, str], Constant] = {}
        self._keep_alive: list[Any] = []
        self.describe_constant: Describe = lambda *_: ("", "")
        self.levels_of: Callable[[np.ndarray], Levels | None] = lambda _: None

    # Keras's tensors and the graph's values

    def spec(self, tensor: Any) -> Spec:
        """A Keras tensor's shape and dtype in the graph's terms.

        Raises UnsupportedError if there is none, because Keras refused the operation.
        """
        if tensor is None:
            raise UnsupportedError(
                f"Keras refuses it for inputs of these sizes: {self.refused}; what works is other "
                "sizes, or a model in which they fit"
            )
        shape, batch = self.split_shape(tensor.shape)
        return Spec(shape, keras.backend.standardize_dtype(tensor.dtype), batch)

    def split_shape(self, sizes: Sequence[int | None]) -> tuple[Shape, int | None]:
        """Sizes as Keras sees them -> sizes for one sample, and which of them holds the batch."""
        if any(size is None for size in sizes):
            raise UnsupportedError(
                f"the shape {tuple(sizes)} is not fixed; pin it with --input-shape"
            )
        axes = [axis for axis, size in enumerate(sizes) if size and size % self.batch == 0]
        if len(axes) > 1:
            raise MixedSamplesError("two axes of its result hold the batch")
        shape = tuple(
            size // self.batch if axis in axes else size
            for axis, size in enumerate(sizes)
            if size is not None
        )
        return shape, axes[0] if axes else None

    def tensor(self, value: Value, like: Any = None) -> KerasTensor:
        """A Keras tensor that stands for the value, of the shape Keras gave it (`like`) if that is
        known.
        """
        shape = tuple(
            size * self.batch if axis == value.batch else size
            for axis, size in enumerate(value.shape)
        )
        tensor = KerasTensor(tuple(like.shape) if like is not None else shape, dtype=value.dtype)
        tensor._kgen_value = value
        return tensor

    def value(self, x: Any, dtype: str | None = None, weight: str = "") -> Value:
        """The graph's value for a Keras tensor, a weight, an array or a number; cast to dtype if
        given.

        weight: if it is one of the layer's weights, the name that it probably has.
        """
        if isinstance(x, KerasTensor):
            value: Value = x._kgen_value
        elif isinstance(x, Value):
            value = x
        else:
            value = self._constant(x, dtype, weight)
        return value if dtype is None or value.dtype == dtype else self.cast(value, dtype)

    def _constant(self, x: Any, dtype: str | None, weight: str) -> Constant:
        if isinstance(x, keras.Variable):
            # In a mixed-precision layer the same weight is read in another type.
            data = array_of(x.value)
            key = (id(x), str(data.dtype))
            if key not in self._weights:
                self._keep_alive.append(x)
                self._weights[key] = self._named(data, weight, x)
            return self._weights[key]
        if isinstance(x, bool | int | float) and dtype is not None:
            return Constant.of("", np.asarray(x, dtype))
        if hasattr(x, "dtype") and not isinstance(x, np.ndarray | np.generic):
            key = (id(x), "")
            if key not in self._weights:
                self._keep_alive.append(x)
                data = array_of(x)
                levels = self.levels_of(data)
                named = self._named(data, weight)
                self._weights[key] = replace(named, levels=levels) if levels else named
            return self._weights[key]
        array = np.asarray(x)
        if array.dtype == np.float64 and not isinstance(x, np.ndarray | np.generic):
            array = array.astype(keras.config.floatx())
        elif array.dtype == np.int64 and not isinstance(x, np.ndarray | np.generic):
            array = array.astype(np.int32)
        return self._named(array, weight)

    def _named(
        self, data: np.ndarray, weight: str, variable: keras.Variable | None = None
    ) -> Constant:
        if str(data.dtype) not in DTYPES:
            raise UnsupportedError(
                f"arrays of {data.dtype} are not supported; use float32 or float64"
            )
        data = self._without_batch(data)
        name, note = self.describe_constant(data, weight, variable)
        return replace(Constant.of(name, data, note), variable=variable)

    def weights_of(self, data: np.ndarray, levels: Levels) -> Constant:
        """A layer's kernel, made of small integers."""
        constant = self._named(data, "kernel")
        path, _, own = constant.name.rpartition("/")
        name = f"{path}/kernel" if own == "constant" else constant.name
        return replace(constant, name=name, levels=levels)

    def _without_batch(self, data: np.ndarray) -> np.ndarray:
        """An array that Keras made for the whole batch, cut to one sample's share."""
        for axis, size in enumerate(data.shape):
            if size and size % self.batch == 0:
                first = np.take(data, range(size // self.batch), axis)
                if not np.array_equal(
                    data,
                    np.concatenate([first] * self.batch, axis),
                    equal_nan=data.dtype.kind == "f",
                ):
                    raise MixedSamplesError("it holds an array that differs from sample to sample")
                data = first
        return data

    # Nodes

    def add(self, kind: type[Node], **fields: Any) -> Value:
        """Appends a node; its output's shape is what its own rule says."""
        return self.add_several(kind, **fields)[0]

    def add_several(self, kind: type[Node], **fields: Any) -> tuple[Value, ...]:
        """The same for a node that makes several values."""
        blank = Value(name="", shape=(), dtype="", batch=None)
        specs = kind(origin=self.origin, output=blank, **fields).infer_all()
        output, *others = (
            Value(name="", shape=spec.shape, dtype=spec.dtype, batch=spec.batch) for spec in specs
        )
        self.nodes.append(kind(origin=self.origin, output=output, others=tuple(others), **fields))
        return (output, *others)

    def map(self, function: str, *args: Any, dtype: str, inputs: str | None = None) -> Value:
        """`function` of every element of the broadcast args, which are first cast to `inputs` (or
        `dtype`).
        """
        inputs = inputs or dtype
        values: list[Value] = []
        operands = [self.operand(arg, inputs, values) for arg in args]
        if not values:  # all are numbers: keep the first as an array
            values = [self.value(np.asarray(self.scalar(args[0])).astype(inputs))]
            operands[0] = Arg(0)
        first = values[0]
        if function == "divide" and isinstance(first, Constant) and first.levels:
            by = values[-1]
            if isinstance(by, Constant) and operands == [Arg(0), Arg(1)] and by.rank <= first.rank:
                return first.divided(by.data)
        step = Step(function, tuple(operands), dtype)
        program = Program(tuple(value.dtype for value in values), (step,))
        return self.add(Elementwise, args=tuple(values), program=program)

    def operand(self, x: Any, dtype: str, values: list[Value]) -> Operand:
        """What a scalar program reads x as, cast to a type: a number, or one of the values, among
        which x is then.
        """
        scalar = self.scalar(x)
        if scalar is not None:
            return Number(np.asarray(scalar).astype(dtype).item(), dtype)
        value = self.value(x, dtype)
        if value not in values:
            values.append(value)
        return Arg(values.index(value))

    def scalar(self, x: Any) -> bool | int | float | None:
        """The number that x is, if it is one and not an array of one."""
        if isinstance(x, bool | int | float):
            return x
        if isinstance(x, KerasTensor):
            x = x._kgen_value
        if isinstance(x, Value):
            return x.data.item() if isinstance(x, Constant) and x.shape == () else None
        if isinstance(x, keras.Variable) or np.shape(x) != ():
            return None
        number: bool | int | float = array_of(x).item()
        return number

    def cast(self, x: Any, dtype: str) -> Value:
        value = self.value(x)
        if value.dtype == dtype:
            return value
        if isinstance(value, Constant):
            return Constant.of(value.name, value.data.astype(dtype), value.note)
        if STRING in (value.dtype, dtype):
            raise UnsupportedError(
                f"{value.dtype} values can't become {dtype} ones; use StringLookup or Hashing"
            )
        if dtype not in DTYPES:
            raise UnsupportedError(
                f"numbers of type {dtype} are not supported; use float32 or float64"
            )
        program = Program((value.dtype,), (Step("cast", (Arg(0),), dtype),))
        return self.add(Elementwise, args=(value,), program=program)

    def reshape(self, x: Any, shape: Shape, batch: int | None) -> Value:
        value = self.value(x)
        if (value.shape, value.batch) == (shape, batch):
            return value
        if isinstance(value, Constant) and batch is None:
            return value.reordered(lambda data: data.reshape(shape))
        if value.batch is None and batch is not None:
            value = self.broadcast(value, value.shape, _front(value))
        return self.add(Reshape, x=value, shape=shape, batch=batch)

    def reshape_to(self, x: Any, like: Any) -> Value:
        """x under the shape of a Keras tensor."""
        spec = self.spec(like)
        value = self.value(x)
        batch = spec.batch if value.batch is not None else None
        return self.reshape(value, spec.shape, batch)

    def expand(self, x: Any, rank: int) -> Value:
        """x with axes of length one in front, up to the rank."""
        value = self.value(x)
        more = rank - value.rank
        batch = None if value.batch is None else value.batch + more
        return self.reshape(value, (1,) * more + value.shape, batch)

    def transpose(self, x: Any, permutation: Sequence[int]) -> Value:
        value = self.value(x)
        if tuple(permutation) == tuple(range(value.rank)):
            return value
        if isinstance(value, Constant):
            return value.reordered(lambda data: data.transpose(permutation))
        return self.add(Transpose, x=value, permutation=tuple(permutation))

    def broadcast(self, x: Any, shape: Shape, batch: int | None) -> Value:
        value = self.value(x)
        if (value.shape, value.batch) == (shape, batch):
            return value
        return self.add(Broadcast, x=value, shape=shape, batch=batch)

    def add_copy(self, x: Any) -> Value:
        """A value of its own with the same elements."""
        value = self.value(x)
        return self.add(Elementwise, args=(value,), program=Program((value.dtype,), ()))

    def reduce(self, function: str, x: Any, axis: Any, keepdims: bool = False) -> Value:
        value = self.value(x)
        axes = self.axes(axis, value.rank)
        if not axes:
            return value
        return self.add(Reduce, x=value, function=function, axes=axes, keepdims=keepdims)

    def slice(self, x: Any, axis: int, start: int, size: int, step: int = 1) -> Value:
        """Elements start, start + step, ... of one axis."""
        value = self.value(x)
        starts, steps, sizes = [0] * value.rank, [1] * value.rank, list(value.shape)
        starts[axis], steps[axis], sizes[axis] = start, step, size
        return self.add(
            Slice, x=value, starts=tuple(starts), steps=tuple(steps), sizes=tuple(sizes)
        )

    def gather(self, x: Any, indices: Any, axis: int) -> Value:
        """Rows of an axis by number; numbers known now are checked now.

        Raises UnsupportedError for a known number out of range.
        """
        value, places = self.value(x), self.value(indices)
        length = value.shape[axis]
        if isinstance(places, Constant):
            rows = np.where(places.data < 0, places.data + length, places.data)
            if ((rows < 0) | (rows >= length)).any():
                raise UnsupportedError(
                    f"it picks rows out of range, {rows.min()} to {rows.max()} of {length}; use "
                    "rows within"
                )
            places = Constant.of(places.name, rows.astype(places.dtype), places.note)
        return self.add(Gather, x=value, indices=places, axis=axis)

    @staticmethod
    def axes(axis: Any, rank: int) -> tuple[int, ...]:
        """Keras's `axis` (None, a number or several) -> axes counted from the front, ascending."""
        if axis is None:
            return tuple(range(rank))
        several = axis if isinstance(axis, list | tuple) else (axis,)
        return tuple(sorted({int(one) % rank if rank else 0 for one in several}))


def _front(value: Value) -> int:
    """The axis of a value without a batch that can become one."""
    if value.rank == 0 or prod(value.shape[:1]) != 1:
        raise MixedSamplesError("it reshapes an array without a batch axis into one with")
    return 0
