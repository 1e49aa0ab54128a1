"""Resizing images, by every method of interpolation, up and down."""

from __future__ import annotations

import keras
from keras import Input, Model, layers, ops

from tests.cases._build import Case, function, layer, table

METHODS = ("bilinear", "bicubic", "area", "lanczos3", "lanczos5")


def _both_ways(method: str, antialias: bool) -> Case:
    def case() -> keras.Model:
        def body(x: object) -> list[object]:
            sizes = ((7, 4), (3, 13), (11, 9))
            return [
                ops.image.resize(x, size, interpolation=method, antialias=antialias)
                for size in sizes
            ]

        return function(body, (5, 9, 2))

    return case


table(globals(), {method: _both_ways(method, False) for method in METHODS})
table(globals(), {f"{method}_antialias": _both_ways(method, True) for method in METHODS})


def nearest() -> keras.Model:
    def body(x: object) -> list[object]:
        return [
            ops.image.resize(x, size, interpolation="nearest") for size in ((7, 4), (3, 9), (1, 13))
        ]

    return function(body, (5, 9, 2))


def one_position() -> keras.Model:
    return function(lambda x: ops.image.resize(x, (1, 1)), (4, 3, 1))


def channels_first() -> keras.Model:
    def body(x: object) -> list[object]:
        first = {"data_format": "channels_first"}
        return [
            ops.image.resize(x, (7, 4), **first),
            ops.image.resize(x, (3, 8), interpolation="nearest", **first),
            ops.image.resize(x, (9, 8), crop_to_aspect_ratio=True, **first),
        ]

    return function(body, (2, 5, 6))


def aspect_ratios() -> keras.Model:
    x = Input((9, 14, 2), name="x")
    sizes = ((6, 5), (5, 11), (16, 25))
    return Model(
        x,
        [layers.Resizing(*size, crop_to_aspect_ratio=True)(x) for size in sizes]
        + [layers.Resizing(*size, pad_to_aspect_ratio=True, fill_value=0.5)(x) for size in sizes],
    )


def layer_options() -> keras.Model:
    x = Input((6, 7, 3), name="x")
    return Model(
        x,
        [
            layers.Resizing(9, 5, "bicubic", antialias=True)(x),
            layers.Resizing(4, 5, "nearest")(x),
            layers.Resizing(4, 14, "lanczos3")(x),
        ],
    )


def bytes_stay_bytes() -> keras.Model:
    """From odd to odd sizes: no sum is halfway between two integers, where rounding errors show."""
    x = Input((7, 5, 3), dtype="uint8", name="x")
    return Model(
        x,
        [
            layers.Resizing(11, 9, dtype="uint8")(x),
            layers.Resizing(9, 3, "area", dtype="uint8")(x),
            layers.Resizing(4, 6, "nearest", dtype="uint8")(x),
            ops.image.resize(x, (4, 5)),
        ],
    )


def up_sampling_2d() -> keras.Model:
    x = Input((4, 3, 2), name="x")
    return Model(
        x,
        [
            layers.UpSampling2D((2, 3), interpolation=method)(x)
            for method in ("bilinear", "bicubic", "lanczos3", "lanczos5", "nearest")
        ]
        + [layers.UpSampling2D(2, "channels_first", interpolation="bilinear")(x)],
    )


def crops() -> keras.Model:
    """A crop larger than the image resizes it."""
    x = Input((6, 9, 2), name="x")
    return Model(
        x,
        [
            layers.CenterCrop(3, 4)(x),
            layers.CenterCrop(8, 4)(x),
            layers.CenterCrop(2, 12)(x),
            layers.CenterCrop(3, 1, data_format="channels_first")(x),
        ],
    )


def float64() -> keras.Model:
    return layer(layers.Resizing(4, 5, dtype="float64"), 6, 7, 2, dtype="float64")
