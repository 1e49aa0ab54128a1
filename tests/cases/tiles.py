"""Sizes around those of the tiles of the fast style: units, pixels, channels with a remainder."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import Input, Model, layers, ops

from tests.cases._build import Function


def _outputs(x: keras.KerasTensor, made: Sequence[keras.Layer]) -> Model:
    """One input, one output for each layer."""
    return Model(x, [one(x) for one in made])


def dense_units() -> Model:
    units = (1, 3, 15, 17, 33, 70, 130)
    return _outputs(Input((19,), name="x"), [layers.Dense(u) for u in units])


def dense_rows() -> Model:
    made = [layers.Dense(u, activation="relu") for u in (3, 5, 16, 40)]
    return _outputs(Input((13, 7), name="x"), made)


def dense_many_rows() -> Model:
    made = [layers.Dense(u, activation="tanh") for u in (6, 23, 48)]
    return _outputs(Input((5, 31, 6), name="x"), made)


def few_units() -> Model:
    """Vectors along the terms."""
    x = Input((5, 70), name="x")
    last = ops.reshape(x, (-1, 350))
    long = ops.concatenate([last, ops.square(last), ops.sin(last)], axis=-1)
    return Model(
        x,
        [
            layers.Dense(1, activation="sigmoid")(x),
            layers.Dense(3, activation="tanh", use_bias=False)(x),
            layers.Dense(2)(long) + last[:, :2],
            layers.Dense(1, activation="gelu")(x[..., :17]),
        ],
    )


def one_by_one_filters() -> Model:
    made = [layers.Conv2D(f, 1, activation="sigmoid") for f in (4, 17, 50)]
    return _outputs(Input((6, 11, 5), name="x"), made)


def crowded_pixels() -> Model:
    """Pixels that lie a power of two apart, in front of strides."""
    made = [
        layers.Conv2D(17, 1, strides=2),
        layers.Conv2D(6, 1, strides=2, activation="relu"),
        layers.Conv2D(128, 3, strides=2, padding="same", groups=32),
    ]
    return _outputs(Input((5, 6, 512), name="x"), made)


def windows() -> Model:
    made = [
        layers.Conv2D(5, 3, padding="same", activation="relu"),
        layers.Conv2D(18, (2, 4), padding="same", strides=2),
        layers.Conv2D(33, (3, 2), dilation_rate=(1, 2)),
        layers.Conv2D(4, 5, padding="same", strides=(3, 1)),
    ]
    return _outputs(Input((9, 37, 3), name="x"), made)


def few_filters() -> Model:
    """Those of two, three or four pixels fill a vector together."""
    made = [
        layers.Conv2D(5, (3, 5), padding="same", activation="relu"),
        layers.Conv2D(6, (2, 4), strides=(1, 2), padding="same", bias_initializer="ones"),
        layers.Conv2D(1, (1, 5), padding="same"),
        layers.Conv2D(7, 3, padding="same", dilation_rate=(2, 1), activation="tanh"),
        layers.Conv2D(3, (3, 4)),
    ]
    return _outputs(Input((7, 12, 2), name="x"), made)


def few_filters_of_sequences() -> Model:
    x = Input((18, 3), name="x")
    y = layers.Conv1D(4, 5, padding="same")(x)
    return Model(x, [y, layers.ReLU()(y + layers.Conv1D(4, 5, padding="causal")(x))])


def parts_of_vectors() -> Model:
    """Units that fill up to a half, or more, of the last vector of 16, 8 or 4 lanes; sums that are
    cut; Winograd's.
    """
    made = [
        *(layers.Conv2D(f, 1, activation="relu") for f in (8, 20, 41, 72, 75)),
        layers.Conv2D(40, (4, 5), strides=2, padding="same", activation="tanh"),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
    ]
    return _outputs(Input((12, 14, 19), name="x"), made)


def small_images() -> Model:
    made = [layers.Conv2D(6, 3, padding="same"), layers.Conv2D(20, (2, 3))]
    return _outputs(Input((7, 5, 9), name="x"), made)


def sequences() -> Model:
    made = [
        layers.Conv1D(9, 3, padding="causal", dilation_rate=4, activation="relu"),
        layers.Conv1D(36, 4, padding="same", strides=3),
        layers.Conv1D(4, 2, padding="causal"),
    ]
    return _outputs(Input((41, 6), name="x"), made)


def volumes() -> Model:
    made = [layers.Conv3D(5, 2, padding="same"), layers.Conv3D(17, (1, 3, 2), strides=(2, 1, 2))]
    return _outputs(Input((4, 5, 9, 3), name="x"), made)


def groups() -> Model:
    made = [
        layers.Conv2D(12, 3, groups=3, padding="same", activation="relu"),
        layers.Conv2D(54, 1, groups=3, bias_initializer="ones"),
        layers.Conv2D(6, 2, groups=6),
    ]
    return _outputs(Input((5, 7, 6), name="x"), made)


def depthwise() -> Model:
    made = [
        layers.DepthwiseConv2D(3, padding="same", activation="relu6"),
        layers.DepthwiseConv2D((2, 5), strides=2, padding="same"),
        layers.DepthwiseConv2D(3, dilation_rate=(2, 3), padding="same", use_bias=False),
        layers.DepthwiseConv2D((4, 1)),
    ]
    return _outputs(Input((6, 13, 21), name="x"), made)


def depthwise_of_few_pixels() -> Model:
    made = [layers.DepthwiseConv2D(5, padding="same"), layers.DepthwiseConv2D(2)]
    return _outputs(Input((3, 2, 35), name="x"), made)


def depthwise_after_padding() -> Model:
    x = Input((7, 6, 16), name="x")
    y = layers.ZeroPadding2D(((0, 1), (2, 1)))(x)
    return Model(x, layers.DepthwiseConv2D(3, strides=2)(y))


def depthwise_sequences() -> Model:
    made = [layers.DepthwiseConv1D(3, padding="same"), layers.DepthwiseConv1D(4, strides=2)]
    return _outputs(Input((23, 18), name="x"), made)


def depthwise_with_many_filters() -> Model:
    """Two, three and five filters of each channel: a vector begins inside a channel's, or ends."""
    made = [
        layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="elu"),
        layers.DepthwiseConv2D((2, 9), depth_multiplier=3, strides=2, padding="same"),
        layers.DepthwiseConv2D(3, depth_multiplier=5, dilation_rate=2, use_bias=False),
        layers.Conv2D(11 * 18, 1, groups=11),
    ]
    return _outputs(Input((6, 13, 11), name="x"), made)


def few_in_groups() -> Model:
    """Groups of two, four and eight channels: several in a vector, or one in several vectors."""
    made = [
        layers.Conv2D(24, 3, padding="same", groups=12, activation="relu"),
        layers.Conv2D(24, (2, 3), strides=2, padding="same", groups=6),
        layers.Conv2D(24, 3, padding="same", dilation_rate=2, groups=3, use_bias=False),
        layers.Conv2D(24, 1, groups=6),
    ]
    return _outputs(Input((6, 19, 24), name="x"), made)


def transposed() -> Model:
    made = [
        layers.Conv2DTranspose(5, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(17, 2, strides=2),
        layers.Conv2DTranspose(4, (4, 5), strides=(2, 3), padding="same"),
        layers.Conv2DTranspose(6, 3, strides=(1, 2)),
    ]
    return _outputs(Input((4, 7, 3), name="x"), made)


def transposed_long_sums() -> Model:
    """Each phase has taps of its own, and sums that are cut; or columns side by side."""
    made = [
        layers.Conv2DTranspose(18, 5, strides=2, padding="same"),
        layers.Conv2DTranspose(3, 5, strides=2, padding="same"),
        layers.Conv2DTranspose(34, (4, 7), strides=(1, 3)),
    ]
    return _outputs(Input((4, 6, 36), name="x"), made)


def transposed_sequences() -> Model:
    made = [
        layers.Conv1DTranspose(f, k, strides=s, padding=p)
        for f, k, s, p in (
            (5, 5, 3, "same"),
            (4, 2, 4, "valid"),
            (6, 7, 2, "valid"),
            (7, 4, 3, "valid"),
            (9, 4, 2, "same"),
        )
    ]
    made.append(layers.Conv1DTranspose(4, 3, dilation_rate=2, padding="same"))
    return _outputs(Input((11, 3), name="x"), made)


def residual() -> Model:
    x = Input((5, 9, 18), name="x")
    y = layers.Conv2D(18, 3, padding="same", activation="relu")(x)
    z = layers.Conv2D(18, 1, use_bias=False)(y)
    return Model(x, layers.ReLU()(layers.BatchNormalization()(z) + y) * 0.5)


def zeros_skipped() -> Model:
    """One pixel after rectifiers, its list read twice; in one sample no element is left."""
    x = Input((20,), name="x")
    y = layers.Dense(171, activation="relu")(x)
    z = layers.ReLU()(layers.Dense(66)(y) + layers.Dense(66, activation="relu6")(y))
    nothing = layers.Dense(37, activation="relu")(z * 0.0)
    return Model(x, [layers.Dense(130)(z), layers.Dense(23)(y), layers.Dense(70)(nothing * 0.0)])


def epilogues() -> Model:
    x = Input((6, 5), name="x")
    made = [
        layers.Dense(17, activation=name)(x)
        for name in ("gelu", "elu", "selu", "softplus", "silu", "leaky_relu", "mish", "relu6")
    ]
    made.append(layers.PReLU()(layers.Dense(20)(x)))
    return Model(x, made)


def products() -> Model:
    """Of two computed arrays, with the units side by side and not."""

    def call(a: keras.KerasTensor, b: keras.KerasTensor) -> keras.KerasTensor:
        return ops.concatenate(
            [
                ops.reshape(ops.einsum(f"bhik,{other}->bhij", a, ops.transpose(b, axes)), (-1, 231))
                for other, axes in (("bhjk", (0, 1, 2, 3)), ("bhkj", (0, 1, 3, 2)))
            ],
            axis=-1,
        )

    x, y = Input((3, 7, 5), name="x"), Input((3, 11, 5), name="y")
    return Model([x, y], Function(call)(x, y))


def between_transposes() -> Model:
    """Layers along the steps of a sequence, with and without what follows their sums; one whose
    transposed input others read, one of many images, and products of transposed arrays.
    """
    x, y = Input((12, 32), name="x"), Input((2, 3, 9, 16), name="y")
    turned = layers.Permute((2, 1))(x)
    mixed = layers.Dense(20, use_bias=False)(layers.Dense(7, activation="gelu")(turned))
    mixed = layers.Permute((2, 1))(mixed)
    ways = layers.Permute((1, 2, 4, 3))(layers.Dense(8)(layers.Permute((1, 2, 4, 3))(y)))
    outputs = [
        layers.Concatenate(axis=1)([mixed, x]),
        layers.Dense(5, activation="relu")(turned),
        layers.ReLU()(turned),
        ways,
        layers.Dot(axes=(1, 1))([x, layers.Permute((2, 1))(layers.Dense(12)(turned))]),
    ]
    return Model([x, y], outputs)


def attention_in_blocks() -> Model:
    """Of other queries than keys, in blocks that don't come out even: of 67 with few keys, of 19
    with many; a bias, and a mask that leaves some queries no key at all.
    """

    def masked(
        x: keras.KerasTensor, y: keras.KerasTensor, mask: keras.KerasTensor
    ) -> keras.KerasTensor:
        q, k = ops.reshape(x, (-1, 67, 2, 3)), ops.reshape(y, (-1, 21, 2, 3))
        v = ops.reshape(ops.concatenate([y, y], -1)[:, :, :10], (-1, 21, 2, 5))
        bias = ops.reshape(mask, (-1, 1, 67, 21)) * 2.0
        some = ops.logical_and(bias > 0.0, ops.reshape(ops.arange(67) % 5 > 0, (1, 1, 67, 1)))
        return ops.dot_product_attention(q, k, v, bias=bias, mask=some, scale=0.7)

    x, y, mask = Input((67, 6), name="x"), Input((21, 6), name="y"), Input((67, 21), name="mask")
    long, few = Input((520, 4), name="long"), Input((19, 4), name="few")
    seen = layers.MultiHeadAttention(3, 5, value_dim=7)
    made = [Function(masked)(x, y, mask), seen(few, long), layers.Attention()([few, long])]
    return Model([x, y, mask, long, few], made)


def causal_attention() -> Model:
    x = Input((70, 6), name="x")
    seen = layers.GroupQueryAttention(5, 4, 2)
    return Model(x, seen(x, x, use_causal_mask=True))


def pooling() -> Model:
    made = [
        layers.MaxPooling2D(2),
        layers.AveragePooling2D(3, strides=2, padding="same"),
        layers.GlobalAveragePooling2D(),
        layers.GlobalMaxPooling2D(),
    ]
    return _outputs(Input((7, 9, 19), name="x"), made)


def rows_of_softmax() -> Model:
    x = Input((3, 70), name="x")
    made = [layers.Softmax(), layers.LayerNormalization(), layers.Activation("log_softmax")]
    return Model(x, [*(one(x) for one in made), layers.Softmax()(x[:, :, :17])])


def many_pixels() -> Model:
    """Images larger than what stays near the core, a kernel that is smaller."""
    made = [layers.Conv2D(40, 1, activation="relu"), layers.Conv2D(20, 3, padding="same")]
    return _outputs(Input((40, 47, 8), name="x"), made)


def depthwise_single_taps_beside_padding() -> keras.Model:
    """One tap along an axis, which lies on the padding at the borders."""
    x = Input((9, 7, 16))
    wide, narrow = layers.ZeroPadding2D(3)(x), layers.ZeroPadding2D(1)(x)
    return Model(
        x,
        [
            layers.DepthwiseConv2D(1, strides=2)(wide),
            layers.DepthwiseConv2D((3, 1))(narrow),
            layers.DepthwiseConv2D((1, 3))(narrow),
        ],
    )


def weights_from_afar() -> keras.Model:
    """So many that a tile asks for the next ones: of the next panel, of a panel that is long."""
    made = [
        layers.Conv2D(130, 1, activation="relu"),
        layers.Conv2D(40, 3, strides=2, padding="same"),
        layers.Dense(17),
    ]
    return _outputs(Input((7, 9, 70), name="x"), made)


def scaled_channels() -> Model:
    """One factor for each channel in front of a product; the last one has more weights than x has
    elements.
    """
    x, factors = Input((24, 22, 6), name="x"), [Input((1, 1, 6), name=name) for name in "abc"]
    made = [
        layers.Conv2D(40, 1, activation="relu"),
        layers.Conv2D(5, (3, 2), strides=2),
        layers.Conv2D(17, (12, 11)),
    ]
    scaled = [layers.Multiply()([own, x]) for own in factors]
    return Model([x, *factors], [layer(y) for layer, y in zip(made, scaled, strict=True)])
