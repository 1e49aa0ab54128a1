"""keras.ops.image: colours, patches, filters and warps."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
from keras import Input, layers, ops
from keras.ops import image

from tests.cases._build import Function, function, layer, table


def _unit(x):
    return ops.sigmoid(x * 3)


def _colours(data_format: str, *shape: int) -> keras.Model:
    def body(x):
        steps = ops.round(_unit(x) * 2) / 2  # equal channels
        return [
            image.rgb_to_grayscale(x, data_format=data_format),
            image.rgb_to_hsv(_unit(x), data_format=data_format),
            image.rgb_to_hsv(steps, data_format=data_format),
            image.hsv_to_rgb(_unit(x), data_format=data_format),
        ]

    return function(body, shape)


def colours_of_bytes() -> keras.Model:
    return function(image.rgb_to_grayscale, (5, 4, 3), dtype="uint8")


def patches() -> keras.Model:
    return function(
        lambda x: [
            image.extract_patches(x, 2),
            image.extract_patches(x, (3, 2), strides=(1, 2), padding="same"),
            image.extract_patches(x, 2, strides=1, dilation_rate=2),
        ],
        (7, 6, 2),
    )


def patches_of_volumes() -> keras.Model:
    return function(
        lambda x: [
            image.extract_patches(x, (2, 2, 3), strides=(1, 2, 1)),
            image.extract_patches_3d(x, 2),
        ],
        (4, 5, 6, 2),
    )


def padded_and_cropped() -> keras.Model:
    return function(
        lambda x: [
            image.pad_images(x, 1, 2, 3, 4),
            image.pad_images(x, top_padding=1, left_padding=0, target_height=9, target_width=8),
            image.crop_images(x, 1, 2, 1, 0),
            image.crop_images(x, top_cropping=1, left_cropping=2, target_height=3, target_width=2),
        ],
        (7, 6, 2),
    )


def filters() -> keras.Model:
    return function(
        lambda x: [
            image.gaussian_blur(x, (3, 3), (1.0, 1.5)),
            image.gaussian_blur(x, (3, 5), (1.0, 2.0)),
            image.sobel_edges(x),
        ],
        (7, 6, 2),
    )


def filters_with_channels_first() -> keras.Model:
    return function(lambda x: image.sobel_edges(x, data_format="channels_first"), (2, 7, 6))


def likeness() -> keras.Model:
    return function(
        lambda x, y: [
            image.ssim(_unit(x), _unit(y)),
            image.ssim(_unit(x), _unit(y), filter_size=5, max_val=2.0),
        ],
        (13, 12, 2), (13, 12, 2),
    )  # fmt: skip


_AFFINE = np.array([0.9, 0.2, -1.3, -0.1, 1.1, 0.7, 0.002, -0.003], np.float32)
_FAR = _AFFINE * np.array([1, 1, 9, 1, 1, 9, 1, 1], np.float32)


def _affine(interpolation: str) -> keras.Model:
    return function(
        lambda x: [
            image.affine_transform(
                x, transform, interpolation=interpolation, fill_mode=mode, fill_value=0.5
            )
            for transform in (_AFFINE, _FAR)
            for mode in ("constant", "nearest", "reflect", "wrap")
        ],
        (7, 6, 2),
    )


def affine_by_sample() -> keras.Model:
    def body(x, t):
        small = ops.concatenate([t[:, :6], t[:, 6:] * 0.01], axis=1)
        return [image.affine_transform(x, small, fill_mode=mode) for mode in ("constant", "wrap")]

    return function(body, (7, 6, 2), (8,))


_CORNERS = np.array([[0, 0], [5, 0], [0, 6], [5, 6]], np.float32)
_ENDS = np.array([[0.5, 1], [4, 0.3], [0.2, 5], [5.5, 5.2]], np.float32)


def perspective() -> keras.Model:
    warp = image.perspective_transform
    return function(
        lambda x, ends: [
            warp(x, _CORNERS, _ENDS),
            warp(x, _CORNERS, _ENDS, interpolation="nearest", fill_value=0.3),
            warp(x, ops.zeros_like(ends) + _CORNERS, ends * 0.2 + _ENDS),
        ],
        (7, 6, 2), (4, 2),
    )  # fmt: skip


def coordinates() -> keras.Model:
    places = (np.random.default_rng(0).normal(size=(2, 3, 4)) * 4 + 2).astype("float32")

    def each(v):
        return [
            image.map_coordinates(v, places, order, fill_mode=mode, fill_value=0.5)
            for order in (0, 1)
            for mode in ("constant", "nearest", "wrap", "reflect")
        ]

    return layer(Function(lambda x: ops.map(each, x)), 7, 6)


def coordinates_by_sample() -> keras.Model:
    def each(pair):
        return image.map_coordinates(pair[0], pair[1] * 2 + 2, 1, fill_mode="nearest")

    x, places = Input((7, 6)), Input((2, 5))
    picked = Function(lambda x, places: ops.map(each, (x, places)), shape=(5,))
    return keras.Model([x, places], picked(x, places))


def scaled_and_moved() -> keras.Model:
    scale, translation = np.array([1.4, 0.6], "float32"), np.array([0.3, -0.2], "float32")

    def body(x):
        shape = (None, 9, 4, 2)
        parts = [
            image.scale_and_translate(x, shape, scale, translation, (1, 2), method)
            for method in ("linear", "cubic", "lanczos3", "lanczos5")
        ]
        return ops.concatenate(parts, axis=-1)

    return layer(Function(body, shape=(9, 4, 8)), 7, 6, 2)


def several_images_in_a_sample() -> keras.Model:
    """Layers on more images than samples, because each sample holds three."""
    ones = [
        layers.Conv2D(3, 2, padding="same", activation="relu"),
        layers.Conv2DTranspose(3, 2, strides=2),
        layers.DepthwiseConv2D(2),
        layers.MaxPooling2D(2),
        layers.AveragePooling2D(2, padding="same"),
        layers.AdaptiveAveragePooling2D((2, 3)),
        layers.BatchNormalization(),
        layers.Dense(3),
    ]

    def body(x):
        flat = ops.reshape(x, (-1, 6, 7, 2))
        results = [one(flat) for one in ones]
        return [ops.reshape(y, (-1, 3, *y.shape[1:])) for y in results]

    return function(body, (3, 6, 7, 2))


table(
    globals(),
    {
        "colours": partial(_colours, "channels_last", 5, 4, 3),
        "colours_with_channels_first": partial(_colours, "channels_first", 3, 5, 4),
        "affine_bilinear": partial(_affine, "bilinear"),
        "affine_nearest": partial(_affine, "nearest"),
    },
)
