"""xor: a trained Keras model as NumPy code.

    predict(inputs) -> output

Inputs, a batch of samples each:
    inputs: (2,) float32
Outputs:
    output: (1,) float32
"""

import numpy as np

# hidden/kernel: get_weights()[0] of hidden: (2, 4)
hidden_kernel = np.array([
    [-1.544086, -0.90377545, -1.9386802, 2.0568676],
    [1.5405936, -0.08011224, 1.9368042, -2.058805],
], dtype=np.float32)

# hidden/bias: get_weights()[1] of hidden: (4,)
hidden_bias = np.array([0.0001898341, -0.9158767, -0.00002391389, -0.0025476883], dtype=np.float32)

# output/kernel: get_weights()[0] of output: (4, 1)
output_kernel = np.array([
    [1.7306925],
    [-0.30390894],
    [2.3691936],
    [3.4050379],
], dtype=np.float32)

# output/bias: get_weights()[1] of output: (1,)
output_bias = np.array([-3.1778646], dtype=np.float32)


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
def predict(inputs):
    """The model's outputs for a batch of samples.

    inputs: (batch, 2) float32
    Returns output: (batch, 1) float32
    """
    inputs = checked("inputs", inputs, (2,), np.float32)

    # hidden: Dense(units=4, activation='relu')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    hidden = inputs @ hidden_kernel + hidden_bias
    hidden = np.maximum(hidden, 0)  # (batch, 4)

    # output: Dense(units=1, activation='sigmoid')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    output = hidden @ output_kernel + output_bias
    output = sigmoid(output)  # (batch, 1)

    return output
