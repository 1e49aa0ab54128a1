"""mathematics: a trained Keras model as NumPy code.

    predict(x) -> median, digitize

Inputs, a batch of samples each:
    x: (5, 5) float32
Outputs:
    median: (5,) float32
    digitize: (5, 5) int32
"""

import numpy as np

# (3,)
constant = np.array([-1.0, 0.0, 1.0], dtype=np.float32)

# a number
constant_1 = np.array(2, dtype=np.int32)

# a number
constant_2 = np.array(1, dtype=np.int32)


def checked(name, samples, shape, dtype):
    """The samples as an array of this dtype, or a ValueError that says what is wrong with them."""
    array, wanted = np.asarray(samples), np.dtype(dtype)
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


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(x):
    """The model's outputs for a batch of samples.

    x: (batch, 5, 5) float32
    Returns median: (batch, 5) float32, digitize: (batch, 5, 5) int32
    """
    x = checked("x", x, (5, 5), np.float32)

    # sort: keras.ops.sort
    sort_values = np.sort(x, axis=-1)  # (batch, 5, 5)

    # digitize: keras.ops.digitize
    # shape: (batch, 5, 5)
    digitize = np.searchsorted(constant, sort_values, side="right").astype(np.int32)

    # median: keras.ops.median
    median_transpose = x.transpose(0, 2, 1)  # (batch, 5, 5)
    median_values = np.sort(median_transpose, axis=-1)  # (batch, 5, 5)
    median_gather = np.take(median_values, constant_1, axis=2)  # (batch, 5)
    median_gather_1 = np.take(median_values, constant_2, axis=2)  # (batch, 5)
    median_isnan = np.isnan(median_transpose)  # (batch, 5, 5)
    median_any = np.any(median_isnan, axis=2)  # (batch, 5)
    median = np.where(median_any, np.nan, median_gather * 1.0 + median_gather_1 * 0.0)  # (batch, 5)

    return median, digitize
