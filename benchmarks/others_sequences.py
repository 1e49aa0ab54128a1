"""Models of sequences that are not in the zoo: recurrent ones, attention, and rows of a table."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from benchmarks.zoo import Entry

WORDS = 1000


def _tokens(steps: int, padded: int = 0) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The model's input, numbers from 0 to WORDS, and what they are: words, then zeros."""
    x = keras.Input((steps,))
    kept = np.arange(steps) < steps - padded
    return x, (ops.floor(x) + 1) * kept.astype(np.float32)


def bilstm() -> keras.Model:
    """A classifier of sentences, which end before the sequence does."""
    x, words = _tokens(60, padded=12)
    y = layers.Embedding(WORDS + 2, 64, mask_zero=True)(words)
    y = layers.Bidirectional(layers.LSTM(64))(y)
    return keras.Model(x, layers.Dense(5, activation="softmax")(y))


def stacked_lstm() -> keras.Model:
    x = y = keras.Input((50, 24))
    for units in (96, 64):
        y = layers.LSTM(units, return_sequences=True)(y)
    return keras.Model(x, layers.Dense(1)(layers.LSTM(48)(y)))


def gru_reset_before() -> keras.Model:
    x = keras.Input((60, 40))
    y = layers.GRU(96, reset_after=False, return_sequences=True)(x)
    return keras.Model(x, layers.Dense(10)(layers.GRU(96, reset_after=False)(y)))


def simple_rnn() -> keras.Model:
    x = keras.Input((100, 16))
    y = layers.SimpleRNN(64, return_sequences=True)(x)
    return keras.Model(x, layers.Dense(4)(layers.SimpleRNN(64)(y)))


def conv_lstm() -> keras.Model:
    """The next frame of a small film."""
    x = keras.Input((8, 24, 24, 1))
    y = layers.ConvLSTM2D(16, 3, padding="same", return_sequences=True)(x)
    y = layers.ConvLSTM2D(16, 3, padding="same")(y)
    return keras.Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y))


def speech() -> keras.Model:
    """Convolutions over time in front of recurrent layers in both directions."""
    x = keras.Input((200, 40))
    y = layers.Conv1D(64, 5, strides=2, padding="same", activation="relu")(x)
    y = layers.BatchNormalization()(y)
    y = layers.Conv1D(64, 5, strides=2, padding="same", activation="relu")(y)
    for _ in range(2):
        y = layers.Bidirectional(layers.GRU(48, return_sequences=True))(y)
    return keras.Model(x, layers.Dense(29, activation="softmax")(y))


def translator() -> keras.Model:
    """An encoder, and a decoder that attends to it; the decoder's words are the last 20."""
    x, words = _tokens(50)
    embedding = layers.Embedding(WORDS + 2, 64)
    encoded, *states = layers.LSTM(128, return_sequences=True, return_state=True)(
        embedding(words[:, :30])
    )
    decoded = layers.LSTM(128, return_sequences=True)(
        embedding(words[:, 30:]), initial_state=states
    )
    context = layers.Attention()([decoded, encoded])
    y = layers.Dense(128, activation="tanh")(layers.Concatenate()([decoded, context]))
    return keras.Model(x, layers.Dense(WORDS + 2)(y))


def time_distributed() -> keras.Model:
    """The same small network on every step."""
    x = keras.Input((120, 24))
    y = layers.TimeDistributed(layers.Dense(48, activation="relu"))(x)
    y = layers.TimeDistributed(layers.Dense(48, activation="selu"))(y)
    y = layers.TimeDistributed(layers.LayerNormalization())(y)
    return keras.Model(x, layers.TimeDistributed(layers.Dense(3, activation="softmax"))(y))


def _block(
    x: keras.KerasTensor, heads: int, key: int, hidden: int, causal: bool = False
) -> keras.KerasTensor:
    """A transformer's block with normalisations in front."""
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    y = layers.MultiHeadAttention(heads, key)(y, y, use_causal_mask=causal)
    x = layers.Add()([x, y])
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    y = layers.Dense(x.shape[-1])(layers.Dense(hidden, activation="gelu")(y))
    return layers.Add()([x, y])


class Positions(layers.Layer):
    """Adds a vector of its own to each place."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.places = self.add_weight(shape=shape[1:], initializer="random_normal", name="places")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x + self.places


def vit() -> keras.Model:
    """ViT-tiny's blocks on 36 patches."""
    image = keras.Input((96, 96, 3))
    x = layers.Conv2D(192, 16, strides=16)(image)
    x = Positions()(layers.Reshape((36, 192))(x))
    for _ in range(4):
        x = _block(x, 3, 64, 768)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(image, layers.Dense(10)(x))


def gpt() -> keras.Model:
    """Which word comes next, at each place."""
    ids, words = _tokens(64)
    x = Positions()(layers.Embedding(WORDS + 2, 256)(words))
    for _ in range(3):
        x = _block(x, 4, 64, 1024, causal=True)
    return keras.Model(ids, layers.Dense(WORDS + 2)(layers.LayerNormalization()(x)))


def bert() -> keras.Model:
    """Blocks with normalisations behind, tokens that are padded, and the first place's vector."""
    ids, words = _tokens(48, padded=10)
    x = Positions()(layers.Embedding(WORDS + 2, 128)(words))
    x = layers.LayerNormalization(epsilon=1e-12)(x)
    mask = ops.expand_dims(ops.not_equal(words, 0), 1)
    for _ in range(2):
        y = layers.MultiHeadAttention(2, 64)(x, x, attention_mask=mask)
        x = layers.LayerNormalization(epsilon=1e-12)(layers.Add()([x, y]))
        y = layers.Dense(128)(layers.Dense(512, activation="gelu")(x))
        x = layers.LayerNormalization(epsilon=1e-12)(layers.Add()([x, y]))
    return keras.Model(ids, layers.Dense(128, activation="tanh")(x[:, 0]))


def odd_heads() -> keras.Model:
    """Three heads of 20, projections with EinsumDense, groups of features normalised."""
    x = y = keras.Input((45, 60))
    for _ in range(2):
        z = layers.GroupNormalization(6)(y)
        y = layers.Add()([y, layers.MultiHeadAttention(3, 20)(z, z)])
        z = layers.EinsumDense("abc,cde->abde", (None, 3, 50), bias_axes="de")(y)
        z = layers.EinsumDense("abde,dec->abc", (None, 60), bias_axes="c")(ops.silu(z))
        y = layers.LayerNormalization()(layers.Add()([y, z]))
    return keras.Model(x, layers.Dense(7)(layers.GlobalMaxPooling1D()(y)))


def mixer() -> keras.Model:
    """MLP-Mixer on 64 patches: layers along the patches beside those along the channels."""
    image = keras.Input((32, 32, 3))
    x = layers.Reshape((64, 64))(layers.Conv2D(64, 4, strides=4)(image))
    for _ in range(2):
        y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
        y = layers.Dense(64)(layers.Dense(32, activation="gelu")(y))
        x = layers.Add()([x, layers.Permute((2, 1))(y)])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(64)(layers.Dense(128, activation="gelu")(y))
        x = layers.Add()([x, y])
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def long_attention() -> keras.Model:
    """512 tokens that all look at one another."""
    x = y = keras.Input((512, 64))
    for _ in range(2):
        y = _block(y, 4, 16, 128)
    return keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling1D()(y)))


def normalizations() -> keras.Model:
    """More of normalising than of products."""
    x = y = keras.Input((64, 96))
    for _ in range(4):
        y = layers.GroupNormalization(8)(y)
        y = layers.Dense(96, activation="swish")(y)
        y = layers.LayerNormalization()(y)
        y = layers.UnitNormalization()(layers.RMSNormalization()(y))
    return keras.Model(x, layers.Dense(4)(layers.GlobalAveragePooling1D()(y)))


def recommender() -> keras.Model:
    """Thirteen numbers, bags of words and single ones, each in an embedding; then a network."""
    x = keras.Input((13 + 3 * 10 + 6,))
    numbers, bags, singles = x[:, :13] / WORDS, x[:, 13:43], x[:, 43:]
    parts = [layers.Dense(32, activation="relu")(numbers)]
    for bag in range(3):
        words = layers.Embedding(WORDS + 1, 32)(ops.floor(bags[:, 10 * bag : 10 * bag + 10]))
        parts.append(ops.mean(words, axis=1))
    for single in range(6):
        parts.append(layers.Embedding(WORDS + 1, 32)(ops.floor(singles[:, single])))
    y = layers.Concatenate()(parts)
    for units in (256, 128, 64):
        y = layers.Dense(units, activation="relu")(y)
    return keras.Model(x, layers.Dense(1, activation="sigmoid")(y))


SEQUENCES = {
    "recommender": Entry("embeddings, bags, MLP", recommender, scale=WORDS),
    "time_distributed": Entry("Dense over 120 steps", time_distributed),
    "simple_rnn": Entry("2 x SimpleRNN(64), 100 steps", simple_rnn),
    "bilstm": Entry("BiLSTM(64), 60 words, masked", bilstm, scale=WORDS),
    "gru_reset_before": Entry("2 x GRU(96), reset before", gru_reset_before),
    "stacked_lstm": Entry("LSTM 96, 64, 48, 50 steps", stacked_lstm),
    "speech": Entry("Conv1D and BiGRU(48), 200 steps", speech),
    "translator": Entry("LSTM(128) with attention", translator, scale=WORDS),
    "conv_lstm": Entry("ConvLSTM2D(16), 8 x 24x24", conv_lstm),
    "normalizations": Entry("normalisations, 64 x 96", normalizations),
    "mixer": Entry("MLP-Mixer, 64 patches", mixer),
    "odd_heads": Entry("3 heads of 20, 45 tokens", odd_heads),
    "bert": Entry("BERT-like, 48 tokens", bert, scale=WORDS),
    "vit": Entry("ViT-tiny's blocks, 96x96", vit),
    "gpt": Entry("GPT-like, 64 tokens", gpt, scale=WORDS),
    "long_attention": Entry("attention over 512 tokens", long_attention),
}
"""The quick ones first."""
