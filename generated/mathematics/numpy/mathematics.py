"""mathematics: a trained Keras model as NumPy code.

    predict(x) -> median, vectorized_map

Inputs, a batch of samples each:
    x: (5, 5) float32
Outputs:
    median: (5,) float32
    vectorized_map: (4,) int32
"""

import numpy as np

# (3,)
constant = np.array([-1.0, 0.0, 1.0], dtype=np.float32)

# (1, 5)
constant_1 = np.array([
    [0, 0, 0, 0, 0],
], dtype=np.int32)

# computed when exporting: segment_sum/reshape: int32[1, 25] = reshape(ones_like/broadcast; shape=(1, 25), batch=None): (1, 25)
segment_sum_reshape_1 = np.array([
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1,
], dtype=np.int32).reshape(1, 25)


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


def scatter(x, indices, updates, function=None):
    """x with the updates at the indices, each joined by the function with what is there.

    x: (rows, *sizes). indices: (rows, count, depth). updates: (rows, count, ...).
    Where one has a single row, it serves all.
    """
    (rows,) = np.broadcast_shapes(x.shape[:1], indices.shape[:1], updates.shape[:1])
    y = np.broadcast_to(x, (rows, *x.shape[1:])).copy()
    if ((indices < 0) | (indices >= y.shape[1 : 1 + indices.shape[-1]])).any():
        raise IndexError("an index to put an update at is out of range")
    places = (np.arange(rows)[:, None], *np.moveaxis(indices, -1, 0))
    if function is None:
        y[places] = updates
    else:
        function.at(y, places, np.broadcast_to(updates, (rows, *updates.shape[1:])))
    return y


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(x):
    """The model's outputs for a batch of samples.

    x: (batch, 5, 5) float32
    Returns median: (batch, 5) float32, vectorized_map: (batch, 4) int32
    """
    x = checked("x", x, (5, 5), np.float32)

    # sort: keras.ops.sort
    sort_values = np.sort(x, axis=-1)  # (batch, 5, 5)

    # digitize: keras.ops.digitize
    # shape: (batch, 5, 5)
    digitize_search_sorted = np.searchsorted(constant, sort_values, side="right").astype(np.int32)

    # segment_sum: keras.ops.segment_sum
    # shape: (batch, 5, 5)
    segment_sum_where = np.where(digitize_search_sorted < 0, 4, np.where(digitize_search_sorted < 4, digitize_search_sorted, 5))

    # reshape: keras.ops.reshape
    segment_sum_where_1 = segment_sum_where.reshape(-1, 25)  # (batch, 25)

    # segment_sum: keras.ops.segment_sum
    segment_sum_reshape = segment_sum_where_1.reshape(-1, 25, 1)  # (batch, 25, 1)
    # y = x, then y[indices[n]] = add(y[indices[n]], updates[n]) for each n
    # shape: (batch, 5)
    segment_sum_add = scatter(constant_1, segment_sum_reshape, segment_sum_reshape_1, np.add)
    vectorized_map = segment_sum_add[:, :4]  # (batch, 4)

    # median: keras.ops.median
    median_transpose = x.transpose(0, 2, 1)  # (batch, 5, 5)
    median_values = np.sort(median_transpose, axis=-1)  # (batch, 5, 5)
    median_slice = median_values[:, :, 2:3]  # (batch, 5, 1)
    median_multiply = median_slice * 1.0  # (batch, 5, 1)
    median_multiply_1 = median_multiply.reshape(-1, 5)  # (batch, 5)
    median_slice_1 = median_values[:, :, 1:2]  # (batch, 5, 1)
    median_multiply_2 = median_slice_1 * 0.0  # (batch, 5, 1)
    median_multiply_3 = median_multiply_2.reshape(-1, 5)  # (batch, 5)
    median_isnan = np.isnan(median_transpose)  # (batch, 5, 5)
    median_any = np.any(median_isnan, axis=2)  # (batch, 5)
    median = np.where(median_any, np.nan, median_multiply_1 + median_multiply_3)  # (batch, 5)

    return median, vectorized_map
