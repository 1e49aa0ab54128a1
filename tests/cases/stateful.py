"""Stateful layers: what they remember goes from one batch to the next."""

from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers

L = layers


def lstm_and_gru() -> keras.Model:
    return Sequential(
        [
            Input(batch_shape=(1, 4, 2), name="x"),
            L.LSTM(3, stateful=True, return_sequences=True, name="lstm"),
            L.GRU(2, stateful=True, name="gru"),
        ]
    )


def two_sequences_at_a_time() -> keras.Model:
    x = Input(batch_shape=(2, 4, 2), name="x")
    y = L.Bidirectional(L.LSTM(3, stateful=True, return_sequences=True))(x)
    return Model(x, [y, L.SimpleRNN(2, stateful=True, go_backwards=True)(y)])


def stacked_cells_whose_state_is_returned() -> keras.Model:
    x = Input(batch_shape=(1, 3, 2), name="x")
    cells = [L.LSTMCell(3), L.GRUCell(4)]
    return Model(x, L.RNN(cells, stateful=True, return_state=True)(x))


def masked() -> keras.Model:
    ids = Input(batch_shape=(1, 4), dtype="int32", name="ids")
    x = L.Embedding(3, 2, mask_zero=True)(ids)
    return Model(ids, L.LSTM(3, stateful=True)(L.GRU(2, stateful=True, return_sequences=True)(x)))


def shared_layer() -> keras.Model:
    """The second call of the layer goes on where the first one ended."""
    x = Input(batch_shape=(1, 4, 2), name="x")
    shared = L.GRU(2, stateful=True, return_sequences=True)
    return Model(x, [shared(x), shared(L.Dense(2)(x))])


def conv_lstm() -> keras.Model:
    x = Input(batch_shape=(1, 2, 4, 3, 1), name="x")
    return Model(x, L.ConvLSTM2D(2, 2, stateful=True)(x))


def only_some_layers() -> keras.Model:
    x = Input(batch_shape=(1, 4, 2), name="x")
    return Model(x, L.Dense(2)(L.LSTM(3)(L.GRU(4, stateful=True, return_sequences=True)(x))))
