"""mathematics: a trained Keras model as NumPy code.

    predict(x) -> median, floor_divide, add_1, rfft

Inputs, a batch of samples each:
    x: (5, 5) float32
Outputs:
    median: (5,) float32
    floor_divide: (4,) int32
    add_1: (5, 1) float32
    rfft: (5, 3) float32
"""

import numpy as np

# (5, 5)
constant = np.array([
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 1.0],
], dtype=np.float32)

# (3,)
constant_1 = np.array([-1.0, 0.0, 1.0], dtype=np.float32)

# (1, 5)
constant_2 = np.array([
    [0, 0, 0, 0, 0],
], dtype=np.int32)

# computed when exporting: segment_sum/reshape: int32[1, 25] = reshape(ones_like/broadcast; shape=(1, 25), batch=None): (1, 25)
segment_sum_reshape_1 = np.array([
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1,
], dtype=np.int32).reshape(1, 25)

# (5, 2)
constant_3 = np.array([
    [1.0, -0.0],
    [0.309017, -0.95105654],
    [-0.809017, -0.58778524],
    [-0.809017, 0.58778524],
    [0.309017, 0.95105654],
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


def cholesky_function(x):
    """The lower triangles L of L @ L.T = x; NaN from the first column on that has no root."""
    y = np.zeros_like(x)
    for j in range(x.shape[-1]):
        rest = x[..., j:, j] - (y[..., j:, :j] @ y[..., j, :j, None])[..., 0]
        root = np.where(rest[..., :1] > 0, rest[..., :1], np.nan) ** 0.5
        y[..., j:, j] = rest / root
    return y


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


def lu(x):
    """L and U in one matrix, and the order of the rows of x, one after the other in a row."""
    n = x.shape[-1]
    y = np.concatenate([x, np.broadcast_to(np.arange(n)[:, None], (*x.shape[:-1], 1))], axis=-1).astype(x.dtype)
    for j in range(n):
        pivot = j + np.abs(y[..., j:, j]).argmax(axis=-1)[..., None, None]
        rows = np.broadcast_to(np.arange(n)[:, None], (*pivot.shape[:-2], n, 1))
        rows = np.where(rows == pivot, j, np.where(rows == j, pivot, rows))
        y = np.take_along_axis(y, rows, axis=-2)
        y[..., j + 1 :, j] /= y[..., j, j, None]
        y[..., j + 1 :, j + 1 : n] -= y[..., j + 1 :, j, None] * y[..., j, None, j + 1 : n]
    parts = (y[..., :n].reshape(*y.shape[:-2], n * n), y[..., n])
    return np.concatenate(parts, axis=-1)


def solve_triangular(a, b, lower, unit=False):
    """The y of a @ y = b, a being triangular; unit: whether its diagonal is taken for ones."""
    y = np.zeros_like(b)
    n = a.shape[-1]
    for i in range(n) if lower else reversed(range(n)):
        rest = b[..., i, :] - (a[..., i, None, :] @ y)[..., 0, :]  # y is 0 where it is not known yet
        y[..., i, :] = rest if unit else rest / a[..., i, i, None]
    return y


def fft(x, dtype):
    """The Fourier transform along the last axis: its real and imaginary parts, side by side."""
    y = np.fft.fft(x, axis=-1)
    return np.stack([y.real, y.imag], axis=-1).astype(dtype, copy=False)


def required(x, wrong, complaint):
    """x; a ValueError if some of it is wrong."""
    if wrong.any():
        raise ValueError(complaint)
    return x


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(x):
    """The model's outputs for a batch of samples.

    x: (batch, 5, 5) float32
    Returns median: (batch, 5) float32, floor_divide: (batch, 4) int32, add_1: (batch, 5, 1) float32, rfft: (batch, 5, 3) float32
    """
    x = checked("x", x, (5, 5), np.float32)

    # transpose: keras.ops.transpose
    transpose = x.transpose(0, 2, 1)  # (batch, 5, 5)

    # sort: keras.ops.sort
    sort_values = np.sort(x, axis=-1)  # (batch, 5, 5)

    # matmul: keras.ops.matmul
    # add: keras.ops.add
    # y[i,j,k] = sum over p of a[i,j,p] * b[i,p,k]
    add = x @ transpose
    add = add + constant  # (batch, 5, 5)

    # digitize: keras.ops.digitize
    # shape: (batch, 5, 5)
    digitize_search_sorted = np.searchsorted(constant_1, sort_values, side="right").astype(np.int32)

    # cholesky: keras.ops.cholesky
    cholesky = cholesky_function(add)  # (batch, 5, 5)

    # get_item: keras.ops.get_item
    get_item_slice = x[:, :, :1]  # (batch, 5, 1)

    # segment_sum: keras.ops.segment_sum
    # shape: (batch, 5, 5)
    segment_sum_where = np.where(digitize_search_sorted < 0, 4, np.where(digitize_search_sorted < 4, digitize_search_sorted, 5))

    # reshape: keras.ops.reshape
    segment_sum_where_1 = segment_sum_where.reshape(-1, 25)  # (batch, 25)

    # segment_sum: keras.ops.segment_sum
    segment_sum_reshape = segment_sum_where_1.reshape(-1, 25, 1)  # (batch, 25, 1)
    # y = x, then y[indices[n]] = add(y[indices[n]], updates[n]) for each n
    # shape: (batch, 5)
    segment_sum_add = scatter(constant_2, segment_sum_reshape, segment_sum_reshape_1, np.add)
    segment_sum_slice = segment_sum_add[:, :4]  # (batch, 4)

    # solve: keras.ops.solve
    # L @ U = x with its rows in another order; y = L and U in one, and that order
    solve_lu = lu(x)  # (batch, 30)
    solve_slice = solve_lu[:, :25]  # (batch, 25)
    solve_reshape = solve_slice.reshape(-1, 5, 5)  # (batch, 5, 5)
    solve_slice_1 = solve_lu[:, 25:]  # (batch, 5)
    solve_cast = solve_slice_1.astype(np.int32)  # (batch, 5)
    solve_cast_1 = solve_cast.reshape(-1, 5, 1)  # (batch, 5, 1)
    # shape: (batch, 5, 1)
    solve_gather_elements = np.take_along_axis(get_item_slice, solve_cast_1, axis=1)
    # y[i][j] = (b[i][j] - sum over k < i of a[i][k] * y[k][j])
    # shape: (batch, 5, 1)
    solve_solve_triangular = solve_triangular(solve_reshape, solve_gather_elements, lower=True, unit=True)
    # y[i][j] = (b[i][j] - sum over k > i of a[i][k] * y[k][j]) / a[i][i]
    # shape: (batch, 5, 1)
    solve_solve_triangular_1 = solve_triangular(solve_reshape, solve_solve_triangular, lower=False)

    # get_item: keras.ops.get_item
    get_item_slice_1 = cholesky[:, :, :1]  # (batch, 5, 1)

    # sum: keras.ops.sum
    sum_1 = segment_sum_slice.sum(axis=1, dtype=np.int32, keepdims=True)  # (batch, 1)

    # rfft: keras.ops.rfft
    rfft_fft = fft(x, np.float32)  # (batch, 5, 5, 2)
    rfft_slice = rfft_fft[:, :, :, :1]  # (batch, 5, 5, 1)
    rfft_reshape = rfft_slice.reshape(-1, 5, 5)  # (batch, 5, 5)
    rfft = rfft_reshape[:, :, :3]  # (batch, 5, 3)

    # add: keras.ops.add
    add_1 = solve_solve_triangular_1 + get_item_slice_1  # (batch, 5, 1)

    # floor_divide: keras.ops.floor_divide
    # multiply: keras.ops.multiply
    # y = x; an error where x == 0
    # shape: (batch, 1)
    floor_divide_required = required(sum_1, sum_1 == 0, "an integer is divided by zero")
    floor_divide = (segment_sum_slice * 100) // floor_divide_required  # (batch, 4)

    # median: keras.ops.median
    median_values = np.sort(transpose, axis=-1)  # (batch, 5, 5)
    median_slice = median_values[:, :, 2:3]  # (batch, 5, 1)
    median_multiply = median_slice * 1.0  # (batch, 5, 1)
    median_multiply_1 = median_multiply.reshape(-1, 5)  # (batch, 5)
    median_slice_1 = median_values[:, :, 1:2]  # (batch, 5, 1)
    median_multiply_2 = median_slice_1 * 0.0  # (batch, 5, 1)
    median_multiply_3 = median_multiply_2.reshape(-1, 5)  # (batch, 5)
    median_isnan = np.isnan(transpose)  # (batch, 5, 5)
    median_any = median_isnan.any(axis=2)  # (batch, 5)
    median = np.where(median_any, np.nan, median_multiply_1 + median_multiply_3)  # (batch, 5)

    return median, floor_divide, add_1, rfft
