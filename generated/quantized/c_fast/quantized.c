/* quantized: a Keras model in C99, exported by kgen. See quantized.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; quantized_run
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
#include "quantized.h"

#include <math.h>
#include <string.h>

/* the larger one; NaN if either is */
static inline float quantized_maximum(float a, float b)
{
    return a > b || a != a ? a : b;
}

/* the smaller one; NaN if either is */
static inline float quantized_minimum(float a, float b)
{
    return a < b || a != a ? a : b;
}

static inline int8_t quantized_to_int8(float x)
{
    return x > -129.0f && x < 128.0f ? (int8_t)x : INT8_MIN;
}

/* x, but no less than 0 */
static inline float quantized_relu(float x)
{
    return x < 0.0f ? 0.0f : x;
}

/* a number from -8 to 7: two of them are in a byte, the first in its lower half */
static inline int8_t quantized_int4_at(const uint8_t *bytes, int64_t number)
{
    const int bits = bytes[number / 2] >> (number % 2 * 4) & 15;
    return (int8_t)((bits ^ 8) - 8);
}

/* Vectors as wide as the compiler may use (QUANTIZED_NO_VECTORS: none). QUANTIZED_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define QUANTIZED_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined QUANTIZED_VECTORS && !defined QUANTIZED_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define QUANTIZED_LANES 16
#define QUANTIZED_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define QUANTIZED_LANES 8
#define QUANTIZED_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define QUANTIZED_LANES 4
#define QUANTIZED_PICK(avx512, avx, neon, other) neon
#else
#define QUANTIZED_LANES 4
#define QUANTIZED_PICK(avx512, avx, neon, other) other
#endif
#if QUANTIZED_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float quantized_vec __attribute__((vector_size(QUANTIZED_LANES * 4)));
typedef float quantized_loose __attribute__((vector_size(QUANTIZED_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t quantized_ivec __attribute__((vector_size(QUANTIZED_LANES * 4)));
#else
#define QUANTIZED_LANES 1
#define QUANTIZED_PICK(avx512, avx, neon, other) other
typedef float quantized_vec, quantized_loose;
typedef int32_t quantized_ivec;
#endif
#if defined __GNUC__
#define QUANTIZED_INLINE static inline __attribute__((always_inline, unused))
#define QUANTIZED_APART __attribute__((noinline, unused))
#define QUANTIZED_ALIGNED __attribute__((aligned(64)))
#else
#define QUANTIZED_INLINE static inline
#define QUANTIZED_APART
#define QUANTIZED_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define QUANTIZED_UNROLL _Pragma("clang loop unroll(full)")
#define QUANTIZED_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define QUANTIZED_UNROLL _Pragma("GCC unroll 64")
#define QUANTIZED_ROLLED
#else
#define QUANTIZED_UNROLL
#define QUANTIZED_ROLLED
#endif
#if QUANTIZED_LANES == 16
#define QUANTIZED_PART 8
typedef float quantized_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define QUANTIZED_PART QUANTIZED_LANES
typedef quantized_vec quantized_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define QUANTIZED_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define QUANTIZED_LEFT(n, i) ((n) % QUANTIZED_LANES ? (n) - (i) : QUANTIZED_LANES)
enum { QUANTIZED_PIXELS = 30, QUANTIZED_VECS = 64 / QUANTIZED_LANES }; /* no tile is larger */

/* Integers as the bits of floats. */
QUANTIZED_INLINE quantized_vec quantized_floats(quantized_ivec bits)
{
    quantized_vec x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The bits of floats as integers. */
QUANTIZED_INLINE quantized_ivec quantized_bits(quantized_vec x)
{
    quantized_ivec bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

QUANTIZED_INLINE quantized_vec quantized_vabsolute(quantized_vec x)
{
    return quantized_floats(quantized_bits(x) & INT32_MAX);
}

#if QUANTIZED_LANES == 8
/* All bits of the first n lanes. */
QUANTIZED_INLINE __m256i quantized_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
QUANTIZED_INLINE void quantized_store(float *to, quantized_vec v, int n)
{
    if (n >= QUANTIZED_LANES)
        *(quantized_loose *)to = v;
#if QUANTIZED_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const quantized_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
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
#elif QUANTIZED_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, quantized_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        QUANTIZED_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if QUANTIZED_LANES > 1
    else {
        QUANTIZED_UNROLL
        for (int i = 0; i < QUANTIZED_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* A vector from anywhere. */
QUANTIZED_INLINE quantized_vec quantized_load_vec(const float *from)
{
    return *(const quantized_loose *)from;
}

/* x in every lane. */
QUANTIZED_INLINE quantized_vec quantized_splat(float x)
{
#if QUANTIZED_LANES > 1
    return x - (quantized_vec){0};
#else
    return x;
#endif
}

/* n floats, and zeros in the lanes beyond them. */
QUANTIZED_INLINE quantized_vec quantized_load_some(const float *from, int n)
{
    if (n >= QUANTIZED_LANES)
        return *(const quantized_loose *)from;
    if (n <= 0)
        return quantized_splat(0.0f);
#if QUANTIZED_LANES == 16
    return (quantized_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif QUANTIZED_LANES == 8
    return (quantized_vec)_mm256_maskload_ps(from, quantized_mask(n));
#elif QUANTIZED_LANES > 1
    quantized_vec v = quantized_splat(0.0f);
    for (int i = 0; i < QUANTIZED_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* a where the mask is set, else b. */
QUANTIZED_INLINE quantized_vec quantized_vwhere(quantized_ivec mask, quantized_vec a, quantized_vec b)
{
    return quantized_floats((mask & quantized_bits(a)) | (~mask & quantized_bits(b)));
}

/* All bits of the lanes where a < b. */
QUANTIZED_INLINE quantized_ivec quantized_less(quantized_vec a, quantized_vec b)
{
#if QUANTIZED_LANES > 1
    return (quantized_ivec)(a < b);
#else
    return -(a < b);
#endif
}

/* All bits of the lanes where a == b. */
QUANTIZED_INLINE quantized_ivec quantized_same(quantized_vec a, quantized_vec b)
{
#if QUANTIZED_LANES > 1
    return (quantized_ivec)(a == b);
#else
    return -(a == b);
#endif
}

/* the larger one; NaN if either is */
QUANTIZED_INLINE quantized_vec quantized_vmaximum(quantized_vec a, quantized_vec b)
{
    return quantized_vwhere(quantized_less(b, a) | ~quantized_same(a, a), a, b);
}

/* n floats, and `other` in the lanes beyond them. */
QUANTIZED_INLINE quantized_vec quantized_load_or(const float *from, int n, float other)
{
    if (n >= QUANTIZED_LANES)
        return *(const quantized_loose *)from;
#if QUANTIZED_LANES == 16
    return (quantized_vec)_mm512_mask_loadu_ps((__m512)quantized_splat(other), (__mmask16)((1u << n) - 1u), from);
#else
    quantized_vec v = quantized_splat(other);
#if QUANTIZED_LANES > 1
    for (int i = 0; i < QUANTIZED_LANES; ++i)
        if (i < n)
            v[i] = from[i];
#endif
    return v;
#endif
}

/* The largest lane; NaN if any is. */
QUANTIZED_INLINE float quantized_largest(quantized_vec v)
{
#if QUANTIZED_LANES == 16
    return _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q) ? NAN : _mm512_reduce_max_ps((__m512)v);
#else
    float lanes[QUANTIZED_LANES];
    memcpy(lanes, &v, sizeof lanes);
    QUANTIZED_UNROLL
    for (int half = QUANTIZED_LANES / 2; half > 0; half /= 2) {
        QUANTIZED_UNROLL
        for (int i = 0; i < half; ++i)
            lanes[i] = lanes[i] > lanes[i + half] || lanes[i] != lanes[i] ? lanes[i] : lanes[i + half];
    }
    return lanes[0];
#endif
}

/* quantized_eight_bits_elementwise of as many elements as a vector has */
QUANTIZED_INLINE quantized_vec quantized_eight_bits_elementwise_of(quantized_vec a)
{
    return quantized_vabsolute(a);
}

/* eight_bits: Dense(units=5, activation='relu')
 * x (6) -> y (6)
 */
static void quantized_eight_bits_elementwise(const float *x, float *y)
{
    int u = 0;
    for (; u + QUANTIZED_LANES <= 6; u += QUANTIZED_LANES)
        quantized_store(y + u, quantized_eight_bits_elementwise_of(quantized_load_vec(x + u)), QUANTIZED_LANES);
    if (u < 6)
        quantized_store(y + u, quantized_eight_bits_elementwise_of(quantized_load_some(x + u, 6 - u)), 6 - u);
}

/* eight_bits: Dense(units=5, activation='relu')
 * y = max of x over axes (1,)
 * x (6) -> y (1)
 */
static void quantized_eight_bits_max(const float *restrict x, float *restrict y)
{
    const float *const in = x;
    quantized_vec result = quantized_splat(-INFINITY);
    for (int u = 0; u < 6; u += QUANTIZED_LANES)
        result = quantized_vmaximum(result, quantized_load_or(in + u, QUANTIZED_LEFT(6, u), -INFINITY));
    y[0] = quantized_largest(result);
}

/* eight_bits: Dense(units=5, activation='relu')
 * x (1) -> y (1)
 */
static void quantized_eight_bits_elementwise_1(const float *x, float *y)
{
    y[0] = 127.0f / (x[0] + 1e-7f);
}

/* eight_bits: Dense(units=5, activation='relu')
 * x0 (6) float, x1 (1) float -> y (6)
 */
static void quantized_eight_bits_elementwise_2(const float *restrict x0, const float *restrict x1, int8_t *restrict y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = quantized_to_int8(quantized_minimum(quantized_maximum(rintf(x0[i] * x1[0]), -127.0f), 127.0f));
    }
}

/* (6, 5) eight_bits/kernel: get_weights()[1] of eight_bits */
static const int8_t quantized_eight_bits_kernel[30] QUANTIZED_ALIGNED = {
    -127, 52, -127, 85, -85,
    -119, 67, -112, 93, -42,
    -110, 82, -97, 102, 0,
    -102, 97, -82, 110, 42,
    -93, 112, -67, 119, 85,
    -85, 127, -52, 127, 127,
};

/* (5) eight_bits/bias: get_weights()[0] of eight_bits */
static const float quantized_eight_bits_bias[5] QUANTIZED_ALIGNED = {
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f,
};

/* (5) eight_bits/kernel_scale: get_weights()[2] of eight_bits */
static const float quantized_eight_bits_kernel_scale[5] QUANTIZED_ALIGNED = {
    270.9333f, 478.1175f, 478.1175f, 270.9333f, 1354.6653f,
};

/* eight_bits: Dense(units=5, activation='relu')
 * y[u] = sum over i of x[i] * kernel[i][u]
 * then y = relu(((float)(y)) / (quantized_eight_bits_kernel_scale * z) + quantized_eight_bits_bias)
 * x (6) int8_t, z (1) -> y (5)
 * quantized_eight_bits_kernel (6, 5) int8_t: element [i][j] is number i * 5 + j
 * quantized_eight_bits_bias (5)
 * quantized_eight_bits_kernel_scale (5)
 */
static inline void quantized_eight_bits(const int8_t *restrict x, const float *restrict z, float *restrict y)
{
    for (int u = 0; u < 5; ++u) {
        int32_t sum = 0;
        for (int i = 0; i < 6; ++i)
            sum += x[i] * quantized_eight_bits_kernel[i * 5 + u];
        y[u] = quantized_relu(((float)(sum)) / (quantized_eight_bits_kernel_scale[u] * z[0]) + quantized_eight_bits_bias[u]);
    }
}

/* (5, 3) weights of four bits; two elements a byte, the first in its lower half */
static const uint8_t quantized_four_bits_kernel[8] QUANTIZED_ALIGNED = {
    114, 167, 4, 216, 120, 131, 143, 7,
};

/* (2, 3) scales of four_bits/kernel, for 3 rows each */
static const float quantized_four_bits_scale[6] QUANTIZED_ALIGNED = {
    0.022916673f, 0.022916673f, 0.022916673f,
    0.02083334f, 0.015625007f, 0.05208334f,
};

/* (2, 3) zeros of four_bits/kernel, for 3 rows each; two elements a byte, the first in its lower half */
static const uint8_t quantized_four_bits_zero[3] QUANTIZED_ALIGNED = {
    135, 132, 7,
};

/* (3) four_bits/bias: get_weights()[0] of four_bits */
static const float quantized_four_bits_bias[3] QUANTIZED_ALIGNED = {
    0.046875f, -0.328125f, 0.25f,
};

/* four_bits: Dense(units=3)
 * y[u] = sum over i of x[i] * (kernel[i][u] - zero[g][u]) * scale[g][u] + bias[u], g = i // 3
 * x (5) -> y (3)
 * quantized_four_bits_kernel (5, 3) int4: element [i][j] is number i * 3 + j
 * quantized_four_bits_scale (2, 3): element [i][j] is number i * 3 + j
 * quantized_four_bits_zero (2, 3) int4: element [i][j] is number i * 3 + j
 * quantized_four_bits_bias (3)
 */
static inline void quantized_four_bits(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 3; ++u) {
        float sum = quantized_four_bits_bias[u];
        for (int g = 0; g < 2; ++g) {
            const int zero = quantized_int4_at(quantized_four_bits_zero, g * 3 + u);
            float part = 0.0f;
            for (int i = g * 3; i < (g + 1) * 3 && i < 5; ++i)
                part += x[i] * (float)(quantized_int4_at(quantized_four_bits_kernel, i * 3 + u) - zero);
            sum += part * quantized_four_bits_scale[g * 3 + u];
        }
        y[u] = sum;
    }
}

int quantized_run(quantized_workspace *w, const float *x, float *four_bits)
{
    if (!w || !x || !four_bits)
        return QUANTIZED_ERROR_NULL;
    float *const eight_bits_absolute = w->arena.float32s + 1; /* (6) */
    float *const eight_bits_max = w->arena.float32s; /* (1) */
    float *const eight_bits_divide = w->arena.float32s; /* (1) */
    int8_t *const eight_bits_cast = w->arena.int8s + 24; /* (6) */
    float *const eight_bits = w->arena.float32s + 1; /* (5) */

    quantized_eight_bits_elementwise(x, eight_bits_absolute);
    quantized_eight_bits_max(eight_bits_absolute, eight_bits_max);
    quantized_eight_bits_elementwise_1(eight_bits_max, eight_bits_divide);
    quantized_eight_bits_elementwise_2(x, eight_bits_divide, eight_bits_cast);
    quantized_eight_bits(eight_bits_cast, eight_bits_divide, eight_bits);
    quantized_four_bits(eight_bits, four_bits);
    return QUANTIZED_OK;
}

static quantized_workspace quantized_own QUANTIZED_ALIGNED;

int quantized_predict(const float *x, float *four_bits)
{
    return quantized_run(&quantized_own, x, four_bits);
}

int quantized_predict_batch(size_t n, const float *x, float *four_bits)
{
    if (!x || !four_bits)
        return QUANTIZED_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = quantized_predict(x + sample * 6, four_bits + sample * 3);
        if (error)
            return error;
    }
    return QUANTIZED_OK;
}
