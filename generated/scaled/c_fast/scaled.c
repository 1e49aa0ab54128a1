/* scaled: a Keras model in C99, exported by kgen. See scaled.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; scaled_run
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
#include "scaled.h"

#include <math.h>
#include <string.h>

/* Vectors as wide as the compiler may use (SCALED_NO_VECTORS: none). SCALED_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define SCALED_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined SCALED_VECTORS && !defined SCALED_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define SCALED_LANES 16
#define SCALED_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define SCALED_LANES 8
#define SCALED_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define SCALED_LANES 4
#define SCALED_PICK(avx512, avx, neon, other) neon
#else
#define SCALED_LANES 4
#define SCALED_PICK(avx512, avx, neon, other) other
#endif
#if SCALED_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float scaled_vec __attribute__((vector_size(SCALED_LANES * 4)));
typedef float scaled_loose __attribute__((vector_size(SCALED_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t scaled_ivec __attribute__((vector_size(SCALED_LANES * 4)));
#else
#define SCALED_LANES 1
#define SCALED_PICK(avx512, avx, neon, other) other
typedef float scaled_vec, scaled_loose;
typedef int32_t scaled_ivec;
#endif
#if defined __GNUC__
#define SCALED_INLINE static inline __attribute__((always_inline, unused))
#define SCALED_APART __attribute__((noinline, unused))
#define SCALED_ALIGNED __attribute__((aligned(64)))
#else
#define SCALED_INLINE static inline
#define SCALED_APART
#define SCALED_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define SCALED_UNROLL _Pragma("clang loop unroll(full)")
#define SCALED_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define SCALED_UNROLL _Pragma("GCC unroll 64")
#define SCALED_ROLLED
#else
#define SCALED_UNROLL
#define SCALED_ROLLED
#endif
#if SCALED_LANES == 16
#define SCALED_PART 8
typedef float scaled_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define SCALED_PART SCALED_LANES
typedef scaled_vec scaled_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define SCALED_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define SCALED_LEFT(n, i) ((n) % SCALED_LANES ? (n) - (i) : SCALED_LANES)
enum { SCALED_PIXELS = 30, SCALED_VECS = 64 / SCALED_LANES }; /* no tile is larger */

#if SCALED_LANES == 8
/* All bits of the first n lanes. */
SCALED_INLINE __m256i scaled_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
SCALED_INLINE void scaled_store(float *to, scaled_vec v, int n)
{
    if (n >= SCALED_LANES)
        *(scaled_loose *)to = v;
#if SCALED_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const scaled_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
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
#elif SCALED_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, scaled_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        SCALED_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if SCALED_LANES > 1
    else {
        SCALED_UNROLL
        for (int i = 0; i < SCALED_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* A vector from anywhere. */
SCALED_INLINE scaled_vec scaled_load_vec(const float *from)
{
    return *(const scaled_loose *)from;
}

/* x in every lane. */
SCALED_INLINE scaled_vec scaled_splat(float x)
{
#if SCALED_LANES > 1
    return x - (scaled_vec){0};
#else
    return x;
#endif
}

/* n floats, and zeros in the lanes beyond them. */
SCALED_INLINE scaled_vec scaled_load_some(const float *from, int n)
{
    if (n >= SCALED_LANES)
        return *(const scaled_loose *)from;
    if (n <= 0)
        return scaled_splat(0.0f);
#if SCALED_LANES == 16
    return (scaled_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif SCALED_LANES == 8
    return (scaled_vec)_mm256_maskload_ps(from, scaled_mask(n));
#elif SCALED_LANES > 1
    scaled_vec v = scaled_splat(0.0f);
    for (int i = 0; i < SCALED_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* Integers as the bits of floats. */
SCALED_INLINE scaled_vec scaled_floats(scaled_ivec bits)
{
    scaled_vec x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The bits of floats as integers. */
SCALED_INLINE scaled_ivec scaled_bits(scaled_vec x)
{
    scaled_ivec bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* a where the mask is set, else b. */
SCALED_INLINE scaled_vec scaled_vwhere(scaled_ivec mask, scaled_vec a, scaled_vec b)
{
    return scaled_floats((mask & scaled_bits(a)) | (~mask & scaled_bits(b)));
}

/* All bits of the lanes where a < b. */
SCALED_INLINE scaled_ivec scaled_less(scaled_vec a, scaled_vec b)
{
#if SCALED_LANES > 1
    return (scaled_ivec)(a < b);
#else
    return -(a < b);
#endif
}

/* (5) scale = gamma / sqrt(moving_variance + 0.001) of normalise */
static const float scaled_normalise_scale[5] SCALED_ALIGNED = {
    1.3087931f, 0.6692288f, 0.8834788f, 1.026919f, 0.57586396f,
};

/* (5) offset = beta - moving_mean * scale of normalise */
static const float scaled_normalise_offset[5] SCALED_ALIGNED = {
    -0.13327587f, -0.021994304f, -0.16277178f, -0.16388342f, -0.052586734f,
};

/* scaled_normalise of as many elements as a vector has */
SCALED_INLINE scaled_vec scaled_normalise_of(scaled_vec a, scaled_vec b, scaled_vec c)
{
    return a * b + c;
}

/* normalise: BatchNormalization()
 * x (3, 5) -> y (3, 5)
 * scaled_normalise_scale (5)
 * scaled_normalise_offset (5)
 */
static void scaled_normalise(const float *x, float *y)
{
    for (int i = 0; i < 3; ++i) {
        int u = 0;
        for (; u + SCALED_LANES <= 5; u += SCALED_LANES)
            scaled_store(y + i * 5 + u, scaled_normalise_of(scaled_load_vec(x + i * 5 + u), scaled_load_vec(scaled_normalise_scale + u), scaled_load_vec(scaled_normalise_offset + u)), SCALED_LANES);
        if (u < 5)
            scaled_store(y + i * 5 + u, scaled_normalise_of(scaled_load_some(x + i * 5 + u, 5 - u), scaled_load_some(scaled_normalise_scale + u, 5 - u), scaled_load_some(scaled_normalise_offset + u, 5 - u)), 5 - u);
    }
}

/* A window, all channels: vectors run over them. Its parts along the first dimension are at part[i]. */
SCALED_INLINE void scaled_pool_window(const float *const *part, float *y)
{
    for (int u = 0; u < 5; u += SCALED_LANES) {
        const int n = SCALED_LEFT(5, u);
        scaled_vec result = scaled_splat(-3.4028235e+38f);
        for (int i = 0; i < 2; ++i) {
            const scaled_vec element = scaled_load_some(part[i] + u, n);
            result = scaled_vwhere(scaled_less(result, element), element, result);
        }
        scaled_store(y + u, result, n);
    }
}

/* pool: MaxPooling1D(pool_size=(2,), strides=(2,), data_format='channels_last')
 * y = max of x over windows of 2, (2,) apart
 * x (3, 5) -> y (1, 5)
 */
static void scaled_pool(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 1; ++row) {
        const int row0 = row * 2;
        const float *part[2];
        for (int i = 0; i < 2; ++i)
            part[i] = x + (row0 + i) * 5;
        scaled_pool_window(part, y + row * 5);
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

static scaled_workspace scaled_own SCALED_ALIGNED;

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
