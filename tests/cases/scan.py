"""Recurrent layers: cells, directions, masks, states in and out."""

from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers, ops

from tests.cases._build import layer

L = layers


def _sequence(*recurrent: keras.Layer, steps: int = 5, size: int = 2) -> keras.Model:
    return Sequential([Input((steps, size), name="x"), *recurrent])


def _embedded(steps: int = 5, size: int = 4) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Ids, a third of them 0 and so masked, and their vectors."""
    ids = Input((steps,), dtype="int32", name=f"ids_{size}")
    return ids, layers.Embedding(3, size, mask_zero=True)(ids)


def _several(
    *made: keras.Layer, steps: int = 5, size: int = 2, masked: bool = False
) -> keras.Model:
    """The layers side by side on one sequence."""
    if masked:
        x, y = _embedded(steps, size)
    else:
        x = y = Input((steps, size), name="x")
    return Model(x, [out for one in made for out in keras.tree.flatten(one(y))])


def simple_rnn() -> keras.Model:
    return _sequence(L.SimpleRNN(4, return_sequences=True), L.SimpleRNN(3, activation="relu"))


def lstm() -> keras.Model:
    return _sequence(L.LSTM(3, name="lstm"))


def lstm_stacked() -> keras.Model:
    return _sequence(L.LSTM(4, return_sequences=True), L.LSTM(3, return_sequences=True), L.Dense(2))


def gru() -> keras.Model:
    return _sequence(L.GRU(4, return_sequences=True), L.GRU(3))


def gru_reset_before() -> keras.Model:
    return _several(
        L.GRU(3, reset_after=False), L.GRU(4, reset_after=False, use_bias=False, go_backwards=True)
    )


def without_bias() -> keras.Model:
    return _several(
        L.LSTM(3, use_bias=False), L.GRU(4, use_bias=False), L.SimpleRNN(2, use_bias=False)
    )


def with_states() -> keras.Model:
    return _several(
        L.LSTM(3, return_state=True, return_sequences=True),
        L.GRU(4, return_state=True),
        L.SimpleRNN(2, return_state=True, return_sequences=True),
    )


def backwards() -> keras.Model:
    return _several(
        L.LSTM(3, go_backwards=True, return_sequences=True),
        L.GRU(4, go_backwards=True, return_state=True),
        L.SimpleRNN(2, go_backwards=True),
    )


def unrolled() -> keras.Model:
    return _several(
        L.LSTM(3, unroll=True, return_sequences=True),
        L.GRU(4, unroll=True, go_backwards=True),
        L.SimpleRNN(2, unroll=True),
    )


def one_step() -> keras.Model:
    return _several(L.LSTM(3), L.GRU(4, return_sequences=True), steps=1)


def other_activations() -> keras.Model:
    return _several(
        L.LSTM(3, activation="relu", recurrent_activation="hard_sigmoid"),
        L.LSTM(3, activation="softsign", recurrent_activation="linear"),
        L.GRU(4, activation="elu", recurrent_activation="softmax"),
        L.SimpleRNN(2, activation=None),
    )


def implementation_one() -> keras.Model:
    """Gate by gate, as Keras computes with recurrent dropout."""
    return _several(
        L.LSTM(3, recurrent_dropout=0.2, dropout=0.1),
        L.GRU(4, recurrent_dropout=0.2),
        L.GRU(2, recurrent_dropout=0.2, reset_after=False),
        L.SimpleRNN(3, recurrent_dropout=0.2, dropout=0.3),
    )


def masked() -> keras.Model:
    return _several(
        L.LSTM(3, return_sequences=True, return_state=True),
        L.GRU(4, return_sequences=True),
        L.SimpleRNN(2),
        L.GRU(3, reset_after=False, go_backwards=True, return_state=True, return_sequences=True),
        masked=True,
        size=3,
    )


def masked_unrolled() -> keras.Model:
    return _several(
        L.LSTM(3, unroll=True, return_sequences=True, return_state=True),
        L.GRU(4, unroll=True, go_backwards=True, return_sequences=True),
        masked=True,
    )


def masked_with_zeros() -> keras.Model:
    return _several(
        L.RNN(L.LSTMCell(3), zero_output_for_mask=True, return_sequences=True, return_state=True),
        L.RNN(L.GRUCell(4), zero_output_for_mask=True, unroll=True, return_sequences=True),
        L.RNN(L.SimpleRNNCell(2), zero_output_for_mask=True, go_backwards=True),
        masked=True,
    )


def masked_from_a_given_state() -> keras.Model:
    """Before the first step that counts the state is the given one, and the output zero."""
    ids, x = _embedded()
    state = Input((3,), name="state")
    y = L.GRU(3, return_sequences=True, return_state=True)(x, initial_state=state)
    return Model([ids, state], y)


def masking_layer_and_stacked() -> keras.Model:
    x = Input((5, 3), name="x")
    y = layers.Masking(0.0)(ops.relu(x) * ops.cast(x[:, :, :1] > 0, "float32"))
    y = L.GRU(4, return_sequences=True)(L.LSTM(3, return_sequences=True)(y))
    return Model(x, L.LSTM(2)(y))


def bidirectional() -> keras.Model:
    x = Input((5, 2), name="x")
    outputs = [
        L.Bidirectional(L.LSTM(3, return_sequences=mode != "mul"), merge_mode=mode)(x)
        for mode in ("concat", "sum", "mul", "ave", None)
    ]
    return Model(x, keras.tree.flatten(outputs))


def bidirectional_with_another_backward_layer() -> keras.Model:
    forward = L.LSTM(3, return_sequences=True)
    backward = L.GRU(4, return_sequences=True, go_backwards=True)
    return _sequence(L.Bidirectional(forward, backward_layer=backward))


def bidirectional_with_states() -> keras.Model:
    return _several(
        L.Bidirectional(L.LSTM(3, return_state=True)),
        L.Bidirectional(L.GRU(2, return_state=True, return_sequences=True), merge_mode="sum"),
    )


def bidirectional_masked() -> keras.Model:
    ids, x = _embedded()
    x = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    return Model(ids, L.Bidirectional(L.GRU(2))(x))


def encoder_decoder() -> keras.Model:
    source, target = Input((6, 3), name="source"), Input((4, 2), name="target")
    _, h, c = L.LSTM(5, return_state=True)(source)
    decoded = L.LSTM(5, return_sequences=True)(target, initial_state=[h, c])
    return Model([source, target], layers.Dense(3, activation="softmax")(decoded))


def bidirectional_encoder_with_attention() -> keras.Model:
    source, target = Input((6, 3), name="source"), Input((4, 2), name="target")
    encoded, *states = L.Bidirectional(L.GRU(2, return_sequences=True, return_state=True))(source)
    decoded = L.GRU(4, return_sequences=True)(target, initial_state=ops.concatenate(states, -1))
    return Model([source, target], layers.Dense(3)(layers.Attention()([decoded, encoded])))


def cells() -> keras.Model:
    return _several(
        L.RNN(L.SimpleRNNCell(4), return_state=True),
        L.RNN(L.LSTMCell(3), return_sequences=True),
        L.RNN(L.GRUCell(2, reset_after=False), go_backwards=True),
    )


def stacked_cells() -> keras.Model:
    cells = [L.LSTMCell(3), L.GRUCell(4), L.SimpleRNNCell(2)]
    return _several(L.RNN(cells, return_state=True, return_sequences=True))


def stacked_cells_masked() -> keras.Model:
    return _several(L.RNN([L.LSTMCell(3), L.LSTMCell(4)], return_sequences=True), masked=True)


@keras.saving.register_keras_serializable("kgen_tests")
class _Counting(keras.Layer):
    """A cell whose output is none of its states: a moving average, a counter and a delay."""

    def __init__(self, units: int, **options) -> None:
        super().__init__(**options)
        self.units = units
        self.state_size = [units, 1, units]
        self.output_size = units
        self.dense = layers.Dense(units, activation="tanh")

    def build(self, shape) -> None:
        self.dense.build(shape)

    def call(self, x, states):
        average, count, delayed = states
        new = 0.5 * average + self.dense(x)
        return new * ops.cos(count) - delayed, [new, count + 1, average]

    def get_initial_state(self, batch_size=None):
        sizes = [(batch_size, size) for size in self.state_size]
        return [ops.zeros(sizes[0]), ops.ones(sizes[1]), ops.zeros(sizes[2])]


def custom_cell() -> keras.Model:
    return _several(L.RNN(_Counting(3), return_sequences=True, return_state=True))


def custom_cell_masked() -> keras.Model:
    return _several(L.RNN(_Counting(3), return_sequences=True), masked=True)


def conv_lstm_1d() -> keras.Model:
    return layer(L.ConvLSTM1D(3, 2, padding="same", return_sequences=True), 4, 5, 2)


def conv_lstm_2d() -> keras.Model:
    x = Input((3, 5, 4, 2), name="x")
    y = L.ConvLSTM2D(3, (2, 3), strides=2, activation="relu", go_backwards=True)(x)
    z = L.ConvLSTM2D(2, 2, use_bias=False, return_state=True, data_format="channels_first")(x)
    return Model(x, [y, *z])


def conv_lstm_3d() -> keras.Model:
    return layer(L.ConvLSTM3D(2, 2, dilation_rate=1), 2, 3, 4, 3, 1)


def embedding_in_front() -> keras.Model:
    """An index out of range stops the loop's model before anything is written."""
    return Sequential(
        [Input((4,), dtype="int32", name="ids"), layers.Embedding(7, 3), L.LSTM(2), L.Dense(3)]
    )


def given_states() -> keras.Model:
    x, h, c = Input((4, 2), name="x"), Input((3,), name="h"), Input((3,), name="c")
    return Model([x, h, c], L.LSTM(3, return_state=True)(x, initial_state=[h, c]))


def one_layer_twice() -> keras.Model:
    x = Input((4, 3), name="x")
    shared = L.GRU(3, return_sequences=True)
    return Model(x, shared(shared(x)))


class _Custom(keras.Layer):
    """A cell of three states of `units` numbers each, whose step is a function of (x, *states)."""

    def __init__(self, units: int, step, **options) -> None:
        super().__init__(**options)
        self.state_size = [units] * 3
        self.output_size = units
        self.step = step

    def call(self, x, states):
        output, *after = self.step(x, *states)
        return output, after


def states_that_change_places() -> keras.Model:
    def step(x, a, b, c):
        new = ops.sin(x + b - c)
        return ops.top_k(new + ops.softmax(a), 3)[0], b, ops.reshape(a, (-1, 3)), new

    x = Input((4, 3), name="x")
    return Model(x, L.RNN(_Custom(3, step), return_sequences=True, return_state=True)(x))


def one_new_value_for_several_states() -> keras.Model:
    def step(x, a, b, c):
        new = ops.einsum("ab,ac->ab", a, b) + ops.max(x, axis=-1, keepdims=True) - 0.5 * c
        return new, new, ops.tanh(new), new

    x = Input((4, 2), name="x")
    return Model(x, L.RNN(_Custom(3, step), return_sequences=True, return_state=True)(x))


def index_within_the_loop() -> keras.Model:
    """What a step picks depends on its state, so it stays in the loop, which may fail."""
    table = ops.reshape(ops.arange(15, dtype="float32"), (5, 3)) / 8

    def step(x, a, b, c):
        place = ops.cast(ops.abs(ops.round(a[:, 0])) % 5, "int32")
        return a + ops.take(table, place, axis=0), ops.tanh(x + a), b, c

    x = Input((4, 3), name="x")
    return Model(x, L.RNN(_Custom(3, step), return_sequences=True)(x))
