/* image_preparation: a Keras model in C99, exported by kgen. See image_preparation.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; image_preparation_run
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
#include "image_preparation.h"

#include <math.h>

/* Vectors as wide as the compiler may use (IMAGE_PREPARATION_NO_VECTORS: none). IMAGE_PREPARATION_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define IMAGE_PREPARATION_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined IMAGE_PREPARATION_VECTORS && !defined IMAGE_PREPARATION_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define IMAGE_PREPARATION_LANES 16
#define IMAGE_PREPARATION_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define IMAGE_PREPARATION_LANES 8
#define IMAGE_PREPARATION_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define IMAGE_PREPARATION_LANES 4
#define IMAGE_PREPARATION_PICK(avx512, avx, neon, other) neon
#else
#define IMAGE_PREPARATION_LANES 4
#define IMAGE_PREPARATION_PICK(avx512, avx, neon, other) other
#endif
#if IMAGE_PREPARATION_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float image_preparation_vec __attribute__((vector_size(IMAGE_PREPARATION_LANES * 4)));
typedef float image_preparation_loose __attribute__((vector_size(IMAGE_PREPARATION_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t image_preparation_ivec __attribute__((vector_size(IMAGE_PREPARATION_LANES * 4)));
#else
#define IMAGE_PREPARATION_LANES 1
#define IMAGE_PREPARATION_PICK(avx512, avx, neon, other) other
typedef float image_preparation_vec, image_preparation_loose;
typedef int32_t image_preparation_ivec;
#endif
#if defined __GNUC__
#define IMAGE_PREPARATION_INLINE static inline __attribute__((always_inline, unused))
#define IMAGE_PREPARATION_APART __attribute__((noinline, unused))
#define IMAGE_PREPARATION_ALIGNED __attribute__((aligned(64)))
#else
#define IMAGE_PREPARATION_INLINE static inline
#define IMAGE_PREPARATION_APART
#define IMAGE_PREPARATION_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define IMAGE_PREPARATION_UNROLL _Pragma("clang loop unroll(full)")
#define IMAGE_PREPARATION_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define IMAGE_PREPARATION_UNROLL _Pragma("GCC unroll 64")
#define IMAGE_PREPARATION_ROLLED
#else
#define IMAGE_PREPARATION_UNROLL
#define IMAGE_PREPARATION_ROLLED
#endif
#if IMAGE_PREPARATION_LANES == 16
#define IMAGE_PREPARATION_PART 8
typedef float image_preparation_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define IMAGE_PREPARATION_PART IMAGE_PREPARATION_LANES
typedef image_preparation_vec image_preparation_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define IMAGE_PREPARATION_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define IMAGE_PREPARATION_LEFT(n, i) ((n) % IMAGE_PREPARATION_LANES ? (n) - (i) : IMAGE_PREPARATION_LANES)
enum { IMAGE_PREPARATION_PIXELS = 30, IMAGE_PREPARATION_VECS = 64 / IMAGE_PREPARATION_LANES }; /* no tile is larger */

#if IMAGE_PREPARATION_LANES == 8
/* All bits of the first n lanes. */
IMAGE_PREPARATION_INLINE __m256i image_preparation_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
IMAGE_PREPARATION_INLINE void image_preparation_store(float *to, image_preparation_vec v, int n)
{
    if (n >= IMAGE_PREPARATION_LANES)
        *(image_preparation_loose *)to = v;
#if IMAGE_PREPARATION_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const image_preparation_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        const int half = n >= 8 ? 8 : 4;
        const __m512 last = _mm512_permutexvar_ps((__m512i)(lanes + (n - half)), (__m512)v);
        if (n >= 8) {
            _mm256_storeu_ps(to, _mm512_castps512_ps256((__m512)v));
            if (n > 8)
                _mm256_storeu_ps(to + n - 8, _mm512_castps512_ps256(last));
        } else {
            _mm_storeu_ps(to, _mm512_castps512_ps128((__m512)v));
            if (n > 4)
                _mm_storeu_ps(to + n - 4, _mm512_castps512_ps128(last));
        }
    }
#elif IMAGE_PREPARATION_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, image_preparation_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        IMAGE_PREPARATION_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if IMAGE_PREPARATION_LANES > 1
    else {
        IMAGE_PREPARATION_UNROLL
        for (int i = 0; i < IMAGE_PREPARATION_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* A vector from anywhere. */
IMAGE_PREPARATION_INLINE image_preparation_vec image_preparation_load_vec(const float *from)
{
    return *(const image_preparation_loose *)from;
}

/* x in every lane. */
IMAGE_PREPARATION_INLINE image_preparation_vec image_preparation_splat(float x)
{
#if IMAGE_PREPARATION_LANES > 1
    return x - (image_preparation_vec){0};
#else
    return x;
#endif
}

/* n floats, and zeros in the lanes beyond them. */
IMAGE_PREPARATION_INLINE image_preparation_vec image_preparation_load_some(const float *from, int n)
{
    if (n >= IMAGE_PREPARATION_LANES)
        return *(const image_preparation_loose *)from;
    if (n <= 0)
        return image_preparation_splat(0.0f);
#if IMAGE_PREPARATION_LANES == 16
    return (image_preparation_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif IMAGE_PREPARATION_LANES == 8
    return (image_preparation_vec)_mm256_maskload_ps(from, image_preparation_mask(n));
#elif IMAGE_PREPARATION_LANES > 1
    image_preparation_vec v = image_preparation_splat(0.0f);
    for (int i = 0; i < IMAGE_PREPARATION_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* (3) bilinear from 5 to 3: first of the neighbours */
static const int32_t image_preparation_resizing_starts[3] IMAGE_PREPARATION_ALIGNED = {
    0, 2, 3,
};

/* (3, 2) bilinear from 5 to 3: their weights */
static const float image_preparation_resizing_weights[6] IMAGE_PREPARATION_ALIGNED = {
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
                float sum = 0.0f;
                for (int t = 0; t < 2; ++t)
                    sum += first[t * 3 + k] * image_preparation_resizing_weights[i * 2 + t];
                y[n * 9 + i * 3 + k] = sum;
            }
        }
}

/* (4) bilinear from 6 to 4: first of the neighbours */
static const int32_t image_preparation_resizing_starts_1[4] IMAGE_PREPARATION_ALIGNED = {
    0, 1, 3, 4,
};

/* (4, 2) bilinear from 6 to 4: their weights */
static const float image_preparation_resizing_weights_1[8] IMAGE_PREPARATION_ALIGNED = {
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
            float sum = 0.0f;
            for (int t = 0; t < 2; ++t)
                sum += first[t * 9 + k] * image_preparation_resizing_weights_1[i * 2 + t];
            y[i * 9 + k] = sum;
        }
    }
}

/* image_preparation_rescaling of as many elements as a vector has */
IMAGE_PREPARATION_INLINE image_preparation_vec image_preparation_rescaling_of(image_preparation_vec a)
{
    return a * 0.0078125f + -1.0f;
}

/* rescaling: Rescaling(scale=0.0078125, offset=-1)
 * x (4, 3, 3) -> y (4, 3, 3)
 */
static void image_preparation_rescaling(const float *x, float *y)
{
    int u = 0;
    for (; u + IMAGE_PREPARATION_LANES <= 36; u += IMAGE_PREPARATION_LANES)
        image_preparation_store(y + u, image_preparation_rescaling_of(image_preparation_load_vec(x + u)), IMAGE_PREPARATION_LANES);
    if (u < 36)
        image_preparation_store(y + u, image_preparation_rescaling_of(image_preparation_load_some(x + u, 36 - u)), 36 - u);
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

static image_preparation_workspace image_preparation_own IMAGE_PREPARATION_ALIGNED;

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
