"""keras.ops.image, as compositions of other operations: colours, patches, filters and warps."""

from __future__ import annotations

import itertools
import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.trace.builder import UnsupportedError
from kgen.trace.known import array_of
from kgen.trace.nn_ops import same_padding
from kgen.trace.resampling import interpolation_kernel
from kgen.trace.table import decomposes


@decomposes("SSIM", "PadImages", "CropImages")
def written_in_operations(op: Any, *args: Any) -> Any:
    """Keras composes these of other operations itself."""
    return op.call(*args)


@decomposes("ElasticTransform")
def elastic_transform(op: Any, images: Any) -> Any:
    raise UnsupportedError("elastic_transform is random; export the model without it")


def _channels_last(op: Any, images: Any) -> Any:
    return images if op.data_format == "channels_last" else ops.moveaxis(images, -3, -1)


def _restored(op: Any, images: Any) -> Any:
    return images if op.data_format == "channels_last" else ops.moveaxis(images, -1, -3)


# Colours


@decomposes("RGBToGrayscale")
def rgb_to_grayscale(op: Any, images: Any) -> Any:
    axis = -1 if op.data_format == "channels_last" else -3
    if images.shape[axis] == 1:
        return ops.convert_to_tensor(images)
    dtype = keras.backend.standardize_dtype(images.dtype)
    shares = np.array([0.2989, 0.5870, 0.1140], keras.backend.result_type(dtype, float))
    shape = [1] * len(images.shape)
    shape[axis] = 3
    weighted = ops.cast(images, str(shares.dtype)) * shares.reshape(shape)
    return ops.cast(ops.sum(weighted, axis=axis, keepdims=True), dtype)


@decomposes("RGBToHSV")
def rgb_to_hsv(op: Any, images: Any) -> Any:
    """Hue, saturation and value, each from 0 to 1 (Smith, 1978)."""
    images = _channels_last(op, images)
    red, green, blue = (images[..., channel] for channel in range(3))
    value = ops.max(images, axis=-1)
    spread = value - ops.min(images, axis=-1)
    saturation = ops.where(value > 0, spread / value, 0.0)
    unit = 1.0 / (6.0 * spread)
    hue = ops.where(
        ops.equal(red, value),
        unit * (green - blue),
        ops.where(
            ops.equal(green, value), unit * (blue - red) + 2 / 6, unit * (red - green) + 4 / 6
        ),
    )
    hue = ops.where(spread > 0, hue, 0.0)
    hue = ops.where(hue < 0, hue + 1.0, hue)
    return _restored(op, ops.stack([hue, saturation, value], axis=-1))


@decomposes("HSVToRGB")
def hsv_to_rgb(op: Any, images: Any) -> Any:
    images = _channels_last(op, images)
    hue, saturation, value = images[..., :1], images[..., 1:2], images[..., 2:]
    sixths = hue * 6.0
    pure = ops.concatenate(
        [
            ops.abs(sixths - 3.0) - 1.0,
            2.0 - ops.abs(sixths - 2.0),
            2.0 - ops.abs(sixths - 4.0),
        ],
        axis=-1,
    )
    rgb = ((1.0 - saturation) + saturation * ops.clip(pure, 0.0, 1.0)) * value
    return _restored(op, rgb)


# Patches and filters


@decomposes("ExtractPatches")
def extract_patches(op: Any, images: Any) -> Any:
    """Each patch's elements, tap by tap, along the channels."""
    rank = 3 if not isinstance(op.size, int) and len(op.size) == 3 else 2
    last = op.data_format == "channels_last"

    def each(value: Any) -> tuple[int, ...]:
        return (value,) * rank if isinstance(value, int) else tuple(value)

    size, rate = each(op.size), each(op.dilation_rate)
    strides = size if not op.strides else each(op.strides)
    lead = len(images.shape) - rank - 1
    x = images if last else ops.moveaxis(images, lead, -1)
    sizes = x.shape[lead:-1]
    if op.padding == "same":
        around = same_padding(sizes, size, strides, rate)
        x = ops.pad(x, [*((0, 0),) * lead, *around, (0, 0)])
        sizes = x.shape[lead:-1]
    counts = [
        (whole - (taps - 1) * d - 1) // s + 1
        for whole, taps, d, s in zip(sizes, size, rate, strides, strict=True)
    ]
    parts = []
    for taps in itertools.product(*map(range, size)):
        places = [
            slice(tap * d, tap * d + s * (n - 1) + 1, s)
            for tap, d, s, n in zip(taps, rate, strides, counts, strict=True)
        ]
        parts.append(x[(*(slice(None),) * lead, *places)])
    patches = ops.concatenate(parts, axis=-1)
    return patches if last else ops.moveaxis(patches, -1, lead)


def _filtered(images: Any, kernel: np.ndarray, padding: str) -> Any:
    """Each channel's convolution with the kernel, (height, width, filters)."""
    single = len(images.shape) == 3
    x = ops.expand_dims(images, 0) if single else images
    channels = x.shape[-1]
    wide = np.repeat(kernel[:, :, None, :], channels, axis=2).astype(x.dtype)
    y = ops.depthwise_conv(x, wide, strides=1, padding=padding, data_format="channels_last")
    return ops.squeeze(y, axis=0) if single else y


@decomposes("GaussianBlur")
def gaussian_blur(op: Any, images: Any) -> Any:
    rows = []
    for size, sigma in zip(op.kernel_size, op.sigma, strict=True):
        x = np.arange(size) - (size - 1) / 2
        row = np.exp(-0.5 * (x / sigma) ** 2)
        rows.append(row / row.sum())
    # As in Keras 3.15: the second size's weights lie along the rows.
    kernel = np.outer(rows[1], rows[0]).reshape(*op.kernel_size, 1)
    return _restored(op, _filtered(_channels_last(op, images), kernel, "same"))


@decomposes("SobelEdges")
def sobel_edges(op: Any, images: Any) -> Any:
    """The slopes downwards and to the right, along a new last axis."""
    x = _channels_last(op, images)
    down = np.outer([-1, 0, 1], [1, 2, 1])
    kernel = np.stack([down, down.T], axis=-1)
    padded = ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")
    edges = ops.reshape(_filtered(padded, kernel, "valid"), (*x.shape, 2))
    return edges if op.data_format == "channels_last" else ops.moveaxis(edges, -2, 1)


# Warps


@decomposes("AffineTransform")
def affine_transform(op: Any, images: Any, transform: Any) -> Any:
    return _warped(op, images, transform, op.fill_mode)


@decomposes("PerspectiveTransform")
def perspective_transform(op: Any, images: Any, start_points: Any, end_points: Any) -> Any:
    """The projection that leads from four points of the result to four of the image."""
    start, end = (
        ops.cast(ops.convert_to_tensor(points), "float32") for points in (start_points, end_points)
    )
    if len(start.shape) == 2:
        start, end = ops.expand_dims(start, 0), ops.expand_dims(end, 0)
    rows, targets = [], []
    for point in range(4):
        x, y = end[:, point, 0], end[:, point, 1]
        one, none = ops.ones_like(x), ops.zeros_like(x)
        for axis, lead in ((0, ()), (1, (none,) * 3)):
            target = start[:, point, axis]
            row = [*lead, x, y, one, *((none,) * 3 if axis == 0 else ())]
            rows.append(ops.stack([*row, -target * x, -target * y], axis=-1))
            targets.append(target)
    matrix, right = ops.stack(rows, axis=1), ops.stack(targets, axis=-1)
    return _warped(op, images, ops.solve(matrix, right), "constant")


def _warped(op: Any, images: Any, transform: Any, fill_mode: str) -> Any:
    """TensorFlow's ImageProjectiveTransformV3: for each place of the result the place in the image
    that the projection leads to.
    """
    single = len(images.shape) == 3
    x = _channels_last(op, ops.expand_dims(images, 0) if single else images)
    height, width, channels = x.shape[1:]
    c = ops.cast(ops.convert_to_tensor(transform), "float32")
    c = ops.reshape(c, (-1, 8)) if len(c.shape) == 1 else c
    places = np.arange(height * width, dtype=np.int32)
    row, column = (part.astype(np.float32) for part in np.divmod(places, width))
    a = [c[:, i : i + 1] for i in range(8)]
    scale = a[6] * column + a[7] * row + 1.0
    along_x = _inside((a[0] * column + a[1] * row + a[2]) / scale, width, fill_mode)
    along_y = _inside((a[3] * column + a[4] * row + a[5]) / scale, height, fill_mode)
    flat = ops.reshape(x, (x.shape[0], height * width, channels))
    fill = float(op.fill_value)

    def pixel(y: Any, x: Any) -> Any:
        within = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        place = ops.clip(y, 0, height - 1) * width + ops.clip(x, 0, width - 1)
        place = ops.cast(ops.where(within, place, 0.0), "int32")
        if isinstance(place, keras.KerasTensor):
            picked = ops.take_along_axis(flat, ops.expand_dims(place, -1), axis=1)
        else:  # known when exporting
            picked = ops.take(flat, place[0], axis=1)
        picked = ops.cast(picked, "float32")
        return ops.where(ops.expand_dims(within, -1), picked, fill)

    if op.interpolation == "nearest":
        result = pixel(_rounded(along_y), _rounded(along_x))
    else:
        top, left = ops.floor(along_y), ops.floor(along_x)
        down, right = (ops.expand_dims(z, -1) for z in (along_y - top, along_x - left))
        upper = (1 - right) * pixel(top, left) + right * pixel(top, left + 1)
        lower = (1 - right) * pixel(top + 1, left) + right * pixel(top + 1, left + 1)
        result = (1 - down) * upper + down * lower
    nowhere = ops.expand_dims(ops.equal(scale, 0), -1)
    result = ops.cast(ops.where(nowhere, fill, result), images.dtype)
    result = _restored(op, ops.reshape(result, x.shape))
    return ops.squeeze(result, axis=0) if single else result


def _rounded(x: Any) -> Any:
    """To the nearest whole number, halves away from zero."""
    return ops.sign(x) * ops.floor(ops.abs(x) + 0.5)


def _inside(x: Any, size: int, fill_mode: str) -> Any:
    """A coordinate brought into the image as the mode says."""
    if fill_mode == "constant":
        return x
    if fill_mode == "reflect":
        period = 2.0 * size
        low = ops.where(x < period, period * ops.trunc(-x / period) + x, x)
        low = ops.where(low < -size, low + period, -low - 1)
        high = x - period * ops.trunc(x / period)
        high = ops.where(high >= size, period - high - 1, high)
        x = ops.where(x < 0, low, ops.where(x > size - 1, high, x))
    elif fill_mode == "wrap":
        span = max(size - 1.0, 1.0)
        low = x + size * (ops.trunc(-x / span) + 1)
        high = x - size * ops.trunc(x / span)
        x = ops.where(x < 0, low, ops.where(x > size - 1, high, x))
    return ops.clip(x, 0, size - 1)


@decomposes("MapCoordinates")
def map_coordinates(op: Any, inputs: Any, coordinates: Any) -> Any:
    """The array read at places between its elements (keras/src/backend/tensorflow/image.py)."""
    if op.order not in (0, 1):
        raise UnsupportedError(
            f"map_coordinates with order={op.order} is not supported; what works is 0 and 1"
        )
    coordinates = ops.convert_to_tensor(coordinates)
    floating = "float" in keras.backend.standardize_dtype(coordinates.dtype)
    nodes = []
    for axis, size in enumerate(inputs.shape):
        place = coordinates[axis]
        if op.order == 0:
            near = ops.cast(ops.round(place) if floating else place, "int32")
            choices: list[tuple[Any, Any]] = [(near, 1)]
        else:
            lower = ops.floor(place)
            share, first = place - lower, ops.cast(lower, "int32")
            choices = [(first, 1 - share), (first + 1, share)]
        nodes.append([(*_fixed(index, size, op.fill_mode), weight) for index, weight in choices])
    flat, total = ops.reshape(inputs, (-1,)), None
    strides = [math.prod(inputs.shape[axis + 1 :]) for axis in range(len(inputs.shape))]
    for corner in itertools.product(*nodes):
        index, valid, share = 0, True, 1
        for (part, inside, weight), stride in zip(corner, strides, strict=True):
            index, share = part * stride + index, weight * share
            valid = inside if valid is True else ops.logical_and(valid, inside)
        value = ops.cast(ops.take(flat, index), coordinates.dtype)
        if op.fill_mode == "constant":
            value = ops.where(valid, value, ops.cast(op.fill_value, coordinates.dtype))
        value = value * share
        total = value if total is None else total + value
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    return ops.cast(total if "float" in dtype else ops.round(total), dtype)


def _fixed(index: Any, size: int, fill_mode: str) -> tuple[Any, Any]:
    """An index brought into range, and whether it was."""
    if fill_mode in ("constant", "nearest"):
        inside = ops.logical_and(index >= 0, index < size)
        return ops.clip(index, 0, size - 1), inside
    if fill_mode == "wrap":
        return ops.mod(index, size), True
    rest = ops.mod(ops.abs(index), 2 * size)
    mirrored = 2 * size - rest - (1 if fill_mode == "reflect" else 0)
    return ops.where(rest < size, rest, mirrored), True


_PLAIN_NAMES = {
    **dict.fromkeys(("linear", "trilinear", "triangle"), "bilinear"),
    **dict.fromkeys(("cubic", "tricubic"), "bicubic"),
}
"""Other names that scale_and_translate has for methods."""


@decomposes("ScaleAndTranslate")
def scale_and_translate(
    op: Any, images: Any, output_shape: Any, scale: Any, translation: Any
) -> Any:
    """Along each axis a matrix of weights times the image."""
    if any(isinstance(x, keras.KerasTensor) for x in (scale, translation)):
        raise UnsupportedError(
            "scale_and_translate by what the data says is not supported; use fixed numbers, or "
            "keras.ops.image.affine_transform"
        )
    x = images
    for position, axis in enumerate(op.spatial_dims):
        weights = _weights(
            x.shape[axis],
            int(output_shape[axis]),
            array_of(scale)[position],
            array_of(translation)[position],
            op.method,
            op.antialias,
        )
        x = ops.moveaxis(x, axis, -1)
        x = ops.moveaxis(ops.matmul(x, weights.astype(x.dtype)), -1, axis)
    return x


def _weights(
    size: int, output: int, scale: Any, translation: Any, method: str, antialias: bool
) -> np.ndarray:
    """(size, output): how much each element counts for each of the result's."""
    inverse = 1.0 / scale
    widened = max(inverse, 1.0) if antialias else 1.0
    places = (np.arange(output) + 0.5) * inverse - translation * inverse - 0.5
    x = np.abs(places[None, :] - np.arange(size)[:, None]) / widened
    weights = interpolation_kernel(_PLAIN_NAMES.get(method, method))(x).astype(np.float64)
    total = weights.sum(axis=0, keepdims=True)
    safe = np.where(total != 0, total, 1)
    weights = np.where(np.abs(total) > 1000 * np.finfo(np.float32).eps, weights / safe, 0)
    inside = (places >= -0.5) & (places <= size - 0.5)
    return np.asarray(np.where(inside, weights, 0))
