/* features: a Keras model in C99, exported by kgen. See features.h.
 *
 * One function for each layer, in the order of their execution; features_run at the end calls them. In
 * the comments x is the layer's input and y its output. Sums are kept in double, so that their rounding is
 * below that of their terms.
 */
#include "features.h"

#include <math.h>

/* (3) */
static const float features_age_group_boundaries[3] = {
    18.0f, 30.0f, 65.0f,
};

/* age_group: Discretization(bin_boundaries=(18, 30, 65), output_mode='one_hot')
 * y = how many boundaries are not above x
 * x (1) float -> y (1)
 * features_age_group_boundaries (3) float
 */
static void features_age_group(const float *restrict x, int32_t *restrict y)
{
    for (int i = 0; i < 1; ++i) {
        int low = 0, high = 3;
        while (low < high) {
            const int middle = (low + high) / 2;
            if (x[i] < features_age_group_boundaries[middle])
                high = middle;
            else
                low = middle + 1;
        }
        y[i] = low;
    }
}

/* (1, 4) */
static const int32_t features_age_group_constant[4] = {
    0, 1, 2, 3,
};

/* age_group: Discretization(bin_boundaries=(18, 30, 65), output_mode='one_hot')
 * x (1) int32_t -> y (4)
 * features_age_group_constant (1, 4) int32_t: element [i][j] is number i * 4 + j
 */
static void features_age_group_elementwise(const int32_t *restrict x, float *restrict y)
{
    for (int i = 0; i < 4; ++i) {
        y[i] = (x[0] == features_age_group_constant[i]) ? 1.0f : 0.0f;
    }
}

/* (1, 3) */
static const int32_t features_plan_encoding_constant[3] = {
    0, 1, 2,
};

/* plan_encoding: CategoryEncoding(num_tokens=3, output_mode='one_hot')
 * x (1) int32_t -> y (3)
 * features_plan_encoding_constant (1, 3) int32_t: element [i][j] is number i * 3 + j
 */
static void features_plan_encoding(const int32_t *restrict x, float *restrict y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = (x[0] == features_plan_encoding_constant[i]) ? 1.0f : 0.0f;
    }
}

/* visit_counts: CategoryEncoding(num_tokens=4, output_mode='count')
 * y[v] = how many of x are v
 * x (5) int32_t -> y (4)
 */
static int features_visit_counts(const int32_t *restrict x, float *restrict y)
{
    for (int v = 0; v < 4; ++v)
        y[v] = 0.0f;
    for (int i = 0; i < 5; ++i) {
        const int32_t v = x[i];
        if (v < 0)
            return FEATURES_ERROR_INDEX;
        if (v < 4)
            y[v] += 1.0f;
    }
    return 0;
}

/* joined: Concatenate()
 * y = its inputs one after another along axis 1
 * x0 (4), x1 (3), x2 (4) -> y (11)
 */
static void features_joined(const float *restrict x0, const float *restrict x1, const float *restrict x2, float *restrict y)
{
    for (int i = 0; i < 4; ++i) {
        y[i] = x0[i];
    }
    for (int i = 0; i < 3; ++i) {
        y[4 + i] = x1[i];
    }
    for (int i = 0; i < 4; ++i) {
        y[7 + i] = x2[i];
    }
}

/* (11, 2) scores/kernel: get_weights()[0] of scores */
static const float features_scores_kernel[22] = {
    -0.46875f, 0.109375f,
    -0.265625f, 0.3125f,
    -0.0625f, -0.4375f,
    0.140625f, -0.234375f,
    0.34375f, -0.03125f,
    -0.40625f, 0.171875f,
    -0.203125f, 0.375f,
    0.0f, -0.375f,
    0.203125f, -0.171875f,
    0.40625f, 0.03125f,
    -0.34375f, 0.234375f,
};

/* (2) scores/bias: get_weights()[1] of scores */
static const float features_scores_bias[2] = {
    -0.296875f, 0.28125f,
};

/* scores: Dense(units=2)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (11) -> y (2)
 * features_scores_kernel (11, 2): element [i][j] is number i * 2 + j
 * features_scores_bias (2)
 */
static void features_scores(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 2; ++u) {
        double sum = features_scores_bias[u];
        for (int i = 0; i < 11; ++i)
            sum += (double)x[i] * features_scores_kernel[i * 2 + u];
        y[u] = (float)sum;
    }
}

int features_run(features_workspace *w, const float *age, const int32_t *plan, const int32_t *visits, float *scores)
{
    if (!w || !age || !plan || !visits || !scores)
        return FEATURES_ERROR_NULL;
    int32_t *const age_group_bucketize = w->arena.int32s; /* (1) */
    float *const age_group = w->arena.float32s + 11; /* (4) */
    float *const plan_encoding = w->arena.float32s + 19; /* (3) */
    float *const visit_counts = w->arena.float32s + 15; /* (4) */
    float *const joined = w->arena.float32s; /* (11) */

    features_age_group(age, age_group_bucketize);
    features_age_group_elementwise(age_group_bucketize, age_group);
    features_plan_encoding(plan, plan_encoding);
    if (features_visit_counts(visits, visit_counts) != 0)
        return FEATURES_ERROR_INDEX;
    features_joined(age_group, plan_encoding, visit_counts, joined);
    features_scores(joined, scores);
    return FEATURES_OK;
}

static features_workspace features_own;

int features_predict(const float *age, const int32_t *plan, const int32_t *visits, float *scores)
{
    return features_run(&features_own, age, plan, visits, scores);
}

int features_predict_batch(size_t n, const float *age, const int32_t *plan, const int32_t *visits, float *scores)
{
    if (!age || !plan || !visits || !scores)
        return FEATURES_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = features_predict(age + sample * 1, plan + sample * 1, visits + sample * 5, scores + sample * 2);
        if (error)
            return error;
    }
    return FEATURES_OK;
}
