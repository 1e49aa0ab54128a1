"""ContrastLimitedAdaptiveHistogramEqualization, sample by sample."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
from keras import ops

from kgen.trace.data_layers import as_in_predict
from kgen.trace.preprocessing import counted
from kgen.trace.table import lowers_layer

LEVELS = 256


@lowers_layer("ContrastLimitedAdaptiveHistogramEqualization")
def contrast_limited(layer: Any, inputs: Any, **options: Any) -> Any:
    """The layer's own call, but for the step whose indices run over all samples of a batch."""
    (inputs,) = as_in_predict(layer, (inputs,))
    with mock.patch.object(layer, "_clahe", lambda images: equalized(layer, images)):
        return layer.call(inputs, **options)


def equalized(layer: Any, images: Any) -> Any:
    """Each pixel's place in the clipped histograms of the four tiles around it, interpolated
    (Zuiderveld, 1994). images: (batch, height, width, channels), 0 to 255.
    """
    samples, height, width, channels = images.shape
    rows, columns = layer.tile_grid_size
    tile_height, tile_width = -(-height // rows), -(-width // columns)
    padding = (tile_height * rows - height, tile_width * columns - width)
    if any(padding):
        images = ops.pad(images, ((0, 0), *((0, more) for more in padding), (0, 0)), "symmetric")
    pixels = ops.cast(ops.clip(images, 0, 255), "int32")
    tiles = ops.reshape(pixels, (samples, rows, tile_height, columns, tile_width, channels))
    tiles = ops.transpose(tiles, (0, 1, 3, 5, 2, 4))
    area = tile_height * tile_width
    flat = ops.reshape(tiles, (samples, rows, columns, channels, area))
    levels = _levels(layer, counted(flat, LEVELS, "float32"), area)
    # A frame of the outermost tiles' levels, for pixels beyond their middles.
    levels = ops.concatenate([levels[:, :1], levels, levels[:, -1:]], axis=1)
    levels = ops.concatenate([levels[:, :, :1], levels, levels[:, :, -1:]], axis=2)
    levels = ops.reshape(levels, (samples, (rows + 2) * (columns + 2) * channels * LEVELS))
    above, down = _tiles(tile_height, rows)
    left, across = _tiles(tile_width, columns)
    down, across = down[:, None, None], across[None, :, None]

    def level(row: np.ndarray, column: np.ndarray) -> Any:
        tile = row[:, None, None] * (columns + 2) + column[None, :, None]
        first = ((tile * channels + np.arange(channels)) * LEVELS).astype(np.int32)
        places = ops.reshape(ops.add(pixels, first[None]), (samples, -1))
        return ops.reshape(ops.take_along_axis(levels, places, axis=1), images.shape)

    right, below = np.minimum(left + 1, columns + 1), np.minimum(above + 1, rows + 1)
    top = level(above, left) * (1 - across) + level(above, right) * across
    bottom = level(below, left) * (1 - across) + level(below, right) * across
    return (top * (1 - down) + bottom * down)[:, :height, :width, :]


def _levels(layer: Any, histogram: Any, area: int) -> Any:
    """Where each value of a tile's pixels goes: its share of the cumulated, clipped histogram."""
    if layer.clip_limit > 0:
        clipped = ops.minimum(histogram, float(np.float32(layer.clip_limit * area / LEVELS)))
        excess = ops.sum(histogram - clipped, axis=-1, keepdims=True)
        histogram = clipped + excess / LEVELS
    total = ops.cumsum(histogram, axis=-1)
    least = ops.min(total, axis=-1, keepdims=True)
    rest = area - least
    rest = ops.where(ops.equal(rest, 0), ops.ones_like(rest), rest)
    return ops.clip((total - least) * 255.0 / rest, 0, 255)


def _tiles(size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel along an axis: the tile, within the frame, whose middle is before it, and how
    far it is on the way to the next one's.
    """
    places = np.arange(size * count, dtype=np.float32)
    position = (places - np.float32(size / 2)) / np.float32(size) + np.float32(1)
    before = np.floor(position)
    return before.clip(0, count + 1).astype(int), position - before
