/* operations: a Keras model in C99, exported by kgen. See operations.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; operations_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 * Sums are kept in double, so that their rounding is below that of their terms.
 */
#include "operations.h"

#include <math.h>

/* whether a comes before b in ascending order; NaN comes last */
static inline bool operations_comes_first(float a, float b)
{
    return a < b || (b != b && a == a);
}

/* pad: keras.ops.pad
 * y = x with ((0, 0), (1, 0), (0, 0)) elements of 0.0 before and after
 * x (4, 6) -> y (5, 6)
 */
static void operations_pad(const float *restrict x, float *restrict y)
{
    float *const inner = y + 6;
    for (int i = 0; i < 30; ++i)
        y[i] = 0.0f;
    for (int i = 0; i < 24; ++i) {
        inner[i] = x[i];
    }
}

/* cumsum: keras.ops.cumsum
 * y[n] = sum of x[0..n] along axis 1
 * x (5, 6) -> y (5, 6)
 */
static void operations_cumsum(const float *x, float *y)
{
    for (int i = 0; i < 6; ++i) {
        double total = 0.0;
        for (int p = 0; p < 5; ++p) {
            total += (double)x[i + p * 6];
            y[i + p * 6] = (float)total;
        }
    }
}

/* transpose: keras.ops.transpose
 * y[a,c,b] = x[a,b,c]
 * x (5, 6) -> y (6, 5)
 */
static void operations_transpose(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 5; ++j) {
            y[i * 5 + j] = x[i + j * 6];
        }
}

/* get_item: keras.ops.get_item
 * y[a,b,c] = x[a,2*b,1+c]
 * x (6, 5) -> y (3, 3)
 */
static void operations_get_item(const float *restrict x, float *restrict y)
{
    const float *const first = x + 1;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[i * 3 + j] = first[i * 10 + j];
        }
}

/* flip: keras.ops.flip
 * y[a,b,c] = x[a,b,2-c]
 * x (3, 3) -> y (3, 3)
 */
static void operations_flip(const float *restrict x, float *restrict y)
{
    const float *const first = x + 2;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[i * 3 + j] = first[i * 3 - j];
        }
}

/* concatenate: keras.ops.concatenate
 * y = its inputs one after another along axis 2
 * x0 (3, 3), x1 (3, 3) -> y (3, 6)
 */
static void operations_concatenate(const float *restrict x0, const float *restrict x1, float *restrict y)
{
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[i * 6 + j] = x0[i * 3 + j];
        }
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[3 + i * 6 + j] = x1[i * 3 + j];
        }
}

/* max: keras.ops.max
 * y = max of x over axes (2,)
 * x (3, 6) -> y (3, 1)
 */
static void operations_max_1(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 3; ++i) {
        float best = -INFINITY;
        for (int p = 0; p < 6; ++p) {
            if (x[i * 6 + p] > best || x[i * 6 + p] != x[i * 6 + p])
                best = x[i * 6 + p];
        }
        y[i] = best;
    }
}

/* tile: keras.ops.tile
 * y = x, repeated along the axes where x has length 1
 * x (3, 1, 1) -> y (3, 2, 1)
 */
static void operations_tile(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 2; ++j) {
            y[i * 2 + j] = x[i];
        }
}

/* top_k: keras.ops.top_k
 * y = the first 2 of positions of x along the last axis, largest first
 * x (3, 6) float -> y (3, 2)
 */
static void operations_top_k_positions(const float *restrict x, int32_t *restrict y)
{
    for (int row = 0; row < 3; ++row) {
        const float *const line = x + row * 6;
        int32_t *const out = y + row * 2;
        int last = -1;
        for (int place = 0; place < 2; ++place) {
            /* the first of what comes after the last one found */
            int best = -1;
            for (int i = 0; i < 6; ++i) {
                const bool later = last < 0 || operations_comes_first(line[i], line[last]) || (i > last && !operations_comes_first(line[last], line[i]));
                if (later && (best < 0 || operations_comes_first(line[best], line[i])))
                    best = i;
            }
            last = best;
            out[place] = best;
        }
    }
}

/* top_k: keras.ops.top_k
 * y[..., n, ...] = x[..., indices[..., n, ...], ...], along axis 2
 * x (3, 6), indices (3, 2) int32_t -> y (3, 2)
 */
static int operations_top_k(const float *restrict x, const int32_t *restrict indices, float *restrict y)
{
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 2; ++j) {
            int64_t place = (int64_t)indices[i * 2 + j];
            if (place < 0)
                place += 6;
            if (place < 0 || place >= 6)
                return OPERATIONS_ERROR_INDEX;
            y[i * 2 + j] = x[i * 6 + place];
        }
    return 0;
}

/* multiply: keras.ops.multiply
 * x (3, 2) -> y (3, 2)
 */
static void operations_multiply_1(const int32_t *x, int32_t *y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = (int32_t)((uint32_t)(x[i]) * (uint32_t)(2));
    }
}

/* argmax: keras.ops.argmax
 * y = argmax of x over axis 1
 * x (3, 2) -> y (2)
 */
static void operations_argmax(const int32_t *restrict x, int32_t *restrict y)
{
    for (int i = 0; i < 2; ++i) {
        const int32_t *const line = x + i;
        int32_t most = INT32_MIN;
        int best = 0;
        for (int p = 0; p < 3; ++p) {
            const int32_t element = line[p * 2];
            if (element > most) {
                most = element;
                best = p;
            }
        }
        y[i] = best;
    }
}

/* tanh: keras.ops.tanh; then true_divide: keras.ops.true_divide; then greater: keras.ops.greater; then where: keras.ops.where
 * x0 (3, 2), x1 (3, 2) -> y (3, 2)
 */
static void operations_where(const float *x0, const float *x1, float *y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = (x0[i] > (x1[i] / 2.0f)) ? x0[i] : tanhf(x1[i]);
    }
}

int operations_run(operations_workspace *w, const float *x, float *where, int32_t *argmax)
{
    if (!w || !x || !where || !argmax)
        return OPERATIONS_ERROR_NULL;
    float *const pad = w->arena.float32s; /* (5, 6) */
    float *const cumsum_sum = w->arena.float32s; /* (5, 6) */
    float *const transpose = w->arena.float32s + 30; /* (6, 5) */
    float *const get_item_slice = w->arena.float32s + 18; /* (3, 3) */
    float *const flip_slice = w->arena.float32s + 27; /* (3, 3) */
    float *const concatenate = w->arena.float32s; /* (3, 6) */
    float *const max_1 = w->arena.float32s + 24; /* (3, 1) */
    float *const tile_reshape = w->arena.float32s + 24; /* (3, 1, 1) */
    float *const tile_broadcast = w->arena.float32s + 18; /* (3, 2, 1) */
    float *const tile_reshape_1 = w->arena.float32s + 18; /* (3, 2) */
    int32_t *const top_k_positions = w->arena.int32s + 24; /* (3, 2) */
    float *const top_k_gather_elements = w->arena.float32s + 30; /* (3, 2) */
    int32_t *const multiply = w->arena.int32s + 24; /* (3, 2) */

    operations_pad(x, pad);
    operations_cumsum(pad, cumsum_sum);
    operations_transpose(cumsum_sum, transpose);
    operations_get_item(transpose, get_item_slice);
    operations_flip(get_item_slice, flip_slice);
    operations_concatenate(get_item_slice, flip_slice, concatenate);
    operations_max_1(concatenate, max_1);
    operations_tile(tile_reshape, tile_broadcast);
    operations_top_k_positions(concatenate, top_k_positions);
    if (operations_top_k(concatenate, top_k_positions, top_k_gather_elements) != 0)
        return OPERATIONS_ERROR_INDEX;
    operations_multiply_1(top_k_positions, multiply);
    operations_argmax(multiply, argmax);
    operations_where(top_k_gather_elements, tile_reshape_1, where);
    return OPERATIONS_OK;
}

static operations_workspace operations_own;

int operations_predict(const float *x, float *where, int32_t *argmax)
{
    return operations_run(&operations_own, x, where, argmax);
}

int operations_predict_batch(size_t n, const float *x, float *where, int32_t *argmax)
{
    if (!x || !where || !argmax)
        return OPERATIONS_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = operations_predict(x + sample * 24, where + sample * 6, argmax + sample * 2);
        if (error)
            return error;
    }
    return OPERATIONS_OK;
}
