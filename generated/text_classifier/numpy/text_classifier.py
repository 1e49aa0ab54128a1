"""text_classifier: a trained Keras model as NumPy code.

    predict(ids) -> scores

Inputs, a batch of samples each:
    ids: (6,) int32
Outputs:
    scores: (3,) float32
"""

import numpy as np

# embedding/embeddings: get_weights()[0] of embedding: (11, 4)
embedding_embeddings = np.array([
    [-0.46875, 0.109375, -0.265625, 0.3125],
    [-0.0625, -0.4375, 0.140625, -0.234375],
    [0.34375, -0.03125, -0.40625, 0.171875],
    [-0.203125, 0.375, 0.0, -0.375],
    [0.203125, -0.171875, 0.40625, 0.03125],
    [-0.34375, 0.234375, -0.140625, 0.4375],
    [0.0625, -0.3125, 0.265625, -0.109375],
    [0.46875, 0.09375, -0.28125, 0.296875],
    [-0.078125, -0.453125, 0.125, -0.25],
    [0.328125, -0.046875, -0.421875, 0.15625],
    [-0.21875, 0.359375, -0.015625, -0.390625],
], dtype=np.float32)

# attention/query/kernel: get_weights()[0] of attention/query: (4, 6)
attention_query_kernel = np.array([
    [-0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625],
    [0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375],
    [-0.03125, -0.40625, 0.171875, -0.203125, 0.375, 0.0],
    [-0.375, 0.203125, -0.171875, 0.40625, 0.03125, -0.34375],
], dtype=np.float32)

# attention/query/bias: get_weights()[1] of attention/query: (6,)
attention_query_bias = np.array([-0.125, 0.453125, 0.078125, -0.296875, 0.28125, -0.09375], dtype=np.float32)

# attention/key/kernel: get_weights()[0] of attention/key: (4, 6)
attention_key_kernel = np.array([
    [0.046875, -0.328125, 0.25, -0.125, 0.453125, 0.078125],
    [-0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625],
    [0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375],
    [-0.03125, -0.40625, 0.171875, -0.203125, 0.375, 0.0],
], dtype=np.float32)

# attention/key/bias: get_weights()[1] of attention/key: (6,)
attention_key_bias = np.array([0.21875, -0.15625, 0.421875, 0.046875, -0.328125, 0.25], dtype=np.float32)

# attention/value/kernel: get_weights()[0] of attention/value: (4, 6)
attention_value_kernel = np.array([
    [0.390625, 0.015625, -0.359375, 0.21875, -0.15625, 0.421875],
    [0.046875, -0.328125, 0.25, -0.125, 0.453125, 0.078125],
    [-0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625],
    [0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375],
], dtype=np.float32)

# attention/value/bias: get_weights()[1] of attention/value: (6,)
attention_value_bias = np.array([-0.390625, 0.1875, -0.1875, 0.390625, 0.015625, -0.359375], dtype=np.float32)

# attention/attention_output/kernel: get_weights()[0] of attention/attention_output: (6, 4)
attention_attention_output_kernel = np.array([
    [-0.21875, 0.359375, -0.015625, -0.390625],
    [0.1875, -0.1875, 0.390625, 0.015625],
    [-0.359375, 0.21875, -0.15625, 0.421875],
    [0.046875, -0.328125, 0.25, -0.125],
    [0.453125, 0.078125, -0.296875, 0.28125],
    [-0.09375, -0.46875, 0.109375, -0.265625],
], dtype=np.float32)

# attention/attention_output/bias: get_weights()[1] of attention/attention_output: (4,)
attention_attention_output_bias = np.array([-0.046875, -0.421875, 0.15625, -0.21875], dtype=np.float32)

# norm/gamma: get_weights()[0] of norm: (1, 1, 4)
norm_gamma = np.array([0.625, 0.75, 0.828125, 0.546875], dtype=np.float32).reshape(1, 1, 4)

# norm/beta: get_weights()[1] of norm: (1, 1, 4)
norm_beta = np.array([0.296875, -0.078125, -0.453125, 0.125], dtype=np.float32).reshape(1, 1, 4)

# scores/kernel: get_weights()[0] of scores: (4, 3)
scores_kernel = np.array([
    [0.46875, 0.09375, -0.28125],
    [0.296875, -0.078125, -0.453125],
    [0.125, -0.25, 0.328125],
    [-0.046875, -0.421875, 0.15625],
], dtype=np.float32)

# scores/bias: get_weights()[1] of scores: (3,)
scores_bias = np.array([-0.3125, 0.265625, -0.109375], dtype=np.float32)


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


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    e /= e.sum(axis=axis, keepdims=True)
    return e


def standardized(x, axis, epsilon):
    """x with mean 0 and variance 1 over the axes."""
    centered = x - x.mean(axis=axis, keepdims=True)
    variance = np.square(centered).mean(axis=axis, keepdims=True)
    return centered / np.sqrt(variance + epsilon)


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(ids):
    """The model's outputs for a batch of samples.

    ids: (batch, 6) int32
    Returns scores: (batch, 3) float32
    """
    ids = checked("ids", ids, (6,), np.int32)

    # embedding: Embedding(input_dim=11, output_dim=4, mask_zero=True)
    embedding = embedding_embeddings[ids]  # (batch, 6, 4)

    # not_equal: keras.ops.not_equal
    not_equal = ids != 0  # (batch, 6)

    # attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
    attention_reshape = not_equal.reshape(-1, 6, 1)  # (batch, 6, 1)
    attention_reshape_1 = not_equal.reshape(-1, 1, 6)  # (batch, 1, 6)
    attention_logical_and = np.logical_and(attention_reshape, attention_reshape_1)  # (batch, 6, 6)

    # attention/query: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3),
    #     bias_axes='de')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    attention_query = embedding @ attention_query_kernel + attention_query_bias  # (batch, 6, 6)
    attention_query_1 = attention_query.reshape(-1, 6, 2, 3)  # (batch, 6, 2, 3)

    # attention/key: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3),
    #     bias_axes='de')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    attention_key = embedding @ attention_key_kernel + attention_key_bias  # (batch, 6, 6)
    attention_key_1 = attention_key.reshape(-1, 6, 2, 3)  # (batch, 6, 2, 3)

    # attention/value: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3),
    #     bias_axes='de')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    attention_value = embedding @ attention_value_kernel + attention_value_bias  # (batch, 6, 6)
    attention_value_1 = attention_value.reshape(-1, 6, 2, 3)  # (batch, 6, 2, 3)

    # attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
    attention_reshape_2 = attention_logical_and.reshape(-1, 1, 6, 6)  # (batch, 1, 6, 6)
    # y[i,j,k,l] = sum over p of a[i,k,j,p] * b[i,l,j,p]
    attention_where = attention_query_1.transpose(0, 2, 1, 3) @ attention_key_1.transpose(0, 2, 3, 1)
    # shape: (batch, 2, 6, 6)
    attention_where = np.where(attention_reshape_2, attention_where * 0.57735026, -2.3819763e+38)
    # y = exp(x - max(x)) / sum(exp(x - max(x))), over axis 3
    attention_softmax = softmax(attention_where, axis=3)  # (batch, 2, 6, 6)
    # y[i,j,k,l] = sum over p of a[i,k,j,p] * b[i,p,k,l]
    # shape: (batch, 6, 2, 3)
    attention_einsum = (attention_softmax @ attention_value_1.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)

    # attention/attention_output: EinsumDense(equation='abcd,cde->abe', output_shape=(None, 4),
    #     bias_axes='e')
    # add: keras.ops.add
    attention_attention_output_reshape = attention_einsum.reshape(-1, 6, 6)  # (batch, 6, 6)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    add = attention_attention_output_reshape @ attention_attention_output_kernel + attention_attention_output_bias
    add = embedding + add  # (batch, 6, 4)

    # norm: LayerNormalization(axis=(-1,))
    # y = (x - mean) / sqrt(variance + 0.001) * gamma + beta, over axes (2,)
    norm = standardized(add, axis=2, epsilon=0.001) * norm_gamma + norm_beta  # (batch, 6, 4)

    # mean: GlobalAveragePooling1D(data_format='channels_last')
    mean = norm.mean(axis=1)  # (batch, 4)

    # scores: Dense(units=3)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    scores = mean @ scores_kernel + scores_bias  # (batch, 3)

    return scores
