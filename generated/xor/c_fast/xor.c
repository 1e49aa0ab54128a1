/* xor: a Keras model in C99, exported by kgen. See xor.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; xor_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 */
#if defined __GNUC__ && !defined __clang__
/* a * b + c in one instruction, which -std=c99 switches off; and no juggling of elements between the steps of a loop */
#pragma GCC optimize ("fp-contract=fast", "no-predictive-commoning")
#endif
#if defined __FAST_MATH__ /* -ffast-math takes (x + a) - a, which rounds here, for x: not in this file */
#if defined __clang__
#pragma float_control(precise, on)
#elif defined __GNUC__
#pragma GCC optimize ("no-fast-math")
#endif
#endif
#include "xor.h"

#include <math.h>

/* x, but no less than 0 */
static inline float xor_relu(float x)
{
    return x < 0.0f ? 0.0f : x;
}

#if defined __LP64__ || defined _WIN64 || defined __wasm__ /* machines that compute with doubles */
/* whether |x| < limit, by their bits: quicker than fabsf, and never a call */
static inline bool xor_within(float x, float limit)
{
    const union { float number; uint32_t bits; } a = {x}, b = {limit};
    return b.bits > (a.bits & 0x7fffffffu);
}

/* e^x = power * (1 + rest) for |x| < 700, to 33 bits. With x = n log(2) / 32 + r, n being whole and |r| <= log(2) / 64, power is
 * 2^(n / 32), and rest e^r - 1, by a polynomial. Of n = 32 m + k the table has the bits of 2^(k / 32), less k << 47: adding
 * n << 47 takes k out again, and adds m to the exponent. */
static inline double xor_rest_of_power(double x, double *power)
{
    static const uint64_t powers[32] = {
        0x3ff0000000000000u, 0x3fefd9b0d3158574u, 0x3fefb5586cf9890fu, 0x3fef9301d0125b51u,
        0x3fef72b83c7d517bu, 0x3fef54873168b9aau, 0x3fef387a6e756238u, 0x3fef1e9df51fdee1u,
        0x3fef06fe0a31b715u, 0x3feef1a7373aa9cbu, 0x3feedea64c123422u, 0x3feece086061892du,
        0x3feebfdad5362a27u, 0x3feeb42b569d4f82u, 0x3feeab07dd485429u, 0x3feea47eb03a5585u,
        0x3feea09e667f3bcdu, 0x3fee9f75e8ec5f74u, 0x3feea11473eb0187u, 0x3feea589994cce13u,
        0x3feeace5422aa0dbu, 0x3feeb737b0cdc5e5u, 0x3feec49182a3f090u, 0x3feed503b23e255du,
        0x3feee89f995ad3adu, 0x3feeff76f2fb5e47u, 0x3fef199bdd85529cu, 0x3fef3720dcef9069u,
        0x3fef5818dcfba487u, 0x3fef7c97337b9b5fu, 0x3fefa4afa2a490dau, 0x3fefd0765b6e4540u,
    };
    /* x * 32 / log(2), rounded by adding 1.5 * 2^52: n is then in the lowest bits */
    union { double number; uint64_t bits; } n = {x * 46.16624130844683 + 6755399441055744.0}, scale;
    const double r = x - (n.number - 6755399441055744.0) * 0.02166084939249829;
    scale.bits = powers[n.bits & 31] + (n.bits << 47);
    *power = scale.number;
    return r + r * r * (0.16666756071829575 * r + 0.500004048842764);
}

/* 1 / (1 + e^-x), within 0.6 units in the last place */
static inline float xor_sigmoid(float x)
{
    if (!xor_within(x, 128.0f)) /* 0, 1 or NaN */
        return x > 0.0f ? 1.0f : x < 0.0f ? 0.0f : x;
    double power;
    const double rest = xor_rest_of_power(-(double)x, &power);
    return (float)(1.0 / (power * rest + (power + 1.0)));
}

#else
/* 1 / (1 + e^-x), so that neither end overflows */
static inline float xor_sigmoid(float x)
{
    const float e = expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

#endif

/* (2, 4) hidden/kernel: get_weights()[0] of hidden */
static const float xor_hidden_kernel[8] = {
    -1.544086f, -0.90377545f, -1.9386802f, 2.0568676f,
    1.5405936f, -0.08011224f, 1.9368042f, -2.058805f,
};

/* (4) hidden/bias: get_weights()[1] of hidden */
static const float xor_hidden_bias[4] = {
    0.0001898341f, -0.9158767f, -0.00002391389f, -0.0025476883f,
};

/* hidden: Dense(units=4, activation='relu')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * then y = relu(y)
 * x (2) -> y (4)
 * xor_hidden_kernel (2, 4): element [i][j] is number i * 4 + j
 * xor_hidden_bias (4)
 */
static inline void xor_hidden(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 4; ++u) {
        float sum = xor_hidden_bias[u];
        for (int i = 0; i < 2; ++i)
            sum += x[i] * xor_hidden_kernel[i * 4 + u];
        y[u] = xor_relu(sum);
    }
}

/* (4, 1) output/kernel: get_weights()[0] of output */
static const float xor_output_kernel[4] = {
    1.7306925f,
    -0.30390894f,
    2.3691936f,
    3.4050379f,
};

/* (1) output/bias: get_weights()[1] of output */
static const float xor_output_bias[1] = {
    -3.1778646f,
};

/* output: Dense(units=1, activation='sigmoid')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * then y = sigmoid(y)
 * x (4) -> y (1)
 * xor_output_kernel (4, 1): element [i][j] is number i + j
 * xor_output_bias (1)
 */
static inline void xor_output(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 1; ++u) {
        float sum = xor_output_bias[u];
        for (int i = 0; i < 4; ++i)
            sum += x[i] * xor_output_kernel[i + u];
        y[u] = xor_sigmoid(sum);
    }
}

int xor_run(xor_workspace *w, const float *inputs, float *output)
{
    if (!w || !inputs || !output)
        return XOR_ERROR_NULL;
    float *const hidden = w->arena; /* (4) */

    xor_hidden(inputs, hidden);
    xor_output(hidden, output);
    return XOR_OK;
}

static xor_workspace xor_own;

int xor_predict(const float *inputs, float *output)
{
    return xor_run(&xor_own, inputs, output);
}

int xor_predict_batch(size_t n, const float *inputs, float *output)
{
    if (!inputs || !output)
        return XOR_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = xor_predict(inputs + sample * 2, output + sample * 1);
        if (error)
            return error;
    }
    return XOR_OK;
}
