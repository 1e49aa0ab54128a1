"""Weights that Keras 1, or cuDNN's layers, kept in another layout."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from kgen.legacy.removed import LocallyConnected

Arrays = list[np.ndarray]


def converted(layer: keras.Layer, arrays: Arrays) -> Arrays:
    """The layer's weights as Keras 3 keeps them, told from others by their number and shapes."""
    if isinstance(layer, keras.layers.Bidirectional):
        half = len(arrays) // 2
        return [
            *converted(layer.forward_layer, arrays[:half]),
            *converted(layer.backward_layer, arrays[half:]),
        ]
    if isinstance(layer, keras.layers.TimeDistributed):
        return converted(layer.layer, arrays)
    if isinstance(layer, keras.layers.LSTM) and len(arrays) == 12:
        arrays = _gates_joined(arrays, order=(0, 2, 1, 3))  # were: input, cell, forget, output
    if isinstance(layer, keras.layers.GRU) and len(arrays) == 9:
        arrays = _gates_joined(arrays, order=(0, 1, 2))
    if isinstance(layer, keras.layers.LSTM | keras.layers.GRU) and len(arrays) == 3:
        return _of_cudnn(layer, arrays)
    if isinstance(layer, LocallyConnected):
        return [layer.own_kernel(arrays[0]), *arrays[1:]]
    if isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D | keras.layers.Conv3D):
        return [_kernel(layer, arrays[0]), *arrays[1:]] if arrays else arrays
    return arrays


def _gates_joined(arrays: Arrays, order: tuple[int, ...]) -> Arrays:
    """Given:   a kernel, a recurrent kernel and a bias for each gate
    Result:  one of each, the gates side by side in this order"""
    return [np.concatenate([arrays[3 * gate + k] for gate in order], axis=-1) for k in range(3)]


def _of_cudnn(layer: keras.Layer, arrays: Arrays) -> Arrays:
    """Given:   the weights of a CuDNNLSTM or CuDNNGRU, which has two biases
    Result:  those of an LSTM, which has their sum, or of a GRU that resets after the product"""
    kernel, recurrent, bias = arrays
    gates = 4 if isinstance(layer, keras.layers.LSTM) else 3
    if bias.shape != (2 * gates * recurrent.shape[0],):
        return arrays
    kernel = _each_gate(kernel, gates, lambda k: k.T.reshape(k.shape, order="F"))
    recurrent = _each_gate(recurrent, gates, lambda k: k.T)
    both = bias.reshape(2, -1)
    return [kernel, recurrent, both.sum(axis=0) if gates == 4 else both]


def _each_gate(
    kernels: np.ndarray, gates: int, change: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    return np.hstack([change(kernel) for kernel in np.hsplit(kernels, gates)])


def _kernel(layer: keras.Layer, kernel: np.ndarray) -> np.ndarray:
    """A convolution's kernel: with the filters last, and without the second axis that those of one
    dimension had.
    """
    wanted = tuple(layer.kernel.shape)
    if kernel.shape == wanted:
        return kernel
    first = np.moveaxis(kernel, (0, 1), (-1, -2))  # (filters, channels, *window)
    for candidate in (kernel, first):
        squeezed = candidate.reshape([n for axis, n in enumerate(candidate.shape) if axis != 1])
        if candidate.shape == wanted:
            return candidate
        if candidate.shape[1] == 1 and squeezed.shape == wanted:
            return squeezed
    return kernel
