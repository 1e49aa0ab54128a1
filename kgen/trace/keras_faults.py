"""What of Keras ends the process instead of raising an exception."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from keras.src.backend.tensorflow import nn


@contextmanager
def without_empty_pooling() -> Iterator[None]:
    """Adaptive pooling to one position pools windows larger than the image as well (Keras 3.15),
    from which it takes nothing; of those TensorFlow's CPU kernel for maxima divides by zero.
    """
    name = "compute_adaptive_pooling_window_sizes"
    sizes = getattr(nn, name, None)
    if sizes is None:
        yield
        return

    def within(length: int, outputs: int) -> tuple[int, int]:
        small, big = sizes(length, outputs)
        return small, big if big <= length else small

    with mock.patch.object(nn, name, within):
        yield
