"""scaled: a trained Keras model as NumPy code.

    predict(x) -> pool

Inputs, a batch of samples each:
    x: (3, 5) float32
Outputs:
    pool: (1, 5) float32
"""

import numpy as np

# scale = gamma / sqrt(moving_variance + 0.001) of normalise: (5,)
normalise_scale = np.array([1.3087931, 0.6692288, 0.8834788, 1.026919, 0.57586396], dtype=np.float32)

# offset = beta - moving_mean * scale of normalise: (5,)
normalise_offset = np.array([-0.13327587, -0.021994304, -0.16277178, -0.16388342, -0.052586734], dtype=np.float32)


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


def windows(x, window, strides, dilation, padding, fill=0):
    """For each position in the window: it, and the elements of x there as the window slides over x.

    x: (batch, *sizes, channels). A stride, rate or padding given as one number is that of all axes.
    """
    rank = len(window)
    strides, dilation = np.broadcast_to(strides, rank), np.broadcast_to(dilation, rank)
    padding = np.broadcast_to(padding, (rank, 2))
    if padding.any():
        x = np.pad(x, [(0, 0), *padding, (0, 0)], constant_values=fill)
    counts = (np.array(x.shape[1:-1]) - dilation * (np.array(window) - 1) - 1) // strides + 1
    for position in np.ndindex(*window):
        first = dilation * position
        places = map(slice, first, first + strides * counts, strides)
        yield position, x[(slice(None), *places)]


def max_pool(x, window, strides=1, padding=0):
    """The largest element of each window that is not NaN. x: (batch, *sizes, channels)."""
    lowest = (np.finfo if x.dtype.kind == "f" else np.iinfo)(x.dtype).min
    parts = [part for _, part in windows(x, window, strides, 1, padding, lowest)]
    y = np.full_like(parts[0], lowest)
    for part in parts:
        y = np.fmax(y, part)
    return y


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(x):
    """The model's outputs for a batch of samples.

    x: (batch, 3, 5) float32
    Returns pool: (batch, 1, 5) float32
    """
    x = checked("x", x, (3, 5), np.float32)

    # normalise: BatchNormalization()
    normalise = x * normalise_scale + normalise_offset  # (batch, 3, 5)

    # pool: MaxPooling1D(pool_size=(2,), strides=(2,), data_format='channels_last')
    # y = max of x over windows of 2, (2,) apart
    pool = max_pool(normalise, (2,), strides=2)  # (batch, 1, 5)

    return pool
