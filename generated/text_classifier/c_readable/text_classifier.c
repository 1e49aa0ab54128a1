/* text_classifier: a Keras model in C99, exported by kgen. See text_classifier.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; text_classifier_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 * Sums are kept in double, so that their rounding is below that of their terms.
 */
#include "text_classifier.h"

#include <math.h>

/* (11, 4) embedding/embeddings: get_weights()[0] of embedding */
static const float text_classifier_embedding_embeddings[44] = {
    -0.46875f, 0.109375f, -0.265625f, 0.3125f,
    -0.0625f, -0.4375f, 0.140625f, -0.234375f,
    0.34375f, -0.03125f, -0.40625f, 0.171875f,
    -0.203125f, 0.375f, 0.0f, -0.375f,
    0.203125f, -0.171875f, 0.40625f, 0.03125f,
    -0.34375f, 0.234375f, -0.140625f, 0.4375f,
    0.0625f, -0.3125f, 0.265625f, -0.109375f,
    0.46875f, 0.09375f, -0.28125f, 0.296875f,
    -0.078125f, -0.453125f, 0.125f, -0.25f,
    0.328125f, -0.046875f, -0.421875f, 0.15625f,
    -0.21875f, 0.359375f, -0.015625f, -0.390625f,
};

/* embedding: Embedding(input_dim=11, output_dim=4, mask_zero=True)
 * y = x[indices]
 * indices (6) int32_t -> y (6, 4)
 * text_classifier_embedding_embeddings (11, 4): element [i][j] is number i * 4 + j
 */
static int text_classifier_embedding(const int32_t *restrict indices, float *restrict y)
{
    for (int j = 0; j < 6; ++j) {
        int64_t row = (int64_t)indices[j];
        if (row < 0)
            row += 11;
        if (row < 0 || row >= 11)
            return TEXT_CLASSIFIER_ERROR_INDEX;
        for (int k = 0; k < 4; ++k) {
            y[j * 4 + k] = text_classifier_embedding_embeddings[row * 4 + k];
        }
    }
    return 0;
}

/* not_equal: keras.ops.not_equal
 * x (6) int32_t -> y (6)
 */
static void text_classifier_not_equal(const int32_t *restrict x, bool *restrict y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = x[i] != 0;
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * x0 (6, 1), x1 (1, 6) -> y (6, 6)
 */
static void text_classifier_attention_elementwise(const bool *restrict x0, const bool *restrict x1, bool *restrict y)
{
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
            y[i * 6 + j] = x0[i] && x1[j];
        }
}

/* (4, 6) attention/query/kernel: get_weights()[0] of attention/query */
static const float text_classifier_attention_query_kernel[24] = {
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f,
    -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f, -0.34375f,
};

/* (6) attention/query/bias: get_weights()[1] of attention/query */
static const float text_classifier_attention_query_bias[6] = {
    -0.125f, 0.453125f, 0.078125f, -0.296875f, 0.28125f, -0.09375f,
};

/* attention/query: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3), bias_axes='de')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (6, 4) -> y (6, 6)
 * text_classifier_attention_query_kernel (4, 6): element [i][j] is number i * 6 + j
 * text_classifier_attention_query_bias (6)
 */
static void text_classifier_attention_query(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < 6; ++r) {
        for (int u = 0; u < 6; ++u) {
            double sum = text_classifier_attention_query_bias[u];
            for (int i = 0; i < 4; ++i)
                sum += (double)x[r * 4 + i] * text_classifier_attention_query_kernel[i * 6 + u];
            y[r * 6 + u] = (float)sum;
        }
    }
}

/* (4, 6) attention/key/kernel: get_weights()[0] of attention/key */
static const float text_classifier_attention_key_kernel[24] = {
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f,
};

/* (6) attention/key/bias: get_weights()[1] of attention/key */
static const float text_classifier_attention_key_bias[6] = {
    0.21875f, -0.15625f, 0.421875f, 0.046875f, -0.328125f, 0.25f,
};

/* attention/key: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3), bias_axes='de')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (6, 4) -> y (6, 6)
 * text_classifier_attention_key_kernel (4, 6): element [i][j] is number i * 6 + j
 * text_classifier_attention_key_bias (6)
 */
static void text_classifier_attention_key(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < 6; ++r) {
        for (int u = 0; u < 6; ++u) {
            double sum = text_classifier_attention_key_bias[u];
            for (int i = 0; i < 4; ++i)
                sum += (double)x[r * 4 + i] * text_classifier_attention_key_kernel[i * 6 + u];
            y[r * 6 + u] = (float)sum;
        }
    }
}

/* (4, 6) attention/value/kernel: get_weights()[0] of attention/value */
static const float text_classifier_attention_value_kernel[24] = {
    0.390625f, 0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
};

/* (6) attention/value/bias: get_weights()[1] of attention/value */
static const float text_classifier_attention_value_bias[6] = {
    -0.390625f, 0.1875f, -0.1875f, 0.390625f, 0.015625f, -0.359375f,
};

/* attention/value: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3), bias_axes='de')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (6, 4) -> y (6, 6)
 * text_classifier_attention_value_kernel (4, 6): element [i][j] is number i * 6 + j
 * text_classifier_attention_value_bias (6)
 */
static void text_classifier_attention_value(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < 6; ++r) {
        for (int u = 0; u < 6; ++u) {
            double sum = text_classifier_attention_value_bias[u];
            for (int i = 0; i < 4; ++i)
                sum += (double)x[r * 4 + i] * text_classifier_attention_value_kernel[i * 6 + u];
            y[r * 6 + u] = (float)sum;
        }
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y[i,j,k,l] = sum over p of a[i,k,j,p] * b[i,l,j,p]
 * then y = z ? (y * 0.57735026f) : -2.3819763e+38f
 * a (6, 2, 3), b (6, 2, 3), z (1, 6, 6) bool -> y (2, 6, 6)
 */
static void text_classifier_attention_einsum(const float *restrict a, const float *restrict b, const bool *restrict z, float *restrict y)
{
    for (int j = 0; j < 2; ++j)
        for (int k = 0; k < 6; ++k)
            for (int l = 0; l < 6; ++l) {
                double sum = 0.0;
                for (int p = 0; p < 3; ++p) {
                    sum += (double)a[k * 6 + j * 3 + p] * b[l * 6 + j * 3 + p];
                }
                y[j * 36 + k * 6 + l] = z[k * 6 + l] ? ((float)sum * 0.57735026f) : -2.3819763e+38f;
            }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y = exp(x - max(x)) / sum(exp(x - max(x))), over axis 3
 * x (2, 6, 6) -> y (2, 6, 6)
 */
static void text_classifier_attention_softmax(const float *x, float *y)
{
    for (int i = 0; i < 12; ++i) {
        const float *const in = x + i * 6;
        float *const out = y + i * 6;
        float largest = in[0];
        for (int p = 1; p < 6; ++p)
            if (in[p] > largest)
                largest = in[p];
        double sum = 0.0;
        for (int p = 0; p < 6; ++p) {
            out[p] = expf(in[p] - largest);
            sum += (double)out[p];
        }
        for (int p = 0; p < 6; ++p)
            out[p] = (float)((double)out[p] / sum);
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y[i,j,k,l] = sum over p of a[i,k,j,p] * b[i,p,k,l]
 * a (2, 6, 6), b (6, 2, 3) -> y (6, 2, 3)
 */
static void text_classifier_attention(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int j = 0; j < 6; ++j)
        for (int k = 0; k < 2; ++k)
            for (int l = 0; l < 3; ++l) {
                double sum = 0.0;
                for (int p = 0; p < 6; ++p) {
                    sum += (double)a[k * 36 + j * 6 + p] * b[p * 6 + k * 3 + l];
                }
                y[j * 6 + k * 3 + l] = (float)sum;
            }
}

/* (6, 4) attention/attention_output/kernel: get_weights()[0] of attention/attention_output */
static const float text_classifier_attention_attention_output_kernel[24] = {
    -0.21875f, 0.359375f, -0.015625f, -0.390625f,
    0.1875f, -0.1875f, 0.390625f, 0.015625f,
    -0.359375f, 0.21875f, -0.15625f, 0.421875f,
    0.046875f, -0.328125f, 0.25f, -0.125f,
    0.453125f, 0.078125f, -0.296875f, 0.28125f,
    -0.09375f, -0.46875f, 0.109375f, -0.265625f,
};

/* (4) attention/attention_output/bias: get_weights()[1] of attention/attention_output */
static const float text_classifier_attention_attention_output_bias[4] = {
    -0.046875f, -0.421875f, 0.15625f, -0.21875f,
};

/* attention/attention_output: EinsumDense(equation='abcd,cde->abe', output_shape=(None, 4), bias_axes='e'); then add: keras.ops.add
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * then y = z + y
 * x (6, 6), z (6, 4) -> y (6, 4)
 * text_classifier_attention_attention_output_kernel (6, 4): element [i][j] is number i * 4 + j
 * text_classifier_attention_attention_output_bias (4)
 */
static void text_classifier_attention_attention_output(const float *restrict x, const float *z, float *y)
{
    for (int r = 0; r < 6; ++r) {
        for (int u = 0; u < 4; ++u) {
            double sum = text_classifier_attention_attention_output_bias[u];
            for (int i = 0; i < 6; ++i)
                sum += (double)x[r * 6 + i] * text_classifier_attention_attention_output_kernel[i * 4 + u];
            y[r * 4 + u] = z[r * 4 + u] + (float)sum;
        }
    }
}

/* (1, 1, 4) norm/gamma: get_weights()[0] of norm */
static const float text_classifier_norm_gamma[4] = {
    0.625f, 0.75f, 0.828125f, 0.546875f,
};

/* (1, 1, 4) norm/beta: get_weights()[1] of norm */
static const float text_classifier_norm_beta[4] = {
    0.296875f, -0.078125f, -0.453125f, 0.125f,
};

/* norm: LayerNormalization(axis=(-1,))
 * y = (x - mean) / sqrt(variance + 0.001) * gamma + beta, over axes (2,)
 * x (6, 4) -> y (6, 4)
 * text_classifier_norm_gamma (1, 1, 4): element [i][j][k] is number i * 4 + j * 4 + k
 * text_classifier_norm_beta (1, 1, 4): element [i][j][k] is number i * 4 + j * 4 + k
 */
static void text_classifier_norm(const float *x, float *y)
{
    for (int i = 0; i < 6; ++i) {
        double mean = 0.0;
        for (int p = 0; p < 4; ++p) {
            mean += (double)x[i * 4 + p];
        }
        mean /= 4;
        double variance = 0.0;
        for (int p = 0; p < 4; ++p) {
            const double d = (double)x[i * 4 + p] - mean;
            variance += d * d;
        }
        const double scale = 1.0 / sqrt(variance / 4 + 0.001);
        for (int p = 0; p < 4; ++p) {
            y[i * 4 + p] = (float)(((double)x[i * 4 + p] - mean) * scale * (double)text_classifier_norm_gamma[p] + (double)text_classifier_norm_beta[p]);
        }
    }
}

/* mean: GlobalAveragePooling1D(data_format='channels_last')
 * y = mean of x over axes (1,)
 * x (6, 4) -> y (4)
 */
static void text_classifier_mean(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 4; ++i) {
        double total = 0.0;
        for (int p = 0; p < 6; ++p) {
            total += (double)x[i + p * 4];
        }
        y[i] = (float)(total / 6);
    }
}

/* (4, 3) scores/kernel: get_weights()[0] of scores */
static const float text_classifier_scores_kernel[12] = {
    0.46875f, 0.09375f, -0.28125f,
    0.296875f, -0.078125f, -0.453125f,
    0.125f, -0.25f, 0.328125f,
    -0.046875f, -0.421875f, 0.15625f,
};

/* (3) scores/bias: get_weights()[1] of scores */
static const float text_classifier_scores_bias[3] = {
    -0.3125f, 0.265625f, -0.109375f,
};

/* scores: Dense(units=3)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (4) -> y (3)
 * text_classifier_scores_kernel (4, 3): element [i][j] is number i * 3 + j
 * text_classifier_scores_bias (3)
 */
static void text_classifier_scores(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 3; ++u) {
        double sum = text_classifier_scores_bias[u];
        for (int i = 0; i < 4; ++i)
            sum += (double)x[i] * text_classifier_scores_kernel[i * 3 + u];
        y[u] = (float)sum;
    }
}

int text_classifier_run(text_classifier_workspace *w, const int32_t *ids, float *scores)
{
    if (!w || !ids || !scores)
        return TEXT_CLASSIFIER_ERROR_NULL;
    float *const embedding = w->arena.float32s + 180; /* (6, 4) */
    bool *const not_equal = w->arena.bools; /* (6) */
    bool *const attention_reshape = w->arena.bools; /* (6, 1) */
    bool *const attention_reshape_1 = w->arena.bools; /* (1, 6) */
    bool *const attention_logical_and = w->arena.bools + 816; /* (6, 6) */
    float *const attention_query = w->arena.float32s + 72; /* (6, 6) */
    float *const attention_query_1 = w->arena.float32s + 72; /* (6, 2, 3) */
    float *const attention_key = w->arena.float32s + 108; /* (6, 6) */
    float *const attention_key_1 = w->arena.float32s + 108; /* (6, 2, 3) */
    float *const attention_value = w->arena.float32s + 144; /* (6, 6) */
    float *const attention_value_1 = w->arena.float32s + 144; /* (6, 2, 3) */
    bool *const attention_reshape_2 = w->arena.bools + 816; /* (1, 6, 6) */
    float *const attention_where = w->arena.float32s; /* (2, 6, 6) */
    float *const attention_softmax = w->arena.float32s; /* (2, 6, 6) */
    float *const attention_einsum = w->arena.float32s + 72; /* (6, 2, 3) */
    float *const attention_attention_output_reshape = w->arena.float32s + 72; /* (6, 6) */
    float *const add = w->arena.float32s + 180; /* (6, 4) */
    float *const norm = w->arena.float32s + 180; /* (6, 4) */
    float *const mean = w->arena.float32s; /* (4) */

    if (text_classifier_embedding(ids, embedding) != 0)
        return TEXT_CLASSIFIER_ERROR_INDEX;
    text_classifier_not_equal(ids, not_equal);
    text_classifier_attention_elementwise(attention_reshape, attention_reshape_1, attention_logical_and);
    text_classifier_attention_query(embedding, attention_query);
    text_classifier_attention_key(embedding, attention_key);
    text_classifier_attention_value(embedding, attention_value);
    text_classifier_attention_einsum(attention_query_1, attention_key_1, attention_reshape_2, attention_where);
    text_classifier_attention_softmax(attention_where, attention_softmax);
    text_classifier_attention(attention_softmax, attention_value_1, attention_einsum);
    text_classifier_attention_attention_output(attention_attention_output_reshape, embedding, add);
    text_classifier_norm(add, norm);
    text_classifier_mean(norm, mean);
    text_classifier_scores(mean, scores);
    return TEXT_CLASSIFIER_OK;
}

static text_classifier_workspace text_classifier_own;

int text_classifier_predict(const int32_t *ids, float *scores)
{
    return text_classifier_run(&text_classifier_own, ids, scores);
}

int text_classifier_predict_batch(size_t n, const int32_t *ids, float *scores)
{
    if (!ids || !scores)
        return TEXT_CLASSIFIER_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = text_classifier_predict(ids + sample * 6, scores + sample * 3);
        if (error)
            return error;
    }
    return TEXT_CLASSIFIER_OK;
}
