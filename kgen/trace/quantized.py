"""Layers that `model.quantize` changed: their own `quantized_call`, traced.

It is written with keras.ops, inside functions that also define a gradient, which tracing has no
use for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras.src.backend import any_symbolic_tensors
from keras.src.layers.core import dense, einsum_dense, reversible_embedding
from keras.src.quantizers import quantizers

from kgen.ir.value import Levels, rounded
from kgen.trace.builder import Builder
from kgen.trace.known import array_of


@contextmanager
def quantized_layers(builder: Builder) -> Iterator[None]:
    """Binds the functions that make weights of small numbers to ones that remember them."""

    def dequantized(numbers: Any, scale: Any, zero: Any, group: Any, group_axis: int = -1) -> Any:
        known = not any_symbolic_tensors((numbers, scale, zero, group))
        result = quantizers.dequantize_with_sz_map(numbers, scale, zero, group, group_axis)
        if not known:
            return result
        weights = array_of(result)
        numbers, scale, zero, group = map(array_of, (numbers, scale, zero, group))
        levels = _levels(numbers, scale, zero, group.astype(int), group_axis)
        return builder.tensor(builder.weights_of(weights, levels)) if levels else result

    def in_float8(x: Any, scale: Any, dtype: str, compute_dtype: str) -> Any:
        result = quantize_and_dequantize(x, scale, dtype, compute_dtype)
        if any_symbolic_tensors((x, scale)) or dtype != "float8_e4m3fn":
            return result
        weights, factor = array_of(result), array_of(scale)
        with np.errstate(all="ignore"):
            numbers = rounded(weights / factor, dtype)
        if weights.dtype != np.float32 or not np.array_equal(numbers * factor, weights):
            return result
        whole = np.broadcast_to(factor, weights.shape)
        levels = Levels(numbers, whole, np.zeros(weights.shape, np.int8))
        return builder.tensor(builder.weights_of(weights, levels))

    quantize_and_dequantize = quantizers.quantize_and_dequantize
    with ExitStack() as stack:
        for module in (quantizers, keras.src.quantizers):
            stack.enter_context(mock.patch.object(module, "quantize_and_dequantize", in_float8))
        for module in (dense, einsum_dense, reversible_embedding):
            stack.enter_context(mock.patch.object(module, "dequantize_with_sz_map", dequantized))
        yield


def _levels(
    numbers: np.ndarray, scale: np.ndarray, zero: np.ndarray, group: np.ndarray, axis: int
) -> Levels | None:
    """Of weights in groups along the axis; group: which one each row or column belongs to.

    None if zeros, which Keras has as floats in some layers, are no integers of eight bits.
    """
    if numbers.dtype == np.uint8:
        middle = 8 if numbers.max(initial=0) < 16 else 128
        numbers, zero = (x.astype(np.int16) - middle for x in (numbers, zero))
    whole = [x.astype(np.int8) for x in (numbers, zero)]
    if not all(map(np.array_equal, whole, (numbers, zero))):
        return None
    return Levels(whole[0], scale.take(group, axis), whole[1].take(group, axis))


def levels_of(layer: keras.Layer, data: np.ndarray) -> Levels | None:
    """What an array was made of, if it is the kernel of an EinsumDense with one scale for each
    unit: that layer divides it by its scales before the product, unlike Dense.
    """
    if not isinstance(layer, einsum_dense.EinsumDense) or layer.quantization_mode != "int4":
        return None
    if getattr(layer, "_int4_block_size", None) not in (None, -1) or data.dtype != np.float32:
        return None
    columns = layer._int4_unpacked_column_size
    numbers = array_of(quantizers.unpack_int4(layer._kernel.value, columns, axis=-1))
    divisor = array_of(layer.kernel_scale.value)
    if data.size != numbers.size or not np.array_equal(
        numbers / divisor, data.reshape(numbers.shape)
    ):
        return None
    scale = np.broadcast_to(1 / divisor, numbers.shape)
    zero = np.zeros(numbers.shape, np.int8)
    return Levels(numbers, scale, zero).each(lambda array: array.reshape(data.shape))


def call_of(layer: keras.Layer) -> Callable[..., Any]:
    """What the layer does at inference: its call, or the quantized one."""
    quantized = getattr(layer, "quantization_mode", None) is not None
    call: Callable[..., Any] = layer.quantized_call if quantized else layer.call
    return call


def unpacked_weight(layer: keras.Layer, data: np.ndarray) -> str:
    """What to call an array that a quantized layer made of its packed weights; "" if it is none."""
    if getattr(layer, "quantization_mode", None) != "int4" or data.ndim < 2:
        return ""
    return "embeddings" if hasattr(layer, "_embeddings") else "kernel"
