"""recurrent: a trained Keras model as NumPy code.

    predict(sequence) -> score

Inputs, a batch of samples each:
    sequence: (4, 2) float32
Outputs:
    score: (1,) float32
"""

import numpy as np

# lstm/kernel: get_weights()[0] of lstm; input, forget, cell, output: 3 of each: (2, 12)
lstm_kernel = np.array([
    [-0.46875, 0.109375, -0.265625, 0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375, -0.03125, -0.40625, 0.171875],
    [-0.203125, 0.375, 0.0, -0.375, 0.203125, -0.171875, 0.40625, 0.03125, -0.34375, 0.234375, -0.140625, 0.4375],
], dtype=np.float32)

# lstm/recurrent_kernel: get_weights()[1] of lstm; input, forget, cell, output: 3 of each: (3, 12)
lstm_recurrent_kernel = np.array([
    [-0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625, 0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375],
    [-0.03125, -0.40625, 0.171875, -0.203125, 0.375, 0.0, -0.375, 0.203125, -0.171875, 0.40625, 0.03125, -0.34375],
    [0.234375, -0.140625, 0.4375, 0.0625, -0.3125, 0.265625, -0.109375, 0.46875, 0.09375, -0.28125, 0.296875, -0.078125],
], dtype=np.float32)

# lstm/bias: get_weights()[2] of lstm; input, forget, cell, output: 3 of each: (12,)
lstm_bias = np.array([
    -0.125, 0.453125, 0.078125, -0.296875, 0.28125, -0.09375, -0.46875, 0.109375,
    -0.265625, 0.3125, -0.0625, -0.4375,
], dtype=np.float32)

# gru/kernel: get_weights()[0] of gru; update, reset, candidate: 2 of each: (3, 6)
gru_kernel = np.array([
    [0.046875, -0.328125, 0.25, -0.125, 0.453125, 0.078125],
    [-0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625],
    [0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375],
], dtype=np.float32)

# gru/bias: get_weights()[2][0] of gru; update, reset, candidate: 2 of each: (6,)
gru_bias_x = np.array([0.390625, 0.015625, -0.359375, 0.21875, -0.15625, 0.421875], dtype=np.float32)

# gru/recurrent_kernel: get_weights()[1] of gru; update, reset, candidate: 2 of each: (2, 6)
gru_recurrent_kernel = np.array([
    [0.21875, -0.15625, 0.421875, 0.046875, -0.328125, 0.25],
    [-0.125, 0.453125, 0.078125, -0.296875, 0.28125, -0.09375],
], dtype=np.float32)

# gru/bias: get_weights()[2][1] of gru; update, reset, candidate: 2 of each: (6,)
gru_bias_h = np.array([0.046875, -0.328125, 0.25, -0.125, 0.453125, 0.078125], dtype=np.float32)

# score/kernel: get_weights()[0] of score: (2, 1)
score_kernel = np.array([
    [-0.390625],
    [0.1875],
], dtype=np.float32)

# score/bias: get_weights()[1] of score: (1,)
score_bias = np.array([-0.21875], dtype=np.float32)


def checked(name, samples, shape, dtype):
    """The samples as an array of this dtype, or a ValueError that says what is wrong with them."""
    array, wanted = np.asarray(samples), np.dtype(dtype)
    if array.dtype == wanted and array.ndim and array.shape[1:] == shape:
        return array
    kinds = {"b": 0, "u": 1, "i": 1, "f": 2}  # integers may become floats, floats not integers
    fits = kinds.get(array.dtype.kind, 3) <= kinds[wanted.kind]
    if not fits or array.ndim == 0 or array.shape[1:] != shape:
        sizes = ", ".join(map(str, ("batch", *shape)))
        found = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name}: expected {wanted} of shape ({sizes}), got {found}")
    result = array.astype(wanted, copy=False)
    if wanted.kind in "iu" and (result != array).any():
        raise ValueError(f"{name}: {wanted} can't hold its largest or smallest number")
    return result


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(sequence):
    """The model's outputs for a batch of samples.

    sequence: (batch, 4, 2) float32
    Returns score: (batch, 1) float32
    """
    sequence = checked("sequence", sequence, (4, 2), np.float32)
    batch = len(sequence)

    # lstm: LSTM(units=3, return_sequences=True)
    # y[u] = sum over i of x[i] * kernel[i][u]
    lstm_x_gates = sequence @ lstm_kernel  # (batch, 4, 12)
    # 4 steps along axis 1; before the first: h = 0, c = 0
    lstm_h = np.zeros((batch, 3), np.float32)
    lstm_c = np.zeros((batch, 3), np.float32)
    lstm = np.empty((batch, 4, 3), np.float32)
    for t in range(4):
        lstm_x_gates_t = lstm_x_gates[:, t]
        # y[u] = sum over i of x[i] * kernel[i][u]
        lstm_gates = lstm_h @ lstm_recurrent_kernel
        lstm_gates = (lstm_x_gates_t + lstm_gates) + lstm_bias  # (batch, 12)
        lstm_input = lstm_gates[:, :3]  # (batch, 3)
        lstm_forget = lstm_gates[:, 3:6]  # (batch, 3)
        lstm_cell = lstm_gates[:, 6:9]  # (batch, 3)
        lstm_output = lstm_gates[:, 9:]  # (batch, 3)
        lstm_c = sigmoid(lstm_forget) * lstm_c + sigmoid(lstm_input) * np.tanh(lstm_cell)  # (batch, 3)
        lstm_h = sigmoid(lstm_output) * np.tanh(lstm_c)  # (batch, 3)
        lstm[:, t] = lstm_h

    # gru: GRU(units=2)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    gru_x_gates = lstm @ gru_kernel + gru_bias_x  # (batch, 4, 6)
    # 4 steps along axis 1; before the first: h = 0
    gru_h = np.zeros((batch, 2), np.float32)
    for t in range(4):
        gru_x_gates_t = gru_x_gates[:, t]
        gru_x_update = gru_x_gates_t[:, :2]  # (batch, 2)
        gru_x_reset = gru_x_gates_t[:, 2:4]  # (batch, 2)
        gru_x_candidate = gru_x_gates_t[:, 4:]  # (batch, 2)
        # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
        gru_h_gates = gru_h @ gru_recurrent_kernel + gru_bias_h  # (batch, 6)
        gru_h_update = gru_h_gates[:, :2]  # (batch, 2)
        gru_h_reset = gru_h_gates[:, 2:4]  # (batch, 2)
        gru_h_candidate = gru_h_gates[:, 4:]  # (batch, 2)
        gru_update = sigmoid(gru_x_update + gru_h_update)  # (batch, 2)
        gru_reset = sigmoid(gru_x_reset + gru_h_reset)  # (batch, 2)
        gru_candidate = np.tanh(gru_x_candidate + gru_reset * gru_h_candidate)  # (batch, 2)
        gru_h = gru_update * gru_h + (1.0 - gru_update) * gru_candidate  # (batch, 2)
    gru = gru_h

    # score: Dense(units=1, activation='sigmoid')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    score = gru @ score_kernel + score_bias
    score = sigmoid(score)  # (batch, 1)

    return score
