/* image_classifier: a Keras model in C99, exported by kgen. See image_classifier.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; image_classifier_run
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
#include "image_classifier.h"

#include <math.h>
#include <string.h>

/* Vectors as wide as the compiler may use (IMAGE_CLASSIFIER_NO_VECTORS: none). IMAGE_CLASSIFIER_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define IMAGE_CLASSIFIER_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined IMAGE_CLASSIFIER_VECTORS && !defined IMAGE_CLASSIFIER_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define IMAGE_CLASSIFIER_LANES 16
#define IMAGE_CLASSIFIER_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define IMAGE_CLASSIFIER_LANES 8
#define IMAGE_CLASSIFIER_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define IMAGE_CLASSIFIER_LANES 4
#define IMAGE_CLASSIFIER_PICK(avx512, avx, neon, other) neon
#else
#define IMAGE_CLASSIFIER_LANES 4
#define IMAGE_CLASSIFIER_PICK(avx512, avx, neon, other) other
#endif
#if IMAGE_CLASSIFIER_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float image_classifier_vec __attribute__((vector_size(IMAGE_CLASSIFIER_LANES * 4)));
typedef float image_classifier_loose __attribute__((vector_size(IMAGE_CLASSIFIER_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t image_classifier_ivec __attribute__((vector_size(IMAGE_CLASSIFIER_LANES * 4)));
#else
#define IMAGE_CLASSIFIER_LANES 1
#define IMAGE_CLASSIFIER_PICK(avx512, avx, neon, other) other
typedef float image_classifier_vec, image_classifier_loose;
typedef int32_t image_classifier_ivec;
#endif
#if defined __GNUC__
#define IMAGE_CLASSIFIER_INLINE static inline __attribute__((always_inline, unused))
#define IMAGE_CLASSIFIER_APART __attribute__((noinline, unused))
#define IMAGE_CLASSIFIER_ALIGNED __attribute__((aligned(64)))
#else
#define IMAGE_CLASSIFIER_INLINE static inline
#define IMAGE_CLASSIFIER_APART
#define IMAGE_CLASSIFIER_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define IMAGE_CLASSIFIER_UNROLL _Pragma("clang loop unroll(full)")
#define IMAGE_CLASSIFIER_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define IMAGE_CLASSIFIER_UNROLL _Pragma("GCC unroll 64")
#define IMAGE_CLASSIFIER_ROLLED
#else
#define IMAGE_CLASSIFIER_UNROLL
#define IMAGE_CLASSIFIER_ROLLED
#endif
#if IMAGE_CLASSIFIER_LANES == 16
#define IMAGE_CLASSIFIER_PART 8
typedef float image_classifier_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define IMAGE_CLASSIFIER_PART IMAGE_CLASSIFIER_LANES
typedef image_classifier_vec image_classifier_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define IMAGE_CLASSIFIER_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define IMAGE_CLASSIFIER_LEFT(n, i) ((n) % IMAGE_CLASSIFIER_LANES ? (n) - (i) : IMAGE_CLASSIFIER_LANES)
enum { IMAGE_CLASSIFIER_PIXELS = 30, IMAGE_CLASSIFIER_VECS = 64 / IMAGE_CLASSIFIER_LANES }; /* no tile is larger */

/* A vector from anywhere. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_load_vec(const float *from)
{
    return *(const image_classifier_loose *)from;
}

/* Every pixel's sums begin with the bias. */
IMAGE_CLASSIFIER_INLINE void image_classifier_begin(int pixels, int width, const float *bias, image_classifier_vec (*sum)[IMAGE_CLASSIFIER_VECS])
{
    IMAGE_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        IMAGE_CLASSIFIER_UNROLL
        for (int v = 0; v * IMAGE_CLASSIFIER_LANES < width; ++v)
            sum[pixel][v] = image_classifier_load_vec(bias + v * IMAGE_CLASSIFIER_LANES);
    }
}

/* A vector of 16 lanes whose first half is that one; nobody asks for the other one. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_of_part(image_classifier_part v)
{
#if IMAGE_CLASSIFIER_LANES == 16
    return (image_classifier_vec)_mm512_castps256_ps512((__m256)v);
#else
    return v;
#endif
}

/* The first half of a vector of 16 lanes. */
IMAGE_CLASSIFIER_INLINE image_classifier_part image_classifier_first_part(image_classifier_vec v)
{
#if IMAGE_CLASSIFIER_LANES == 16
    return (image_classifier_part)_mm512_castps512_ps256((__m512)v);
#else
    return v;
#endif
}

/* The tile: sum[pixel][unit] += sum over k of x[pixel][k] * w[k][unit], all sums in registers.
 * `across` pixels lie x_column apart in a row, rows x_row apart, and x's elements step apart. w is a panel of
 * `panel` units side by side, of which `width` are taken. Inlined with constants, the loops but the one over k
 * unroll, and the sums never leave the registers. */
IMAGE_CLASSIFIER_INLINE void image_classifier_multiply(int pixels, int across, int width, int depth, const float *x, int x_row, int x_column,
    int step, const float *w, int panel, image_classifier_vec (*sum)[IMAGE_CLASSIFIER_VECS])
{
    IMAGE_CLASSIFIER_ROLLED
    for (int k = 0; k < depth; ++k) {
        image_classifier_vec row[IMAGE_CLASSIFIER_VECS];
        IMAGE_CLASSIFIER_UNROLL
        for (int v = 0; v * IMAGE_CLASSIFIER_LANES < width; ++v)
            row[v] = image_classifier_load_vec(w + k * panel + v * IMAGE_CLASSIFIER_LANES);
        IMAGE_CLASSIFIER_UNROLL
        for (int pixel = 0; pixel < pixels; ++pixel) {
            const float element = x[pixel / across * x_row + pixel % across * x_column + k * step];
            IMAGE_CLASSIFIER_UNROLL
            for (int v = 0; v < width / IMAGE_CLASSIFIER_LANES; ++v)
                sum[pixel][v] += element * row[v];
            if (width % IMAGE_CLASSIFIER_LANES) /* units in half of one more */
                sum[pixel][width / IMAGE_CLASSIFIER_LANES] = image_classifier_of_part(image_classifier_first_part(sum[pixel][width / IMAGE_CLASSIFIER_LANES]) + element * image_classifier_first_part(row[width / IMAGE_CLASSIFIER_LANES]));
        }
    }
}

#if IMAGE_CLASSIFIER_LANES == 8
/* All bits of the first n lanes. */
IMAGE_CLASSIFIER_INLINE __m256i image_classifier_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
IMAGE_CLASSIFIER_INLINE void image_classifier_store(float *to, image_classifier_vec v, int n)
{
    if (n >= IMAGE_CLASSIFIER_LANES)
        *(image_classifier_loose *)to = v;
#if IMAGE_CLASSIFIER_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const image_classifier_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
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
#elif IMAGE_CLASSIFIER_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, image_classifier_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        IMAGE_CLASSIFIER_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if IMAGE_CLASSIFIER_LANES > 1
    else {
        IMAGE_CLASSIFIER_UNROLL
        for (int i = 0; i < IMAGE_CLASSIFIER_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* Integers as the bits of floats. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_floats(image_classifier_ivec bits)
{
    image_classifier_vec x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The bits of floats as integers. */
IMAGE_CLASSIFIER_INLINE image_classifier_ivec image_classifier_bits(image_classifier_vec x)
{
    image_classifier_ivec bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* a where the mask is set, else b. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_vwhere(image_classifier_ivec mask, image_classifier_vec a, image_classifier_vec b)
{
    return image_classifier_floats((mask & image_classifier_bits(a)) | (~mask & image_classifier_bits(b)));
}

/* All bits of the lanes where a < b. */
IMAGE_CLASSIFIER_INLINE image_classifier_ivec image_classifier_less(image_classifier_vec a, image_classifier_vec b)
{
#if IMAGE_CLASSIFIER_LANES > 1
    return (image_classifier_ivec)(a < b);
#else
    return -(a < b);
#endif
}

/* x, but no less than low; NaN stays */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_no_less(image_classifier_vec low, image_classifier_vec x)
{
#if IMAGE_CLASSIFIER_LANES == 16
    return (image_classifier_vec)_mm512_max_ps((__m512)low, (__m512)x);
#elif IMAGE_CLASSIFIER_LANES == 8
    return (image_classifier_vec)_mm256_max_ps((__m256)low, (__m256)x);
#else
    return image_classifier_vwhere(image_classifier_less(x, low), low, x);
#endif
}

/* x in every lane. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_splat(float x)
{
#if IMAGE_CLASSIFIER_LANES > 1
    return x - (image_classifier_vec){0};
#else
    return x;
#endif
}

/* x, but no less than 0 */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_vrelu(image_classifier_vec x)
{
    return image_classifier_no_less(image_classifier_splat(0.0f), x);
}

/* n floats, and zeros in the lanes beyond them. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_load_some(const float *from, int n)
{
    if (n >= IMAGE_CLASSIFIER_LANES)
        return *(const image_classifier_loose *)from;
    if (n <= 0)
        return image_classifier_splat(0.0f);
#if IMAGE_CLASSIFIER_LANES == 16
    return (image_classifier_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif IMAGE_CLASSIFIER_LANES == 8
    return (image_classifier_vec)_mm256_maskload_ps(from, image_classifier_mask(n));
#elif IMAGE_CLASSIFIER_LANES > 1
    image_classifier_vec v = image_classifier_splat(0.0f);
    for (int i = 0; i < IMAGE_CLASSIFIER_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* sum[0][unit] += sum over k of x[k] * w[k][unit], for a panel w that is used only once: `chains` sums are kept
 * for each unit, so that no multiply-add waits for the one before, and the panel streams from memory. */
IMAGE_CLASSIFIER_INLINE void image_classifier_stream(int chains, int width, int depth, const float *x, int step, const float *w, int panel,
    image_classifier_vec (*sum)[IMAGE_CLASSIFIER_VECS])
{
    IMAGE_CLASSIFIER_UNROLL
    for (int c = 1; c < chains; ++c) {
        IMAGE_CLASSIFIER_UNROLL
        for (int v = 0; v < width / IMAGE_CLASSIFIER_LANES; ++v)
            sum[c][v] = image_classifier_splat(0.0f);
    }
    int k = 0;
    for (; k + chains <= depth; k += chains) {
        IMAGE_CLASSIFIER_UNROLL
        for (int c = 0; c < chains; ++c) {
            IMAGE_CLASSIFIER_UNROLL
            for (int v = 0; v < width / IMAGE_CLASSIFIER_LANES; ++v)
                sum[c][v] += x[(k + c) * step] * image_classifier_load_vec(w + (k + c) * panel + v * IMAGE_CLASSIFIER_LANES);
        }
    }
    for (; depth % chains && k < depth; ++k) {
        IMAGE_CLASSIFIER_UNROLL
        for (int v = 0; v < width / IMAGE_CLASSIFIER_LANES; ++v)
            sum[0][v] += x[k * step] * image_classifier_load_vec(w + k * panel + v * IMAGE_CLASSIFIER_LANES);
    }
    IMAGE_CLASSIFIER_UNROLL
    for (int c = 1; c < chains; ++c) {
        IMAGE_CLASSIFIER_UNROLL
        for (int v = 0; v < width / IMAGE_CLASSIFIER_LANES; ++v)
            sum[0][v] += sum[c][v];
    }
}

/* n floats, and `other` in the lanes beyond them. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_load_or(const float *from, int n, float other)
{
    if (n >= IMAGE_CLASSIFIER_LANES)
        return *(const image_classifier_loose *)from;
#if IMAGE_CLASSIFIER_LANES == 16
    return (image_classifier_vec)_mm512_mask_loadu_ps((__m512)image_classifier_splat(other), (__mmask16)((1u << n) - 1u), from);
#else
    image_classifier_vec v = image_classifier_splat(other);
#if IMAGE_CLASSIFIER_LANES > 1
    for (int i = 0; i < IMAGE_CLASSIFIER_LANES; ++i)
        if (i < n)
            v[i] = from[i];
#endif
    return v;
#endif
}

/* The largest lane; NaN if any is. */
IMAGE_CLASSIFIER_INLINE float image_classifier_largest(image_classifier_vec v)
{
#if IMAGE_CLASSIFIER_LANES == 16
    return _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q) ? NAN : _mm512_reduce_max_ps((__m512)v);
#else
    float lanes[IMAGE_CLASSIFIER_LANES];
    memcpy(lanes, &v, sizeof lanes);
    IMAGE_CLASSIFIER_UNROLL
    for (int half = IMAGE_CLASSIFIER_LANES / 2; half > 0; half /= 2) {
        IMAGE_CLASSIFIER_UNROLL
        for (int i = 0; i < half; ++i)
            lanes[i] = lanes[i] > lanes[i + half] || lanes[i] != lanes[i] ? lanes[i] : lanes[i + half];
    }
    return lanes[0];
#endif
}

/* (e^r - 1 - r) / r^2 for |r| <= log(2) / 2, and a little more */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_series_of_exp(image_classifier_vec r)
{
    const image_classifier_vec even = (0.00139506022f * r + 0.00836895313f) * r + 0.0416662060f;
    return (even * r + 0.166665182f) * r + 0.5f;
}

/* e^(x - n log(2)) - 1, for a difference of no more than log(2) / 2; n is in the lowest bits of `shifted` */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_rest_after(image_classifier_vec x, image_classifier_vec shifted)
{
    const image_classifier_vec n = shifted - 12582912.0f, r = x - n * 0.693145752f - n * 1.42860677e-6f;
    return image_classifier_series_of_exp(r) * (r * r) + r;
}

/* e^r - 1 where e^x = 2^n e^r with |r| <= log(2) / 2; n is in the lowest bits of `shifted`. */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_rest_of_exp(image_classifier_vec x, image_classifier_vec *shifted)
{
    *shifted = x * 1.44269504f + 12582912.0f;
    return image_classifier_rest_after(x, *shifted);
}

/* x, but no more than high; NaN stays */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_no_more(image_classifier_vec high, image_classifier_vec x)
{
#if IMAGE_CLASSIFIER_LANES == 16
    return (image_classifier_vec)_mm512_min_ps((__m512)high, (__m512)x);
#elif IMAGE_CLASSIFIER_LANES == 8
    return (image_classifier_vec)_mm256_min_ps((__m256)high, (__m256)x);
#else
    return image_classifier_vwhere(image_classifier_less(high, x), high, x);
#endif
}

/* x kept within low and high; NaN stays */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_clamp(image_classifier_vec x, float low, float high)
{
    return image_classifier_no_more(image_classifier_splat(high), image_classifier_no_less(image_classifier_splat(low), x));
}

/* 2^n for -126 <= n <= 127 */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_power_of_two(image_classifier_ivec n)
{
#if IMAGE_CLASSIFIER_LANES > 1
    return image_classifier_floats((n + 127) << 23);
#else
    return image_classifier_floats((int32_t)((uint32_t)(n + 127) << 23)); /* whatever n is where it comes from NaN */
#endif
}

/* x 2^n, with n in the lowest bits of `shifted` */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_times_power(image_classifier_vec x, image_classifier_vec shifted)
{
#if IMAGE_CLASSIFIER_LANES == 16
    return (image_classifier_vec)_mm512_scalef_ps((__m512)x, (__m512)(shifted - 12582912.0f));
#else
    const image_classifier_ivec whole = image_classifier_bits(shifted) - 0x4b400000;
    const image_classifier_ivec half = whole >> 1; /* in two steps, for results near the ends of the range */
    return x * image_classifier_power_of_two(half) * image_classifier_power_of_two(whole - half);
#endif
}

/* e^x, within 1.1 units in the last place */
IMAGE_CLASSIFIER_INLINE image_classifier_vec image_classifier_vexp(image_classifier_vec x)
{
    image_classifier_vec shifted;
    const image_classifier_vec rest = image_classifier_rest_of_exp(image_classifier_clamp(x, -104.0f, 89.0f), &shifted);
    return image_classifier_times_power(rest + 1.0f, shifted);
}

/* The sum of all lanes: halves are added until one is left. */
IMAGE_CLASSIFIER_INLINE float image_classifier_total(image_classifier_vec v)
{
#if IMAGE_CLASSIFIER_LANES == 16
    return _mm512_reduce_add_ps((__m512)v);
#elif IMAGE_CLASSIFIER_LANES > 1
    float lanes[IMAGE_CLASSIFIER_LANES];
    IMAGE_CLASSIFIER_UNROLL
    for (int i = 0; i < IMAGE_CLASSIFIER_LANES; ++i)
        lanes[i] = v[i]; /* memcpy would ask for v's address, and gcc would keep it in memory while it is added up */
    IMAGE_CLASSIFIER_UNROLL
    for (int half = IMAGE_CLASSIFIER_LANES / 2; half > 0; half /= 2) {
        IMAGE_CLASSIFIER_UNROLL
        for (int i = 0; i < half; ++i)
            lanes[i] += lanes[i + half];
    }
    return lanes[0];
#else
    return v;
#endif
}

/* stem: Conv2D(filters=4, kernel_size=(3, 3), strides=(2, 2), padding='same', data_format='channels_last', use_bias=False)
 * y = x with ((0, 0), (0, 1), (1, 1), (0, 0)) elements of 0.0 before and after
 * x (8, 7, 1) -> y (9, 9, 1)
 */
static void image_classifier_stem_pad(const float *restrict x, float *restrict y)
{
    memset(y, 0, 1 * sizeof(float));
    for (int row = 0; row < 8; ++row) {
        memcpy(y + 1 + row * 9, x + row * 7, 7 * sizeof(float));
        if (row < 7)
            memset(y + 8 + row * 9, 0, 2 * sizeof(float));
    }
    memset(y + 71, 0, 10 * sizeof(float));
}

/* (240) (stem/kernel: get_weights()[0] of stem) * scale, scale = gamma / sqrt(moving_variance + 0.001) of stem_bn; for 2 pixels side by side, zeros outside a pixel's own window; term k of unit u is number k * 16 + u; zeros beyond unit 7 */
static const float image_classifier_stem_kernel[240] IMAGE_CLASSIFIER_ALIGNED = {
    -0.44029185f, 0.10540053f, -0.16417277f, 0.40899783f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.05870558f, -0.42160213f, 0.086914994f, -0.30674836f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.3228807f, -0.030114437f, -0.25108775f, 0.22494881f, -0.44029185f, 0.10540053f, -0.16417277f, 0.40899783f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, -0.05870558f, -0.42160213f, 0.086914994f, -0.30674836f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.3228807f, -0.030114437f, -0.25108775f, 0.22494881f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.19079314f, 0.36137325f, 0.0f, -0.4907974f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.19079314f, -0.1656294f, 0.25108775f, 0.040899783f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.3228807f, 0.22585829f, -0.086914994f, 0.57259697f, -0.19079314f, 0.36137325f, 0.0f, -0.4907974f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.19079314f, -0.1656294f, 0.25108775f, 0.040899783f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, -0.3228807f, 0.22585829f, -0.086914994f, 0.57259697f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.05870558f, -0.30114436f, 0.16417277f, -0.14314924f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.44029185f, 0.09034331f, -0.17382999f, 0.38854793f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.073381975f, -0.43665934f, 0.077257775f, -0.32719827f, 0.05870558f, -0.30114436f, 0.16417277f, -0.14314924f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.44029185f, 0.09034331f, -0.17382999f, 0.38854793f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, -0.073381975f, -0.43665934f, 0.077257775f, -0.32719827f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) offset, scale = gamma / sqrt(moving_variance + 0.001) of stem_bn; offset = beta - moving_mean * scale of stem_bn; 2 times; zeros beyond unit 7 */
static const float image_classifier_stem_bias[16] IMAGE_CLASSIFIER_ALIGNED = {
    -0.16902919f, 0.76932657f, -0.07639055f, -0.13327587f, -0.16902919f, 0.76932657f, -0.07639055f, -0.13327587f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
IMAGE_CLASSIFIER_INLINE void image_classifier_stem_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    image_classifier_vec sum[IMAGE_CLASSIFIER_PIXELS][IMAGE_CLASSIFIER_VECS];
    image_classifier_begin(pixels, width, bias, sum);
    for (int i = 0; i < 3; ++i)
        image_classifier_multiply(pixels, across, width, 5, x + i * 9, 18, 4, 1, w + i * 5 * panel, panel, sum);
    IMAGE_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel / across * 16 + pixel % across * 8;
        IMAGE_CLASSIFIER_UNROLL
        for (int u = 0; u < width; u += IMAGE_CLASSIFIER_LANES) {
            const image_classifier_vec s = sum[pixel][u / IMAGE_CLASSIFIER_LANES];
            image_classifier_store(y + at + u, image_classifier_vrelu(s), count - u);
        }
    }
}

/* All pixels of a panel of units. */
IMAGE_CLASSIFIER_INLINE void image_classifier_stem_panel(int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    enum { ROWS = IMAGE_CLASSIFIER_PICK(4, 2, 2, 1), COLUMNS = 2 }; /* pixels in a tile */
    for (int row = 0; row < 4; row += ROWS)
        for (int column = 0; column < 2; column += COLUMNS) {
            const int from = row * 18 + column * 4;
            const int to = row * 16 + column * 8;
            if (row + ROWS <= 4 && column + COLUMNS <= 2)
                image_classifier_stem_tile(ROWS * COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, y + to);
            else if (row + ROWS <= 4)
                image_classifier_stem_tile(ROWS * (2 % COLUMNS), 2 % COLUMNS, width, count, panel, x + from, w, bias, y + to);
            else
                image_classifier_stem_tile(4 % ROWS * COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, y + to);
        }
}

/* stem: Conv2D(filters=4, kernel_size=(3, 3), strides=(2, 2), padding='same', data_format='channels_last', use_bias=False); then stem_bn: BatchNormalization(); then stem_relu: ReLU()
 * y[p,q,f] = sum over i,j,c of x[2*p+i,2*q+j,c] * kernel[i,j,c,f] + bias[f], the filters of 2 pixels side by side
 * then y = relu(y)
 * x (9, 9, 1) -> y (4, 4, 4)
 * image_classifier_stem_kernel (240)
 * image_classifier_stem_bias (16)
 */
static void image_classifier_stem(const float *restrict x, float *restrict y)
{
    const float *const bias = image_classifier_stem_bias;
    {
        const int u = 0; /* all, in no more lanes than they need */
        image_classifier_stem_panel(IMAGE_CLASSIFIER_COVER(8, IMAGE_CLASSIFIER_PART), 8, 16, x, image_classifier_stem_kernel + u, bias + u, y + u);
    }
}

/* (9, 16) depthwise/kernel: get_weights()[0] of depthwise; channels padded with zeros */
static const float image_classifier_depthwise_kernel[144] IMAGE_CLASSIFIER_ALIGNED = {
    0.390625f, 0.015625f, -0.359375f, 0.21875f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.15625f, 0.421875f, 0.046875f, -0.328125f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.25f, -0.125f, 0.453125f, 0.078125f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.109375f, -0.265625f, 0.3125f, -0.0625f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.4375f, 0.140625f, -0.234375f, 0.34375f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.375f, 0.0f, -0.375f, 0.203125f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.171875f, 0.40625f, 0.03125f, -0.34375f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) depthwise/bias: get_weights()[1] of depthwise; zeros beyond unit 3 */
static const float image_classifier_depthwise_bias[16] IMAGE_CLASSIFIER_ALIGNED = {
    -0.390625f, 0.1875f, -0.1875f, 0.390625f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* `pixels` neighbours in a row, all channels: vectors run over the channels. The first tap of the first one falls
 * on x[from], in column `place`; of the taps, those in rows i0 to i1 are inside x, and in all columns if `inside`. */
IMAGE_CLASSIFIER_INLINE void image_classifier_depthwise_pixels(int pixels, int inside, int place, int i0, int i1, const float *x, int from, float *y)
{
    for (int u = 0; u < 4; u += IMAGE_CLASSIFIER_LANES) {
        const int n = IMAGE_CLASSIFIER_LEFT(4, u);
        image_classifier_vec sum[IMAGE_CLASSIFIER_PIXELS];
        IMAGE_CLASSIFIER_UNROLL
        for (int pixel = 0; pixel < pixels; ++pixel)
            sum[pixel] = image_classifier_load_vec(image_classifier_depthwise_bias + u);
        for (int i = i0; i < i1; ++i) {
            const int at = from + i * 16 + u;
            image_classifier_vec factor[3];
            IMAGE_CLASSIFIER_UNROLL
            for (int j = 0; j < 3; ++j)
                factor[j] = image_classifier_load_vec(image_classifier_depthwise_kernel + i * 48 + j * 16 + u);
            IMAGE_CLASSIFIER_UNROLL
            for (int q = 0; q < (pixels - 1) + 3; ++q) { /* columns of x, each for all pixels that it meets */
                if (!inside && (place + q < 0 || place + q >= 4))
                    continue;
                const image_classifier_vec element = image_classifier_load_some(x + at + q * 4, n);
                IMAGE_CLASSIFIER_UNROLL
                for (int j = 0; j < 3; ++j)
                    if (q >= j && q - j < pixels)
                        sum[q - j] += element * factor[j];
            }
        }
        IMAGE_CLASSIFIER_UNROLL
        for (int pixel = 0; pixel < pixels; ++pixel) {
            const image_classifier_vec s = sum[pixel];
            image_classifier_store(y + pixel * 4 + u, s, n);
        }
    }
}

/* depthwise: DepthwiseConv2D(kernel_size=(3, 3), padding='same', data_format='channels_last')
 * y[p,q,f] = sum over i,j of x[p+i-1,q+j-1,f's channel] * kernel[i,j,0,f] + bias[f]
 * x (4, 4, 4) -> y (4, 4, 4)
 * image_classifier_depthwise_kernel (9, 16): element [i][j] is number i * 16 + j
 * image_classifier_depthwise_bias (16)
 */
static void image_classifier_depthwise(const float *restrict x, float *restrict y)
{
    enum { COLUMNS = 4 }; /* pixels at once */
    for (int row = 0; row < 4; ++row) {
        const int top = row - 1;
        const int i0 = top < 0 ? -top : 0;
        const int i1 = top + 2 < 4 ? 3 : 4 - top;
        const int left = top * 4 * 4;
        for (int column = 0; column < 4; column += COLUMNS) {
            const int place = column - 1;
            const int to = (row * 4 + column) * 4;
            if (column >= 1 && column + COLUMNS <= 3)
                image_classifier_depthwise_pixels(COLUMNS, 1, place, i0, i1, x, left + place * 4, y + to);
            else if (column + COLUMNS <= 4)
                image_classifier_depthwise_pixels(COLUMNS, 0, place, i0, i1, x, left + place * 4, y + to);
            else
                image_classifier_depthwise_pixels(4 % COLUMNS, 0, place, i0, i1, x, left + place * 4, y + to);
        }
    }
}

/* (64) pointwise/kernel: get_weights()[0] of pointwise; term k of unit u is number k * 16 + u; zeros beyond unit 5 */
static const float image_classifier_pointwise_kernel[64] IMAGE_CLASSIFIER_ALIGNED = {
    -0.21875f, 0.359375f, -0.015625f, -0.390625f, 0.1875f, -0.1875f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.390625f, 0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) pointwise/bias: get_weights()[1] of pointwise; zeros beyond unit 5 */
static const float image_classifier_pointwise_bias[16] IMAGE_CLASSIFIER_ALIGNED = {
    -0.046875f, -0.421875f, 0.15625f, -0.21875f, 0.359375f, -0.015625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
IMAGE_CLASSIFIER_INLINE void image_classifier_pointwise_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    image_classifier_vec sum[IMAGE_CLASSIFIER_PIXELS][IMAGE_CLASSIFIER_VECS];
    image_classifier_begin(pixels, width, bias, sum);
    image_classifier_multiply(pixels, across, width, 4, x, 0, 4, 1, w, panel, sum);
    IMAGE_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 6;
        IMAGE_CLASSIFIER_UNROLL
        for (int u = 0; u < width; u += IMAGE_CLASSIFIER_LANES) {
            const image_classifier_vec s = sum[pixel][u / IMAGE_CLASSIFIER_LANES];
            image_classifier_store(y + at + u, image_classifier_vrelu(s), count - u);
        }
    }
}

/* All pixels of a panel of units. */
IMAGE_CLASSIFIER_INLINE void image_classifier_pointwise_panel(int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    enum { COLUMNS = IMAGE_CLASSIFIER_PICK(16, 6, 6, 2) }; /* pixels in a tile */
    for (int column = 0; column < 16; column += COLUMNS) {
        const int from = column * 4;
        const int to = column * 6;
        if (column + COLUMNS <= 16)
            image_classifier_pointwise_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, y + to);
        else
            image_classifier_pointwise_tile(16 % COLUMNS, 16 % COLUMNS, width, count, panel, x + from, w, bias, y + to);
    }
}

/* pointwise: Conv2D(filters=6, kernel_size=(1, 1), data_format='channels_last', activation='relu')
 * y[p,q,f] = sum over i,j,c of x[p+i,q+j,c] * kernel[i,j,c,f] + bias[f]
 * then y = relu(y)
 * x (4, 4, 4) -> y (4, 4, 6)
 * image_classifier_pointwise_kernel (64)
 * image_classifier_pointwise_bias (16)
 */
static void image_classifier_pointwise(const float *restrict x, float *restrict y)
{
    const float *const bias = image_classifier_pointwise_bias;
    {
        const int u = 0; /* all, in no more lanes than they need */
        image_classifier_pointwise_panel(IMAGE_CLASSIFIER_COVER(6, IMAGE_CLASSIFIER_PART), 6, 16, x, image_classifier_pointwise_kernel + u, bias + u, y + u);
    }
}

/* (192) upsample/kernel: get_weights()[0] of upsample; for each of 2 groups term k of unit u is number k * 16 + u; zeros beyond unit 5 */
static const float image_classifier_upsample_kernel[192] IMAGE_CLASSIFIER_ALIGNED = {
    0.125f, -0.21875f, 0.390625f, 0.046875f, -0.296875f, 0.3125f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.25f, 0.359375f, 0.015625f, -0.328125f, 0.28125f, -0.0625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.328125f, -0.015625f, -0.359375f, 0.25f, -0.09375f, -0.4375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.046875f, -0.390625f, 0.21875f, -0.125f, -0.46875f, 0.140625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.421875f, 0.1875f, -0.15625f, 0.453125f, 0.109375f, -0.234375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.15625f, -0.1875f, 0.421875f, 0.078125f, -0.265625f, 0.34375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.03125f, -0.375f, 0.234375f, -0.109375f, -0.453125f, 0.15625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.40625f, 0.203125f, -0.140625f, 0.46875f, 0.125f, -0.21875f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.171875f, -0.171875f, 0.4375f, 0.09375f, -0.25f, 0.359375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.203125f, 0.40625f, 0.0625f, -0.28125f, 0.328125f, -0.015625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.375f, 0.03125f, -0.3125f, 0.296875f, -0.046875f, -0.390625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, -0.34375f, 0.265625f, -0.078125f, -0.421875f, 0.1875f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) upsample/bias: get_weights()[1] of upsample; 2 times; zeros beyond unit 5 */
static const float image_classifier_upsample_bias[16] IMAGE_CLASSIFIER_ALIGNED = {
    0.296875f, -0.078125f, -0.453125f, 0.296875f, -0.078125f, -0.453125f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
IMAGE_CLASSIFIER_INLINE void image_classifier_upsample_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    image_classifier_vec sum[IMAGE_CLASSIFIER_PIXELS][IMAGE_CLASSIFIER_VECS];
    image_classifier_begin(pixels, width, bias, sum);
    image_classifier_multiply(pixels, across, width, 6, x, 24, 6, 1, w, panel, sum);
    IMAGE_CLASSIFIER_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel / across * 48 + pixel % across * 6;
        IMAGE_CLASSIFIER_UNROLL
        for (int u = 0; u < width; u += IMAGE_CLASSIFIER_LANES) {
            const image_classifier_vec s = sum[pixel][u / IMAGE_CLASSIFIER_LANES];
            image_classifier_store(y + at + u, s, count - u);
        }
    }
}

/* All pixels of a panel of units. */
IMAGE_CLASSIFIER_INLINE void image_classifier_upsample_panel(int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    enum { ROWS = IMAGE_CLASSIFIER_PICK(4, 1, 1, 1), COLUMNS = IMAGE_CLASSIFIER_PICK(4, 4, 4, 2) }; /* pixels in a tile */
    for (int row = 0; row < 4; row += ROWS)
        for (int column = 0; column < 4; column += COLUMNS) {
            const int from = row * 24 + column * 6;
            const int to = row * 48 + column * 6;
            if (row + ROWS <= 4 && column + COLUMNS <= 4)
                image_classifier_upsample_tile(ROWS * COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, y + to);
            else if (row + ROWS <= 4)
                image_classifier_upsample_tile(ROWS * (4 % COLUMNS), 4 % COLUMNS, width, count, panel, x + from, w, bias, y + to);
            else
                image_classifier_upsample_tile(4 % ROWS * COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, y + to);
        }
}

/* upsample: Conv2DTranspose(filters=3, kernel_size=(2, 2), strides=(2, 2), data_format='channels_last')
 * y = bias[f]; y[2*p+i,2*q+j,f] += sum over c of x[p,q,c] * kernel[i,j,f,c]
 * x (4, 4, 6) -> y (8, 8, 3)
 * image_classifier_upsample_kernel (192)
 * image_classifier_upsample_bias (16)
 */
static void image_classifier_upsample(const float *restrict x, float *restrict y)
{
    const float *const bias = image_classifier_upsample_bias;
    for (int row_phase = 0; row_phase < 2; ++row_phase) {
        {
            const int u = 0; /* all, in no more lanes than they need */
            image_classifier_upsample_panel(IMAGE_CLASSIFIER_COVER(6, IMAGE_CLASSIFIER_PART), 6, 16, x, image_classifier_upsample_kernel + row_phase * 96 + u, bias + u, y + row_phase * 24 + u);
        }
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

/* (288) classes/kernel: get_weights()[0] of classes; term k of unit u is number k * 16 + u; zeros beyond unit 4 */
static const float image_classifier_classes_kernel[288] IMAGE_CLASSIFIER_ALIGNED = {
    0.46875f, 0.09375f, -0.28125f, 0.296875f, -0.078125f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.453125f, 0.125f, -0.25f, 0.328125f, -0.046875f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.421875f, 0.15625f, -0.21875f, 0.359375f, -0.015625f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.390625f, 0.1875f, -0.1875f, 0.390625f, 0.015625f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.359375f, 0.21875f, -0.15625f, 0.421875f, 0.046875f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.265625f, 0.3125f, -0.0625f, -0.4375f, 0.140625f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.234375f, 0.34375f, -0.03125f, -0.40625f, 0.171875f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.203125f, 0.375f, 0.0f, -0.375f, 0.203125f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.171875f, 0.40625f, 0.03125f, -0.34375f, 0.234375f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.140625f, 0.4375f, 0.0625f, -0.3125f, 0.265625f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.109375f, 0.46875f, 0.09375f, -0.28125f, 0.296875f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.078125f, -0.453125f, 0.125f, -0.25f, 0.328125f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.046875f, -0.421875f, 0.15625f, -0.21875f, 0.359375f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.015625f, -0.390625f, 0.1875f, -0.1875f, 0.390625f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) classes/bias: get_weights()[1] of classes; zeros beyond unit 4 */
static const float image_classifier_classes_bias[16] IMAGE_CLASSIFIER_ALIGNED = {
    -0.3125f, 0.265625f, -0.109375f, 0.46875f, 0.09375f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `count` units; with padding, `width`. */
IMAGE_CLASSIFIER_INLINE void image_classifier_classes_product_tile(int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    image_classifier_vec sum[2][IMAGE_CLASSIFIER_VECS];
    image_classifier_begin(1, width, bias, sum);
    image_classifier_stream(2, width, 18, x, 1, w, panel, sum);
    IMAGE_CLASSIFIER_UNROLL
    for (int u = 0; u < width; u += IMAGE_CLASSIFIER_LANES) {
        const image_classifier_vec s = sum[0][u / IMAGE_CLASSIFIER_LANES];
        image_classifier_store(y + u, s, count - u);
    }
}

/* classes: Dense(units=5, activation='softmax')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (18) -> y (5)
 * image_classifier_classes_kernel (288)
 * image_classifier_classes_bias (16)
 */
static void image_classifier_classes_product(const float *restrict x, float *restrict y)
{
    const float *const bias = image_classifier_classes_bias;
    {
        const int u = 0; /* all, in no more lanes than they need */
        image_classifier_classes_product_tile(IMAGE_CLASSIFIER_COVER(5, IMAGE_CLASSIFIER_LANES), 5, 16, x, image_classifier_classes_kernel + u, bias + u, y + u);
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
    image_classifier_vec most = image_classifier_splat(-INFINITY);
    for (int u = 0; u < 5; u += IMAGE_CLASSIFIER_LANES) {
        const image_classifier_vec e = image_classifier_load_or(in + u, IMAGE_CLASSIFIER_LEFT(5, u), -INFINITY);
        most = image_classifier_no_less(most, e);
    }
    const float largest = image_classifier_largest(most);
    const image_classifier_vec top = image_classifier_splat(largest);
    image_classifier_vec sum = image_classifier_splat(0.0f);
    for (int u = 0; u < 5; u += IMAGE_CLASSIFIER_LANES) {
        const image_classifier_vec e = image_classifier_load_or(in + u, IMAGE_CLASSIFIER_LEFT(5, u), -INFINITY);
        const image_classifier_vec power = image_classifier_vexp(e - top);
        sum += power;
        image_classifier_store(out + u, power, IMAGE_CLASSIFIER_LEFT(5, u));
    }
    const image_classifier_vec whole = image_classifier_splat(1.0f / image_classifier_total(sum));
    for (int u = 0; u < 5; u += IMAGE_CLASSIFIER_LANES)
        image_classifier_store(out + u, image_classifier_load_some(out + u, IMAGE_CLASSIFIER_LEFT(5, u)) * whole, IMAGE_CLASSIFIER_LEFT(5, u));
}

int image_classifier_run(image_classifier_workspace *w, const float *image, float *classes)
{
    if (!w || !image || !classes)
        return IMAGE_CLASSIFIER_ERROR_NULL;
    float *const stem_relu_pad = w->arena; /* (9, 9, 1) */
    float *const stem_relu = w->arena + 81; /* (4, 4, 4) */
    float *const depthwise = w->arena; /* (4, 4, 4) */
    float *const pointwise = w->arena + 192; /* (4, 4, 6) */
    float *const upsample = w->arena; /* (8, 8, 3) */
    float *const pool = w->arena + 192; /* (4, 4, 3) */
    float *const adaptive = w->arena; /* (2, 3, 3) */
    float *const flatten = w->arena; /* (18) */
    float *const classes_add = classes; /* (5) */

    image_classifier_stem_pad(image, stem_relu_pad);
    image_classifier_stem(stem_relu_pad, stem_relu);
    image_classifier_depthwise(stem_relu, depthwise);
    image_classifier_pointwise(depthwise, pointwise);
    image_classifier_upsample(pointwise, upsample);
    image_classifier_pool(upsample, pool);
    image_classifier_adaptive(pool, adaptive);
    image_classifier_classes_product(flatten, classes_add);
    image_classifier_classes(classes_add, classes);
    return IMAGE_CLASSIFIER_OK;
}

static image_classifier_workspace image_classifier_own IMAGE_CLASSIFIER_ALIGNED;

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
