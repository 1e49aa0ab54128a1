"""Keras's preprocessing layers that are traced into other kinds of nodes."""

from __future__ import annotations

import keras
import numpy as np
from keras import Input, Model, layers

from tests.cases._build import function, layer

BINS = [-0.5, 0.0, 0.25, 1.5]


def _adapted(axis: object, *shape: int) -> keras.Layer:
    normalization = layers.Normalization(axis=axis)
    n = np.arange(4 * np.prod(shape))
    normalization.adapt((n * 37 % 61 / 16.0).reshape(4, *shape).astype("float32"))
    return normalization


def normalization() -> keras.Model:
    """Adapted along the last axis, none and two; given as numbers; inverted."""
    x = Input((4, 3), name="x")
    mean, variance = [1.0, -2.0, 0.5], [4.0, 0.25, 9.0]
    return Model(
        x,
        [_adapted(axis, 4, 3)(x) for axis in (-1, None, (1, 2), 1)]
        + [
            layers.Normalization(mean=mean, variance=variance)(x),
            layers.Normalization(axis=None, mean=3.0, variance=0.0)(x),
            layers.Normalization(mean=mean, variance=variance, invert=True)(x),
        ],
    )


def normalization_of_integers() -> keras.Model:
    return layer(layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6]), 4, 3, dtype="int32")


def rescaling() -> keras.Model:
    x = Input((4, 5, 3), dtype="uint8", name="image")
    return Model(
        x,
        [
            layers.Rescaling(1 / 255)(x),
            layers.Rescaling([0.5, 2.0, 0.25], offset=[1.0, -1.0, 3.0])(x),
        ],
    )


def discretization() -> keras.Model:
    x = Input((3, 2), name="x")
    return Model(
        x,
        [
            layers.Discretization(BINS, output_mode=mode)(x)
            for mode in ("int", "one_hot", "multi_hot", "count")
        ],
    )


def discretization_of_integers() -> keras.Model:
    return layer(layers.Discretization([1, 3.5, 8]), 4, dtype="int64")


def discretization_of_one_feature() -> keras.Model:
    """The last axis of length one gives way to the categories."""
    x = Input((1,), name="x")
    return Model(x, [layers.Discretization(BINS, output_mode=m)(x) for m in ("one_hot", "count")])


def discretization_of_nan() -> keras.Model:
    """The square root of a negative number lies beyond the last boundary."""
    return function(lambda x: layers.Discretization([0.2, 0.7])(keras.ops.sqrt(x)), (9,))


def bytes_become_floats() -> keras.Model:
    """In predict, though not when called, these layers cast integers to their own dtype."""
    x = Input((7, 5, 3), dtype="uint8", name="image")
    return Model(
        x,
        [
            layers.Resizing(11, 9)(x),
            layers.CenterCrop(4, 3)(x),
            layers.RandomContrast(0.2)(x),
            layers.RandomInvert()(x),
            layers.Solarization()(x),
        ],
    )


def nothing_at_inference() -> keras.Model:
    """What is random in training alone."""
    x = Input((6, 5, 3), name="image")
    names = (
        "RandomGrayscale",
        "RandomFlip",
        "RandomErasing",
        "RandomGaussianBlur",
        "RandAugment",
        "AugMix",
        "CutMix",
    )
    random = [getattr(layers, name)() for name in names]
    random += [layers.RandomCrop(3, 4), layers.RandomRotation(0.1), layers.RandomZoom(0.1)]
    y = x
    for one in random:
        y = one(y) + 1
    return Model(x, y)


def auto_contrast() -> keras.Model:
    x = Input((6, 5, 3), name="image")
    return Model(x, [layers.AutoContrast()(x), layers.AutoContrast(value_range=(0, 1))(x)])


def equalization() -> keras.Model:
    """Equalizes in training alone."""
    return _inside(layers.Equalization())


def _inside(one: keras.Layer) -> keras.Model:
    """The layer within another, where Keras's functional models would not take it."""

    class Wrapper(keras.Layer):
        def call(self, x: object) -> object:
            return one(x) * 1.5

    return layer(Wrapper(), 6, 5, 3)


def clahe() -> keras.Model:
    x = Input((13, 10, 2), name="image")
    equalize = layers.ContrastLimitedAdaptiveHistogramEqualization
    return Model(
        x,
        [
            equalize(tile_grid_size=(3, 2))(x),
            equalize(value_range=(0, 10), tile_grid_size=(2, 5), clip_limit=0)(x),
            equalize(tile_grid_size=(2, 2), data_format="channels_first")(x),
        ],
    )


def clahe_of_flat_tiles() -> keras.Model:
    """Tiles of few pixels, most of them alike; bytes become floats, as in predict."""
    x = Input((8, 9, 3), dtype="uint8", name="image")
    return Model(x, layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=0)(x))


def stft_spectrogram() -> keras.Model:
    x = Input((70, 2), name="signal")
    modes = ("log", "magnitude", "psd", "real", "stft")
    options = {"frame_length": 16, "frame_step": 8, "window": None, "scaling": None}
    return Model(
        x,
        [layers.STFTSpectrogram(mode=mode, **options)(x) for mode in modes]
        + [layers.STFTSpectrogram("psd", 10, 5, 16, None, padding="same", expand_dims=True)(x)],
    )


def stft_spectrogram_with_windows() -> keras.Model:
    """As it is by default, and with another window and scaling."""
    x = Input((90, 1), name="signal")
    other = {"window": "hamming", "scaling": "spectrum", "periodic": True}
    return Model(
        x, [layers.STFTSpectrogram("log", 32)(x), layers.STFTSpectrogram("psd", 20, **other)(x)]
    )


def mel_spectrogram() -> keras.Model:
    """Nothing is cut off below the loudest value, which would be that of all samples of a batch."""
    x = Input((200,), name="signal")
    options = {"num_mel_bins": 7, "sampling_rate": 800, "power_to_db": False, "min_freq": 20}
    decibels = {**options, "power_to_db": True, "top_db": float("inf"), "ref_power": 3.0}
    return Model(
        x,
        [
            layers.MelSpectrogram(32, 16, max_freq=380, **decibels)(x),
            layers.MelSpectrogram(32, 16, max_freq=380, **options)(x),
            layers.MelSpectrogram(
                64, 20, 48, window="hamming", mag_exp=1.0, max_freq=300, **options
            )(x),
        ],
    )


def bounding_boxes() -> keras.Model:
    """Cut off, or filled up, to a number of them."""
    image, boxes, labels = Input((8, 6, 3), name="image"), Input((3, 4)), Input((3,))
    data = {"images": image, "bounding_boxes": {"boxes": boxes, "labels": labels}}
    found = [
        layers.MaxNumBoundingBoxes(count, bounding_box_format="xyxy")(data)["bounding_boxes"]
        for count in (2, 5)
    ]
    results = [part for one in found for part in (one["boxes"], one["labels"])]
    return Model([image, boxes, labels], results)
