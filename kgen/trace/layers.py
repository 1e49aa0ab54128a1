"""Layers that are traced as something other than their own `call`."""

from __future__ import annotations

from typing import Any

from kgen.trace.table import LAYERS, REFUSED_LAYERS

# Random only in training; at inference they hand their input on.
_IDENTITY_AT_INFERENCE = (
    "AugMix",
    "CutMix",
    "MixUp",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
)


def _identity(layer: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    return inputs


LAYERS.update(dict.fromkeys(_IDENTITY_AT_INFERENCE, _identity))

_PREPROCESSING = (
    "this preprocessing layer is not supported yet; apply it before the exported model and export "
    "the rest"
)
_FOREIGN = "it runs code of another framework, which can't be turned into source"

REFUSED_LAYERS.update(
    dict.fromkeys(
        (
            "Discretization",
            "CategoryEncoding",
            "Hashing",
            "HashedCrossing",
            "IntegerLookup",
            "StringLookup",
            "TextVectorization",
            "MelSpectrogram",
            "STFTSpectrogram",
            "Resizing",
            "CenterCrop",
            "RandomCrop",
            "AutoContrast",
            "Equalization",
            "Solarization",
            "ContrastLimitedAdaptiveHistogramEqualization",
        ),
        _PREPROCESSING,
    )
)
REFUSED_LAYERS.update(
    dict.fromkeys(("TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"), _FOREIGN)
)
