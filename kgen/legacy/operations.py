"""TensorFlow's functions in functional models of Keras 2, with keras.ops behind their names.

Keras 2 wrapped each call of a TensorFlow function on its symbolic tensors in a layer (TFOpLambda,
SlicingOpLambda) whose configuration has the function's name, and whose call its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import keras
import numpy as np
from keras import ops

Function = Callable[..., Any]


def _two(function: Function) -> Function:
    return lambda x, y: function(x, y)


def _one(function: Function) -> Function:
    """Of one array, whatever TensorFlow calls it."""
    return lambda x: function(x)


def _reduction(function: Function) -> Function:
    def call(input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(input_tensor, axis=axis, keepdims=keepdims)

    return call


def _getitem(x: Any, slice_spec: Any) -> Any:
    """x[slice_spec]; a slice is a dictionary there."""

    def part(item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        if item.get("class_name") == "__ellipsis__":
            return ...
        return slice(item["start"], item["stop"], item["step"])

    spec = slice_spec if isinstance(slice_spec, list | tuple) else [slice_spec]
    return x[tuple(part(item) for item in spec)]


def _matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    a = ops.swapaxes(a, -1, -2) if transpose_a else a
    return ops.matmul(a, ops.swapaxes(b, -1, -2) if transpose_b else b)


def _transpose(a: Any, perm: Any = None, conjugate: bool = False) -> Any:
    return ops.transpose(a, perm)


def _pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Any:
    if mode != "CONSTANT":
        return ops.pad(tensor, paddings, mode.lower())
    return ops.pad(tensor, paddings, constant_values=constant_values)


def _gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0
) -> Any:
    if batch_dims:
        raise ValueError("tf.gather with batch_dims; write it with keras.ops.take_along_axis")
    return ops.take(params, ops.convert_to_tensor(indices), axis=axis or 0)


def _split(value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None) -> Any:
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis)
    return ops.split(value, np.cumsum(num_or_size_splits)[:-1].tolist(), axis)


def _cumulative(function: Function) -> Function:
    def call(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Any:
        if exclusive:
            raise ValueError("a cumulative function with exclusive=True; write it with keras.ops")
        x = ops.flip(x, axis) if reverse else x
        x = function(x, axis=axis)
        return ops.flip(x, axis) if reverse else x

    return call


def _place(function: Function) -> Function:
    """argmax or argmin, for which TensorFlow takes -0.0 for 0.0 and Keras 3 does not."""

    def call(x: Any, axis: int = 0) -> Any:
        return function(ops.where(ops.equal(x, 0), ops.zeros_like(x), x), axis=axis)

    return call


def _resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
) -> Any:
    if preserve_aspect_ratio:
        raise ValueError("tf.image.resize with preserve_aspect_ratio; give it the size")
    return ops.image.resize(images, tuple(size), interpolation=method, antialias=antialias)


def _l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(squares, epsilon))


def _bias_add(value: Any, bias: Any, data_format: Any = None) -> Any:
    bias = ops.convert_to_tensor(bias)
    if data_format is not None and data_format.startswith("NC"):
        bias = ops.reshape(bias, (-1, *[1] * (len(value.shape) - 2)))
    return ops.add(value, bias)


def _data_format(name: str) -> str:
    return "channels_first" if name.startswith("NC") else "channels_last"


BINARY: dict[str, Function] = {
    "math.add": ops.add,
    "__operators__.add": ops.add,
    "math.subtract": ops.subtract,
    "math.multiply": ops.multiply,
    "math.truediv": ops.true_divide,
    "math.divide": ops.true_divide,
    "math.floordiv": ops.floor_divide,
    "math.floormod": ops.mod,
    "math.pow": ops.power,
    "math.maximum": ops.maximum,
    "math.minimum": ops.minimum,
    "math.squared_difference": lambda x, y: ops.square(x - y),
    "math.greater": ops.greater,
    "math.greater_equal": ops.greater_equal,
    "math.less": ops.less,
    "math.less_equal": ops.less_equal,
    "math.equal": ops.equal,
    "math.not_equal": ops.not_equal,
    "__operators__.eq": ops.equal,
    "__operators__.ne": ops.not_equal,
    "math.logical_and": ops.logical_and,
    "math.logical_or": ops.logical_or,
    "math.divide_no_nan": ops.divide_no_nan,
    "compat.v1.floor_div": ops.floor_divide,
}

UNARY: dict[str, Function] = {
    "math.abs": ops.abs,
    "math.negative": ops.negative,
    "math.square": ops.square,
    "math.sqrt": ops.sqrt,
    "math.rsqrt": ops.rsqrt,
    "math.exp": ops.exp,
    "math.log": ops.log,
    "math.log1p": ops.log1p,
    "math.sin": ops.sin,
    "math.cos": ops.cos,
    "math.tan": ops.tan,
    "math.asin": ops.arcsin,
    "math.acos": ops.arccos,
    "math.atan": ops.arctan,
    "math.sinh": ops.sinh,
    "math.cosh": ops.cosh,
    "math.expm1": ops.expm1,
    "math.is_nan": ops.isnan,
    "math.log_sigmoid": ops.log_sigmoid,
    "math.tanh": ops.tanh,
    "math.sigmoid": ops.sigmoid,
    "math.softplus": ops.softplus,
    "math.sign": ops.sign,
    "math.floor": ops.floor,
    "math.ceil": ops.ceil,
    "math.round": ops.round,
    "math.erf": ops.erf,
    "math.reciprocal": ops.reciprocal,
    "math.logical_not": ops.logical_not,
    "nn.softsign": ops.softsign,
    "nn.relu": ops.relu,
    "nn.relu6": ops.relu6,
    "nn.elu": ops.elu,
    "nn.selu": ops.selu,
    "nn.silu": ops.silu,
    "nn.swish": ops.silu,
    "identity": lambda x: x,
    "stop_gradient": lambda x: x,
    "zeros_like": ops.zeros_like,
    "ones_like": ops.ones_like,
}

REDUCTIONS: dict[str, Function] = {
    "math.reduce_mean": ops.mean,
    "math.reduce_sum": ops.sum,
    "math.reduce_prod": ops.prod,
    "math.reduce_max": ops.max,
    "math.reduce_min": ops.min,
    "math.reduce_any": ops.any,
    "math.reduce_all": ops.all,
    "math.reduce_std": ops.std,
    "math.reduce_variance": ops.var,
    "math.reduce_logsumexp": ops.logsumexp,
}

FUNCTIONS: dict[str, Function] = {
    **{name: _two(function) for name, function in BINARY.items()},
    **{name: _one(function) for name, function in UNARY.items()},
    **{name: _reduction(function) for name, function in REDUCTIONS.items()},
    "__operators__.getitem": _getitem,
    "cast": lambda x, dtype: ops.cast(x, dtype),
    "concat": lambda values, axis: ops.concatenate(values, axis),
    "stack": lambda values, axis=0: ops.stack(values, axis),
    "expand_dims": lambda x, axis: ops.expand_dims(x, axis),
    "compat.v1.squeeze": lambda x, axis=None: ops.squeeze(x, axis),
    "squeeze": lambda x, axis=None: ops.squeeze(x, axis),
    "reshape": lambda tensor, shape: ops.reshape(tensor, shape),
    "compat.v1.transpose": _transpose,
    "transpose": _transpose,
    "tile": lambda x, multiples: ops.tile(x, multiples),
    "compat.v1.pad": _pad,
    "pad": _pad,
    "reverse": lambda tensor, axis: ops.flip(tensor, axis),
    "clip_by_value": lambda t, clip_value_min, clip_value_max: ops.clip(
        t, clip_value_min, clip_value_max
    ),
    "where": lambda condition, x, y: ops.where(condition, x, y),
    "one_hot": lambda indices, depth: ops.one_hot(indices, depth),
    "compat.v1.gather": _gather,
    "gather": _gather,
    "math.atan2": lambda y, x: ops.arctan2(y, x),
    "split": _split,
    "unstack": lambda value, num=None, axis=0: ops.unstack(value, axis=axis),
    "broadcast_to": lambda x, shape: ops.broadcast_to(x, tuple(shape)),
    "image.resize": _resize,
    "math.add_n": lambda inputs: reduce(ops.add, inputs),
    "math.cumsum": _cumulative(ops.cumsum),
    "math.cumprod": _cumulative(ops.cumprod),
    "math.argmin": _place(ops.argmin),
    "nn.space_to_depth": lambda x, block_size, data_format="NHWC": ops.space_to_depth(
        x, block_size, _data_format(data_format)
    ),
    "nn.depth_to_space": lambda x, block_size, data_format="NHWC": ops.depth_to_space(
        x, block_size, _data_format(data_format)
    ),
    "linalg.matmul": _matmul,
    "math.l2_normalize": _l2_normalize,
    "math.argmax": _place(ops.argmax),
    "nn.softmax": lambda logits, axis=-1: ops.softmax(logits, axis),
    "nn.log_softmax": lambda logits, axis=-1: ops.log_softmax(logits, axis),
    "nn.leaky_relu": lambda features, alpha=0.2: ops.leaky_relu(features, alpha),
    "nn.gelu": lambda features, approximate=False: ops.gelu(features, approximate),
    "nn.bias_add": _bias_add,
}
"""{TensorFlow's name: the function, with TensorFlow's names for all its arguments but the first}"""


class TensorFlowFunction(keras.Layer):  # type: ignore[misc]
    """A call of one of FUNCTIONS."""

    def __init__(
        self, function: str, constants: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """constants: the arguments that are no tensors, by TensorFlow's names. One called
        "argument" says which one the call's first tensor is, if it isn't the function's first.
        """
        super().__init__(**options)
        self.function = function
        self.constants = constants or {}

    def call(self, first: Any, **tensors: Any) -> Any:
        arguments = {**self.constants, **tensors}
        arguments.pop("name", None)
        argument = arguments.pop("argument", None)
        if argument is not None:
            return FUNCTIONS[self.function](**{argument: first}, **arguments)
        return FUNCTIONS[self.function](first, **arguments)

    def get_config(self) -> dict[str, Any]:
        own = {"function": self.function, "constants": self.constants}
        return {**super().get_config(), **own}


OPERATIONS = {"TFOpLambda": TensorFlowFunction, "SlicingOpLambda": TensorFlowFunction}
"""For Keras's custom_object_scope."""
