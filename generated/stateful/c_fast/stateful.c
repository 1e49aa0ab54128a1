/* stateful: a Keras model in C99, exported by kgen. See stateful.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; stateful_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 */
#include "stateful.h"

#include <math.h>
#include <string.h>

/* 1 / (1 + e^-x), so that neither end overflows */
static inline float stateful_sigmoid(float x)
{
    const float e = expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

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
static void stateful_gru_x_gates(const float *restrict x, float *restrict y)
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
static void stateful_gru_h_gates(const float *restrict h, float *restrict y)
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
        y[i] = tanhf(x_candidate[i] + reset[i] * h_candidate[i]);
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
static void stateful_forecast(const float *restrict h, float *restrict y)
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
