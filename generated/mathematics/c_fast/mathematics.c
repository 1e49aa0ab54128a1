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

/* () */
static const int32_t mathematics_constant_1[1] = {
    2,
};

/* median: keras.ops.median
 * y = x[...,...,indices]
 * x (5, 5) -> y (5)
 * mathematics_constant_1 () int32_t
 */
static void mathematics_median_gather(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        int64_t row = (int64_t)mathematics_constant_1[0];
        y[i] = x[i * 5 + row];
    }
}

/* () */
static const int32_t mathematics_constant_2[1] = {
    1,
};

/* median: keras.ops.median
 * y = x[...,...,indices]
 * x (5, 5) -> y (5)
 * mathematics_constant_2 () int32_t
 */
static void mathematics_median_gather_1(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        int64_t row = (int64_t)mathematics_constant_2[0];
        y[i] = x[i * 5 + row];
    }
}

/* median: keras.ops.median
 * x (5, 5) float -> y (5, 5)
 */
static void mathematics_median_elementwise(const float *restrict x, bool *restrict y)
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
static void mathematics_median_elementwise_1(const bool *restrict x0, const float *x1, const float *x2, float *y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x0[i] ? NAN : (x1[i] * 1.0f + x2[i] * 0.0f);
    }
}

int mathematics_run(mathematics_workspace *w, const float *x, float *median, int32_t *digitize)
{
    if (!w || !x || !median || !digitize)
        return MATHEMATICS_ERROR_NULL;
    float *const sort_values = w->arena.float32s; /* (5, 5) */
    float *const median_transpose = w->arena.float32s; /* (5, 5) */
    float *const median_values = w->arena.float32s + 25; /* (5, 5) */
    float *const median_gather = median; /* (5) */
    float *const median_gather_1 = w->arena.float32s + 50; /* (5) */
    bool *const median_isnan = w->arena.bools + 100; /* (5, 5) */
    bool *const median_any = w->arena.bools; /* (5) */

    mathematics_sort(x, sort_values);
    mathematics_digitize(sort_values, digitize);
    mathematics_median(x, median_transpose);
    mathematics_median_values(median_transpose, median_values);
    mathematics_median_gather(median_values, median_gather);
    mathematics_median_gather_1(median_values, median_gather_1);
    mathematics_median_elementwise(median_transpose, median_isnan);
    mathematics_median_any(median_isnan, median_any);
    mathematics_median_elementwise_1(median_any, median_gather, median_gather_1, median);
    return MATHEMATICS_OK;
}

static mathematics_workspace mathematics_own;

int mathematics_predict(const float *x, float *median, int32_t *digitize)
{
    return mathematics_run(&mathematics_own, x, median, digitize);
}

int mathematics_predict_batch(size_t n, const float *x, float *median, int32_t *digitize)
{
    if (!x || !median || !digitize)
        return MATHEMATICS_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = mathematics_predict(x + sample * 25, median + sample * 5, digitize + sample * 25);
        if (error)
            return error;
    }
    return MATHEMATICS_OK;
}
