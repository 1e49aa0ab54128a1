"""Layers that do nothing at inference."""

from __future__ import annotations

from functools import partial

import keras
from keras import Input, Sequential, layers

from tests.cases._build import table

_VECTOR = {
    "dropout": partial(layers.Dropout, 0.4),
    "alpha_dropout": partial(layers.AlphaDropout, 0.4),
    "gaussian_dropout": partial(layers.GaussianDropout, 0.4),
    "gaussian_noise": partial(layers.GaussianNoise, 0.4),
    "activity_regularization": partial(layers.ActivityRegularization, 0.1),
    "identity": layers.Identity,
}
_IMAGE = {
    "random_flip": layers.RandomFlip,
    "random_rotation": partial(layers.RandomRotation, 0.2),
    "random_zoom": partial(layers.RandomZoom, 0.2),
    "random_translation": partial(layers.RandomTranslation, 0.2, 0.2),
    "random_contrast": partial(layers.RandomContrast, 0.3),
    "random_brightness": partial(layers.RandomBrightness, 0.3),
    "spatial_dropout_2d": partial(layers.SpatialDropout2D, 0.4),
}


def _before_dense(make) -> keras.Model:
    return Sequential([Input((5,)), layers.Dense(4), make(), layers.Dense(3)])


def _before_convolution(make) -> keras.Model:
    return Sequential([Input((6, 5, 3)), make(), layers.Conv2D(2, 3)])


table(globals(), {name: partial(_before_dense, make) for name, make in _VECTOR.items()})
table(globals(), {name: partial(_before_convolution, make) for name, make in _IMAGE.items()})


def spatial_dropout_1d() -> keras.Model:
    return Sequential([Input((6, 3)), layers.SpatialDropout1D(0.4), layers.Conv1D(2, 3)])


def spatial_dropout_3d() -> keras.Model:
    return Sequential([Input((3, 4, 5, 2)), layers.SpatialDropout3D(0.4), layers.Conv3D(2, 2)])


def last_layer() -> keras.Model:
    return Sequential([Input((5,)), layers.Dense(3), layers.Dropout(0.5)])


def only_layer() -> keras.Model:
    return Sequential([Input((5,)), layers.Dropout(0.5)])


def augmentations() -> keras.Model:
    """Random in training only."""
    image = Input((8, 7, 3))
    ones = [
        layers.RandomColorDegeneration(0.5),
        layers.RandomColorJitter((0, 255), 0.2),
        layers.RandomElasticTransform(),
        layers.RandomErasing(),
        layers.RandomGaussianBlur(),
        layers.RandomGrayscale(),
        layers.RandomHue(0.3),
        layers.RandomInvert(),
        layers.RandomPerspective(),
        layers.RandomPosterization(4),
        layers.RandomSaturation(0.3),
        layers.RandomSharpness(0.3),
        layers.RandomShear(0.2, 0.2),
        layers.AugMix(),
        layers.CutMix(),
        layers.MixUp(),
        layers.RandAugment(),
    ]
    return keras.Model(image, [one(image) * (2 + place) for place, one in enumerate(ones)])


def pipeline() -> keras.Model:
    """What it holds is applied in turn, augmentations left out."""
    steps = layers.Pipeline([layers.RandomFlip(), layers.Rescaling(0.5, 1.0)])
    return Sequential([Input((6, 5, 3)), steps, layers.Conv2D(2, 3)])
