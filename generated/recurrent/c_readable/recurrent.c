/* recurrent: a Keras model in C99, exported by kgen. See recurrent.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; recurrent_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 * Sums are kept in double, so that their rounding is below that of their terms.
 */
#include "recurrent.h"

#include <math.h>
#include <string.h>

/* 1 / (1 + e^-x), so that neither end overflows */
static inline float recurrent_sigmoid(float x)
{
    const float e = expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* (2, 12) lstm/kernel: get_weights()[0] of lstm; input, forget, cell, output: 3 of each */
static const float recurrent_lstm_kernel[24] = {
    -0.46875f, 0.109375f, -0.265625f, 0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f, -0.03125f, -0.40625f, 0.171875f,
    -0.203125f, 0.375f, 0.0f, -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f, -0.34375f, 0.234375f, -0.140625f, 0.4375f,
};

/* lstm: LSTM(units=3, return_sequences=True)
 * y[u] = sum over i of x[i] * kernel[i][u]
 * x (4, 2) -> y (4, 12)
 * recurrent_lstm_kernel (2, 12): element [i][j] is number i * 12 + j
 */
static void recurrent_lstm_x_gates(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < 4; ++r) {
        for (int u = 0; u < 12; ++u) {
            double sum = 0.0;
            for (int i = 0; i < 2; ++i)
                sum += (double)x[r * 2 + i] * recurrent_lstm_kernel[i * 12 + u];
            y[r * 12 + u] = (float)sum;
        }
    }
}

/* (3, 12) lstm/recurrent_kernel: get_weights()[1] of lstm; input, forget, cell, output: 3 of each */
static const float recurrent_lstm_recurrent_kernel[36] = {
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f, -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f, -0.34375f,
    0.234375f, -0.140625f, 0.4375f, 0.0625f, -0.3125f, 0.265625f, -0.109375f, 0.46875f, 0.09375f, -0.28125f, 0.296875f, -0.078125f,
};

/* (12) lstm/bias: get_weights()[2] of lstm; input, forget, cell, output: 3 of each */
static const float recurrent_lstm_bias[12] = {
    -0.125f, 0.453125f, 0.078125f, -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f,
    -0.265625f, 0.3125f, -0.0625f, -0.4375f,
};

/* lstm: LSTM(units=3, return_sequences=True), in each step
 * y[u] = sum over i of x[i] * kernel[i][u]
 * then y = (x_gates + y) + recurrent_lstm_bias
 * h (3), x_gates (12) -> y (12)
 * recurrent_lstm_recurrent_kernel (3, 12): element [i][j] is number i * 12 + j
 * recurrent_lstm_bias (12)
 */
static void recurrent_lstm_gates(const float *restrict h, const float *x_gates, float *y)
{
    for (int u = 0; u < 12; ++u) {
        double sum = 0.0;
        for (int i = 0; i < 3; ++i)
            sum += (double)h[i] * recurrent_lstm_recurrent_kernel[i * 12 + u];
        y[u] = (x_gates[u] + (float)sum) + recurrent_lstm_bias[u];
    }
}

/* lstm: LSTM(units=3, return_sequences=True), in each step
 * c (3), forget (3), input (3), cell (3) -> y (3)
 */
static void recurrent_lstm_c(const float *c, const float *forget, const float *input, const float *cell, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = recurrent_sigmoid(forget[i]) * c[i] + recurrent_sigmoid(input[i]) * tanhf(cell[i]);
    }
}

/* lstm: LSTM(units=3, return_sequences=True), in each step
 * output (3), c (3) -> y (3)
 */
static void recurrent_lstm_h(const float *output, const float *c, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = recurrent_sigmoid(output[i]) * tanhf(c[i]);
    }
}

/* lstm: LSTM(units=3, return_sequences=True)
 * 4 steps along axis 1; before the first: h = 0, c = 0
 * lstm_x_gates (4, 12) -> lstm (4, 3)
 */
static void recurrent_lstm(recurrent_workspace *w, const float *restrict lstm_x_gates, float *restrict lstm)
{
    float *const lstm_h = w->arena + 60; /* (3) */
    float *const lstm_c = w->arena + 63; /* (3) */
    float *const lstm_gates = w->arena + 48; /* (12) */
    float *const lstm_input = w->arena + 48; /* (3) */
    float *const lstm_forget = w->arena + 51; /* (3) */
    float *const lstm_cell = w->arena + 54; /* (3) */
    float *const lstm_output = w->arena + 57; /* (3) */

    memset(lstm_h, 0, 3 * sizeof(float));
    memset(lstm_c, 0, 3 * sizeof(float));
    for (int t = 0; t < 4; ++t) {
        const float *const lstm_x_gates_t = lstm_x_gates + t * 12; /* (12) */
        recurrent_lstm_gates(lstm_h, lstm_x_gates_t, lstm_gates);
        recurrent_lstm_c(lstm_c, lstm_forget, lstm_input, lstm_cell, lstm_c);
        recurrent_lstm_h(lstm_output, lstm_c, lstm_h);
        memcpy(lstm + t * 3, lstm_h, 3 * sizeof(float));
    }
}

/* (3, 6) gru/kernel: get_weights()[0] of gru; update, reset, candidate: 2 of each */
static const float recurrent_gru_kernel[18] = {
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
};

/* (6) gru/bias: get_weights()[2][0] of gru; update, reset, candidate: 2 of each */
static const float recurrent_gru_bias_x[6] = {
    0.390625f, 0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f,
};

/* gru: GRU(units=2)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (4, 3) -> y (4, 6)
 * recurrent_gru_kernel (3, 6): element [i][j] is number i * 6 + j
 * recurrent_gru_bias_x (6)
 */
static void recurrent_gru_x_gates(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < 4; ++r) {
        for (int u = 0; u < 6; ++u) {
            double sum = recurrent_gru_bias_x[u];
            for (int i = 0; i < 3; ++i)
                sum += (double)x[r * 3 + i] * recurrent_gru_kernel[i * 6 + u];
            y[r * 6 + u] = (float)sum;
        }
    }
}

/* (2, 6) gru/recurrent_kernel: get_weights()[1] of gru; update, reset, candidate: 2 of each */
static const float recurrent_gru_recurrent_kernel[12] = {
    0.21875f, -0.15625f, 0.421875f, 0.046875f, -0.328125f, 0.25f,
    -0.125f, 0.453125f, 0.078125f, -0.296875f, 0.28125f, -0.09375f,
};

/* (6) gru/bias: get_weights()[2][1] of gru; update, reset, candidate: 2 of each */
static const float recurrent_gru_bias_h[6] = {
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
};

/* gru: GRU(units=2), in each step
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * h (2) -> y (6)
 * recurrent_gru_recurrent_kernel (2, 6): element [i][j] is number i * 6 + j
 * recurrent_gru_bias_h (6)
 */
static void recurrent_gru_h_gates(const float *restrict h, float *restrict y)
{
    for (int u = 0; u < 6; ++u) {
        double sum = recurrent_gru_bias_h[u];
        for (int i = 0; i < 2; ++i)
            sum += (double)h[i] * recurrent_gru_recurrent_kernel[i * 6 + u];
        y[u] = (float)sum;
    }
}

/* gru: GRU(units=2), in each step
 * x_update (2), h_update (2) -> y (2)
 */
static void recurrent_gru_update(const float *x_update, const float *h_update, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = recurrent_sigmoid(x_update[i] + h_update[i]);
    }
}

/* gru: GRU(units=2), in each step
 * x_reset (2), h_reset (2) -> y (2)
 */
static void recurrent_gru_reset(const float *x_reset, const float *h_reset, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = recurrent_sigmoid(x_reset[i] + h_reset[i]);
    }
}

/* gru: GRU(units=2), in each step
 * x_candidate (2), reset (2), h_candidate (2) -> y (2)
 */
static void recurrent_gru_candidate(const float *x_candidate, const float *reset, const float *h_candidate, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = tanhf(x_candidate[i] + reset[i] * h_candidate[i]);
    }
}

/* gru: GRU(units=2), in each step
 * update (2), h (2), candidate (2) -> y (2)
 */
static void recurrent_gru_h(const float *update, const float *h, const float *candidate, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = update[i] * h[i] + (1.0f - update[i]) * candidate[i];
    }
}

/* gru: GRU(units=2)
 * 4 steps along axis 1; before the first: h = 0
 * gru_x_gates (4, 6) -> gru (2)
 */
static void recurrent_gru(recurrent_workspace *w, const float *restrict gru_x_gates, float *restrict gru)
{
    float *const gru_h = gru; /* (2) */
    float *const gru_h_gates = w->arena + 24; /* (6) */
    float *const gru_h_update = w->arena + 24; /* (2) */
    float *const gru_h_reset = w->arena + 26; /* (2) */
    float *const gru_h_candidate = w->arena + 28; /* (2) */
    float *const gru_update = w->arena + 30; /* (2) */
    float *const gru_reset = w->arena + 32; /* (2) */
    float *const gru_candidate = w->arena + 32; /* (2) */

    memset(gru_h, 0, 2 * sizeof(float));
    for (int t = 0; t < 4; ++t) {
        const float *const gru_x_update = gru_x_gates + t * 6; /* (2) */
        const float *const gru_x_reset = gru_x_gates + t * 6 + 2; /* (2) */
        const float *const gru_x_candidate = gru_x_gates + t * 6 + 4; /* (2) */
        recurrent_gru_h_gates(gru_h, gru_h_gates);
        recurrent_gru_update(gru_x_update, gru_h_update, gru_update);
        recurrent_gru_reset(gru_x_reset, gru_h_reset, gru_reset);
        recurrent_gru_candidate(gru_x_candidate, gru_reset, gru_h_candidate, gru_candidate);
        recurrent_gru_h(gru_update, gru_h, gru_candidate, gru_h);
    }
}

/* (2, 1) score/kernel: get_weights()[0] of score */
static const float recurrent_score_kernel[2] = {
    -0.390625f,
    0.1875f,
};

/* (1) score/bias: get_weights()[1] of score */
static const float recurrent_score_bias[1] = {
    -0.21875f,
};

/* score: Dense(units=1, activation='sigmoid')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * then y = sigmoid(y)
 * x (2) -> y (1)
 * recurrent_score_kernel (2, 1): element [i][j] is number i + j
 * recurrent_score_bias (1)
 */
static void recurrent_score(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 1; ++u) {
        double sum = recurrent_score_bias[u];
        for (int i = 0; i < 2; ++i)
            sum += (double)x[i] * recurrent_score_kernel[i + u];
        y[u] = recurrent_sigmoid((float)sum);
    }
}

int recurrent_run(recurrent_workspace *w, const float *sequence, float *score)
{
    if (!w || !sequence || !score)
        return RECURRENT_ERROR_NULL;
    float *const lstm_x_gates = w->arena; /* (4, 12) */
    float *const lstm = w->arena + 66; /* (4, 3) */
    float *const gru_x_gates = w->arena; /* (4, 6) */
    float *const gru = w->arena + 34; /* (2) */

    recurrent_lstm_x_gates(sequence, lstm_x_gates);
    recurrent_lstm(w, lstm_x_gates, lstm);
    recurrent_gru_x_gates(lstm, gru_x_gates);
    recurrent_gru(w, gru_x_gates, gru);
    recurrent_score(gru, score);
    return RECURRENT_OK;
}

static recurrent_workspace recurrent_own;

int recurrent_predict(const float *sequence, float *score)
{
    return recurrent_run(&recurrent_own, sequence, score);
}

int recurrent_predict_batch(size_t n, const float *sequence, float *score)
{
    if (!sequence || !score)
        return RECURRENT_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = recurrent_predict(sequence + sample * 8, score + sample * 1);
        if (error)
            return error;
    }
    return RECURRENT_OK;
}
