/* image_classifier: a Keras model in C99, exported by kgen. See image_classifier.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; image_classifier_run
 * at the end calls them. In the comments x is a layer's input and y its output. Where a formula has all axes, the
 * first is the batch, as in Keras; shapes leave it out.
 * Sums are kept in double, so that their rounding is below that of their terms.
 */
#include "image_classifier.h"

#include <math.h>

/* x, but no less than 0 */
static inline float image_classifier_relu(float x)
{
    return x < 0.0f ? 0.0f : x;
}

/* (3, 3, 1, 4) (stem/kernel: get_weights()[0] of stem) * scale, scale = gamma / sqrt(moving_variance + 0.001) of stem_bn */
static const float image_classifier_stem_kernel[36] = {
    -0.44029185f, 0.10540053f, -0.16417277f, 0.40899783f,
    -0.05870558f, -0.42160213f, 0.086914994f, -0.30674836f,
    0.3228807f, -0.030114437f, -0.25108775f, 0.22494881f,
    -0.19079314f, 0.36137325f, 0.0f, -0.4907974f,
    0.19079314f, -0.1656294f, 0.25108775f, 0.040899783f,
    -0.3228807f, 0.22585829f, -0.086914994f, 0.57259697f,
    0.05870558f, -0.30114436f, 0.16417277f, -0.14314924f,
    0.44029185f, 0.09034331f, -0.17382999f, 0.38854793f,
    -0.073381975f, -0.43665934f, 0.077257775f, -0.32719827f,
};

/* (4) offset, scale = gamma / sqrt(moving_variance + 0.001) of stem_bn; offset = beta - moving_mean * scale of stem_bn */
static const float image_classifier_stem_bias[4] = {
    -0.16902919f, 0.76932657f, -0.07639055f, -0.13327587f,
};

/* stem: Conv2D(filters=4, kernel_size=(3, 3), strides=(2, 2), padding='same', data_format='channels_last', use_bias=False); then stem_bn: BatchNormalization(); then stem_relu: ReLU()
 * y[p,q,f] = sum over i,j,c of x[2*p+i,2*q+j-1,c] * kernel[i,j,c,f] + bias[f]
 * then y = relu(y)
 * x (8, 7, 1) -> y (4, 4, 4)
 * image_classifier_stem_kernel (3, 3, 1, 4): element [i][j][k][l] is number i * 12 + j * 4 + k * 4 + l
 * image_classifier_stem_bias (4)
 */
static void image_classifier_stem(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 4; ++row)
        for (int column = 0; column < 4; ++column)
            for (int filter = 0; filter < 4; ++filter) {
                double sum = image_classifier_stem_bias[filter];
                for (int i = 0; i < 3; ++i)
                    for (int j = 0; j < 3; ++j) {
                        const int x_row = row * 2 + i;
                        const int x_column = column * 2 + j - 1;
                        if (x_row >= 8 || x_column < 0 || x_column >= 7)
                            continue; /* padding: zeros add nothing */
                        sum += (double)x[x_row * 7 + x_column] * image_classifier_stem_kernel[i * 12 + j * 4 + filter];
                    }
                y[row * 16 + column * 4 + filter] = image_classifier_relu((float)sum);
            }
}

/* (3, 3, 1, 4) depthwise/kernel: get_weights()[0] of depthwise */
static const float image_classifier_depthwise_kernel[36] = {
    0.390625f, 0.015625f, -0.359375f, 0.21875f,
    -0.15625f, 0.421875f, 0.046875f, -0.328125f,
    0.25f, -0.125f, 0.453125f, 0.078125f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f,
    0.109375f, -0.265625f, 0.3125f, -0.0625f,
    -0.4375f, 0.140625f, -0.234375f, 0.34375f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f,
    0.375f, 0.0f, -0.375f, 0.203125f,
    -0.171875f, 0.40625f, 0.03125f, -0.34375f,
};

/* (4) depthwise/bias: get_weights()[1] of depthwise */
static const float image_classifier_depthwise_bias[4] = {
    -0.390625f, 0.1875f, -0.1875f, 0.390625f,
};

/* depthwise: DepthwiseConv2D(kernel_size=(3, 3), padding='same', data_format='channels_last')
 * y[p,q,f] = sum over i,j of x[p+i-1,q+j-1,f's channel] * kernel[i,j,0,f] + bias[f]
 * x (4, 4, 4) -> y (4, 4, 4)
 * image_classifier_depthwise_kernel (3, 3, 1, 4): element [i][j][k][l] is number i * 12 + j * 4 + k * 4 + l
 * image_classifier_depthwise_bias (4)
 */
static void image_classifier_depthwise(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 4; ++row)
        for (int column = 0; column < 4; ++column)
            for (int filter = 0; filter < 4; ++filter) {
                double sum = image_classifier_depthwise_bias[filter];
                const int first = filter;
                for (int i = 0; i < 3; ++i)
                    for (int j = 0; j < 3; ++j) {
                        const int x_row = row + i - 1;
                        const int x_column = column + j - 1;
                        if (x_row < 0 || x_row >= 4 || x_column < 0 || x_column >= 4)
                            continue; /* padding: zeros add nothing */
                        sum += (double)x[x_row * 16 + x_column * 4 + first] * image_classifier_depthwise_kernel[i * 12 + j * 4 + filter];
                    }
                y[row * 16 + column * 4 + filter] = (float)sum;
            }
}

/* (1, 1, 4, 6) pointwise/kernel: get_weights()[0] of pointwise */
static const float image_classifier_pointwise_kernel[24] = {
    -0.21875f, 0.359375f, -0.015625f, -0.390625f, 0.1875f, -0.1875f,
    0.390625f, 0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f,
};

/* (6) pointwise/bias: get_weights()[1] of pointwise */
static const float image_classifier_pointwise_bias[6] = {
    -0.046875f, -0.421875f, 0.15625f, -0.21875f, 0.359375f, -0.015625f,
};

/* pointwise: Conv2D(filters=6, kernel_size=(1, 1), data_format='channels_last', activation='relu')
 * y[p,q,f] = sum over i,j,c of x[p+i,q+j,c] * kernel[i,j,c,f] + bias[f]
 * then y = relu(y)
 * x (4, 4, 4) -> y (4, 4, 6)
 * image_classifier_pointwise_kernel (1, 1, 4, 6): element [i][j][k][l] is number i * 24 + j * 24 + k * 6 + l
 * image_classifier_pointwise_bias (6)
 */
static void image_classifier_pointwise(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 4; ++row)
        for (int column = 0; column < 4; ++column)
            for (int filter = 0; filter < 6; ++filter) {
                double sum = image_classifier_pointwise_bias[filter];
                for (int i = 0; i < 1; ++i) {
                    const int x_row = row;
                    const int x_column = column;
                    for (int channel = 0; channel < 4; ++channel) {
                        sum += (double)x[x_row * 16 + x_column * 4 + channel] * image_classifier_pointwise_kernel[channel * 6 + filter];
                    }
                }
                y[row * 24 + column * 6 + filter] = image_classifier_relu((float)sum);
            }
}

/* (2, 2, 3, 6) upsample/kernel: get_weights()[0] of upsample */
static const float image_classifier_upsample_kernel[72] = {
    0.125f, -0.25f, 0.328125f, -0.046875f, -0.421875f, 0.15625f,
    -0.21875f, 0.359375f, -0.015625f, -0.390625f, 0.1875f, -0.1875f,
    0.390625f, 0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f,
    -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f, -0.34375f,
    0.234375f, -0.140625f, 0.4375f, 0.0625f, -0.3125f, 0.265625f,
    -0.109375f, 0.46875f, 0.09375f, -0.28125f, 0.296875f, -0.078125f,
    -0.453125f, 0.125f, -0.25f, 0.328125f, -0.046875f, -0.421875f,
    0.15625f, -0.21875f, 0.359375f, -0.015625f, -0.390625f, 0.1875f,
};

/* (3) upsample/bias: get_weights()[1] of upsample */
static const float image_classifier_upsample_bias[3] = {
    0.296875f, -0.078125f, -0.453125f,
};

/* upsample: Conv2DTranspose(filters=3, kernel_size=(2, 2), strides=(2, 2), data_format='channels_last')
 * y = bias[f]; y[2*p+i,2*q+j,f] += sum over c of x[p,q,c] * kernel[i,j,f,c]
 * x (4, 4, 6) -> y (8, 8, 3)
 * image_classifier_upsample_kernel (2, 2, 3, 6): element [i][j][k][l] is number i * 36 + j * 18 + k * 6 + l
 * image_classifier_upsample_bias (3)
 */
static void image_classifier_upsample(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 8; ++row)
        for (int column = 0; column < 8; ++column)
            for (int filter = 0; filter < 3; ++filter) {
                double sum = image_classifier_upsample_bias[filter];
                for (int i = 0; i < 2; ++i)
                    for (int j = 0; j < 2; ++j) {
                        if (row - i < 0 || (row - i) % 2 != 0)
                            continue; /* no element of x reaches here through this tap */
                        const int x_row = (row - i) / 2;
                        if (x_row >= 4)
                            continue;
                        if (column - j < 0 || (column - j) % 2 != 0)
                            continue; /* no element of x reaches here through this tap */
                        const int x_column = (column - j) / 2;
                        if (x_column >= 4)
                            continue;
                        for (int channel = 0; channel < 6; ++channel) {
                            sum += (double)x[x_row * 24 + x_column * 6 + channel] * image_classifier_upsample_kernel[i * 36 + j * 18 + filter * 6 + channel];
                        }
                    }
                y[row * 24 + column * 3 + filter] = (float)sum;
            }
}

/* pool: MaxPooling2D(pool_size=(3, 3), strides=(2, 2), padding='same', data_format='channels_last')
 * y = max of x over windows of 3x3, (2, 2) apart, of what lies inside x
 * x (8, 8, 3) -> y (4, 4, 3)
 */
static void image_classifier_pool(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 4; ++row)
        for (int column = 0; column < 4; ++column)
            for (int channel = 0; channel < 3; ++channel) {
                float best = -3.4028235e+38f; /* so NaN is passed over, as Keras does */
                for (int i = 0; i < 3; ++i)
                    for (int j = 0; j < 3; ++j) {
                        const int x_row = row * 2 + i;
                        const int x_column = column * 2 + j;
                        if (x_row >= 8 || x_column >= 8)
                            continue; /* padding belongs to no window */
                        if (x[x_row * 24 + x_column * 3 + channel] > best)
                            best = x[x_row * 24 + x_column * 3 + channel];
                    }
                y[row * 12 + column * 3 + channel] = best;
            }
}

/* adaptive: AdaptiveAveragePooling2D(output_size=(2, 3), data_format='channels_last')
 * y[o] = mean of x[floor(o*n/m) .. ceil((o+1)*n/m) - 1], n = (4, 4), m = (2, 3)
 * x (4, 4, 3) -> y (2, 3, 3)
 */
static void image_classifier_adaptive(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 2; ++row)
        for (int column = 0; column < 3; ++column)
            for (int channel = 0; channel < 3; ++channel) {
                double total = 0.0;
                int count = 0;
                const int row_first = row * 4 / 2;
                const int row_end = ((row + 1) * 4 + 1) / 2;
                const int column_first = column * 4 / 3;
                const int column_end = ((column + 1) * 4 + 2) / 3;
                for (int x_row = row_first; x_row < row_end; ++x_row)
                    for (int x_column = column_first; x_column < column_end; ++x_column) {
                        total += (double)x[x_row * 12 + x_column * 3 + channel];
                        ++count;
                    }
                y[row * 9 + column * 3 + channel] = (float)(total / count);
            }
}

/* (18, 5) classes/kernel: get_weights()[0] of classes */
static const float image_classifier_classes_kernel[90] = {
    0.46875f, 0.09375f, -0.28125f, 0.296875f, -0.078125f,
    -0.453125f, 0.125f, -0.25f, 0.328125f, -0.046875f,
    -0.421875f, 0.15625f, -0.21875f, 0.359375f, -0.015625f,
    -0.390625f, 0.1875f, -0.1875f, 0.390625f, 0.015625f,
    -0.359375f, 0.21875f, -0.15625f, 0.421875f, 0.046875f,
    -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f,
    -0.265625f, 0.3125f, -0.0625f, -0.4375f, 0.140625f,
    -0.234375f, 0.34375f, -0.03125f, -0.40625f, 0.171875f,
    -0.203125f, 0.375f, 0.0f, -0.375f, 0.203125f,
    -0.171875f, 0.40625f, 0.03125f, -0.34375f, 0.234375f,
    -0.140625f, 0.4375f, 0.0625f, -0.3125f, 0.265625f,
    -0.109375f, 0.46875f, 0.09375f, -0.28125f, 0.296875f,
    -0.078125f, -0.453125f, 0.125f, -0.25f, 0.328125f,
    -0.046875f, -0.421875f, 0.15625f, -0.21875f, 0.359375f,
    -0.015625f, -0.390625f, 0.1875f, -0.1875f, 0.390625f,
    0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f,
};

/* (5) classes/bias: get_weights()[1] of classes */
static const float image_classifier_classes_bias[5] = {
    -0.3125f, 0.265625f, -0.109375f, 0.46875f, 0.09375f,
};

/* classes: Dense(units=5, activation='softmax')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (18) -> y (5)
 * image_classifier_classes_kernel (18, 5): element [i][j] is number i * 5 + j
 * image_classifier_classes_bias (5)
 */
static void image_classifier_classes_dense(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 5; ++u) {
        double sum = image_classifier_classes_bias[u];
        for (int i = 0; i < 18; ++i)
            sum += (double)x[i] * image_classifier_classes_kernel[i * 5 + u];
        y[u] = (float)sum;
    }
}

/* classes: Dense(units=5, activation='softmax')
 * y = exp(x - max(x)) / sum(exp(x - max(x))), over axis 1
 * x (5) -> y (5)
 */
static void image_classifier_classes(const float *x, float *y)
{
    const float *const in = x;
    float *const out = y;
    float largest = in[0];
    for (int p = 1; p < 5; ++p)
        if (in[p] > largest)
            largest = in[p];
    double sum = 0.0;
    for (int p = 0; p < 5; ++p) {
        out[p] = expf(in[p] - largest);
        sum += (double)out[p];
    }
    for (int p = 0; p < 5; ++p)
        out[p] = (float)((double)out[p] / sum);
}

int image_classifier_run(image_classifier_workspace *w, const float *image, float *classes)
{
    if (!w || !image || !classes)
        return IMAGE_CLASSIFIER_ERROR_NULL;
    float *const stem_relu = w->arena; /* (4, 4, 4) */
    float *const depthwise = w->arena + 64; /* (4, 4, 4) */
    float *const pointwise = w->arena + 192; /* (4, 4, 6) */
    float *const upsample = w->arena; /* (8, 8, 3) */
    float *const pool = w->arena + 192; /* (4, 4, 3) */
    float *const adaptive = w->arena; /* (2, 3, 3) */
    float *const flatten = w->arena; /* (18) */
    float *const classes_add = classes; /* (5) */

    image_classifier_stem(image, stem_relu);
    image_classifier_depthwise(stem_relu, depthwise);
    image_classifier_pointwise(depthwise, pointwise);
    image_classifier_upsample(pointwise, upsample);
    image_classifier_pool(upsample, pool);
    image_classifier_adaptive(pool, adaptive);
    image_classifier_classes_dense(flatten, classes_add);
    image_classifier_classes(classes_add, classes);
    return IMAGE_CLASSIFIER_OK;
}

static image_classifier_workspace image_classifier_own;

int image_classifier_predict(const float *image, float *classes)
{
    return image_classifier_run(&image_classifier_own, image, classes);
}

int image_classifier_predict_batch(size_t n, const float *image, float *classes)
{
    if (!image || !classes)
        return IMAGE_CLASSIFIER_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = image_classifier_predict(image + sample * 56, classes + sample * 5);
        if (error)
            return error;
    }
    return IMAGE_CLASSIFIER_OK;
}
