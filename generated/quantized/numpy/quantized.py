"""quantized: a trained Keras model as NumPy code.

    predict(x) -> four_bits

Inputs, a batch of samples each:
    x: (6,) float32
Outputs:
    four_bits: (3,) float32
"""

import numpy as np

# eight_bits/kernel: get_weights()[1] of eight_bits: (6, 5)
eight_bits_kernel = np.array([
    [-127, 52, -127, 85, -85],
    [-119, 67, -112, 93, -42],
    [-110, 82, -97, 102, 0],
    [-102, 97, -82, 110, 42],
    [-93, 112, -67, 119, 85],
    [-85, 127, -52, 127, 127],
], dtype=np.int8)

# eight_bits/bias: get_weights()[0] of eight_bits: (5,)
eight_bits_bias = np.array([-0.296875, 0.28125, -0.09375, -0.46875, 0.109375], dtype=np.float32)

# eight_bits/kernel_scale: get_weights()[2] of eight_bits: (5,)
eight_bits_kernel_scale = np.array([270.9333, 478.1175, 478.1175, 270.9333, 1354.6653], dtype=np.float32)

# weights of four bits: (5, 3)
four_bits_kernel = np.array([
    [2, 7, 7],
    [-6, 4, 0],
    [-8, -3, -8],
    [7, 3, -8],
    [-1, -8, 7],
], dtype=np.int8)

# scales of four_bits/kernel, for 3 rows each: (2, 3)
four_bits_scale = np.array([
    [0.022916673, 0.022916673, 0.022916673],
    [0.02083334, 0.015625007, 0.05208334],
], dtype=np.float32)

# zeros of four_bits/kernel, for 3 rows each: (2, 3)
four_bits_zero = np.array([
    [7, -8, 4],
    [-8, 7, 0],
], dtype=np.int8)

# four_bits/bias: get_weights()[0] of four_bits: (3,)
four_bits_bias = np.array([0.046875, -0.328125, 0.25], dtype=np.float32)


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


def dequantized(kernel, zero, scale, block):
    """The weights that the integers of a kernel stand for. zero, scale: one for `block` rows of it."""
    zero, scale = (np.repeat(x, block, axis=0)[: len(kernel)] for x in (zero, scale))
    return (kernel - zero.astype(np.int32)).astype(scale.dtype) * scale


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(x):
    """The model's outputs for a batch of samples.

    x: (batch, 6) float32
    Returns four_bits: (batch, 3) float32
    """
    x = checked("x", x, (6,), np.float32)

    # eight_bits: Dense(units=5, activation='relu')
    eight_bits_absolute = np.abs(x)  # (batch, 6)
    eight_bits_max = eight_bits_absolute.max(axis=1, keepdims=True)  # (batch, 1)
    eight_bits_divide = 127.0 / (eight_bits_max + 1e-7)  # (batch, 1)
    # shape: (batch, 6)
    eight_bits_cast = np.minimum(np.maximum(np.round(x * eight_bits_divide), -127.0), 127.0).astype(np.int8)
    # y[u] = sum over i of x[i] * kernel[i][u]
    eight_bits = eight_bits_cast.astype(np.int32) @ eight_bits_kernel
    # shape: (batch, 5)
    eight_bits = np.maximum(eight_bits.astype(np.float32) / (eight_bits_kernel_scale * eight_bits_divide) + eight_bits_bias, 0)

    # four_bits: Dense(units=3)
    # y[u] = sum over i of x[i] * (kernel[i][u] - zero[g][u]) * scale[g][u] + bias[u], g = i // 3
    # shape: (batch, 3)
    four_bits = eight_bits @ dequantized(four_bits_kernel, four_bits_zero, four_bits_scale, 3) + four_bits_bias

    return four_bits
