"""The order in which elements are read and written, where a node's output may follow its input
through the same memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def trail(first: np.ndarray, units: int) -> int:
    """How many elements before x's y must begin at least (see Node.trail).

    first: for each pixel of y, in order, the number of the first element of x that it needs.
    units: elements of a pixel; all need the same of x, and each is written once it is computed.
    """
    needed = np.minimum.accumulate(first[::-1])[::-1].astype(np.int64)  # by a pixel or a later one
    begin = np.arange(len(first)) * units
    last = [begin[:-1] + units - needed[1:]]  # the last unit, then the next pixel reads
    if units > 1:
        last.append(begin + units - 1 - needed)
    return int(max((array.max() for array in last if array.size), default=-needed[-1]))


def first_taps(
    input_sizes: Sequence[int],
    output_sizes: Sequence[int],
    strides: Sequence[int],
    before: Sequence[int],
    channels: int,
) -> np.ndarray:
    """For each pixel of a window operation's output the first element of x, channels last, that its
    window may hold. before: the padding.
    """
    places = [
        np.clip(np.arange(size) * stride - pad, 0, max(length - 1, 0))
        for size, stride, pad, length in zip(
            output_sizes, strides, before, input_sizes, strict=True
        )
    ]
    at = np.zeros((), np.int64)
    for place, length in zip(places, input_sizes, strict=True):
        at = at[..., None] * length + place
    return at.ravel() * channels
