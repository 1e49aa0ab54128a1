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


def windows(x, window, strides=1, dilation=1, padding=0, fill=0):
    """The elements of x that each window holds, in x's own memory: (batch, *places, *window, channels).

    x: (batch, *sizes, channels). A stride, rate or padding given as one number is that of all axes.
    """
    samples, *sizes, channels = x.shape
    rank = len(window)
    strides, dilation = ([one] * rank if isinstance(one, int) else one for one in (strides, dilation))
    if padding:
        padding = np.broadcast_to(padding, (rank, 2)).tolist()
        inside = (slice(None), *(slice(a, a + size) for size, (a, _) in zip(sizes, padding)))
        sizes = [a + size + b for size, (a, b) in zip(sizes, padding)]
        x, within = np.full((samples, *sizes, channels), fill, x.dtype), x
        x[inside] = within
    counts = [(n - d * (w - 1) - 1) // s + 1 for n, w, s, d in zip(sizes, window, strides, dilation)]
    sample, *steps, channel = x.strides
    apart = [a * b for a, b in zip(steps, strides)], [a * b for a, b in zip(steps, dilation)]
    shape, steps = (samples, *counts, *window, channels), (sample, *apart[0], *apart[1], channel)
    return np.lib.stride_tricks.as_strided(x, shape, steps, writeable=False)


def max_pool(x, window, strides=1, padding=0):
    """The largest element of each window that is not NaN. x: (batch, *sizes, channels)."""
    y = lowest = (np.finfo if x.dtype.kind == "f" else np.iinfo)(x.dtype).min
    seen = windows(x, window, strides, 1, padding, lowest)
    for position in np.ndindex(*window):
        y = np.fmax(y, seen[(..., *position, slice(None))])
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
