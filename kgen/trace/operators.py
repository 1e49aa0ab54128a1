"""Python's operators between Keras's symbolic tensors and known arrays, as between TensorFlow's.

A layer's own code meets TensorFlow's tensors when Keras runs it. Symbolic ones lack `==`, leave
comparisons with known tensors to these, refuse NumPy's arrays on their left, and compute in float64
where an operand is one of NumPy's float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor

from kgen.ir.value import is_float

_ARITHMETIC = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("radd", "rsub", "rmul", "rtruediv", "rfloordiv", "rmod", "rpow", "rmatmul"),
    *("lt", "le", "gt", "ge", "ne"),
)
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


@contextmanager
def operators_of_tensorflow() -> Iterator[None]:
    """While this lasts, symbolic tensors have the operators of TensorFlow's."""
    with ExitStack() as stack:
        for name in (f"__{one}__" for one in _ARITHMETIC):
            own = _with_operand_in_own_type(getattr(KerasTensor, name), divides="truediv" in name)
            stack.enter_context(mock.patch.object(KerasTensor, name, own))
        stack.enter_context(mock.patch.object(KerasTensor, "__eq__", _equal))
        # NumPy's arrays then leave the operation to the tensor.
        stack.enter_context(mock.patch.object(KerasTensor, "__array_ufunc__", None, create=True))
        for name in (f"__{one}__" for one in _COMPARISONS):
            left = _leaving_symbolic_ones(getattr(tf.Tensor, name))
            stack.enter_context(mock.patch.object(tf.Tensor, name, left))
        yield


def _in_own_type(tensor: KerasTensor, other: Any) -> Any:
    """The other operand, if NumPy's and a float like the tensor or an integer like it, in the
    tensor's type.
    """
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    kinds = "f" if is_float(dtype) else "iu" if "int" in dtype else ""
    if not isinstance(other, np.ndarray | np.generic) or other.dtype.kind not in kinds:
        return other
    return other.item() if other.ndim == 0 else keras.ops.convert_to_tensor(other, dtype)


def _with_operand_in_own_type(
    operator: Callable[..., Any], divides: bool = False
) -> Callable[..., Any]:
    """divides: integers, of which TensorFlow makes float64 of those of more than two bytes."""

    def own(self: KerasTensor, other: Any) -> Any:
        dtype = keras.backend.standardize_dtype(self.dtype)
        if divides and "int" in dtype:
            wide = "float64" if np.dtype(dtype).itemsize > 2 else "float32"
            other = keras.ops.cast(other, wide) if isinstance(other, KerasTensor) else other
            return operator(keras.ops.cast(self, wide), other)
        return operator(self, _in_own_type(self, other))

    return own


def _equal(self: KerasTensor, other: Any) -> Any:
    """`x == 0` for each element, where Keras would compare the objects."""
    numbers = isinstance(
        other, KerasTensor | keras.Variable | np.ndarray | np.generic | int | float
    )
    if self is other or not (numbers or keras.ops.is_tensor(other)):
        return NotImplemented
    return keras.ops.equal(self, _in_own_type(self, other))


def _leaving_symbolic_ones(operator: Callable[..., Any]) -> Callable[..., Any]:
    def left(self: Any, other: Any) -> Any:
        return NotImplemented if isinstance(other, KerasTensor) else operator(self, other)

    return left
