"""Values: the arrays that flow between nodes, and the constants among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

Shape = tuple[int, ...]

STRING = "string"
"""The element type of text: UTF-8, a pointer in C and a bytes object in NumPy. No node makes new
strings; they are read, compared and moved."""


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """NumPy's element type for one of the graph's."""
    return np.dtype(object if dtype == STRING else dtype)


def element_size(dtype: str) -> int:
    """Bytes of one element; of a string, those of a pointer to it."""
    return numpy_dtype(dtype).itemsize


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Constant(Value):
    """An array known when exporting.

    data: its elements, of the value's shape and dtype; strings as an array of bytes objects.
    note: where it comes from, for the comment beside it ("dense/kernel, get_weights()[0]").
    """

    data: np.ndarray
    note: str

    @classmethod
    def of(cls, name: str, data: np.ndarray, note: str = "") -> Constant:
        data = np.ascontiguousarray(data).reshape(np.shape(data))  # keeps rank 0
        dtype = STRING if data.dtype == object else str(data.dtype)
        return cls(name=name, shape=data.shape, dtype=dtype, batch=None, data=data, note=note)

    @property
    def nbytes(self) -> int:
        """The size of the array, and of the text of strings, each with its ending zero."""
        text = sum(len(word) + 1 for word in self.data.flat) if self.dtype == STRING else 0
        return super().nbytes + text

    @property
    def bits(self) -> bytes:
        """The elements as bytes that are equal if and only if all elements are."""
        return repr(self.data.tolist()).encode() if self.dtype == STRING else self.data.tobytes()

    def __str__(self) -> str:
        return f"constant {super().__str__()}"
