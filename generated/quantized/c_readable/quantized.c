/* quantized: a Keras model in C99, exported by kgen. See quantized.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; quantized_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 * Sums are kept in double, so that their rounding is below that of their terms.
 */
#include "quantized.h"

#include <math.h>

static inline float quantized_absolute(float x)
{
    return fabsf(x);
}

/* the larger one; NaN if either is */
static inline float quantized_maximum(float a, float b)
{
    return a > b || a != a ? a : b;
}

/* the smaller one; NaN if either is */
static inline float quantized_minimum(float a, float b)
{
    return a < b || a != a ? a : b;
}

static inline int8_t quantized_to_int8(float x)
{
    return x > -129.0f && x < 128.0f ? (int8_t)x : INT8_MIN;
}

/* x, but no less than 0 */
static inline float quantized_relu(float x)
{
    return x < 0.0f ? 0.0f : x;
}

/* a number from -8 to 7: two of them are in a byte, the first in its lower half */
static inline int8_t quantized_int4_at(const uint8_t *bytes, int64_t number)
{
    const int bits = bytes[number / 2] >> (number % 2 * 4) & 15;
    return (int8_t)((bits ^ 8) - 8);
}

/* eight_bits: Dense(units=5, activation='relu')
 * x (6) -> y (6)
 */
static void quantized_eight_bits_elementwise(const float *x, float *y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = quantized_absolute(x[i]);
    }
}

/* eight_bits: Dense(units=5, activation='relu')
 * y = max of x over axes (1,)
 * x (6) -> y (1)
 */
static void quantized_eight_bits_max(const float *restrict x, float *restrict y)
{
    float best = -INFINITY;
    for (int p = 0; p < 6; ++p) {
        if (x[p] > best || x[p] != x[p])
            best = x[p];
    }
    y[0] = best;
}

/* eight_bits: Dense(units=5, activation='relu')
 * x (1) -> y (1)
 */
static void quantized_eight_bits_elementwise_1(const float *x, float *y)
{
    y[0] = 127.0f / (x[0] + 1e-7f);
}

/* eight_bits: Dense(units=5, activation='relu')
 * x0 (6) float, x1 (1) float -> y (6)
 */
static void quantized_eight_bits_elementwise_2(const float *restrict x0, const float *restrict x1, int8_t *restrict y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = quantized_to_int8(quantized_minimum(quantized_maximum(rintf(x0[i] * x1[0]), -127.0f), 127.0f));
    }
}

/* (6, 5) eight_bits/kernel: get_weights()[1] of eight_bits */
static const int8_t quantized_eight_bits_kernel[30] = {
    -127, 52, -127, 85, -85,
    -119, 67, -112, 93, -42,
    -110, 82, -97, 102, 0,
    -102, 97, -82, 110, 42,
    -93, 112, -67, 119, 85,
    -85, 127, -52, 127, 127,
};

/* (5) eight_bits/bias: get_weights()[0] of eight_bits */
static const float quantized_eight_bits_bias[5] = {
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f,
};

/* (5) eight_bits/kernel_scale: get_weights()[2] of eight_bits */
static const float quantized_eight_bits_kernel_scale[5] = {
    270.9333f, 478.1175f, 478.1175f, 270.9333f, 1354.6653f,
};

/* eight_bits: Dense(units=5, activation='relu')
 * y[u] = sum over i of x[i] * kernel[i][u]
 * then y = relu(((float)(y)) / (quantized_eight_bits_kernel_scale * z) + quantized_eight_bits_bias)
 * x (6) int8_t, z (1) -> y (5)
 * quantized_eight_bits_kernel (6, 5) int8_t: element [i][j] is number i * 5 + j
 * quantized_eight_bits_bias (5)
 * quantized_eight_bits_kernel_scale (5)
 */
static void quantized_eight_bits(const int8_t *restrict x, const float *restrict z, float *restrict y)
{
    for (int u = 0; u < 5; ++u) {
        int32_t sum = 0;
        for (int i = 0; i < 6; ++i)
            sum += x[i] * quantized_eight_bits_kernel[i * 5 + u];
        y[u] = quantized_relu(((float)(sum)) / (quantized_eight_bits_kernel_scale[u] * z[0]) + quantized_eight_bits_bias[u]);
    }
}

/* (5, 3) weights of four bits; two elements a byte, the first in its lower half */
static const uint8_t quantized_four_bits_kernel[8] = {
    114, 167, 4, 216, 120, 131, 143, 7,
};

/* (2, 3) scales of four_bits/kernel, for 3 rows each */
static const float quantized_four_bits_scale[6] = {
    0.022916673f, 0.022916673f, 0.022916673f,
    0.02083334f, 0.015625007f, 0.05208334f,
};

/* (2, 3) zeros of four_bits/kernel, for 3 rows each; two elements a byte, the first in its lower half */
static const uint8_t quantized_four_bits_zero[3] = {
    135, 132, 7,
};

/* (3) four_bits/bias: get_weights()[0] of four_bits */
static const float quantized_four_bits_bias[3] = {
    0.046875f, -0.328125f, 0.25f,
};

/* four_bits: Dense(units=3)
 * y[u] = sum over i of x[i] * (kernel[i][u] - zero[g][u]) * scale[g][u] + bias[u], g = i // 3
 * x (5) -> y (3)
 * quantized_four_bits_kernel (5, 3) int4: element [i][j] is number i * 3 + j
 * quantized_four_bits_scale (2, 3): element [i][j] is number i * 3 + j
 * quantized_four_bits_zero (2, 3) int4: element [i][j] is number i * 3 + j
 * quantized_four_bits_bias (3)
 */
static void quantized_four_bits(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 3; ++u) {
        double sum = quantized_four_bits_bias[u];
        for (int g = 0; g < 2; ++g) {
            const int zero = quantized_int4_at(quantized_four_bits_zero, g * 3 + u);
            double part = 0.0;
            for (int i = g * 3; i < (g + 1) * 3 && i < 5; ++i)
                part += (double)x[i] * (double)(quantized_int4_at(quantized_four_bits_kernel, i * 3 + u) - zero);
            sum += part * quantized_four_bits_scale[g * 3 + u];
        }
        y[u] = (float)sum;
    }
}

int quantized_run(quantized_workspace *w, const float *x, float *four_bits)
{
    if (!w || !x || !four_bits)
        return QUANTIZED_ERROR_NULL;
    float *const eight_bits_absolute = w->arena.float32s + 1; /* (6) */
    float *const eight_bits_max = w->arena.float32s; /* (1) */
    float *const eight_bits_divide = w->arena.float32s; /* (1) */
    int8_t *const eight_bits_cast = w->arena.int8s + 24; /* (6) */
    float *const eight_bits = w->arena.float32s + 1; /* (5) */

    quantized_eight_bits_elementwise(x, eight_bits_absolute);
    quantized_eight_bits_max(eight_bits_absolute, eight_bits_max);
    quantized_eight_bits_elementwise_1(eight_bits_max, eight_bits_divide);
    quantized_eight_bits_elementwise_2(x, eight_bits_divide, eight_bits_cast);
    quantized_eight_bits(eight_bits_cast, eight_bits_divide, eight_bits);
    quantized_four_bits(eight_bits, four_bits);
    return QUANTIZED_OK;
}

static quantized_workspace quantized_own;

int quantized_predict(const float *x, float *four_bits)
{
    return quantized_run(&quantized_own, x, four_bits);
}

int quantized_predict_batch(size_t n, const float *x, float *four_bits)
{
    if (!x || !four_bits)
        return QUANTIZED_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = quantized_predict(x + sample * 6, four_bits + sample * 3);
        if (error)
            return error;
    }
    return QUANTIZED_OK;
}
