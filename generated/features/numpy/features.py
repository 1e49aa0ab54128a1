"""features: a trained Keras model as NumPy code.

    predict(age, plan, visits) -> scores

Inputs, a batch of samples each:
    age: (1,) float32
    plan: (1,) int32
    visits: (5,) int32
Outputs:
    scores: (2,) float32
"""

import numpy as np

# (3,)
age_group_boundaries = np.array([18.0, 30.0, 65.0], dtype=np.float32)

# (1, 4)
age_group_constant = np.array([
    [0, 1, 2, 3],
], dtype=np.int32)

# (1, 3)
plan_encoding_constant = np.array([
    [0, 1, 2],
], dtype=np.int32)

# scores/kernel: get_weights()[0] of scores: (11, 2)
scores_kernel = np.array([
    [-0.46875, 0.109375],
    [-0.265625, 0.3125],
    [-0.0625, -0.4375],
    [0.140625, -0.234375],
    [0.34375, -0.03125],
    [-0.40625, 0.171875],
    [-0.203125, 0.375],
    [0.0, -0.375],
    [0.203125, -0.171875],
    [0.40625, 0.03125],
    [-0.34375, 0.234375],
], dtype=np.float32)

# scores/bias: get_weights()[1] of scores: (2,)
scores_bias = np.array([-0.296875, 0.28125], dtype=np.float32)


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


def bincount(x, depth, weights, dtype, binary=False, strict=False):
    """For each number below depth: the sum of its weights along the last axis, or (binary) whether it occurs."""
    if strict and (x < 0).any():
        raise IndexError("a number to be counted is negative")
    rows = x.reshape(-1, x.shape[-1])
    row, place = np.nonzero((rows >= 0) & (rows < depth))
    counts = np.zeros((len(rows), depth), dtype)
    if binary:
        counts[row, rows[row, place]] = 1
    else:
        np.add.at(counts, (row, rows[row, place]), np.broadcast_to(weights, x.shape).reshape(rows.shape)[row, place])
    return counts.reshape(*x.shape[:-1], depth)


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(age, plan, visits):
    """The model's outputs for a batch of samples.

    age: (batch, 1) float32
    plan: (batch, 1) int32
    visits: (batch, 5) int32
    Returns scores: (batch, 2) float32
    """
    age = checked("age", age, (1,), np.float32)
    plan = checked("plan", plan, (1,), np.int32)
    visits = checked("visits", visits, (5,), np.int32)
    batch = len(age)
    if len(plan) != batch:
        raise ValueError(f"{batch} samples of age, but {len(plan)} of plan")
    if len(visits) != batch:
        raise ValueError(f"{batch} samples of age, but {len(visits)} of visits")

    # age_group: Discretization(bin_boundaries=(18, 30, 65), output_mode='one_hot')
    # y = how many boundaries are not above x
    # shape: (batch, 1)
    age_group_bucketize = np.searchsorted(age_group_boundaries, age, side="right").astype(np.int32)
    age_group = (age_group_bucketize == age_group_constant).astype(np.float32)  # (batch, 4)

    # plan_encoding: CategoryEncoding(num_tokens=3, output_mode='one_hot')
    plan_encoding = (plan == plan_encoding_constant).astype(np.float32)  # (batch, 3)

    # visit_counts: CategoryEncoding(num_tokens=4, output_mode='count')
    # y[v] = how many of x are v
    visit_counts = bincount(visits, 4, 1, np.float32, strict=True)  # (batch, 4)

    # joined: Concatenate()
    joined = np.concatenate([age_group, plan_encoding, visit_counts], axis=1)  # (batch, 11)

    # scores: Dense(units=2)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    scores = joined @ scores_kernel + scores_bias  # (batch, 2)

    return scores
