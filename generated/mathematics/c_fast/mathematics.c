/* mathematics: a Keras model in C99, exported by kgen. See mathematics.h.
 *
 * One function for each layer, in the order of their execution; mathematics_run at the end calls them. In
 * the comments x is the layer's input and y its output. Sums are kept in double, so that their rounding is
 * below that of their terms.
 */
#include "mathematics.h"

#include <math.h>

/* whether a comes before b in ascending order; NaN comes last */
static inline bool mathematics_comes_first(float a, float b)
{
    return a < b || (b != b && a == a);
}

/* sort: keras.ops.sort
 * y = x along the last axis, smallest first
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_sort(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 5; ++row) {
        const float *const line = x + row * 5;
        float *const out = y + row * 5;
        for (int i = 0; i < 5; ++i) {
            int place = i; /* move what comes later up, and put this one before it */
            for (; place > 0 && mathematics_comes_first(line[i], out[place - 1]); --place)
                out[place] = out[place - 1];
            out[place] = line[i];
        }
    }
}

/* (3) */
static const float mathematics_constant[3] = {
    -1.0f, 0.0f, 1.0f,
};

/* digitize: keras.ops.digitize
 * y = number of edges <= x
 * x (5, 5) float -> y (5, 5)
 * mathematics_constant (3) float
 */
static void mathematics_digitize(const float *restrict x, int32_t *restrict y)
{
    for (int i = 0; i < 25; ++i) {
        int low = 0, high = 3; /* the answer lies between them */
        while (low < high) {
            const int middle = (low + high) / 2;
            if (x[i] < mathematics_constant[middle])
                high = middle;
            else
                low = middle + 1;
        }
        y[i] = low;
    }
}

/* segment_sum: keras.ops.segment_sum
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_segment_sum(const int32_t *x, int32_t *y)
{
    for (int i = 0; i < 25; ++i) {
        y[i] = (x[i] < 0) ? 4 : ((x[i] < 4) ? x[i] : 5);
    }
}

/* (1, 5) */
static const int32_t mathematics_constant_1[5] = {
    0, 0, 0, 0, 0,
};

/* (1, 25) computed when exporting: segment_sum/reshape: int32[1, 25] = reshape(ones_like/broadcast; shape=(1, 25), batch=None) */
static const int32_t mathematics_segment_sum_reshape_1[25] = {
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1,
};

/* segment_sum: keras.ops.segment_sum
 * y = x, then y[indices[n]] = add(y[indices[n]], updates[n]) for each n
 * indices (25, 1) -> y (5)
 * mathematics_constant_1 (1, 5): element [i][j] is number i * 5 + j
 * mathematics_segment_sum_reshape_1 (1, 25): element [i][j] is number i * 25 + j
 */
static int mathematics_segment_sum_add(const int32_t *restrict indices, int32_t *restrict y)
{
    for (int i = 0; i < 5; ++i)
        y[i] = mathematics_constant_1[i];
    for (int n = 0; n < 25; ++n) {
        const int64_t i0 = (int64_t)indices[n];
        if (i0 < 0 || i0 >= 5)
            return MATHEMATICS_ERROR_INDEX;
        int32_t *const to = y + i0;
        *to = (int32_t)((uint32_t)(*to) + (uint32_t)(mathematics_segment_sum_reshape_1[n]));
    }
    return 0;
}

/* segment_sum: keras.ops.segment_sum
 * y[a,b] = x[a,0+1*b]
 * x (5) -> y (4)
 */
static void mathematics_segment_sum_slice(const int32_t *restrict x, int32_t *restrict y)
{
    for (int i = 0; i < 4; ++i) {
        y[i] = x[i];
    }
}

/* median: keras.ops.median
 * y[a,c,b] = x[a,b,c]
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_median(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i)
        for (int j = 0; j < 5; ++j) {
            y[i * 5 + j] = x[i + j * 5];
        }
}

/* median: keras.ops.median
 * y = x along the last axis, smallest first
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_median_values(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 5; ++row) {
        const float *const line = x + row * 5;
        float *const out = y + row * 5;
        for (int i = 0; i < 5; ++i) {
            int place = i; /* move what comes later up, and put this one before it */
            for (; place > 0 && mathematics_comes_first(line[i], out[place - 1]); --place)
                out[place] = out[place - 1];
            out[place] = line[i];
        }
    }
}

/* median: keras.ops.median
 * y[a,b,c] = x[a,b,2+1*c]
 * x (5, 5) -> y (5, 1)
 */
static void mathematics_median_slice(const float *restrict x, float *restrict y)
{
    const float *const first = x + 2;
    for (int i = 0; i < 5; ++i) {
        y[i] = first[i * 5];
    }
}

/* median: keras.ops.median
 * x (5, 1) -> y (5, 1)
 */
static void mathematics_median_elementwise(const float *x, float *y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x[i] * 1.0f;
    }
}

/* median: keras.ops.median
 * y[a,b,c] = x[a,b,1+1*c]
 * x (5, 5) -> y (5, 1)
 */
static void mathematics_median_slice_1(const float *restrict x, float *restrict y)
{
    const float *const first = x + 1;
    for (int i = 0; i < 5; ++i) {
        y[i] = first[i * 5];
    }
}

/* median: keras.ops.median
 * x (5, 1) -> y (5, 1)
 */
static void mathematics_median_elementwise_1(const float *x, float *y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x[i] * 0.0f;
    }
}

/* median: keras.ops.median
 * x (5, 5) float -> y (5, 5)
 */
static void mathematics_median_elementwise_2(const float *restrict x, bool *restrict y)
{
    for (int i = 0; i < 25; ++i) {
        y[i] = isnan(x[i]);
    }
}

/* median: keras.ops.median
 * y = any of x over axes (2,)
 * x (5, 5) -> y (5)
 */
static void mathematics_median_any(const bool *restrict x, bool *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        bool found = false;
        for (int p = 0; p < 5; ++p) {
            found = found || x[i * 5 + p];
        }
        y[i] = found;
    }
}

/* median: keras.ops.median
 * x0 (5) bool, x1 (5), x2 (5) -> y (5)
 */
static void mathematics_median_elementwise_3(const bool *restrict x0, const float *x1, const float *x2, float *y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x0[i] ? NAN : (x1[i] + x2[i]);
    }
}

int mathematics_run(mathematics_workspace *w, const float *x, float *median, int32_t *vectorized_map)
{
    if (!w || !x || !median || !vectorized_map)
        return MATHEMATICS_ERROR_NULL;
    float *const sort_values = w->arena.float32s; /* (5, 5) */
    int32_t *const digitize_search_sorted = w->arena.int32s + 25; /* (5, 5) */
    int32_t *const segment_sum_where = w->arena.int32s + 25; /* (5, 5) */
    int32_t *const segment_sum_reshape = w->arena.int32s + 25; /* (25, 1) */
    int32_t *const segment_sum_add = w->arena.int32s; /* (5) */
    float *const median_transpose = w->arena.float32s; /* (5, 5) */
    float *const median_values = w->arena.float32s + 25; /* (5, 5) */
    float *const median_slice = median; /* (5, 1) */
    float *const median_multiply = median; /* (5, 1) */
    float *const median_multiply_1 = median; /* (5) */
    float *const median_slice_1 = w->arena.float32s + 50; /* (5, 1) */
    float *const median_multiply_2 = w->arena.float32s + 50; /* (5, 1) */
    float *const median_multiply_3 = w->arena.float32s + 50; /* (5) */
    bool *const median_isnan = w->arena.bools + 100; /* (5, 5) */
    bool *const median_any = w->arena.bools; /* (5) */

    mathematics_sort(x, sort_values);
    mathematics_digitize(sort_values, digitize_search_sorted);
    mathematics_segment_sum(digitize_search_sorted, segment_sum_where);
    if (mathematics_segment_sum_add(segment_sum_reshape, segment_sum_add) != 0)
        return MATHEMATICS_ERROR_INDEX;
    mathematics_segment_sum_slice(segment_sum_add, vectorized_map);
    mathematics_median(x, median_transpose);
    mathematics_median_values(median_transpose, median_values);
    mathematics_median_slice(median_values, median_slice);
    mathematics_median_elementwise(median_slice, median_multiply);
    mathematics_median_slice_1(median_values, median_slice_1);
    mathematics_median_elementwise_1(median_slice_1, median_multiply_2);
    mathematics_median_elementwise_2(median_transpose, median_isnan);
    mathematics_median_any(median_isnan, median_any);
    mathematics_median_elementwise_3(median_any, median_multiply_1, median_multiply_3, median);
    return MATHEMATICS_OK;
}

static mathematics_workspace mathematics_own;

int mathematics_predict(const float *x, float *median, int32_t *vectorized_map)
{
    return mathematics_run(&mathematics_own, x, median, vectorized_map);
}

int mathematics_predict_batch(size_t n, const float *x, float *median, int32_t *vectorized_map)
{
    if (!x || !median || !vectorized_map)
        return MATHEMATICS_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = mathematics_predict(x + sample * 25, median + sample * 5, vectorized_map + sample * 4);
        if (error)
            return error;
    }
    return MATHEMATICS_OK;
}
