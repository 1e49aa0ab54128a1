/* stateful: a Keras model in C99, exported by kgen. See stateful.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; stateful_run
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
#include "stateful.h"

#include <math.h>
#include <string.h>

#if defined __LP64__ || defined _WIN64 || defined __wasm__ /* machines that compute with doubles */
/* whether |x| < limit, by their bits: quicker than fabsf, and never a call */
static inline bool stateful_within(float x, float limit)
{
    const union { float number; uint32_t bits; } a = {x}, b = {limit};
    return b.bits > (a.bits & 0x7fffffffu);
}

/* e^x = power * (1 + rest) for |x| < 700, to 33 bits. With x = n log(2) / 32 + r, n being whole and |r| <= log(2) / 64, power is
 * 2^(n / 32), and rest e^r - 1, by a polynomial. Of n = 32 m + k the table has the bits of 2^(k / 32), less k << 47: adding
 * n << 47 takes k out again, and adds m to the exponent. */
static inline double stateful_rest_of_power(double x, double *power)
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
static inline float stateful_sigmoid(float x)
{
    if (!stateful_within(x, 128.0f)) /* 0, 1 or NaN */
        return x > 0.0f ? 1.0f : x < 0.0f ? 0.0f : x;
    double power;
    const double rest = stateful_rest_of_power(-(double)x, &power);
    return (float)(1.0 / (power * rest + (power + 1.0)));
}

/* tanh(x), within 0.8 units in the last place: with t = e^2|x| - 1 it is t / (t + 2) */
static inline float stateful_tanh(float x)
{
    if (!stateful_within(x, 10.0f)) /* 1, -1 or NaN */
        return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    double power;
    const double rest = stateful_rest_of_power(2.0 * fabs((double)x), &power);
    return copysignf((float)((power * rest + (power - 1.0)) / (power * rest + (power + 1.0))), x);
}

#else
/* 1 / (1 + e^-x), so that neither end overflows */
static inline float stateful_sigmoid(float x)
{
    const float e = expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

static inline float stateful_tanh(float x)
{
    return tanhf(x);
}

#endif

/* (2, 9) gru/kernel: get_weights()[0] of gru; update, reset, candidate: 3 of each */
static const float stateful_gru_kernel[18] = {
    -0.46875f, 0.109375f, -0.265625f, 0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f, -0.375f, 0.203125f, -0.171875f,
};

/* (9) gru/bias: get_weights()[2][0] of gru; update, reset, candidate: 3 of each */
static const float stateful_gru_bias_x[9] = {
    -0.125f, 0.453125f, 0.078125f, -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f,
    -0.265625f,
};

/* gru: GRU(units=3, stateful=True)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (2) -> y (9)
 * stateful_gru_kernel (2, 9): element [i][j] is number i * 9 + j
 * stateful_gru_bias_x (9)
 */
static inline void stateful_gru_x_gates(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 9; ++u) {
        float sum = stateful_gru_bias_x[u];
        for (int i = 0; i < 2; ++i)
            sum += x[i] * stateful_gru_kernel[i * 9 + u];
        y[u] = sum;
    }
}

/* (3, 9) gru/recurrent_kernel: get_weights()[1] of gru; update, reset, candidate: 3 of each */
static const float stateful_gru_recurrent_kernel[27] = {
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.3125f, -0.0625f, -0.4375f,
    0.140625f, -0.234375f, 0.34375f, -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f,
    -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f, -0.34375f, 0.234375f, -0.140625f, 0.4375f,
};

/* (9) gru/bias: get_weights()[2][1] of gru; update, reset, candidate: 3 of each */
static const float stateful_gru_bias_h[9] = {
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f, -0.03125f, -0.40625f,
    0.171875f,
};

/* gru: GRU(units=3, stateful=True)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * h (3) -> y (9)
 * stateful_gru_recurrent_kernel (3, 9): element [i][j] is number i * 9 + j
 * stateful_gru_bias_h (9)
 */
static inline void stateful_gru_h_gates(const float *restrict h, float *restrict y)
{
    for (int u = 0; u < 9; ++u) {
        float sum = stateful_gru_bias_h[u];
        for (int i = 0; i < 3; ++i)
            sum += h[i] * stateful_gru_recurrent_kernel[i * 9 + u];
        y[u] = sum;
    }
}

/* gru: GRU(units=3, stateful=True)
 * x_update (3), h_update (3) -> y (3)
 */
static void stateful_gru_update(const float *x_update, const float *h_update, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = stateful_sigmoid(x_update[i] + h_update[i]);
    }
}

/* gru: GRU(units=3, stateful=True)
 * x_reset (3), h_reset (3) -> y (3)
 */
static void stateful_gru_reset(const float *x_reset, const float *h_reset, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = stateful_sigmoid(x_reset[i] + h_reset[i]);
    }
}

/* gru: GRU(units=3, stateful=True)
 * x_candidate (3), reset (3), h_candidate (3) -> y (3)
 */
static void stateful_gru_candidate(const float *x_candidate, const float *reset, const float *h_candidate, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = stateful_tanh(x_candidate[i] + reset[i] * h_candidate[i]);
    }
}

/* gru: GRU(units=3, stateful=True)
 * update (3), h (3), candidate (3) -> y (3)
 */
static void stateful_gru(const float *update, const float *h, const float *candidate, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = update[i] * h[i] + (1.0f - update[i]) * candidate[i];
    }
}

/* (3, 1) forecast/kernel: get_weights()[0] of forecast */
static const float stateful_forecast_kernel[3] = {
    0.046875f,
    -0.328125f,
    0.25f,
};

/* (1) forecast/bias: get_weights()[1] of forecast */
static const float stateful_forecast_bias[1] = {
    0.21875f,
};

/* forecast: Dense(units=1)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * h (3) -> y (1)
 * stateful_forecast_kernel (3, 1): element [i][j] is number i + j
 * stateful_forecast_bias (1)
 */
static inline void stateful_forecast(const float *restrict h, float *restrict y)
{
    for (int u = 0; u < 1; ++u) {
        float sum = stateful_forecast_bias[u];
        for (int i = 0; i < 3; ++i)
            sum += h[i] * stateful_forecast_kernel[i + u];
        y[u] = sum;
    }
}

int stateful_run(stateful_workspace *w, const float *measurement, float *forecast)
{
    if (!w || !measurement || !forecast)
        return STATEFUL_ERROR_NULL;
    const float *const gru_h = w->gru_h; /* (3) */
    const float *const gru_x_t = measurement; /* (2) */
    float *const gru_x_gates = w->arena; /* (9) */
    float *const gru_x_update = w->arena; /* (3) */
    float *const gru_x_reset = w->arena + 3; /* (3) */
    float *const gru_x_candidate = w->arena + 6; /* (3) */
    float *const gru_h_gates = w->arena + 9; /* (9) */
    float *const gru_h_update = w->arena + 9; /* (3) */
    float *const gru_h_reset = w->arena + 12; /* (3) */
    float *const gru_h_candidate = w->arena + 15; /* (3) */
    float *const gru_update = w->arena + 18; /* (3) */
    float *const gru_reset = w->arena + 21; /* (3) */
    float *const gru_candidate = w->arena + 21; /* (3) */
    float *const gru_h_1 = w->arena + 18; /* (3) */

    stateful_gru_x_gates(gru_x_t, gru_x_gates);
    stateful_gru_h_gates(gru_h, gru_h_gates);
    stateful_gru_update(gru_x_update, gru_h_update, gru_update);
    stateful_gru_reset(gru_x_reset, gru_h_reset, gru_reset);
    stateful_gru_candidate(gru_x_candidate, gru_reset, gru_h_candidate, gru_candidate);
    stateful_gru(gru_update, gru_h, gru_candidate, gru_h_1);
    stateful_forecast(gru_h_1, forecast);
    memcpy(w->gru_h, gru_h_1, 3 * sizeof(float));
    return STATEFUL_OK;
}

static stateful_workspace stateful_own[1]; /* its states are zero at first */

int stateful_predict(const float *measurement, float *forecast)
{
    return stateful_run(stateful_own, measurement, forecast);
}

int stateful_predict_batch(size_t n, const float *measurement, float *forecast)
{
    if (!measurement || !forecast)
        return STATEFUL_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = stateful_predict(measurement + sample * 2, forecast + sample * 1);
        if (error)
            return error;
    }
    return STATEFUL_OK;
}

void stateful_reset(stateful_workspace *w)
{
    if (!w)
        w = stateful_own;
    memset(w->gru_h, 0, sizeof w->gru_h);
}

int stateful_get_state(const stateful_workspace *w, float *gru_h)
{
    if (!gru_h)
        return STATEFUL_ERROR_NULL;
    if (!w)
        w = stateful_own;
    memcpy(gru_h, w->gru_h, sizeof w->gru_h);
    return STATEFUL_OK;
}

int stateful_set_state(stateful_workspace *w, const float *gru_h)
{
    if (!gru_h)
        return STATEFUL_ERROR_NULL;
    if (!w)
        w = stateful_own;
    memcpy(w->gru_h, gru_h, sizeof w->gru_h);
    return STATEFUL_OK;
}
