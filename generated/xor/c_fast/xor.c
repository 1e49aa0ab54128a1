/* xor: a Keras model in C99, exported by kgen. See xor.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; xor_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 */
#include "xor.h"

#include <math.h>

/* x, but no less than 0 */
static inline float xor_relu(float x)
{
    return x < 0.0f ? 0.0f : x;
}

/* 1 / (1 + e^-x), so that neither end overflows */
static inline float xor_sigmoid(float x)
{
    const float e = expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

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
static void xor_hidden(const float *restrict x, float *restrict y)
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
static void xor_output(const float *restrict x, float *restrict y)
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
