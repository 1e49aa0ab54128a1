"""operations: a trained Keras model as NumPy code.

    predict(x) -> where, argmax

Inputs, a batch of samples each:
    x: (4, 6) float32
Outputs:
    where: (3, 2) float32
    argmax: (2,) int32
"""

import numpy as np


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


def padded(x, padding, fill):
    """x with so many elements before and after along each axis."""
    sizes = [a + size + b for size, (a, b) in zip(x.shape, padding)]
    y = np.full(sizes, fill, x.dtype) if fill != 0 else np.zeros(sizes, x.dtype)
    y[tuple(slice(a, a + size) for size, (a, _) in zip(x.shape, padding))] = x
    return y


def top_k(x, k):
    """Positions of the k largest elements along the last axis, largest first; of equals the first one first."""
    backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return (x.shape[-1] - 1 - backwards[..., :k]).astype(np.int32)


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(x):
    """The model's outputs for a batch of samples.

    x: (batch, 4, 6) float32
    Returns where: (batch, 3, 2) float32, argmax: (batch, 2) int32
    """
    x = checked("x", x, (4, 6), np.float32)

    # pad: keras.ops.pad
    pad = padded(x, ((0, 0), (1, 0), (0, 0)), 0.0)  # (batch, 5, 6)

    # cumsum: keras.ops.cumsum
    cumsum_sum = np.cumsum(pad, axis=1)  # (batch, 5, 6)

    # transpose: keras.ops.transpose
    transpose = cumsum_sum.transpose(0, 2, 1)  # (batch, 6, 5)

    # get_item: keras.ops.get_item
    get_item_slice = transpose[:, ::2, 1:4]  # (batch, 3, 3)

    # flip: keras.ops.flip
    flip_slice = get_item_slice[:, :, ::-1]  # (batch, 3, 3)

    # concatenate: keras.ops.concatenate
    concatenate = np.concatenate([get_item_slice, flip_slice], axis=2)  # (batch, 3, 6)

    # max: keras.ops.max
    max_1 = concatenate.max(axis=2, keepdims=True)  # (batch, 3, 1)

    # tile: keras.ops.tile
    max_1_repeated = max_1.repeat(2, axis=1)  # (batch, 6, 1)
    tile_reshape_1 = max_1_repeated.reshape(-1, 3, 2)  # (batch, 3, 2)

    # top_k: keras.ops.top_k
    # y = the first 2 of positions of x along the last axis, largest first
    top_k_positions = top_k(concatenate, 2)  # (batch, 3, 2)
    # shape: (batch, 3, 2)
    top_k_gather_elements = np.take_along_axis(concatenate, top_k_positions, axis=2)

    # multiply: keras.ops.multiply
    multiply = top_k_positions * 2  # (batch, 3, 2)

    # argmax: keras.ops.argmax
    argmax = np.argmax(multiply, axis=1).astype(np.int32)  # (batch, 2)

    # tanh: keras.ops.tanh
    # true_divide: keras.ops.true_divide
    # greater: keras.ops.greater
    # where: keras.ops.where
    # shape: (batch, 3, 2)
    where = np.where(top_k_gather_elements > (tile_reshape_1 / 2.0), top_k_gather_elements, np.tanh(tile_reshape_1))

    return where, argmax
