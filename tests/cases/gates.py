"""Recurrent cells with enough units that their gates stay in registers."""

from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers, ops

L = layers


def _sequence(*recurrent: keras.Layer) -> keras.Model:
    return Sequential([Input((5, 3), name="x"), *recurrent])


def lstm() -> keras.Model:
    """Whole vectors, and a part of one; states that are outputs and such that aren't."""
    x = Input((6, 3), name="x")
    y, *states = L.LSTM(16, return_sequences=True, return_state=True)(x)
    return Model(x, [L.LSTM(24)(y), *states])


def gru() -> keras.Model:
    return _sequence(L.GRU(32, return_sequences=True), L.GRU(21, use_bias=False))


def gru_reset_before() -> keras.Model:
    """The reset gate is applied before the second product, which reads what the gates made."""
    return _sequence(L.GRU(29, reset_after=False, return_sequences=True, go_backwards=True))


def masked() -> keras.Model:
    ids = Input((5,), dtype="int32", name="ids")
    x = L.Embedding(7, 4, mask_zero=True)(ids)
    x = L.Bidirectional(L.LSTM(25, return_sequences=True))(x)
    return Model(ids, L.Bidirectional(L.GRU(22, return_state=True))(x))


def given_states() -> keras.Model:
    source, target = Input((6, 3), name="source"), Input((4, 2), name="target")
    _, h, c = L.LSTM(28, return_state=True)(source)
    decoded = L.LSTM(28, return_sequences=True, return_state=True)(target, initial_state=[h, c])
    return Model([source, target], decoded)


def stacked_cells() -> keras.Model:
    cells = [L.LSTMCell(24), L.GRUCell(21), L.SimpleRNNCell(19)]
    x = Input((5, 3), name="x")
    return Model(x, L.RNN(cells, return_state=True, return_sequences=True)(x))


def stateful() -> keras.Model:
    x = Input(batch_shape=(3, 4, 2), name="x")
    return Model(x, L.GRU(24, stateful=True)(L.LSTM(24, stateful=True, return_sequences=True)(x)))


def there_and_back() -> keras.Model:
    """Weights that the first-level cache doesn't hold; of 101 terms the last ones' sum is shorter
    than those before.
    """
    return _sequence(
        L.GRU(101, return_sequences=True), L.LSTM(52, go_backwards=True, return_sequences=True)
    )


@keras.saving.register_keras_serializable("kgen_tests")
class _Minimal(keras.Layer):
    """A cell of one gate, whose other half is halved by a number that is the same for all units;
    what it shows is another thing than what it keeps.
    """

    state_size = output_size = 20

    def build(self, shape) -> None:
        self.kernel = self.add_weight(shape=(shape[-1] + 20, 40), name="kernel")
        self.share = self.add_weight(shape=(1,), name="share")
        self.scale = self.add_weight(shape=(20,), name="scale")

    def call(self, x, states):
        (h,) = states
        gate, new = ops.split(ops.concatenate([x, h], -1) @ self.kernel, 2, -1)
        gate = ops.sigmoid(gate) * self.share
        h = gate * h + (1 - gate) * ops.tanh(new)
        return h * self.scale, [h]


def custom_cell() -> keras.Model:
    return _sequence(L.RNN(_Minimal(), return_sequences=True, return_state=True))
