"""Values: the arrays that flow between nodes, and the constants among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

Shape = tuple[int, ...]

HALVES = ("float16", "bfloat16")
"""Types of two bytes, which the targets know at the model's inputs and outputs alone."""

NARROW = (*HALVES, "float8_e4m3fn", "float8_e5m2")
"""Types that are computed in float32, each result rounded to them."""

BITS = {"int4": 4, "float8_e4m3fn": 8, "float16": 16, "bfloat16": 16}
"""Of an element of the types that constants may be stored in."""

STRING = "string"
"""The element type of text: UTF-8, a pointer in C and a bytes object in NumPy. No node makes new
strings; they are read, compared and moved."""


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """NumPy's element type for one of the graph's."""
    return np.dtype(object if dtype == STRING else dtype)


def element_size(dtype: str) -> int:
    """Bytes of one element; of a string, those of a pointer to it."""
    return 2 if dtype in HALVES else numpy_dtype(dtype).itemsize


def is_float(dtype: str) -> bool:
    return "float" in dtype


def rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    """float32 numbers rounded to a narrower type, halves to even; still float32."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large becomes infinity
        return array.astype(dtype).astype(np.float32)


def row_major(shape: Sequence[int]) -> Shape:
    """Elements between neighbours along each axis."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def broadcast_strides(shape: Sequence[int], onto: Sequence[int]) -> Shape:
    """For each axis of `onto` the stride of an array of `shape` that broadcasts to it; 0 where it
    repeats.
    """
    more = len(onto) - len(shape)
    strides = row_major(shape)
    return tuple(
        0 if axis < more or shape[axis - more] == 1 else strides[axis - more]
        for axis in range(len(onto))
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Value:
    """One array of the graph, compared by identity.

    shape: the array's shape for one sample, the batch axis included (so a Dense output is (1,
        units)).
    batch: the axis whose length is multiplied by the batch size, or None if every sample shares the
        array. Within that axis the samples are outermost: with batch size n its length is n *
        shape[batch].
    dtype: NumPy's name of the element type, or "string".
    name: what to call it; a legal, unique identifier once the graph is planned.
    label: one word that says what it is where it is read, or "": "forget" for an LSTM's gate.
    """

    name: str
    shape: Shape
    dtype: str
    batch: int | None
    label: str = ""

    @property
    def size(self) -> int:
        """The number of elements for one sample."""
        return prod(self.shape)

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * element_size(self.dtype)

    @property
    def sample_shape(self) -> Shape:
        """The shape without a leading batch axis of length one."""
        return self.shape[1:] if self.batch == 0 and self.shape[:1] == (1,) else self.shape

    @property
    def strides(self) -> Shape:
        """Elements between neighbours along each axis, row-major."""
        return row_major(self.shape)

    def __str__(self) -> str:
        sizes = ", ".join(
            ("batch" if size == 1 else f"{size}*batch") if axis == self.batch else str(size)
            for axis, size in enumerate(self.shape)
        )
        return f"{self.name}: {self.dtype}[{sizes}]"


@dataclass(frozen=True, eq=False)
class Levels:
    """The small numbers that an array of weights was made of: (numbers - zero) * scale / divisor.

    numbers: int8, or float32 that are float8_e4m3fn. zero: int8. All have the array's shape: zero,
    scale and divisor are repeated.
    """

    numbers: np.ndarray
    scale: np.ndarray
    zero: np.ndarray
    divisor: np.ndarray | None = None

    def each(self, change: Callable[[np.ndarray], np.ndarray]) -> Levels:
        divisor = None if self.divisor is None else change(self.divisor)
        return Levels(change(self.numbers), change(self.scale), change(self.zero), divisor)


@dataclass(frozen=True, eq=False, kw_only=True)
class Constant(Value):
    """An array known when exporting.

    data: its elements, of the value's shape and dtype; strings as an array of bytes objects.
    levels: what it was made of, if it is made of small integers.
    note: where it comes from, for the comment beside it ("dense/kernel, get_weights()[0]").
    variable: Keras's, if these are all its elements.
    stored: the narrower type that the source has the elements in, and that has each of them
        exactly, or "": "int4" for int8, "float16", "bfloat16" or "float8_e4m3fn" for float32. They
        are widened where they are read.
    """

    data: np.ndarray
    note: str
    levels: Levels | None = None
    variable: object = None
    stored: str = ""

    def reordered(self, change: Callable[[np.ndarray], np.ndarray]) -> Constant:
        """The same elements in another order or shape."""
        levels = None if self.levels is None else self.levels.each(change)
        made = Constant.of(self.name, change(self.data), self.note)
        return replace(made, levels=levels, variable=self.variable)

    def divided(self, divisor: np.ndarray) -> Constant:
        """The elements divided by others, which broadcast to them; it is known of its levels."""
        made = Constant.of(self.name, self.data / divisor, self.note)
        assert self.levels is not None
        if self.levels.divisor is not None:
            return made
        whole = np.broadcast_to(divisor, self.shape)
        return replace(made, levels=replace(self.levels, divisor=whole))

    def arranged(self, data: np.ndarray, note: str) -> Constant:
        """The same elements in an order of the target's, perhaps with zeros between them."""
        return replace(Constant.of(self.name, data, note), stored=self.stored)

    @property
    def source_dtype(self) -> str:
        """The type that the source has the elements in."""
        return self.stored or self.dtype

    @property
    def raw(self) -> np.ndarray:
        """What the source stores of numbers: of an int4 bytes with two elements each, the first in
        the lower half; of narrow floats the bits, as unsigned integers; else the elements.
        """
        match self.source_dtype:
            case "int4":
                halves = self.data.reshape(-1).astype(np.uint8) & 15
                halves = np.append(halves, np.zeros(self.size % 2, np.uint8))
                return np.asarray(halves[::2] | halves[1::2] << 4)
            case "float16" | "bfloat16" | "float8_e4m3fn" as dtype:
                bits = np.uint8 if dtype == "float8_e4m3fn" else np.uint16
                with np.errstate(invalid="ignore"):  # NaN
                    return self.data.astype(dtype).view(bits)
        return self.data

    @classmethod
    def of(cls, name: str, data: np.ndarray, note: str = "") -> Constant:
        data = np.ascontiguousarray(data).reshape(np.shape(data))  # keeps rank 0
        dtype = STRING if data.dtype == object else str(data.dtype)
        return cls(name=name, shape=data.shape, dtype=dtype, batch=None, data=data, note=note)

    @property
    def nbytes(self) -> int:
        """The size of the array, and of the text of strings, each with its ending zero."""
        if self.stored:
            return -(-self.size * BITS[self.stored] // 8)
        text = sum(len(word) + 1 for word in self.data.flat) if self.dtype == STRING else 0
        return super().nbytes + text

    @property
    def bits(self) -> bytes:
        """The elements as bytes that are equal if and only if all elements are."""
        return repr(self.data.tolist()).encode() if self.dtype == STRING else self.data.tobytes()

    def __str__(self) -> str:
        return f"constant {super().__str__()}" + (f" as {self.stored}" if self.stored else "")
