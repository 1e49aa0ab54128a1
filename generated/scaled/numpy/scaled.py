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


def lowest_if_none(y):
    """y, the largest of some numbers each, none below the lowest finite one: TensorFlow begins with that,
    so that it stays where the others are NaN or -inf.
    """
    if np.vdot(y, y) < np.inf:  # a quick look: it is not if there is any NaN or infinity
        return y
    return np.fmax(y, np.finfo(y.dtype).min)


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
    pool = np.fmax(normalise[:, :1:2], normalise[:, 1::2])
    pool = lowest_if_none(pool)  # (batch, 1, 5)

    return pool
