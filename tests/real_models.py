"""Models of real size, and how far exports are from float64: for the tests and benchmarks/."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from keras import layers

from kgen import targets
from kgen.library import Library
from kgen.pipeline import Export

SIZE = 96
FLAGS = ("-std=c99", "-O2")
STYLES = ("readable", "fast")

APPLICATIONS = {
    "MobileNetV2": keras.applications.mobilenet_v2,
    "ResNet50": keras.applications.resnet50,
    "EfficientNetB0": keras.applications.efficientnet,
    "ConvNeXtTiny": keras.applications.convnext,
}
"""By name: the module that has the model and its `preprocess_input`."""


def application(name: str, size: int = SIZE) -> keras.Model:
    """One of APPLICATIONS on size x size images, with random weights."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    model = untrained(name, size)
    randomize(model, preprocessed(name, images(48, size, seed=2)), seed=3)
    return model


def float64_twin(name: str, model: keras.Model) -> keras.Model:
    """The application again, with the same weights, computing in float64."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        twin = untrained(name, model.input_shape[1])
    finally:
        keras.config.set_dtype_policy(policy)
    twin.set_weights(model.get_weights())
    return twin


def untrained(name: str, size: int) -> keras.Model:
    """The application as Keras initialises it."""
    return getattr(APPLICATIONS[name], name)(weights=None, input_shape=(size, size, 3))


def preprocessed(name: str, pixels: np.ndarray) -> np.ndarray:
    """What the application wants for input, of pixels from 0 to 255."""
    return APPLICATIONS[name].preprocess_input(pixels.copy())


def unet(size: int = 128) -> keras.Model:
    """Three levels of two convolutions each, down and up, with skip connections."""
    filters = (16, 32, 64)
    image = x = keras.Input((size, size, 3), name="image")
    skips = []
    for count in filters:
        x = _two_convolutions(x, count)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(128, 3, padding="same", activation="relu")(x)
    for count, skip in zip(reversed(filters), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(count, 2, strides=2)(x)
        x = _two_convolutions(layers.Concatenate()([x, skip]), count)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x), name="unet")


def deepcut(window: int = 21) -> keras.Model:
    """The Thai word segmenter of deepcut 0.7: windows of many lengths over characters' kinds."""
    characters, kinds = keras.Input((window,)), keras.Input((window,))
    a = layers.BatchNormalization()(layers.Embedding(178, 32)(characters))
    words = []
    for length in range(1, 13):
        filters = 200 if length < 9 else 150 if length < 12 else 100
        x = layers.Conv1D(filters, length, activation="relu")(a)
        x = layers.TimeDistributed(layers.Dense(5))(x)
        words.append(layers.ZeroPadding1D((0, length - 1))(x))
    b = layers.Embedding(12, 12)(kinds)
    x = layers.BatchNormalization()(layers.Concatenate()([a, layers.Maximum()(words), b]))
    x = layers.Dense(100, activation="relu")(layers.Flatten()(x))
    return keras.Model([characters, kinds], layers.Dense(1, activation="sigmoid")(x))


def _two_convolutions(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return x


def images(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Smooth random colour images of whole numbers from 0 to 255."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    waves = np.zeros((count, size, size, 3))
    for _ in range(8):
        phase = generator.uniform(0, 2 * np.pi, (count, 1, 1, 3))
        a, b = generator.uniform(-20, 20, (2, count, 1, 1, 3))
        waves += np.sin(a * x[:, :, None] + b * y[:, :, None] + phase)
    noise = generator.normal(0, 8, waves.shape)
    return np.clip(np.rint(128 + 30 * waves + noise), 0, 255).astype(np.float32)


def randomize(model: keras.Model, inputs: np.ndarray, seed: int) -> None:
    """Random weights under which activations keep a sane scale, as they do in a trained model.

    Kernels are He's; moving statistics are near those that `inputs` have, but not equal.
    """
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.dtype.startswith("float"):
            weight.assign(_random_weight(weight, generator))
    normalizations = [x for x in model.layers if isinstance(x, layers.BatchNormalization)]
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    if normalizations:
        model(inputs, training=True)
    for layer, momentum in zip(normalizations, momenta, strict=True):
        layer.momentum = momentum
        mean, variance = layer.get_weights()[-2:]
        shift = 0.2 * generator.standard_normal(mean.shape)
        layer.moving_mean.assign(mean + shift * np.sqrt(variance))
        layer.moving_variance.assign(variance * generator.uniform(0.7, 1.4, variance.shape))


def _random_weight(weight: keras.Variable, generator: np.random.Generator) -> np.ndarray:
    shape = tuple(weight.shape)
    match weight.name:
        case "kernel" | "recurrent_kernel":
            # A depthwise kernel is (height, width, channels, 1).
            fan_in = np.prod(shape[:-2] if shape[-1] == 1 else shape[:-1])
            gain = 2 if len(shape) > 2 else 1
            return generator.standard_normal(shape) * np.sqrt(gain / fan_in)
        case "gamma" | "moving_variance":
            return generator.uniform(0.5, 1.5, shape)
        case "mean" | "variance":  # of Normalization, on colours from 0 to 1
            return generator.uniform(0.4, 0.6, shape) * (1.0 if weight.name == "mean" else 0.1)
        case "beta" | "bias" | "moving_mean":
            return generator.standard_normal(shape) * 0.1
        case _:  # ConvNeXt's layer scales
            return generator.uniform(0.1, 0.4, shape)


class Compiler:
    """Compiles weights, which take longest, once: the styles share them."""

    def __init__(self, folder: Path, flags: Sequence[str] = FLAGS) -> None:
        self.folder, self.flags = folder, flags

    def library(self, files: Mapping[str, str]) -> Library:
        """As Library(files)."""
        weights = [name for name in files if name.endswith(".c") and "_weights" in name]
        headers = {name: text for name, text in files.items() if name.endswith(".h")}
        objects = [self._object(files[name], headers) for name in weights]
        rest = {name: text for name, text in files.items() if name not in weights}
        return Library(rest, flags=(*self.flags, *objects))

    def _object(self, text: str, headers: Mapping[str, str]) -> str:
        both = "".join([text, *headers.values()]).encode()
        made = self.folder / f"{hashlib.sha256(both).hexdigest()}.o"
        if not made.exists():
            for name, header in headers.items():
                (self.folder / name).write_text(header)
            source = self.folder / "weights.c"
            source.write_text(text)
            subprocess.run(["cc", *self.flags, "-fPIC", "-c", "-o", made, source], check=True)
        return str(made)


@dataclass(frozen=True, eq=False)
class Measured:
    """An application on a few images: what Keras says of them, and what the exports say."""

    name: str
    count: int
    compiler: Compiler

    @cached_property
    def export(self) -> Export:
        return Export(application(self.name), "model", {})

    @cached_property
    def inputs(self) -> np.ndarray:
        return preprocessed(self.name, images(self.count, SIZE))

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.export.model.predict(self.inputs, verbose=0)

    @cached_property
    def exact(self) -> np.ndarray:
        """The same in float64."""
        twin = float64_twin(self.name, self.export.model)
        return keras.ops.convert_to_numpy(twin(self.inputs.astype(np.float64), training=False))

    def exports(self) -> Iterator[tuple[str, np.ndarray]]:
        """What the NumPy text and the C in each style compute."""
        yield "numpy", targets.evaluate(self.export.plan, [self.inputs])[0]
        for style in STYLES:
            library = self.compiler.library(self.export.files("c", style))
            yield f"c {style}", library.predict(self.inputs)

    def error(self, found: np.ndarray) -> Error:
        gap = np.abs(found - self.exact)
        relative = gap / np.abs(self.exact)
        return Error(float(gap.max()), float(relative.max()), float(np.sqrt(np.mean(gap**2))))


@dataclass(frozen=True)
class Error:
    """Of probabilities, against float64, the largest of all samples and classes.

    The absolute error is that of the one or two classes that the softmax favours, and differs by
    a factor of three from one handful of images to the next; the relative error is that of the
    worst of some thousand logits, and says more. typical: the root of the mean square of absolute
    errors, which leaves the least to chance.
    """

    absolute: float
    relative: float
    typical: float
