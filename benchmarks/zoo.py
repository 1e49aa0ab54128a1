"""The models that benchmarks/speed.py times: untrained, with seeded random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from tests.real_models import randomize, unet


@dataclass(frozen=True)
class Entry:
    """A row of the benchmark. scale: the inputs are random numbers from 0 to it."""

    title: str
    build: Callable[[], keras.Model]
    batch: int = 1
    scale: float = 1.0

    def model(self) -> keras.Model:
        """With random weights under which activations keep a sane scale."""
        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        model = self.build()
        randomize(model, self.inputs(model, 8, seed=2), seed=3)
        return model

    def inputs(self, model: keras.Model, count: int, seed: int = 0) -> np.ndarray:
        """Float32, of the shape (count, *the model's)."""
        generator = np.random.default_rng(seed)
        values = generator.random((count, *model.input_shape[1:]), np.float32)
        return values * np.float32(self.scale)

    def float64(self, model: keras.Model, x: np.ndarray) -> np.ndarray:
        """The outputs of a twin of the model that computes in float64."""
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("float64")
        try:
            twin = self.build()
        finally:
            keras.config.set_dtype_policy(policy)
        twin.set_weights(model.get_weights())
        return keras.ops.convert_to_numpy(twin(x, training=False))


def xor() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(4, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def mlp() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def mnist_cnn() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def lenet() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="tanh"),
            layers.Dense(84, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def lstm() -> keras.Model:
    return keras.Sequential(
        [keras.Input((100, 32)), layers.LSTM(128), layers.Dense(10, activation="softmax")]
    )


def gru() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((32, 8)),
            layers.GRU(32, return_sequences=True),
            layers.GRU(32),
            layers.Dense(1),
        ]
    )


def temporal_convolutions() -> keras.Model:
    """Dilated causal convolutions with residual sums, on 256 steps of 16 channels."""
    steps = keras.Input((256, 16))
    x = None
    for dilation in (1, 2, 4, 8):
        convolution = layers.Conv1D(
            64, 3, padding="causal", dilation_rate=dilation, activation="relu"
        )
        x = convolution(steps) if x is None else layers.Add()([x, convolution(x)])
    return keras.Model(steps, layers.Dense(5)(layers.GlobalAveragePooling1D()(x)))


def transformer() -> keras.Model:
    """Two encoder blocks: 64 tokens of 128 features, 4 heads, 512 hidden units."""
    tokens = x = keras.Input((64, 128))
    for _ in range(2):
        attended = layers.MultiHeadAttention(num_heads=4, key_dim=32)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, attended]))
        hidden = layers.Dense(512, activation="gelu")(x)
        x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(128)(hidden)]))
    return keras.Model(tokens, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def keyword_spotting() -> keras.Model:
    """MLPerf Tiny's DS-CNN, on 49 frames of 10 cepstral coefficients."""
    frames = keras.Input((49, 10, 1))
    x = _normalized(layers.Conv2D(64, (10, 4), strides=2, padding="same", use_bias=False), frames)
    for _ in range(4):
        x = _normalized(layers.DepthwiseConv2D(3, padding="same", use_bias=False), x)
        x = _normalized(layers.Conv2D(64, 1, use_bias=False), x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(frames, layers.Dense(12, activation="softmax")(x))


def resnet8() -> keras.Model:
    """MLPerf Tiny's image classifier."""
    image = keras.Input((32, 32, 3))
    x = _normalized(layers.Conv2D(16, 3, padding="same"), image)
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        y = _normalized(layers.Conv2D(filters, 3, strides=strides, padding="same"), x)
        y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(y))
        if strides > 1:
            x = layers.Conv2D(filters, 1, strides=strides, padding="same")(x)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def autoencoder() -> keras.Model:
    """MLPerf Tiny's anomaly detector."""
    spectrum = x = keras.Input((640,))
    for units in (*[128] * 4, 8, *[128] * 4):
        x = _normalized(layers.Dense(units), x)
    return keras.Model(spectrum, layers.Dense(640)(x))


def _normalized(layer: keras.Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(layer(x)))


def mobilenet() -> keras.Model:
    """MLPerf Tiny's visual wake words."""
    return keras.applications.MobileNet((96, 96, 3), alpha=0.25, weights=None, classes=2)


def mobilenet_v2() -> keras.Model:
    return keras.applications.MobileNetV2(weights=None)


def efficientnet_b0() -> keras.Model:
    return keras.applications.EfficientNetB0(weights=None)


def resnet50() -> keras.Model:
    return keras.applications.ResNet50(weights=None)


ZOO = {
    "xor": Entry("XOR", xor),
    "mlp": Entry("MLP 784-512-512-10", mlp),
    "mlp_32": Entry("MLP, batch 32", mlp, batch=32),
    "mnist_cnn": Entry("MNIST CNN", mnist_cnn),
    "lenet": Entry("LeNet", lenet),
    "lstm": Entry("LSTM(128), 100 steps", lstm),
    "gru": Entry("2 x GRU(32), 32 steps", gru),
    "tcn": Entry("temporal convolutions", temporal_convolutions),
    "transformer": Entry("transformer, 2 blocks", transformer),
    "keywords": Entry("DS-CNN key words", keyword_spotting),
    "resnet8": Entry("ResNet-8", resnet8),
    "autoencoder": Entry("autoencoder 640-128-8", autoencoder),
    "autoencoder_32": Entry("autoencoder, batch 32", autoencoder, batch=32),
    "mobilenet": Entry("MobileNet 0.25, 96x96", mobilenet),
    "unet": Entry("U-Net, 128x128", unet),
    "mobilenet_v2": Entry("MobileNetV2, 224x224", mobilenet_v2),
    "efficientnet_b0": Entry("EfficientNetB0, 224x224", efficientnet_b0, scale=255.0),
    "resnet50": Entry("ResNet50, 224x224", resnet50),
}
"""By the name on the command line, the quick ones first."""
