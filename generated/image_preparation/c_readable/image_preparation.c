/* image_preparation: a Keras model in C99, exported by kgen. See image_preparation.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; image_preparation_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 * Sums are kept in double, so that their rounding is below that of their terms.
 */
#include "image_preparation.h"

#include <math.h>

/* (3) bilinear from 5 to 3: first of the neighbours */
static const int32_t image_preparation_resizing_starts[3] = {
    0, 2, 3,
};

/* (3, 2) bilinear from 5 to 3: their weights */
static const float image_preparation_resizing_weights[6] = {
    0.6666667f, 0.3333333f,
    1.0f, 0.0f,
    0.3333335f, 0.6666665f,
};

/* resizing: Resizing(height=4, width=3, data_format='channels_last')
 * y[:,:,i] = sum of x[:,:,starts[i] + t] * weights[i][t]
 * x (6, 5, 3) -> y (6, 3, 3)
 * image_preparation_resizing_starts (3) int32_t
 * image_preparation_resizing_weights (3, 2): element [i][j] is number i * 2 + j
 */
static void image_preparation_resizing_resize(const float *restrict x, float *restrict y)
{
    for (int n = 0; n < 6; ++n)
        for (int i = 0; i < 3; ++i) {
            const float *const first = x + n * 15 + image_preparation_resizing_starts[i] * 3;
            for (int k = 0; k < 3; ++k) {
                double sum = 0.0;
                for (int t = 0; t < 2; ++t)
                    sum += (double)first[t * 3 + k] * image_preparation_resizing_weights[i * 2 + t];
                y[n * 9 + i * 3 + k] = (float)sum;
            }
        }
}

/* (4) bilinear from 6 to 4: first of the neighbours */
static const int32_t image_preparation_resizing_starts_1[4] = {
    0, 1, 3, 4,
};

/* (4, 2) bilinear from 6 to 4: their weights */
static const float image_preparation_resizing_weights_1[8] = {
    0.75f, 0.25f,
    0.25f, 0.75f,
    0.75f, 0.25f,
    0.25f, 0.75f,
};

/* resizing: Resizing(height=4, width=3, data_format='channels_last')
 * y[:,i] = sum of x[:,starts[i] + t] * weights[i][t]
 * x (6, 3, 3) -> y (4, 3, 3)
 * image_preparation_resizing_starts_1 (4) int32_t
 * image_preparation_resizing_weights_1 (4, 2): element [i][j] is number i * 2 + j
 */
static void image_preparation_resizing(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 4; ++i) {
        const float *const first = x + image_preparation_resizing_starts_1[i] * 9;
        for (int k = 0; k < 9; ++k) {
            double sum = 0.0;
            for (int t = 0; t < 2; ++t)
                sum += (double)first[t * 9 + k] * image_preparation_resizing_weights_1[i * 2 + t];
            y[i * 9 + k] = (float)sum;
        }
    }
}

/* rescaling: Rescaling(scale=0.0078125, offset=-1)
 * x (4, 3, 3) -> y (4, 3, 3)
 */
static void image_preparation_rescaling(const float *x, float *y)
{
    for (int i = 0; i < 36; ++i) {
        y[i] = x[i] * 0.0078125f + -1.0f;
    }
}

int image_preparation_run(image_preparation_workspace *w, const float *photo, float *rescaling)
{
    if (!w || !photo || !rescaling)
        return IMAGE_PREPARATION_ERROR_NULL;
    float *const resizing_resize = w->arena; /* (6, 3, 3) */
    float *const resizing = rescaling; /* (4, 3, 3) */

    image_preparation_resizing_resize(photo, resizing_resize);
    image_preparation_resizing(resizing_resize, resizing);
    image_preparation_rescaling(resizing, rescaling);
    return IMAGE_PREPARATION_OK;
}

static image_preparation_workspace image_preparation_own;

int image_preparation_predict(const float *photo, float *rescaling)
{
    return image_preparation_run(&image_preparation_own, photo, rescaling);
}

int image_preparation_predict_batch(size_t n, const float *photo, float *rescaling)
{
    if (!photo || !rescaling)
        return IMAGE_PREPARATION_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = image_preparation_predict(photo + sample * 90, rescaling + sample * 36);
        if (error)
            return error;
    }
    return IMAGE_PREPARATION_OK;
}
