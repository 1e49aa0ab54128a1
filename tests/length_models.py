"""Models with unknown dimensions, and the bounds to export them with."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import Model, layers, ops
from keras.layers import Input

LengthModel = tuple[Model, dict[str, int | str]]


class Positions(keras.Layer):
    """Adds the beginning of a table to a sequence."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.table = self.add_weight(shape=(count, size), name="table")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x + self.table[: ops.shape(x)[1]]


class Counted(keras.Layer):
    """Embeds the numbers of the steps, and counts them down."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = layers.Embedding(40, 6)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        numbers = ops.arange(ops.shape(x)[1])
        return x * self.embedding(numbers) + ops.cast(numbers[::-1], "float32")[:, None]


class ByLength(keras.Layer):
    """Decays with the length, in Python's arithmetic."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x * 0.9 ** (x.shape[1] or 1)


class ByParity(keras.Layer):
    """Another factor for even lengths than for odd ones."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x * (3.0 if (x.shape[1] or 1) % 2 else 2.0)


class Measured(keras.Layer):
    """What is computed with the length as a number."""

    def call(self, x: keras.KerasTensor) -> list[keras.KerasTensor]:
        n = ops.shape(x)[1]
        length = ops.cast(n, "float32")
        shares = ops.cast(ops.arange(n), "float32") / ops.cast(n - 1, "float32")
        scores = ops.matmul(x, ops.transpose(x, (0, 2, 1))) * ops.rsqrt(length)
        far = ops.cast(ops.abs(ops.arange(n)[:, None] - ops.arange(n)), "float32") / length
        return [
            x / length,
            ops.sum(ops.cast(x > 0, "int32"), axis=1) % n,
            ops.sum(x, axis=1) / ops.sqrt(length + 2),
            x * ops.sin(10 * shares)[:, None] + ops.cast(ops.arange(n, 0, -1), "float32")[:, None],
            ops.softmax(scores - far),
            ops.concatenate([x, ops.ones_like(x[..., :1]) * ops.log(length)], axis=-1),
        ]


class Coordinates(keras.Layer):
    """Adds each pixel's place in the image, from -1 to 1, and divides by the number of pixels."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        _, height, width, _ = ops.shape(x)
        rows = 2 * ops.cast(ops.arange(height), "float32") / ops.cast(height, "float32") - 1
        columns = 2 * ops.cast(ops.arange(width), "float32") / ops.cast(width, "float32") - 1
        return (x + rows[:, None, None] + columns[:, None]) / ops.cast(height * width, "float32")


def dilated_convolutions() -> LengthModel:
    """As in SpliceAI: residual blocks, of whose outputs the ends are cut off."""
    x = given = Input((None, 4))
    x = layers.Conv1D(8, 1)(x)
    for rate in (1, 4):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        y = layers.Conv1D(8, 7, dilation_rate=rate, padding="same")(y)
        x = layers.Add()([x, y])
    return Model(given, layers.Conv1D(3, 1, activation="softmax")(layers.Cropping1D(10)(x))), {
        "": 60
    }


def causal_convolution() -> LengthModel:
    x = given = Input((None, 3))
    x = layers.Conv1D(5, 4, dilation_rate=2, padding="causal", activation="tanh")(x)
    return Model(given, layers.MaxPool1D(3, strides=2, padding="same")(x)), {"steps": 23}


def masked_lstm() -> LengthModel:
    ids = Input((None,), dtype="int32")
    x = layers.LSTM(5)(layers.Embedding(20, 6, mask_zero=True)(ids))
    return Model(ids, layers.Dense(2)(x)), {"tokens": 37}


def bidirectional_lstm() -> LengthModel:
    ids = Input((None,), dtype="int32")
    x = layers.Embedding(20, 6, mask_zero=True)(ids)
    x = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(x)
    return Model(ids, layers.TimeDistributed(layers.Dense(3, activation="softmax"))(x)), {
        "tokens": 29
    }


def attention_with_mask() -> LengthModel:
    """Two inputs with one length."""
    ids, mask = Input((None,), dtype="int32", name="ids"), Input((None,), dtype="bool", name="mask")
    x = layers.Embedding(20, 8)(ids)
    x = x + layers.MultiHeadAttention(2, 4)(x, x, attention_mask=ops.expand_dims(mask, 1))
    x = layers.LayerNormalization()(x)
    return Model([ids, mask], layers.GlobalAveragePooling1D()(x)), {"tokens": 24}


def transformer() -> LengthModel:
    """A causal mask and a table of positions, both as large as the bound."""
    ids = Input((None,), dtype="int32", name="ids")
    x = Positions(32, 8)(layers.Embedding(20, 8)(ids))
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True))
    y = layers.Dense(8)(layers.Dense(24, activation="gelu")(x))
    return Model(ids, layers.LayerNormalization()(x + y)), {"tokens": 32}


def counted_steps() -> LengthModel:
    x = Input((None, 6))
    return Model(x, layers.GRU(4)(Counted()(x))), {"n": 40}


def two_lengths() -> LengthModel:
    query, value = Input((None, 4), name="query"), Input((None, 4), name="value")
    outputs = [
        layers.Attention(use_scale=True)([query, value]),
        layers.AdditiveAttention()([query, value]),
    ]
    return Model([query, value], outputs), {"query": "queries:13,*", "value": "values:21,4"}


def images() -> LengthModel:
    x = given = Input((None, None, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.SeparableConv2D(5, 3)(layers.MaxPool2D(2)(x))
    x = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return Model(given, x), {"height": 37, "width": 41}


def strides_with_padding() -> LengthModel:
    x = given = Input((None, None, 2))
    x = layers.Conv2D(3, (1, 5), strides=(2, 3), padding="same")(x)
    x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    return Model(given, layers.Conv2D(3, 2, strides=3, padding="same")(x)), {
        "height": 29,
        "width": 31,
    }


def unet() -> LengthModel:
    """Takes multiples of 4 only."""
    x = given = Input((None, None, 3))
    a = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.MaxPool2D()(a))
    x = layers.Conv2D(8, 3, padding="same")(layers.MaxPool2D()(b))
    x = layers.Conv2DTranspose(6, 2, strides=2, padding="same")(x)
    x = layers.UpSampling2D()(layers.Concatenate()([b, x]))
    return Model(given, layers.Conv2D(2, 1)(layers.Concatenate()([a, x]))), {
        "height": 24,
        "width": 32,
    }


def resizing() -> LengthModel:
    """To a fixed size and by a factor, in both ways that need no tables."""
    x = given = Input((None, None, 2))
    outputs = [
        layers.Resizing(7, 9)(x),
        layers.Resizing(7, 9, interpolation="nearest")(x),
        layers.UpSampling2D(3, interpolation="bilinear")(layers.Conv2D(2, 3)(x)),
    ]
    return Model(given, outputs), {"height": 24, "width": 33}


def resizing_with_kernels() -> LengthModel:
    """Up and down, by weights that the code computes."""
    x = given = Input((None, None, 2))
    outputs = [
        layers.Resizing(7, 9, interpolation="bicubic")(x),
        layers.Resizing(1, 12, interpolation="area")(x),
        layers.Resizing(5, 30, interpolation="lanczos3")(x),
        layers.Resizing(12, 4, interpolation="lanczos5", antialias=True)(x),
        layers.Resizing(4, 11, interpolation="bilinear", antialias=True)(x),
        layers.Resizing(6, 5, interpolation="bicubic", antialias=True)(x),
        layers.UpSampling2D(2, interpolation="bicubic")(x),
    ]
    return Model(given, outputs), {"height": 17, "width": 21}


def transposed_and_depthwise() -> LengthModel:
    """In all paddings, with strides."""
    x = given = Input((None, 18))
    x = layers.Conv1DTranspose(17, 4, strides=3, padding="valid", activation="relu")(x)
    x = layers.DepthwiseConv1D(5, strides=2, padding="same", depth_multiplier=2)(x)
    x = layers.Conv1DTranspose(6, 3, strides=2, padding="same")(x)
    return Model(given, layers.SeparableConv1D(5, 3, dilation_rate=2, padding="same")(x)), {
        "steps": 25
    }


def movement() -> LengthModel:
    """What cuts, turns round, joins and sums along the length."""
    x = Input((None, 3))
    joined = ops.concatenate([ops.flip(x, axis=1), x], axis=1)
    outputs = [
        x + ops.flip(x, axis=1), x[:, ::2] * 2, x[:, -1], ops.cumsum(joined, axis=1),
        ops.max(x, axis=1), ops.mean(x, axis=1), ops.softmax(x, axis=1), layers.ZeroPadding1D(2)(x),
        layers.Reshape((-1, 2))(layers.Conv1D(6, 2)(x)),
        ops.pad(x, ((0, 0), (2, 1), (0, 0)), mode="reflect"),
        ops.pad(x, ((0, 0), (0, 3), (1, 1)), mode="symmetric"), ops.transpose(x, (0, 2, 1)) * 3,
    ]  # fmt: skip
    return Model(x, outputs), {"n": 30}


def frames() -> LengthModel:
    """A convolutional network at each step of a loop."""
    x = Input((None, 7, 6, 1))
    inner = keras.Sequential([layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2)])
    return Model(x, layers.GRU(3)(layers.TimeDistributed(inner)(x))), {"frames": 9}


def coincidence() -> LengthModel:
    """The bound is the number of channels and of heads times size."""
    x = given = Input((None, 8))
    x = ops.transpose(layers.Dense(8)(x), (0, 2, 1))
    return Model(given, layers.Dot(axes=(1, 2))([given, x])), {"n": 8}


def patches() -> LengthModel:
    """Slices of which none is left at a width of one."""
    x = Input((None, None, 5))
    return Model(x, ops.image.extract_patches(x, (2, 2))), {"height": 17, "width": 13}


class Sixteenth(keras.Layer):
    """Cuts off a sixteenth, rounded down, what is left to a multiple of 16 on the other end, and
    what is more than a multiple of four.
    """

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        n = ops.shape(x)[1]
        return x[:, n // 16 :], x[:, : (n + 9) // 12], x[:, : n // 4 * 4] * 2


def quotients() -> LengthModel:
    """Of which half a dozen lengths don't tell where they grow."""
    x = Input((None, 3))
    return Model(x, Sixteenth()(x)), {"n": 70}


def tall_sums() -> LengthModel:
    """Sums over the length, which are cut into blocks, of more units than a panel has: alone,
    around another sum and inside of one.
    """
    x = Input((None, 17))
    y = layers.Reshape((-1, 2, 3, 17))(layers.Dense(102)(x))
    z = layers.Reshape((-1, 3, 17))(layers.Dense(51)(x))
    outputs = [
        layers.Dot(axes=1)([x, x]),
        ops.einsum("bteac,btad->becd", y, z),
        ops.einsum("baetc,btad->becd", ops.transpose(y, (0, 3, 2, 1, 4)), z),
    ]
    return Model(x, outputs), {"n": 300}


def measured() -> LengthModel:
    x = Input((None, 5))
    return Model(x, Measured()(x)), {"n": 26}


def coordinates() -> LengthModel:
    x = Input((None, None, 3))
    y = layers.Conv2D(4, 3, padding="same")(Coordinates()(x))
    return Model(x, layers.GlobalAveragePooling2D()(y)), {"height": 15, "width": 18}


def quantiles() -> LengthModel:
    """Whose places among the sorted elements depend on the length."""
    x = Input((None, 3))
    outputs = [
        ops.median(x, axis=1),
        ops.quantile(x, 0.3, axis=(1, 2), method="midpoint", keepdims=True),
        ops.moveaxis(ops.quantile(x, [0.1, 0.25, 0.9], axis=1, method="nearest"), 0, -1),
        ops.nanmedian(x, axis=1),
    ]
    return Model(x, outputs), {"n": 27}


def signal_frames() -> LengthModel:
    """Overlapping pieces, as many as fit in; and their spectra."""
    x = Input((None,))
    outputs = [
        ops.extract_sequences(x, 7, 3),
        ops.extract_sequences(x, 6, 2),
        *ops.stft(x, 8, 4, 8),
    ]
    return Model(x, outputs), {"n": 50}


def aspect_ratio() -> LengthModel:
    """Images cut, or padded, to the proportions that they are resized to."""
    x = given = Input((None, None, 2))
    outputs = [
        layers.Resizing(5, 7, crop_to_aspect_ratio=True)(x),
        layers.Resizing(6, 4, crop_to_aspect_ratio=True, interpolation="nearest")(x),
        layers.Resizing(5, 8, pad_to_aspect_ratio=True, fill_value=0.5)(x),
    ]
    return Model(given, outputs), {"height": 20, "width": 23}


def one_hot() -> LengthModel:
    """Of one element the layer drops the axis, so that the least length is two."""
    x = Input((None,), dtype="int32")
    return Model(x, layers.CategoryEncoding(5, output_mode="one_hot")(x)), {"n": 19}


MODELS: dict[str, Callable[[], LengthModel]] = {
    one.__name__: one
    for one in (
        dilated_convolutions, causal_convolution, masked_lstm, bidirectional_lstm,
        attention_with_mask, transformer, counted_steps, two_lengths, images, strides_with_padding,
        resizing, transposed_and_depthwise, unet, movement, frames, coincidence,
        patches, tall_sums, quotients, resizing_with_kernels, measured, coordinates, quantiles,
        signal_frames, aspect_ratio, one_hot,
    )
}  # fmt: skip


def by_length() -> LengthModel:
    x = Input((None, 3))
    return Model(x, ByLength()(x)), {"n": 30}


def by_parity() -> LengthModel:
    x = Input((None, 3))
    return Model(x, ByParity()(x)), {"n": 30}


def too_long() -> LengthModel:
    x = Input((None, 8))
    return Model(x, Positions(16, 8)(x)), {"tokens": 17}


def too_large() -> LengthModel:
    """Attention of 100,000 by 100,000."""
    x = Input((None, 4))
    return Model(x, layers.Attention()([x, x])), {"tokens": 100_000}


def never_fitting() -> LengthModel:
    """Keras finds no fault in it as long as it knows no length."""
    x = Input((None, 3))
    return Model(x, layers.Add(name="sum")([x, layers.MaxPooling1D(2)(x)])), {"n": 8}


REFUSED: dict[str, tuple[Callable[[], LengthModel], str]] = {
    "by_length": (by_length, "'by_length' .*computes with 0.04"),
    "by_parity": (by_parity, r"with (.*) at one length, but with (?!\1 at)"),
    "too_long": (too_long, "positions"),
    "too_large": (too_large, "'attention' .*10,000,000,000 numbers"),
    "never_fitting": (never_fitting, "'sum' .*Keras refuses it .*8, 3.* and .*4, 3"),
}
