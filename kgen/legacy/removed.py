"""Layers of Keras 1 and 2 that Keras 3 has no more, written with keras.ops."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class LocallyConnected(layers.Layer):  # type: ignore[misc]
    """A convolution with a kernel of its own at each position.

    kernel: (positions, features of a window, filters). bias: (*positions, filters).
    """

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.filters = filters
        self.kernel_size = self._each(kernel_size)
        self.strides = self._each(strides)
        self.padding = padding
        self.data_format = data_format or "channels_last"
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.sizes: tuple[int, ...] = ()
        self.input_sizes: tuple[int, ...] = ()

    def _each(self, number: int | Sequence[int]) -> tuple[int, ...]:
        return (number,) * self.rank if isinstance(number, int) else tuple(number)

    def build(self, input_shape: Sequence[int]) -> None:
        first = self.data_format == "channels_first"
        channels = input_shape[1 if first else -1]
        self.input_sizes = tuple(input_shape[2:] if first else input_shape[1:-1])
        self.sizes = tuple(
            -(-size // stride) if self.padding == "same" else (size - window) // stride + 1
            for size, window, stride in zip(
                self.input_sizes, self.kernel_size, self.strides, strict=True
            )
        )
        features = prod(self.kernel_size) * channels
        self.kernel = self.add_weight(
            shape=(prod(self.sizes), features, self.filters), name="kernel"
        )
        self.bias = (
            self.add_weight(shape=(*self.sizes, self.filters), name="bias")
            if self.use_bias
            else None
        )

    @property
    def starts(self) -> tuple[int, ...]:
        """Where the first window begins: "same" was half a window before the first element."""
        return tuple(-(size // 2) if self.padding == "same" else 0 for size in self.kernel_size)

    def call(self, inputs: Any) -> Any:
        first = self.data_format == "channels_first"
        order = range(1, self.rank + 1)
        x = ops.transpose(inputs, (0, *(axis + 1 for axis in order), 1)) if first else inputs
        ends = [
            max(start + (count - 1) * stride + window - size, 0)
            for start, count, stride, window, size in zip(
                self.starts,
                self.sizes,
                self.strides,
                self.kernel_size,
                self.input_sizes,
                strict=True,
            )
        ]
        around = [(-start, end) for start, end in zip(self.starts, ends, strict=True)]
        x = ops.pad(x, [(0, 0), *around, (0, 0)])
        parts = []
        for offsets in product(*map(range, self.kernel_size)):
            windows = (
                slice(offset, offset + (count - 1) * stride + 1, stride)
                for offset, count, stride in zip(offsets, self.sizes, self.strides, strict=True)
            )
            parts.append(x[(slice(None), *windows)])
        # A window's channels are together, or with channels first its elements of each channel.
        x = ops.stack(parts, axis=-1 if first else -2)
        x = ops.reshape(x, (-1, *self.kernel.shape[:2]))
        y = ops.einsum("npf,pfu->npu", x, self.kernel)
        y = ops.reshape(y, (-1, *self.sizes, self.filters))
        y = ops.transpose(y, (0, self.rank + 1, *order)) if first else y
        if self.bias is not None:
            # With channels first the numbers are read in another order, not transposed.
            shape = (self.filters, *self.sizes) if first else (*self.sizes, self.filters)
            y = y + ops.reshape(self.bias, shape)
        return self.activation(y)

    def load_own_variables(self, store: Any) -> None:
        """Keras calls it for a .keras archive."""
        self.kernel.assign(self.own_kernel(np.asarray(store["0"])))
        if self.bias is not None:
            self.bias.assign(store["1"])

    def own_kernel(self, kernel: np.ndarray) -> np.ndarray:
        """The kernel as it is kept here, from what any of the three implementations kept."""
        if kernel.shape == tuple(self.kernel.shape):
            return kernel
        channels = self.kernel.shape[1] // prod(self.kernel_size)
        if kernel.ndim == 1:
            kernel = self._full_kernel(kernel, channels)
        if kernel.ndim != 2 * self.rank + 2:
            return kernel
        return self._windows(kernel, channels)

    def _full_kernel(self, numbers: np.ndarray, channels: int) -> np.ndarray:
        """The product's matrix, of which a file of implementation 3 has what is not zero alone."""
        before, after = (channels, *self.input_sizes), (self.filters, *self.sizes)
        if self.data_format == "channels_last":
            before, after = (*self.input_sizes, channels), (*self.sizes, self.filters)
        used = np.zeros((*after, *before), bool)
        for place, window in self._connected():
            used[(*self._around(place), *self._around(window))] = True
        if used.sum() != numbers.size:
            return numbers
        full = np.zeros(used.shape, numbers.dtype)
        full[used] = numbers
        half = self.rank + 1
        return full.transpose(*range(half, 2 * half), *range(half))

    def _windows(self, kernel: np.ndarray, channels: int) -> np.ndarray:
        """The part of the product's matrix in each window. kernel: (*input, *output)."""
        first = self.data_format == "channels_first"
        sizes = (*self.sizes, *self.kernel_size, channels, self.filters)
        found = np.zeros(sizes, kernel.dtype)
        for place, window in self._connected():
            block = kernel[(*self._around(window), *self._around(place))]
            # (channels, *window, filters) or (*window, channels, filters), all in the image
            block = np.moveaxis(block, 0, -2) if first else block
            inside = tuple(
                slice(part.start - at * stride - start, part.stop - at * stride - start)
                for part, at, stride, start in zip(
                    window, place, self.strides, self.starts, strict=True
                )
            )
            found[(*place, *inside)] = block
        if first:  # the elements of each channel together
            found = np.moveaxis(found, -2, self.rank)
        return found.reshape(self.kernel.shape)

    def _connected(self) -> Any:
        """Each position, and the part of the input that its window covers."""
        for place in product(*map(range, self.sizes)):
            yield (
                place,
                tuple(
                    slice(max(at * stride + start, 0), min(at * stride + start + window, size))
                    for at, stride, start, window, size in zip(
                        place,
                        self.strides,
                        self.starts,
                        self.kernel_size,
                        self.input_sizes,
                        strict=True,
                    )
                ),
            )

    def _around(self, place: tuple[Any, ...]) -> tuple[Any, ...]:
        """The index of a position's channels."""
        first = self.data_format == "channels_first"
        return (slice(None), *place) if first else (*place, slice(None))

    def get_config(self) -> dict[str, Any]:
        own = ("filters", "kernel_size", "strides", "padding", "data_format", "use_bias")
        activation = keras.activations.serialize(self.activation)
        return {
            **super().get_config(),
            **{key: getattr(self, key) for key in own},
            "activation": activation,
        }


class LocallyConnected1D(LocallyConnected):
    rank = 1


class LocallyConnected2D(LocallyConnected):
    rank = 2


class BatchNormalizationOverAxes(layers.Layer):  # type: ignore[misc]
    """BatchNormalization with numbers of their own for each element of several axes together.

    All weights have the inputs' rank, of length one along the axes that are none of these.
    """

    def __init__(
        self,
        axis: Sequence[int],
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.axis = tuple(axis)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale

    def build(self, input_shape: Sequence[int]) -> None:
        rank = len(input_shape)
        axes = [axis % rank for axis in self.axis]
        shape = tuple(size if axis in axes else 1 for axis, size in enumerate(input_shape))
        self.gamma = self.add_weight(shape=shape, name="gamma") if self.scale else None
        self.beta = self.add_weight(shape=shape, name="beta") if self.center else None
        self.moving_mean = self.add_weight(shape=shape, name="moving_mean", trainable=False)
        self.moving_variance = self.add_weight(shape=shape, name="moving_variance", trainable=False)

    def call(self, inputs: Any) -> Any:
        scale = ops.rsqrt(self.moving_variance + self.epsilon)
        scale = scale if self.gamma is None else scale * self.gamma
        y = (inputs - self.moving_mean) * scale
        return y if self.beta is None else y + self.beta

    def get_config(self) -> dict[str, Any]:
        own = ("axis", "epsilon", "center", "scale")
        return {**super().get_config(), **{key: getattr(self, key) for key in own}}


def _swapped(x: Any) -> Any:
    """With the first two axes, or sizes, the other way round."""
    if x is None or isinstance(x, list | tuple):
        return x and (x[1], x[0], *x[2:])
    return ops.swapaxes(x, 0, 1)


class _TimeMajor:
    """What makes a recurrent layer take and return sequences with the steps on the first axis."""

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        super().build(_swapped(sequences_shape), initial_state_shape)  # type: ignore[misc]

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        shapes = super().compute_output_shape(_swapped(sequences_shape), initial_state_shape)  # type: ignore[misc]
        return self._steps_first(shapes)

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        outputs = super().call(_swapped(sequences), initial_state, _swapped(mask), training)  # type: ignore[misc]
        return self._steps_first(outputs)

    def _steps_first(self, outputs: Any) -> Any:
        if not self.return_sequences:  # type: ignore[attr-defined]
            return outputs
        if self.return_state:  # type: ignore[attr-defined]
            return (_swapped(outputs[0]), *outputs[1:])
        return _swapped(outputs)


RECURRENT = (layers.SimpleRNN, layers.LSTM, layers.GRU, layers.RNN)

LAYERS: dict[str, type[keras.Layer]] = {
    **{f"TimeMajor{one.__name__}": type(one.__name__, (_TimeMajor, one), {}) for one in RECURRENT},
    **{
        one.__name__: one
        for one in (LocallyConnected1D, LocallyConnected2D, BatchNormalizationOverAxes)
    },
}
"""By the names that configurations have for them once they are rewritten."""
