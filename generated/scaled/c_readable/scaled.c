/* scaled: a Keras model in C99, exported by kgen. See scaled.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; scaled_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 * Sums are kept in double, so that their rounding is below that of their terms.
 */
#include "scaled.h"

#include <math.h>

/* (5) scale = gamma / sqrt(moving_variance + 0.001) of normalise */
static const float scaled_normalise_scale[5] = {
    1.3087931f, 0.6692288f, 0.8834788f, 1.026919f, 0.57586396f,
};

/* (5) offset = beta - moving_mean * scale of normalise */
static const float scaled_normalise_offset[5] = {
    -0.13327587f, -0.021994304f, -0.16277178f, -0.16388342f, -0.052586734f,
};

/* normalise: BatchNormalization()
 * x (3, 5) -> y (3, 5)
 * scaled_normalise_scale (5)
 * scaled_normalise_offset (5)
 */
static void scaled_normalise(const float *x, float *y)
{
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 5; ++j) {
            y[i * 5 + j] = x[i * 5 + j] * scaled_normalise_scale[j] + scaled_normalise_offset[j];
        }
}

/* pool: MaxPooling1D(pool_size=(2,), strides=(2,), data_format='channels_last')
 * y = max of x over windows of 2, (2,) apart
 * x (3, 5) -> y (1, 5)
 */
static void scaled_pool(const float *restrict x, float *restrict y)
{
    for (int step = 0; step < 1; ++step)
        for (int channel = 0; channel < 5; ++channel) {
            float best = -3.4028235e+38f; /* so NaN is passed over, as Keras does */
            for (int i = 0; i < 2; ++i) {
                const int x_step = step * 2 + i;
                if (x[x_step * 5 + channel] > best)
                    best = x[x_step * 5 + channel];
            }
            y[step * 5 + channel] = best;
        }
}

int scaled_run(scaled_workspace *w, const float *x, float *pool)
{
    if (!w || !x || !pool)
        return SCALED_ERROR_NULL;
    float *const normalise = w->arena; /* (3, 5) */

    scaled_normalise(x, normalise);
    scaled_pool(normalise, pool);
    return SCALED_OK;
}

static scaled_workspace scaled_own;

int scaled_predict(const float *x, float *pool)
{
    return scaled_run(&scaled_own, x, pool);
}

int scaled_predict_batch(size_t n, const float *x, float *pool)
{
    if (!x || !pool)
        return SCALED_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = scaled_predict(x + sample * 15, pool + sample * 5);
        if (error)
            return error;
    }
    return SCALED_OK;
}
