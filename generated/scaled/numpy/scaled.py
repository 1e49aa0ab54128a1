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


def padded_image(x, padding, fill=0):
    """x: (batch, *sizes, channels), with elements around it; as many everywhere if padding is one number."""
    if not padding:
        return x
    pairs = [(padding, padding)] * (x.ndim - 2) if isinstance(padding, int) else padding
    return padded(x, [(0, 0), *pairs, (0, 0)], fill)


def along(x, axis, window, stride):
    """For each place in a window along the axis, the elements that are there in all windows."""
    count = (x.shape[axis] - window) // stride + 1
    before = (slice(None),) * axis
    return [x[(*before, slice(first, first + stride * count, stride))] for first in range(window)]


def max_pool(x, window, strides=1, padding=0):
    """The largest element of each window that is not NaN. x: (batch, *sizes, channels)."""
    lowest = (np.finfo if x.dtype.kind == "f" else np.iinfo)(x.dtype).min
    y = padded_image(x, padding, lowest)
    strides = [strides] * len(window) if isinstance(strides, int) else strides
    for axis, (size, stride) in enumerate(zip(window, strides), 1):  # along one axis after the other
        y, *others = along(y, axis, size, stride)
        for other in others:
            y = np.fmax(y, other)
    only_nan = np.isnan(y.max(initial=lowest))  # in some window
    return np.fmax(y, lowest) if only_nan else y


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
