/* text_classifier: a Keras model in C99, exported by kgen. See text_classifier.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; text_classifier_run
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
#include "text_classifier.h"

#include <math.h>
#include <string.h>

/* Vectors as wide as the compiler may use (TEXT_CLASSIFIER_NO_VECTORS: none). TEXT_CLASSIFIER_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define TEXT_CLASSIFIER_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined TEXT_CLASSIFIER_VECTORS && !defined TEXT_CLASSIFIER_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define TEXT_CLASSIFIER_LANES 16
#define TEXT_CLASSIFIER_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define TEXT_CLASSIFIER_LANES 8
#define TEXT_CLASSIFIER_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define TEXT_CLASSIFIER_LANES 4
#define TEXT_CLASSIFIER_PICK(avx512, avx, neon, other) neon
#else
#define TEXT_CLASSIFIER_LANES 4
#define TEXT_CLASSIFIER_PICK(avx512, avx, neon, other) other
#endif
#if TEXT_CLASSIFIER_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float text_classifier_vec __attribute__((vector_size(TEXT_CLASSIFIER_LANES * 4)));
typedef float text_classifier_loose __attribute__((vector_size(TEXT_CLASSIFIER_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t text_classifier_ivec __attribute__((vector_size(TEXT_CLASSIFIER_LANES * 4)));
#else
#define TEXT_CLASSIFIER_LANES 1
#define TEXT_CLASSIFIER_PICK(avx512, avx, neon, other) other
typedef float text_classifier_vec, text_classifier_loose;
typedef int32_t text_classifier_ivec;
#endif
#if defined __GNUC__
#define TEXT_CLASSIFIER_INLINE static inline __attribute__((always_inline, unused))
#define TEXT_CLASSIFIER_APART __attribute__((noinline, unused))
#define TEXT_CLASSIFIER_ALIGNED __attribute__((aligned(64)))
#else
#define TEXT_CLASSIFIER_INLINE static inline
#define TEXT_CLASSIFIER_APART
#define TEXT_CLASSIFIER_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define TEXT_CLASSIFIER_UNROLL _Pragma("clang loop unroll(full)")
#define TEXT_CLASSIFIER_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define TEXT_CLASSIFIER_UNROLL _Pragma("GCC unroll 64")
#define TEXT_CLASSIFIER_ROLLED
#else
#define TEXT_CLASSIFIER_UNROLL
#define TEXT_CLASSIFIER_ROLLED
#endif
#if TEXT_CLASSIFIER_LANES == 16
#define TEXT_CLASSIFIER_PART 8
typedef float text_classifier_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define TEXT_CLASSIFIER_PART TEXT_CLASSIFIER_LANES
typedef text_classifier_vec text_classifier_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define TEXT_CLASSIFIER_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define TEXT_CLASSIFIER_LEFT(n, i) ((n) % TEXT_CLASSIFIER_LANES ? (n) - (i) : TEXT_CLASSIFIER_LANES)
enum { TEXT_CLASSIFIER_PIXELS = 30, TEXT_CLASSIFIER_VECS = 64 / TEXT_CLASSIFIER_LANES }; /* no tile is larger */

/* A vector from anywhere. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_load_vec(const float *from)
{
    return *(const text_classifier_loose *)from;
}

/* Every pixel's sums begin with the bias. */
TEXT_CLASSIFIER_INLINE void text_classifier_begin(int pixels, int width, const float *bias, text_classifier_vec (*sum)[TEXT_CLASSIFIER_VECS])
{
    TEXT_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        TEXT_CLASSIFIER_UNROLL
        for (int v = 0; v * TEXT_CLASSIFIER_LANES < width; ++v)
            sum[pixel][v] = text_classifier_load_vec(bias + v * TEXT_CLASSIFIER_LANES);
    }
}

/* A vector of 16 lanes whose first half is that one; nobody asks for the other one. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_of_part(text_classifier_part v)
{
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_vec)_mm512_castps256_ps512((__m256)v);
#else
    return v;
#endif
}

/* The first half of a vector of 16 lanes. */
TEXT_CLASSIFIER_INLINE text_classifier_part text_classifier_first_part(text_classifier_vec v)
{
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_part)_mm512_castps512_ps256((__m512)v);
#else
    return v;
#endif
}

/* The tile: sum[pixel][unit] += sum over k of x[pixel][k] * w[k][unit], all sums in registers.
 * `across` pixels lie x_column apart in a row, rows x_row apart, and x's elements step apart. w is a panel of
 * `panel` units side by side, of which `width` are taken. Inlined with constants, the loops but the one over k
 * unroll, and the sums never leave the registers. */
TEXT_CLASSIFIER_INLINE void text_classifier_multiply(int pixels, int across, int width, int depth, const float *x, int x_row, int x_column,
    int step, const float *w, int panel, text_classifier_vec (*sum)[TEXT_CLASSIFIER_VECS])
{
    TEXT_CLASSIFIER_ROLLED
    for (int k = 0; k < depth; ++k) {
        text_classifier_vec row[TEXT_CLASSIFIER_VECS];
        TEXT_CLASSIFIER_UNROLL
        for (int v = 0; v * TEXT_CLASSIFIER_LANES < width; ++v)
            row[v] = text_classifier_load_vec(w + k * panel + v * TEXT_CLASSIFIER_LANES);
        TEXT_CLASSIFIER_UNROLL
        for (int pixel = 0; pixel < pixels; ++pixel) {
            const float element = x[pixel / across * x_row + pixel % across * x_column + k * step];
            TEXT_CLASSIFIER_UNROLL
            for (int v = 0; v < width / TEXT_CLASSIFIER_LANES; ++v)
                sum[pixel][v] += element * row[v];
            if (width % TEXT_CLASSIFIER_LANES) /* units in half of one more */
                sum[pixel][width / TEXT_CLASSIFIER_LANES] = text_classifier_of_part(text_classifier_first_part(sum[pixel][width / TEXT_CLASSIFIER_LANES]) + element * text_classifier_first_part(row[width / TEXT_CLASSIFIER_LANES]));
        }
    }
}

#if TEXT_CLASSIFIER_LANES == 8
/* All bits of the first n lanes. */
TEXT_CLASSIFIER_INLINE __m256i text_classifier_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
TEXT_CLASSIFIER_INLINE void text_classifier_store(float *to, text_classifier_vec v, int n)
{
    if (n >= TEXT_CLASSIFIER_LANES)
        *(text_classifier_loose *)to = v;
#if TEXT_CLASSIFIER_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const text_classifier_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
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
#elif TEXT_CLASSIFIER_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, text_classifier_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        TEXT_CLASSIFIER_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if TEXT_CLASSIFIER_LANES > 1
    else {
        TEXT_CLASSIFIER_UNROLL
        for (int i = 0; i < TEXT_CLASSIFIER_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* x in every lane. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_splat(float x)
{
#if TEXT_CLASSIFIER_LANES > 1
    return x - (text_classifier_vec){0};
#else
    return x;
#endif
}

TEXT_CLASSIFIER_INLINE void text_classifier_begin_with_zero(int pixels, int width, text_classifier_vec (*sum)[TEXT_CLASSIFIER_VECS])
{
    TEXT_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        TEXT_CLASSIFIER_UNROLL
        for (int v = 0; v * TEXT_CLASSIFIER_LANES < width; ++v)
            sum[pixel][v] = text_classifier_splat(0.0f);
    }
}

/* n floats, and zeros in the lanes beyond them. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_load_some(const float *from, int n)
{
    if (n >= TEXT_CLASSIFIER_LANES)
        return *(const text_classifier_loose *)from;
    if (n <= 0)
        return text_classifier_splat(0.0f);
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif TEXT_CLASSIFIER_LANES == 8
    return (text_classifier_vec)_mm256_maskload_ps(from, text_classifier_mask(n));
#elif TEXT_CLASSIFIER_LANES > 1
    text_classifier_vec v = text_classifier_splat(0.0f);
    for (int i = 0; i < TEXT_CLASSIFIER_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* The first n lanes of v, and `other` in those beyond. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_first_lanes(text_classifier_vec v, int n, float other)
{
    if (n >= TEXT_CLASSIFIER_LANES)
        return v;
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_vec)_mm512_mask_mov_ps((__m512)text_classifier_splat(other), (__mmask16)((1u << n) - 1u), (__m512)v);
#elif TEXT_CLASSIFIER_LANES > 1
    for (int i = 0; i < TEXT_CLASSIFIER_LANES; ++i)
        v[i] = i < n ? v[i] : other;
    return v;
#else
    return n > 0 ? v : other;
#endif
}

/* Integers as the bits of floats. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_floats(text_classifier_ivec bits)
{
    text_classifier_vec x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The bits of floats as integers. */
TEXT_CLASSIFIER_INLINE text_classifier_ivec text_classifier_bits(text_classifier_vec x)
{
    text_classifier_ivec bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* a where the mask is set, else b. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_vwhere(text_classifier_ivec mask, text_classifier_vec a, text_classifier_vec b)
{
    return text_classifier_floats((mask & text_classifier_bits(a)) | (~mask & text_classifier_bits(b)));
}

/* All bits of every lane, or none. */
TEXT_CLASSIFIER_INLINE text_classifier_ivec text_classifier_mask_of(bool every)
{
#if TEXT_CLASSIFIER_LANES > 1
    return (text_classifier_ivec){0} - (int32_t)every;
#else
    return -(int32_t)every;
#endif
}

/* All bits of the lanes whose bool, of n, is true. */
TEXT_CLASSIFIER_INLINE text_classifier_ivec text_classifier_load_mask(const bool *from, int n)
{
#if TEXT_CLASSIFIER_LANES == 16 && defined __AVX512BW__ && defined __AVX512VL__ && defined __AVX512DQ__
    const __mmask16 some = (__mmask16)(n >= 16 ? 0xffffu : (1u << n) - 1u);
    return (text_classifier_ivec)_mm512_movm_epi32(_mm_test_epi8_mask(_mm_maskz_loadu_epi8(some, from), _mm_set1_epi8(1)));
#else
    text_classifier_ivec v = text_classifier_mask_of(false);
#if TEXT_CLASSIFIER_LANES > 1
    for (int i = 0; i < TEXT_CLASSIFIER_LANES; ++i)
        if (i < n)
            v[i] = -from[i];
#else
    if (n > 0)
        v = -*from;
#endif
    return v;
#endif
}

/* All bits of the lanes where a < b. */
TEXT_CLASSIFIER_INLINE text_classifier_ivec text_classifier_less(text_classifier_vec a, text_classifier_vec b)
{
#if TEXT_CLASSIFIER_LANES > 1
    return (text_classifier_ivec)(a < b);
#else
    return -(a < b);
#endif
}

/* x, but no less than low; NaN stays */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_no_less(text_classifier_vec low, text_classifier_vec x)
{
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_vec)_mm512_max_ps((__m512)low, (__m512)x);
#elif TEXT_CLASSIFIER_LANES == 8
    return (text_classifier_vec)_mm256_max_ps((__m256)low, (__m256)x);
#else
    return text_classifier_vwhere(text_classifier_less(x, low), low, x);
#endif
}

/* The largest lane; NaN if any is. */
TEXT_CLASSIFIER_INLINE float text_classifier_largest(text_classifier_vec v)
{
#if TEXT_CLASSIFIER_LANES == 16
    return _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q) ? NAN : _mm512_reduce_max_ps((__m512)v);
#else
    float lanes[TEXT_CLASSIFIER_LANES];
    memcpy(lanes, &v, sizeof lanes);
    TEXT_CLASSIFIER_UNROLL
    for (int half = TEXT_CLASSIFIER_LANES / 2; half > 0; half /= 2) {
        TEXT_CLASSIFIER_UNROLL
        for (int i = 0; i < half; ++i)
            lanes[i] = lanes[i] > lanes[i + half] || lanes[i] != lanes[i] ? lanes[i] : lanes[i + half];
    }
    return lanes[0];
#endif
}

/* (e^r - 1 - r) / r^2 for |r| <= log(2) / 2, and a little more */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_series_of_exp(text_classifier_vec r)
{
    const text_classifier_vec even = (0.00139506022f * r + 0.00836895313f) * r + 0.0416662060f;
    return (even * r + 0.166665182f) * r + 0.5f;
}

/* e^(x - n log(2)) - 1, for a difference of no more than log(2) / 2; n is in the lowest bits of `shifted` */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_rest_after(text_classifier_vec x, text_classifier_vec shifted)
{
    const text_classifier_vec n = shifted - 12582912.0f, r = x - n * 0.693145752f - n * 1.42860677e-6f;
    return text_classifier_series_of_exp(r) * (r * r) + r;
}

/* e^r - 1 where e^x = 2^n e^r with |r| <= log(2) / 2; n is in the lowest bits of `shifted`. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_rest_of_exp(text_classifier_vec x, text_classifier_vec *shifted)
{
    *shifted = x * 1.44269504f + 12582912.0f;
    return text_classifier_rest_after(x, *shifted);
}

/* x, but no more than high; NaN stays */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_no_more(text_classifier_vec high, text_classifier_vec x)
{
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_vec)_mm512_min_ps((__m512)high, (__m512)x);
#elif TEXT_CLASSIFIER_LANES == 8
    return (text_classifier_vec)_mm256_min_ps((__m256)high, (__m256)x);
#else
    return text_classifier_vwhere(text_classifier_less(high, x), high, x);
#endif
}

/* x kept within low and high; NaN stays */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_clamp(text_classifier_vec x, float low, float high)
{
    return text_classifier_no_more(text_classifier_splat(high), text_classifier_no_less(text_classifier_splat(low), x));
}

/* 2^n for -126 <= n <= 127 */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_power_of_two(text_classifier_ivec n)
{
#if TEXT_CLASSIFIER_LANES > 1
    return text_classifier_floats((n + 127) << 23);
#else
    return text_classifier_floats((int32_t)((uint32_t)(n + 127) << 23)); /* whatever n is where it comes from NaN */
#endif
}

/* x 2^n, with n in the lowest bits of `shifted` */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_times_power(text_classifier_vec x, text_classifier_vec shifted)
{
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_vec)_mm512_scalef_ps((__m512)x, (__m512)(shifted - 12582912.0f));
#else
    const text_classifier_ivec whole = text_classifier_bits(shifted) - 0x4b400000;
    const text_classifier_ivec half = whole >> 1; /* in two steps, for results near the ends of the range */
    return x * text_classifier_power_of_two(half) * text_classifier_power_of_two(whole - half);
#endif
}

/* e^x, within 1.1 units in the last place */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_vexp(text_classifier_vec x)
{
    text_classifier_vec shifted;
    const text_classifier_vec rest = text_classifier_rest_of_exp(text_classifier_clamp(x, -104.0f, 89.0f), &shifted);
    return text_classifier_times_power(rest + 1.0f, shifted);
}

/* The sum of all lanes: halves are added until one is left. */
TEXT_CLASSIFIER_INLINE float text_classifier_total(text_classifier_vec v)
{
#if TEXT_CLASSIFIER_LANES == 16
    return _mm512_reduce_add_ps((__m512)v);
#elif TEXT_CLASSIFIER_LANES > 1
    float lanes[TEXT_CLASSIFIER_LANES];
    TEXT_CLASSIFIER_UNROLL
    for (int i = 0; i < TEXT_CLASSIFIER_LANES; ++i)
        lanes[i] = v[i]; /* memcpy would ask for v's address, and gcc would keep it in memory while it is added up */
    TEXT_CLASSIFIER_UNROLL
    for (int half = TEXT_CLASSIFIER_LANES / 2; half > 0; half /= 2) {
        TEXT_CLASSIFIER_UNROLL
        for (int i = 0; i < half; ++i)
            lanes[i] += lanes[i + half];
    }
    return lanes[0];
#else
    return v;
#endif
}

/* n floats, and `other` in the lanes beyond them. */
TEXT_CLASSIFIER_INLINE text_classifier_vec text_classifier_load_or(const float *from, int n, float other)
{
    if (n >= TEXT_CLASSIFIER_LANES)
        return *(const text_classifier_loose *)from;
#if TEXT_CLASSIFIER_LANES == 16
    return (text_classifier_vec)_mm512_mask_loadu_ps((__m512)text_classifier_splat(other), (__mmask16)((1u << n) - 1u), from);
#else
    text_classifier_vec v = text_classifier_splat(other);
#if TEXT_CLASSIFIER_LANES > 1
    for (int i = 0; i < TEXT_CLASSIFIER_LANES; ++i)
        if (i < n)
            v[i] = from[i];
#endif
    return v;
#endif
}

/* (11, 4) embedding/embeddings: get_weights()[0] of embedding */
static const float text_classifier_embedding_embeddings[44] TEXT_CLASSIFIER_ALIGNED = {
    -0.46875f, 0.109375f, -0.265625f, 0.3125f,
    -0.0625f, -0.4375f, 0.140625f, -0.234375f,
    0.34375f, -0.03125f, -0.40625f, 0.171875f,
    -0.203125f, 0.375f, 0.0f, -0.375f,
    0.203125f, -0.171875f, 0.40625f, 0.03125f,
    -0.34375f, 0.234375f, -0.140625f, 0.4375f,
    0.0625f, -0.3125f, 0.265625f, -0.109375f,
    0.46875f, 0.09375f, -0.28125f, 0.296875f,
    -0.078125f, -0.453125f, 0.125f, -0.25f,
    0.328125f, -0.046875f, -0.421875f, 0.15625f,
    -0.21875f, 0.359375f, -0.015625f, -0.390625f,
};

/* embedding: Embedding(input_dim=11, output_dim=4, mask_zero=True)
 * y = x[indices]
 * indices (6) int32_t -> y (6, 4)
 * text_classifier_embedding_embeddings (11, 4): element [i][j] is number i * 4 + j
 */
static int text_classifier_embedding(const int32_t *restrict indices, float *restrict y)
{
    for (int j = 0; j < 6; ++j) {
        int64_t row = (int64_t)indices[j];
        if (row < 0)
            row += 11;
        if (row < 0 || row >= 11)
            return TEXT_CLASSIFIER_ERROR_INDEX;
        for (int k = 0; k < 4; ++k) {
            y[j * 4 + k] = text_classifier_embedding_embeddings[row * 4 + k];
        }
    }
    return 0;
}

/* not_equal: keras.ops.not_equal
 * x (6) int32_t -> y (6)
 */
static void text_classifier_not_equal(const int32_t *restrict x, bool *restrict y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = x[i] != 0;
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * x0 (6, 1), x1 (1, 6) -> y (6, 6)
 */
static void text_classifier_attention_elementwise(const bool *restrict x0, const bool *restrict x1, bool *restrict y)
{
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
            y[i * 6 + j] = x0[i] && x1[j];
        }
}

/* (64) attention/query/kernel: get_weights()[0] of attention/query; term k of unit u is number k * 16 + u; zeros beyond unit 5 */
static const float text_classifier_attention_query_kernel[64] TEXT_CLASSIFIER_ALIGNED = {
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f, -0.34375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) attention/query/bias: get_weights()[1] of attention/query; zeros beyond unit 5 */
static const float text_classifier_attention_query_bias[16] TEXT_CLASSIFIER_ALIGNED = {
    -0.125f, 0.453125f, 0.078125f, -0.296875f, 0.28125f, -0.09375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_query_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    text_classifier_vec sum[TEXT_CLASSIFIER_PIXELS][TEXT_CLASSIFIER_VECS];
    text_classifier_begin(pixels, width, bias, sum);
    text_classifier_multiply(pixels, across, width, 4, x, 0, 4, 1, w, panel, sum);
    TEXT_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 6;
        TEXT_CLASSIFIER_UNROLL
        for (int u = 0; u < width; u += TEXT_CLASSIFIER_LANES) {
            const text_classifier_vec s = sum[pixel][u / TEXT_CLASSIFIER_LANES];
            text_classifier_store(y + at + u, s, count - u);
        }
    }
}

/* All pixels of a panel of units. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_query_panel(int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    enum { COLUMNS = TEXT_CLASSIFIER_PICK(6, 6, 6, 2) }; /* pixels in a tile */
    for (int column = 0; column < 6; column += COLUMNS) {
        const int from = column * 4;
        const int to = column * 6;
        if (column + COLUMNS <= 6)
            text_classifier_attention_query_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, y + to);
        else
            text_classifier_attention_query_tile(6 % COLUMNS, 6 % COLUMNS, width, count, panel, x + from, w, bias, y + to);
    }
}

/* What layers like the next one do, each with weights of its own. */
static TEXT_CLASSIFIER_APART void text_classifier_attention_query_alike(const float *restrict x, float *restrict y, const float *restrict its_kernel, const float *restrict its_bias)
{
    const float *const bias = its_bias;
    {
        const int u = 0; /* all, in no more lanes than they need */
        text_classifier_attention_query_panel(TEXT_CLASSIFIER_COVER(6, TEXT_CLASSIFIER_PART), 6, 16, x, its_kernel + u, bias + u, y + u);
    }
}

/* attention/query: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3), bias_axes='de')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (6, 4) -> y (6, 6)
 * text_classifier_attention_query_kernel (64)
 * text_classifier_attention_query_bias (16)
 */
static void text_classifier_attention_query(const float *restrict x, float *restrict y)
{
    text_classifier_attention_query_alike(x, y, text_classifier_attention_query_kernel, text_classifier_attention_query_bias);
}

/* (64) attention/key/kernel: get_weights()[0] of attention/key; term k of unit u is number k * 16 + u; zeros beyond unit 5 */
static const float text_classifier_attention_key_kernel[64] TEXT_CLASSIFIER_ALIGNED = {
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) attention/key/bias: get_weights()[1] of attention/key; zeros beyond unit 5 */
static const float text_classifier_attention_key_bias[16] TEXT_CLASSIFIER_ALIGNED = {
    0.21875f, -0.15625f, 0.421875f, 0.046875f, -0.328125f, 0.25f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* attention/key: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3), bias_axes='de')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (6, 4) -> y (6, 6)
 * text_classifier_attention_key_kernel (64)
 * text_classifier_attention_key_bias (16)
 */
static void text_classifier_attention_key(const float *restrict x, float *restrict y)
{
    text_classifier_attention_query_alike(x, y, text_classifier_attention_key_kernel, text_classifier_attention_key_bias);
}

/* (64) attention/value/kernel: get_weights()[0] of attention/value; term k of unit u is number k * 16 + u; zeros beyond unit 5 */
static const float text_classifier_attention_value_kernel[64] TEXT_CLASSIFIER_ALIGNED = {
    0.390625f, 0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) attention/value/bias: get_weights()[1] of attention/value; zeros beyond unit 5 */
static const float text_classifier_attention_value_bias[16] TEXT_CLASSIFIER_ALIGNED = {
    -0.390625f, 0.1875f, -0.1875f, 0.390625f, 0.015625f, -0.359375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* attention/value: EinsumDense(equation='abc,cde->abde', output_shape=(None, 2, 3), bias_axes='de')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (6, 4) -> y (6, 6)
 * text_classifier_attention_value_kernel (64)
 * text_classifier_attention_value_bias (16)
 */
static void text_classifier_attention_value(const float *restrict x, float *restrict y)
{
    text_classifier_attention_query_alike(x, y, text_classifier_attention_value_kernel, text_classifier_attention_value_bias);
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y = x in panels of 16 units, term after term, as the tile below reads it
 * x (6, 2, 3) -> y (96)
 */
static void text_classifier_attention_repack(const float *restrict x, float *restrict y)
{
    float *to = y;
    for (int g1 = 0; g1 < 2; ++g1) {
        {
            const int first = 0;
            for (int k0 = 0; k0 < 3; ++k0) {
                for (int u = 0; u < 16; ++u)
                    *to++ = u < 6 ? x[g1 * 3 + k0 + (first + u) * 6] : 0.0f;
            }
        }
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y = x in panels of 16 units, term after term, as the tile below reads it
 * x (6, 2, 3) -> y (192)
 */
static void text_classifier_attention_repack_1(const float *restrict x, float *restrict y)
{
    float *to = y;
    for (int g1 = 0; g1 < 2; ++g1) {
        {
            const int first = 0;
            for (int k0 = 0; k0 < 6; ++k0) {
                for (int u = 0; u < 16; ++u)
                    *to++ = u < 3 ? x[g1 * 3 + k0 * 6 + (first + u)] : 0.0f;
            }
        }
    }
}

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_scores_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, float *y)
{
    text_classifier_vec sum[TEXT_CLASSIFIER_PIXELS][TEXT_CLASSIFIER_VECS];
    text_classifier_begin_with_zero(pixels, width, sum);
    text_classifier_multiply(pixels, across, width, 3, x, 0, 6, 1, w, panel, sum);
    TEXT_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 6;
        TEXT_CLASSIFIER_UNROLL
        for (int u = 0; u < width; u += TEXT_CLASSIFIER_LANES) {
            const text_classifier_vec s = sum[pixel][u / TEXT_CLASSIFIER_LANES];
            text_classifier_store(y + at + u, s, count - u);
        }
    }
}

/* All pixels of a panel of units. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_scores_panel(int width, int count, int panel, const float *x, const float *w, float *y)
{
    enum { COLUMNS = TEXT_CLASSIFIER_PICK(6, 6, 6, 2) }; /* pixels in a tile */
    for (int column = 0; column < 6; column += COLUMNS) {
        const int from = column * 6;
        const int to = column * 6;
        if (column + COLUMNS <= 6)
            text_classifier_attention_scores_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, y + to);
        else
            text_classifier_attention_scores_tile(6 % COLUMNS, 6 % COLUMNS, width, count, panel, x + from, w, y + to);
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y[i,j,k,l] = sum over p of a[i,k,j,p] * b[i,l,j,p]
 * x (6, 2, 3), kernel (96) -> y (36)
 */
static void text_classifier_attention_scores(const float *restrict x, const float *restrict kernel, float *restrict y)
{
    {
        const int u = 0; /* all, in no more lanes than they need */
        text_classifier_attention_scores_panel(TEXT_CLASSIFIER_COVER(6, TEXT_CLASSIFIER_PART), 6, 16, x, kernel + u, y + u);
    }
}

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_sums_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, float *y)
{
    text_classifier_vec sum[TEXT_CLASSIFIER_PIXELS][TEXT_CLASSIFIER_VECS];
    text_classifier_begin_with_zero(pixels, width, sum);
    text_classifier_multiply(pixels, across, width, 6, x, 0, 6, 1, w, panel, sum);
    TEXT_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 6;
        TEXT_CLASSIFIER_UNROLL
        for (int u = 0; u < width; u += TEXT_CLASSIFIER_LANES) {
            const text_classifier_vec s = sum[pixel][u / TEXT_CLASSIFIER_LANES];
            text_classifier_store(y + at + u, s, count - u);
        }
    }
}

/* All pixels of a panel of units. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_sums_panel(int width, int count, int panel, const float *x, const float *w, float *y)
{
    enum { COLUMNS = TEXT_CLASSIFIER_PICK(6, 6, 6, 2) }; /* pixels in a tile */
    for (int column = 0; column < 6; column += COLUMNS) {
        const int from = column * 6;
        const int to = column * 6;
        if (column + COLUMNS <= 6)
            text_classifier_attention_sums_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, y + to);
        else
            text_classifier_attention_sums_tile(6 % COLUMNS, 6 % COLUMNS, width, count, panel, x + from, w, y + to);
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y[i,j,k,l] = sum over p of a[i,k,j,p] * b[i,p,k,l]
 * x (36), kernel (192) -> y (6, 2, 3)
 */
static void text_classifier_attention_sums(const float *restrict x, const float *restrict kernel, float *restrict y)
{
    {
        const int u = 0; /* all, in no more lanes than they need */
        text_classifier_attention_sums_panel(TEXT_CLASSIFIER_COVER(3, TEXT_CLASSIFIER_PART), 3, 16, x, kernel + u, y + u);
    }
}

/* attention: MultiHeadAttention(num_heads=2, key_dim=3, value_dim=3, attention_axes=(1,))
 * y = softmax(x * keys) * values, for each head some queries at once
 * then y = z ? (y * 0.57735026f) : -2.3819763e+38f, of each score y before the softmax
 * x (6, 2, 3), keys (96), values (192), z (1, 6, 6) bool -> y (6, 2, 3)
 */
static void text_classifier_attention(const float *restrict x, const float *restrict keys, const float *restrict values, const bool *restrict z, float *restrict y, float *restrict scores)
{
    for (int j = 0; j < 2; ++j) {
        float *const block = scores;
        text_classifier_attention_scores(x + j * 3, keys + j * 48, block);
        float largest[6], share[6];
        for (int query = 0; query < 6; ++query) {
            const float *const in = block + query * 6;
            text_classifier_vec most = text_classifier_splat(-INFINITY);
            for (int u = 0; u < 6; u += TEXT_CLASSIFIER_LANES) {
                const text_classifier_vec s = text_classifier_load_some(in + u, TEXT_CLASSIFIER_LEFT(6, u));
                const text_classifier_vec e = text_classifier_first_lanes(text_classifier_vwhere(text_classifier_load_mask(z + query * 6 + u, TEXT_CLASSIFIER_LEFT(6, u)), s * 0.57735026f, text_classifier_splat(-2.3819763e+38f)), TEXT_CLASSIFIER_LEFT(6, u), -INFINITY);
                most = text_classifier_no_less(most, e);
            }
            largest[query] = text_classifier_largest(most);
        }
        for (int query = 0; query < 6; ++query) {
            float *const in = block + query * 6, *const out = in;
            const text_classifier_vec top = text_classifier_splat(largest[query]);
            text_classifier_vec sum = text_classifier_splat(0.0f);
            for (int u = 0; u < 6; u += TEXT_CLASSIFIER_LANES) {
                const text_classifier_vec s = text_classifier_load_some(in + u, TEXT_CLASSIFIER_LEFT(6, u));
                const text_classifier_vec e = text_classifier_first_lanes(text_classifier_vwhere(text_classifier_load_mask(z + query * 6 + u, TEXT_CLASSIFIER_LEFT(6, u)), s * 0.57735026f, text_classifier_splat(-2.3819763e+38f)), TEXT_CLASSIFIER_LEFT(6, u), -INFINITY);
                const text_classifier_vec power = text_classifier_vexp(e - top);
                sum += power;
                text_classifier_store(out + u, power, TEXT_CLASSIFIER_LEFT(6, u));
            }
            share[query] = 1.0f / text_classifier_total(sum);
        }
        text_classifier_attention_sums(block, values + j * 96, y + j * 3);
        for (int query = 0; query < 6; ++query) { /* fewer numbers than scores */
            float *const out = y + j * 3 + query * 6;
            for (int u = 0; u < 3; u += TEXT_CLASSIFIER_LANES)
                text_classifier_store(out + u, text_classifier_load_some(out + u, TEXT_CLASSIFIER_LEFT(3, u)) * share[query], TEXT_CLASSIFIER_LEFT(3, u));
        }
    }
}

/* (96) attention/attention_output/kernel: get_weights()[0] of attention/attention_output; term k of unit u is number k * 16 + u; zeros beyond unit 3 */
static const float text_classifier_attention_attention_output_kernel[96] TEXT_CLASSIFIER_ALIGNED = {
    -0.21875f, 0.359375f, -0.015625f, -0.390625f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.1875f, -0.1875f, 0.390625f, 0.015625f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.359375f, 0.21875f, -0.15625f, 0.421875f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.453125f, 0.078125f, -0.296875f, 0.28125f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) attention/attention_output/bias: get_weights()[1] of attention/attention_output; zeros beyond unit 3 */
static const float text_classifier_attention_attention_output_bias[16] TEXT_CLASSIFIER_ALIGNED = {
    -0.046875f, -0.421875f, 0.15625f, -0.21875f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_attention_output_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, const float *bias, const float *z, float *y)
{
    text_classifier_vec sum[TEXT_CLASSIFIER_PIXELS][TEXT_CLASSIFIER_VECS];
    text_classifier_begin(pixels, width, bias, sum);
    text_classifier_multiply(pixels, across, width, 6, x, 0, 6, 1, w, panel, sum);
    TEXT_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 4;
        TEXT_CLASSIFIER_UNROLL
        for (int u = 0; u < width; u += TEXT_CLASSIFIER_LANES) {
            const text_classifier_vec s = sum[pixel][u / TEXT_CLASSIFIER_LANES];
            text_classifier_store(y + at + u, text_classifier_load_some(z + at + u, count - u) + s, count - u);
        }
    }
}

/* All pixels of a panel of units. */
TEXT_CLASSIFIER_INLINE void text_classifier_attention_attention_output_panel(int width, int count, int panel, const float *x, const float *w, const float *bias, const float *z, float *y)
{
    enum { COLUMNS = TEXT_CLASSIFIER_PICK(6, 6, 6, 2) }; /* pixels in a tile */
    for (int column = 0; column < 6; column += COLUMNS) {
        const int from = column * 6;
        const int to = column * 4;
        if (column + COLUMNS <= 6)
            text_classifier_attention_attention_output_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, z + to, y + to);
        else
            text_classifier_attention_attention_output_tile(6 % COLUMNS, 6 % COLUMNS, width, count, panel, x + from, w, bias, z + to, y + to);
    }
}

/* attention/attention_output: EinsumDense(equation='abcd,cde->abe', output_shape=(None, 4), bias_axes='e'); then add: keras.ops.add
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * then y = z + y
 * x (6, 6), z (6, 4) -> y (6, 4)
 * text_classifier_attention_attention_output_kernel (96)
 * text_classifier_attention_attention_output_bias (16)
 */
static void text_classifier_attention_attention_output(const float *restrict x, const float *z, float *y)
{
    const float *const bias = text_classifier_attention_attention_output_bias;
    {
        const int u = 0; /* all, in no more lanes than they need */
        text_classifier_attention_attention_output_panel(TEXT_CLASSIFIER_COVER(4, TEXT_CLASSIFIER_PART), 4, 16, x, text_classifier_attention_attention_output_kernel + u, bias + u, z + u, y + u);
    }
}

/* (1, 1, 4) norm/gamma: get_weights()[0] of norm */
static const float text_classifier_norm_gamma[4] TEXT_CLASSIFIER_ALIGNED = {
    0.625f, 0.75f, 0.828125f, 0.546875f,
};

/* (1, 1, 4) norm/beta: get_weights()[1] of norm */
static const float text_classifier_norm_beta[4] TEXT_CLASSIFIER_ALIGNED = {
    0.296875f, -0.078125f, -0.453125f, 0.125f,
};

/* norm: LayerNormalization(axis=(-1,))
 * y = (x - mean) / sqrt(variance + 0.001) * gamma + beta, over axes (2,)
 * x (6, 4) -> y (6, 4)
 * text_classifier_norm_gamma (1, 1, 4): element [i][j][k] is number i * 4 + j * 4 + k
 * text_classifier_norm_beta (1, 1, 4): element [i][j][k] is number i * 4 + j * 4 + k
 */
static void text_classifier_norm(const float *x, float *y)
{
    for (int i = 0; i < 6; ++i) {
        const float *const in = x + i * 4;
        float *const out = y + i * 4;
        text_classifier_vec sum = text_classifier_splat(0.0f);
        for (int u = 0; u < 4; u += TEXT_CLASSIFIER_LANES)
            sum += text_classifier_load_some(in + u, TEXT_CLASSIFIER_LEFT(4, u));
        const float mean = text_classifier_total(sum) / 4.0f;
        text_classifier_vec squares = text_classifier_splat(0.0f);
        for (int u = 0; u < 4; u += TEXT_CLASSIFIER_LANES) {
            const text_classifier_vec d = text_classifier_load_or(in + u, TEXT_CLASSIFIER_LEFT(4, u), mean) - mean;
            squares += d * d;
        }
        const float scale = 1.0f / sqrtf(text_classifier_total(squares) / 4.0f + 0.001f);
        for (int u = 0; u < 4; u += TEXT_CLASSIFIER_LANES) {
            const text_classifier_vec d = text_classifier_load_some(in + u, TEXT_CLASSIFIER_LEFT(4, u)) - mean;
            text_classifier_store(out + u, d * scale * text_classifier_load_some(text_classifier_norm_gamma + u, TEXT_CLASSIFIER_LEFT(4, u)) + text_classifier_load_some(text_classifier_norm_beta + u, TEXT_CLASSIFIER_LEFT(4, u)), TEXT_CLASSIFIER_LEFT(4, u));
        }
    }
}

/* mean: GlobalAveragePooling1D(data_format='channels_last')
 * y = mean of x over axes (1,)
 * x (6, 4) -> y (4)
 */
static void text_classifier_mean(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 4; u += TEXT_CLASSIFIER_LANES) {
        const int n = TEXT_CLASSIFIER_LEFT(4, u);
        const float *const in = x + u;
        text_classifier_vec result[4];
        TEXT_CLASSIFIER_UNROLL
        for (int c = 0; c < 4; ++c)
            result[c] = text_classifier_splat(0.0f);
        int p = 0;
        for (; p + 4 <= 6; p += 4) {
            TEXT_CLASSIFIER_UNROLL
            for (int c = 0; c < 4; ++c)
                result[c] = result[c] + text_classifier_load_some(in + (p + c) * 4, n);
        }
        for (; p < 6; ++p)
            result[0] = result[0] + text_classifier_load_some(in + p * 4, n);
        text_classifier_store(y + u, (result[0] + result[1] + (result[2] + result[3])) / 6.0f, n);
    }
}

/* (4, 3) scores/kernel: get_weights()[0] of scores */
static const float text_classifier_scores_kernel[12] TEXT_CLASSIFIER_ALIGNED = {
    0.46875f, 0.09375f, -0.28125f,
    0.296875f, -0.078125f, -0.453125f,
    0.125f, -0.25f, 0.328125f,
    -0.046875f, -0.421875f, 0.15625f,
};

/* (3) scores/bias: get_weights()[1] of scores */
static const float text_classifier_scores_bias[3] TEXT_CLASSIFIER_ALIGNED = {
    -0.3125f, 0.265625f, -0.109375f,
};

/* scores: Dense(units=3)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (4) -> y (3)
 * text_classifier_scores_kernel (4, 3): element [i][j] is number i * 3 + j
 * text_classifier_scores_bias (3)
 */
static inline void text_classifier_scores(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 3; ++u) {
        float sum = text_classifier_scores_bias[u];
        for (int i = 0; i < 4; ++i)
            sum += x[i] * text_classifier_scores_kernel[i * 3 + u];
        y[u] = sum;
    }
}

int text_classifier_run(text_classifier_workspace *w, const int32_t *ids, float *scores)
{
    if (!w || !ids || !scores)
        return TEXT_CLASSIFIER_ERROR_NULL;
    float *const embedding = w->arena.float32s + 396; /* (6, 4) */
    bool *const not_equal = w->arena.bools; /* (6) */
    bool *const attention_reshape = w->arena.bools; /* (6, 1) */
    bool *const attention_reshape_1 = w->arena.bools; /* (1, 6) */
    bool *const attention_logical_and = w->arena.bools + 1680; /* (6, 6) */
    float *const attention_query = w->arena.float32s + 288; /* (6, 6) */
    float *const attention_query_1 = w->arena.float32s + 288; /* (6, 2, 3) */
    float *const attention_key = w->arena.float32s; /* (6, 6) */
    float *const attention_key_1 = w->arena.float32s; /* (6, 2, 3) */
    float *const attention_value = w->arena.float32s + 324; /* (6, 6) */
    float *const attention_value_1 = w->arena.float32s + 324; /* (6, 2, 3) */
    bool *const attention_reshape_2 = w->arena.bools + 1680; /* (1, 6, 6) */
    float *const attention_where_packed = w->arena.float32s + 192; /* (96) */
    float *const attention_einsum_packed = w->arena.float32s; /* (192) */
    float *const attention_einsum = w->arena.float32s + 324; /* (6, 2, 3) */
    float *const attention_softmax_scores = w->arena.float32s + 360; /* (36) */
    float *const attention_attention_output_reshape = w->arena.float32s + 324; /* (6, 6) */
    float *const add = w->arena.float32s + 396; /* (6, 4) */
    float *const norm = w->arena.float32s + 396; /* (6, 4) */
    float *const mean = w->arena.float32s; /* (4) */

    if (text_classifier_embedding(ids, embedding) != 0)
        return TEXT_CLASSIFIER_ERROR_INDEX;
    text_classifier_not_equal(ids, not_equal);
    text_classifier_attention_elementwise(attention_reshape, attention_reshape_1, attention_logical_and);
    text_classifier_attention_query(embedding, attention_query);
    text_classifier_attention_key(embedding, attention_key);
    text_classifier_attention_value(embedding, attention_value);
    text_classifier_attention_repack(attention_key_1, attention_where_packed);
    text_classifier_attention_repack_1(attention_value_1, attention_einsum_packed);
    text_classifier_attention(attention_query_1, attention_where_packed, attention_einsum_packed, attention_reshape_2, attention_einsum, attention_softmax_scores);
    text_classifier_attention_attention_output(attention_attention_output_reshape, embedding, add);
    text_classifier_norm(add, norm);
    text_classifier_mean(norm, mean);
    text_classifier_scores(mean, scores);
    return TEXT_CLASSIFIER_OK;
}

static text_classifier_workspace text_classifier_own TEXT_CLASSIFIER_ALIGNED;

int text_classifier_predict(const int32_t *ids, float *scores)
{
    return text_classifier_run(&text_classifier_own, ids, scores);
}

int text_classifier_predict_batch(size_t n, const int32_t *ids, float *scores)
{
    if (!ids || !scores)
        return TEXT_CLASSIFIER_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = text_classifier_predict(ids + sample * 6, scores + sample * 3);
        if (error)
            return error;
    }
    return TEXT_CLASSIFIER_OK;
}
