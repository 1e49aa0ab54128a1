"""image_preparation: a trained Keras model as NumPy code.

    predict(photo) -> rescaling

Inputs, a batch of samples each:
    photo: (6, 5, 3) float32
Outputs:
    rescaling: (4, 3, 3) float32
"""

import numpy as np

# bilinear from 5 to 3: first of the neighbours: (3,)
resizing_starts = np.array([0, 2, 3], dtype=np.int32)

# bilinear from 5 to 3: their weights: (3, 2)
resizing_weights = np.array([
    [0.6666667, 0.3333333],
    [1.0, 0.0],
    [0.3333335, 0.6666665],
], dtype=np.float32)

# bilinear from 6 to 4: first of the neighbours: (4,)
resizing_starts_1 = np.array([0, 1, 3, 4], dtype=np.int32)

# bilinear from 6 to 4: their weights: (4, 2)
resizing_weights_1 = np.array([
    [0.75, 0.25],
    [0.25, 0.75],
    [0.75, 0.25],
    [0.25, 0.75],
], dtype=np.float32)


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


def resize(x, starts, weights, axis, matrix=None):
    """Position i along the axis is the sum of x[starts[i] + t] * weights[i, t].

    matrix: all positions' weights of all of x, most of them 0: a product with it is quicker.
    """
    if matrix is not None and np.vdot(x, x) < np.inf:  # all is finite: 0 * x is 0
        y = matrix @ x.reshape(*x.shape[: axis + 1], -1)
        return y.reshape(*x.shape[:axis], len(matrix), *x.shape[axis + 1 :])
    first, *others = weights.T.reshape(-1, len(starts), *[1] * (x.ndim - 1 - axis))
    y = x.take(starts, axis)
    y *= first
    for t, share in enumerate(others, 1):
        part = x.take(starts + t, axis)
        part *= share
        y += part
    return y


# what each position takes of each, as a matrix
resizing_resize_matrix = resize(np.eye(5, dtype=np.float32), resizing_starts, resizing_weights, axis=0)

resizing_matrix = resize(np.eye(6, dtype=np.float32), resizing_starts_1, resizing_weights_1, axis=0)


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(photo):
    """The model's outputs for a batch of samples.

    photo: (batch, 6, 5, 3) float32
    Returns rescaling: (batch, 4, 3, 3) float32
    """
    photo = checked("photo", photo, (6, 5, 3), np.float32)

    # resizing: Resizing(height=4, width=3, data_format='channels_last')
    # y[:,:,i] = sum of x[:,:,starts[i] + t] * weights[i][t]
    # shape: (batch, 6, 3, 3)
    resizing_resize = resize(photo, resizing_starts, resizing_weights, axis=2, matrix=resizing_resize_matrix)
    # y[:,i] = sum of x[:,starts[i] + t] * weights[i][t]
    # shape: (batch, 4, 3, 3)
    resizing = resize(resizing_resize, resizing_starts_1, resizing_weights_1, axis=1, matrix=resizing_matrix)

    # rescaling: Rescaling(scale=0.0078125, offset=-1)
    rescaling = resizing * 0.0078125 + -1.0  # (batch, 4, 3, 3)

    return rescaling
