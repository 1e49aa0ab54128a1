"""stateful: a trained Keras model as NumPy code.

    predict(measurement) -> forecast

Inputs, a batch of samples each:
    measurement: (1, 2) float32
Outputs:
    forecast: (1,) float32
"""

import numpy as np

# gru/kernel: get_weights()[0] of gru; update, reset, candidate: 3 of each: (2, 9)
gru_kernel = np.array([
    [-0.46875, 0.109375, -0.265625, 0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375],
    [-0.03125, -0.40625, 0.171875, -0.203125, 0.375, 0.0, -0.375, 0.203125, -0.171875],
], dtype=np.float32)

# gru/bias: get_weights()[2][0] of gru; update, reset, candidate: 3 of each: (9,)
gru_bias_x = np.array([
    -0.125, 0.453125, 0.078125, -0.296875, 0.28125, -0.09375, -0.46875, 0.109375,
    -0.265625,
], dtype=np.float32)

# gru/recurrent_kernel: get_weights()[1] of gru; update, reset, candidate: 3 of each: (3, 9)
gru_recurrent_kernel = np.array([
    [-0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625, 0.3125, -0.0625, -0.4375],
    [0.140625, -0.234375, 0.34375, -0.03125, -0.40625, 0.171875, -0.203125, 0.375, 0.0],
    [-0.375, 0.203125, -0.171875, 0.40625, 0.03125, -0.34375, 0.234375, -0.140625, 0.4375],
], dtype=np.float32)

# gru/bias: get_weights()[2][1] of gru; update, reset, candidate: 3 of each: (9,)
gru_bias_h = np.array([
    0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375, -0.03125, -0.40625,
    0.171875,
], dtype=np.float32)

# forecast/kernel: get_weights()[0] of forecast: (3, 1)
forecast_kernel = np.array([
    [0.046875],
    [-0.328125],
    [0.25],
], dtype=np.float32)

# forecast/bias: get_weights()[1] of forecast: (1,)
forecast_bias = np.array([0.21875], dtype=np.float32)

# What the model remembers from batch to batch, by name: a row for each sample of the batch
states = {}


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


def reset():
    """Forgets: the states are zero before the next batch, which may have another size."""
    states.clear()


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(measurement):
    """The model's outputs for a batch of samples.

    measurement: (batch, 1, 2) float32
    Returns forecast: (batch, 1) float32
    """
    measurement = checked("measurement", measurement, (1, 2), np.float32)
    batch = len(measurement)
    if not states:
        states["gru_h"] = np.zeros((batch, 3), np.float32)
    if len(states["gru_h"]) != batch:
        raise ValueError("the batch before had another size; call reset() first")
    gru_h = states["gru_h"]

    # gru: GRU(units=3, stateful=True)
    gru_x_t = measurement.reshape(-1, 2)  # (batch, 2)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    gru_x_gates = gru_x_t @ gru_kernel + gru_bias_x  # (batch, 9)
    gru_x_update = gru_x_gates[:, :3]  # (batch, 3)
    gru_x_reset = gru_x_gates[:, 3:6]  # (batch, 3)
    gru_x_candidate = gru_x_gates[:, 6:]  # (batch, 3)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    gru_h_gates = gru_h @ gru_recurrent_kernel + gru_bias_h  # (batch, 9)
    gru_h_update = gru_h_gates[:, :3]  # (batch, 3)
    gru_h_reset = gru_h_gates[:, 3:6]  # (batch, 3)
    gru_h_candidate = gru_h_gates[:, 6:]  # (batch, 3)
    gru_update = sigmoid(gru_x_update + gru_h_update)  # (batch, 3)
    gru_reset = sigmoid(gru_x_reset + gru_h_reset)  # (batch, 3)
    gru_candidate = np.tanh(gru_x_candidate + gru_reset * gru_h_candidate)  # (batch, 3)
    gru_h_1 = gru_update * gru_h + (1.0 - gru_update) * gru_candidate  # (batch, 3)

    # forecast: Dense(units=1)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    forecast = gru_h_1 @ forecast_kernel + forecast_bias  # (batch, 1)

    states.update(gru_h=gru_h_1)
    return forecast
