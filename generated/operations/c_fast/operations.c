/* operations: a Keras model in C99, exported by kgen. See operations.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; operations_run
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
#include "operations.h"

#include <math.h>
#include <string.h>

/* whether a comes before b in ascending order; NaN comes last */
static inline bool operations_comes_first(float a, float b)
{
    return a < b || (b != b && a == a);
}

/* Vectors as wide as the compiler may use (OPERATIONS_NO_VECTORS: none). OPERATIONS_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define OPERATIONS_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined OPERATIONS_VECTORS && !defined OPERATIONS_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define OPERATIONS_LANES 16
#define OPERATIONS_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define OPERATIONS_LANES 8
#define OPERATIONS_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define OPERATIONS_LANES 4
#define OPERATIONS_PICK(avx512, avx, neon, other) neon
#else
#define OPERATIONS_LANES 4
#define OPERATIONS_PICK(avx512, avx, neon, other) other
#endif
#if OPERATIONS_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float operations_vec __attribute__((vector_size(OPERATIONS_LANES * 4)));
typedef float operations_loose __attribute__((vector_size(OPERATIONS_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t operations_ivec __attribute__((vector_size(OPERATIONS_LANES * 4)));
#else
#define OPERATIONS_LANES 1
#define OPERATIONS_PICK(avx512, avx, neon, other) other
typedef float operations_vec, operations_loose;
typedef int32_t operations_ivec;
#endif
#if defined __GNUC__
#define OPERATIONS_INLINE static inline __attribute__((always_inline, unused))
#define OPERATIONS_APART __attribute__((noinline, unused))
#define OPERATIONS_ALIGNED __attribute__((aligned(64)))
#else
#define OPERATIONS_INLINE static inline
#define OPERATIONS_APART
#define OPERATIONS_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define OPERATIONS_UNROLL _Pragma("clang loop unroll(full)")
#define OPERATIONS_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define OPERATIONS_UNROLL _Pragma("GCC unroll 64")
#define OPERATIONS_ROLLED
#else
#define OPERATIONS_UNROLL
#define OPERATIONS_ROLLED
#endif
#if OPERATIONS_LANES == 16
#define OPERATIONS_PART 8
typedef float operations_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define OPERATIONS_PART OPERATIONS_LANES
typedef operations_vec operations_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define OPERATIONS_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define OPERATIONS_LEFT(n, i) ((n) % OPERATIONS_LANES ? (n) - (i) : OPERATIONS_LANES)
enum { OPERATIONS_PIXELS = 30, OPERATIONS_VECS = 64 / OPERATIONS_LANES }; /* no tile is larger */

/* x in every lane. */
OPERATIONS_INLINE operations_vec operations_splat(float x)
{
#if OPERATIONS_LANES > 1
    return x - (operations_vec){0};
#else
    return x;
#endif
}

/* Integers as the bits of floats. */
OPERATIONS_INLINE operations_vec operations_floats(operations_ivec bits)
{
    operations_vec x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The bits of floats as integers. */
OPERATIONS_INLINE operations_ivec operations_bits(operations_vec x)
{
    operations_ivec bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* a where the mask is set, else b. */
OPERATIONS_INLINE operations_vec operations_vwhere(operations_ivec mask, operations_vec a, operations_vec b)
{
    return operations_floats((mask & operations_bits(a)) | (~mask & operations_bits(b)));
}

/* All bits of the lanes where a < b. */
OPERATIONS_INLINE operations_ivec operations_less(operations_vec a, operations_vec b)
{
#if OPERATIONS_LANES > 1
    return (operations_ivec)(a < b);
#else
    return -(a < b);
#endif
}

/* All bits of the lanes where a == b. */
OPERATIONS_INLINE operations_ivec operations_same(operations_vec a, operations_vec b)
{
#if OPERATIONS_LANES > 1
    return (operations_ivec)(a == b);
#else
    return -(a == b);
#endif
}

/* the larger one; NaN if either is */
OPERATIONS_INLINE operations_vec operations_vmaximum(operations_vec a, operations_vec b)
{
    return operations_vwhere(operations_less(b, a) | ~operations_same(a, a), a, b);
}

/* n floats, and `other` in the lanes beyond them. */
OPERATIONS_INLINE operations_vec operations_load_or(const float *from, int n, float other)
{
    if (n >= OPERATIONS_LANES)
        return *(const operations_loose *)from;
#if OPERATIONS_LANES == 16
    return (operations_vec)_mm512_mask_loadu_ps((__m512)operations_splat(other), (__mmask16)((1u << n) - 1u), from);
#else
    operations_vec v = operations_splat(other);
#if OPERATIONS_LANES > 1
    for (int i = 0; i < OPERATIONS_LANES; ++i)
        if (i < n)
            v[i] = from[i];
#endif
    return v;
#endif
}

/* The largest lane; NaN if any is. */
OPERATIONS_INLINE float operations_largest(operations_vec v)
{
#if OPERATIONS_LANES == 16
    return _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q) ? NAN : _mm512_reduce_max_ps((__m512)v);
#else
    float lanes[OPERATIONS_LANES];
    memcpy(lanes, &v, sizeof lanes);
    OPERATIONS_UNROLL
    for (int half = OPERATIONS_LANES / 2; half > 0; half /= 2) {
        OPERATIONS_UNROLL
        for (int i = 0; i < half; ++i)
            lanes[i] = lanes[i] > lanes[i + half] || lanes[i] != lanes[i] ? lanes[i] : lanes[i + half];
    }
    return lanes[0];
#endif
}

OPERATIONS_INLINE operations_ivec operations_vgreater(operations_vec a, operations_vec b)
{
    return operations_less(b, a);
}

OPERATIONS_INLINE operations_vec operations_vabsolute(operations_vec x)
{
    return operations_floats(operations_bits(x) & INT32_MAX);
}

/* (e^r - 1 - r) / r^2 for |r| <= log(2) / 2, and a little more */
OPERATIONS_INLINE operations_vec operations_series_of_exp(operations_vec r)
{
    const operations_vec even = (0.00139506022f * r + 0.00836895313f) * r + 0.0416662060f;
    return (even * r + 0.166665182f) * r + 0.5f;
}

/* e^(x - n log(2)) - 1, for a difference of no more than log(2) / 2; n is in the lowest bits of `shifted` */
OPERATIONS_INLINE operations_vec operations_rest_after(operations_vec x, operations_vec shifted)
{
    const operations_vec n = shifted - 12582912.0f, r = x - n * 0.693145752f - n * 1.42860677e-6f;
    return operations_series_of_exp(r) * (r * r) + r;
}

/* e^r - 1 where e^x = 2^n e^r with |r| <= log(2) / 2; n is in the lowest bits of `shifted`. */
OPERATIONS_INLINE operations_vec operations_rest_of_exp(operations_vec x, operations_vec *shifted)
{
    *shifted = x * 1.44269504f + 12582912.0f;
    return operations_rest_after(x, *shifted);
}

/* x, but no more than high; NaN stays */
OPERATIONS_INLINE operations_vec operations_no_more(operations_vec high, operations_vec x)
{
#if OPERATIONS_LANES == 16
    return (operations_vec)_mm512_min_ps((__m512)high, (__m512)x);
#elif OPERATIONS_LANES == 8
    return (operations_vec)_mm256_min_ps((__m256)high, (__m256)x);
#else
    return operations_vwhere(operations_less(high, x), high, x);
#endif
}

/* x, but no less than low; NaN stays */
OPERATIONS_INLINE operations_vec operations_no_less(operations_vec low, operations_vec x)
{
#if OPERATIONS_LANES == 16
    return (operations_vec)_mm512_max_ps((__m512)low, (__m512)x);
#elif OPERATIONS_LANES == 8
    return (operations_vec)_mm256_max_ps((__m256)low, (__m256)x);
#else
    return operations_vwhere(operations_less(x, low), low, x);
#endif
}

/* x kept within low and high; NaN stays */
OPERATIONS_INLINE operations_vec operations_clamp(operations_vec x, float low, float high)
{
    return operations_no_more(operations_splat(high), operations_no_less(operations_splat(low), x));
}

/* 2^n for -126 <= n <= 127 */
OPERATIONS_INLINE operations_vec operations_power_of_two(operations_ivec n)
{
#if OPERATIONS_LANES > 1
    return operations_floats((n + 127) << 23);
#else
    return operations_floats((int32_t)((uint32_t)(n + 127) << 23)); /* whatever n is where it comes from NaN */
#endif
}

/* x 2^n, with n in the lowest bits of `shifted` */
OPERATIONS_INLINE operations_vec operations_times_power(operations_vec x, operations_vec shifted)
{
#if OPERATIONS_LANES == 16
    return (operations_vec)_mm512_scalef_ps((__m512)x, (__m512)(shifted - 12582912.0f));
#else
    const operations_ivec whole = operations_bits(shifted) - 0x4b400000;
    const operations_ivec half = whole >> 1; /* in two steps, for results near the ends of the range */
    return x * operations_power_of_two(half) * operations_power_of_two(whole - half);
#endif
}

/* e^x, within 1.1 units in the last place */
OPERATIONS_INLINE operations_vec operations_vexp(operations_vec x)
{
    operations_vec shifted;
    const operations_vec rest = operations_rest_of_exp(operations_clamp(x, -104.0f, 89.0f), &shifted);
    return operations_times_power(rest + 1.0f, shifted);
}

/* tanh(x), within 1.5 units in the last place: a polynomial near 0, 1 - 2 / (e^2x + 1) elsewhere */
OPERATIONS_INLINE operations_vec operations_vtanh(operations_vec x)
{
    const operations_vec size = operations_vabsolute(x);
    const operations_vec s = x * x;
    operations_vec near = (-0.00560391368f * s + 0.0205517188f) * s - 0.0537141077f;
    near = ((near * s + 0.133311525f) * s - 0.333332717f) * s * x + x;
    const operations_vec far = 1.0f - 2.0f / (operations_vexp(size + size) + 1.0f);
    const operations_ivec sign = operations_bits(x) & INT32_MIN;
    return operations_vwhere(operations_less(size, operations_splat(0.625f)), near, operations_floats(operations_bits(far) | sign));
}

#if OPERATIONS_LANES == 8
/* All bits of the first n lanes. */
OPERATIONS_INLINE __m256i operations_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
OPERATIONS_INLINE void operations_store(float *to, operations_vec v, int n)
{
    if (n >= OPERATIONS_LANES)
        *(operations_loose *)to = v;
#if OPERATIONS_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const operations_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
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
#elif OPERATIONS_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, operations_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        OPERATIONS_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if OPERATIONS_LANES > 1
    else {
        OPERATIONS_UNROLL
        for (int i = 0; i < OPERATIONS_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* A vector from anywhere. */
OPERATIONS_INLINE operations_vec operations_load_vec(const float *from)
{
    return *(const operations_loose *)from;
}

/* n floats, and zeros in the lanes beyond them. */
OPERATIONS_INLINE operations_vec operations_load_some(const float *from, int n)
{
    if (n >= OPERATIONS_LANES)
        return *(const operations_loose *)from;
    if (n <= 0)
        return operations_splat(0.0f);
#if OPERATIONS_LANES == 16
    return (operations_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif OPERATIONS_LANES == 8
    return (operations_vec)_mm256_maskload_ps(from, operations_mask(n));
#elif OPERATIONS_LANES > 1
    operations_vec v = operations_splat(0.0f);
    for (int i = 0; i < OPERATIONS_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* pad: keras.ops.pad
 * y = x with ((0, 0), (1, 0), (0, 0)) elements of 0.0 before and after
 * x (4, 6) -> y (5, 6)
 */
static void operations_pad(const float *restrict x, float *restrict y)
{
    memset(y, 0, 6 * sizeof(float));
    memcpy(y + 6, x, 24 * sizeof(float));
}

/* cumsum: keras.ops.cumsum
 * y[n] = sum of x[0..n] along axis 1
 * x (5, 6) -> y (5, 6)
 */
static void operations_cumsum(const float *x, float *y)
{
    for (int i = 0; i < 6; ++i) {
        double total = 0.0;
        for (int p = 0; p < 5; ++p) {
            total += (double)x[i + p * 6];
            y[i + p * 6] = (float)total;
        }
    }
}

/* transpose: keras.ops.transpose
 * y[a,c,b] = x[a,b,c]
 * x (5, 6) -> y (6, 5)
 */
static void operations_transpose(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 5; ++j) {
            y[i * 5 + j] = x[i + j * 6];
        }
}

/* get_item: keras.ops.get_item
 * y[a,b,c] = x[a,2*b,1+c]
 * x (6, 5) -> y (3, 3)
 */
static void operations_get_item(const float *restrict x, float *restrict y)
{
    const float *const first = x + 1;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[i * 3 + j] = first[i * 10 + j];
        }
}

/* flip: keras.ops.flip
 * y[a,b,c] = x[a,b,2-c]
 * x (3, 3) -> y (3, 3)
 */
static void operations_flip(const float *restrict x, float *restrict y)
{
    const float *const first = x + 2;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[i * 3 + j] = first[i * 3 - j];
        }
}

/* concatenate: keras.ops.concatenate
 * y = its inputs one after another along axis 2
 * x0 (3, 3), x1 (3, 3) -> y (3, 6)
 */
static void operations_concatenate(const float *restrict x0, const float *restrict x1, float *restrict y)
{
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[i * 6 + j] = x0[i * 3 + j];
        }
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            y[3 + i * 6 + j] = x1[i * 3 + j];
        }
}

/* max: keras.ops.max
 * y = max of x over axes (2,)
 * x (3, 6) -> y (3, 1)
 */
static void operations_max_1(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 3; ++i) {
        const float *const in = x + i * 6;
        operations_vec result = operations_splat(-INFINITY);
        for (int u = 0; u < 6; u += OPERATIONS_LANES)
            result = operations_vmaximum(result, operations_load_or(in + u, OPERATIONS_LEFT(6, u), -INFINITY));
        y[i] = operations_largest(result);
    }
}

/* tile: keras.ops.tile
 * y = x, repeated along the axes where x has length 1
 * x (3, 1, 1) -> y (3, 2, 1)
 */
static void operations_tile(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 2; ++j) {
            y[i * 2 + j] = x[i];
        }
}

/* top_k: keras.ops.top_k
 * y = the first 2 of positions of x along the last axis, largest first
 * x (3, 6) float -> y (3, 2)
 */
static void operations_top_k_positions(const float *restrict x, int32_t *restrict y)
{
    for (int row = 0; row < 3; ++row) {
        const float *const line = x + row * 6;
        int32_t *const out = y + row * 2;
        int last = -1;
        for (int place = 0; place < 2; ++place) {
            /* the first of what comes after the last one found */
            int best = -1;
            for (int i = 0; i < 6; ++i) {
                const bool later = last < 0 || operations_comes_first(line[i], line[last]) || (i > last && !operations_comes_first(line[last], line[i]));
                if (later && (best < 0 || operations_comes_first(line[best], line[i])))
                    best = i;
            }
            last = best;
            out[place] = best;
        }
    }
}

/* top_k: keras.ops.top_k
 * y[..., n, ...] = x[..., indices[..., n, ...], ...], along axis 2
 * x (3, 6), indices (3, 2) int32_t -> y (3, 2)
 */
static int operations_top_k(const float *restrict x, const int32_t *restrict indices, float *restrict y)
{
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 2; ++j) {
            int64_t place = (int64_t)indices[i * 2 + j];
            if (place < 0)
                place += 6;
            if (place < 0 || place >= 6)
                return OPERATIONS_ERROR_INDEX;
            y[i * 2 + j] = x[i * 6 + place];
        }
    return 0;
}

/* multiply: keras.ops.multiply
 * x (3, 2) -> y (3, 2)
 */
static void operations_multiply_1(const int32_t *x, int32_t *y)
{
    for (int i = 0; i < 6; ++i) {
        y[i] = (int32_t)((uint32_t)(x[i]) * (uint32_t)(2));
    }
}

/* argmax: keras.ops.argmax
 * y = argmax of x over axis 1
 * x (3, 2) -> y (2)
 */
static void operations_argmax(const int32_t *restrict x, int32_t *restrict y)
{
    for (int i = 0; i < 2; ++i) {
        const int32_t *const line = x + i;
        int32_t most = INT32_MIN;
        int best = 0;
        for (int p = 0; p < 3; ++p) {
            const int32_t element = line[p * 2];
            if (element > most) {
                most = element;
                best = p;
            }
        }
        y[i] = best;
    }
}

/* operations_where of as many elements as a vector has */
OPERATIONS_INLINE operations_vec operations_where_of(operations_vec a, operations_vec b)
{
    return operations_vwhere(operations_vgreater(a, b / 2.0f), a, operations_vtanh(b));
}

/* tanh: keras.ops.tanh; then true_divide: keras.ops.true_divide; then greater: keras.ops.greater; then where: keras.ops.where
 * x0 (3, 2), x1 (3, 2) -> y (3, 2)
 */
static void operations_where(const float *x0, const float *x1, float *y)
{
    int u = 0;
    for (; u + OPERATIONS_LANES <= 6; u += OPERATIONS_LANES)
        operations_store(y + u, operations_where_of(operations_load_vec(x0 + u), operations_load_vec(x1 + u)), OPERATIONS_LANES);
    if (u < 6)
        operations_store(y + u, operations_where_of(operations_load_some(x0 + u, 6 - u), operations_load_some(x1 + u, 6 - u)), 6 - u);
}

int operations_run(operations_workspace *w, const float *x, float *where, int32_t *argmax)
{
    if (!w || !x || !where || !argmax)
        return OPERATIONS_ERROR_NULL;
    float *const pad = w->arena.float32s; /* (5, 6) */
    float *const cumsum_sum = w->arena.float32s; /* (5, 6) */
    float *const transpose = w->arena.float32s + 30; /* (6, 5) */
    float *const get_item_slice = w->arena.float32s + 18; /* (3, 3) */
    float *const flip_slice = w->arena.float32s + 27; /* (3, 3) */
    float *const concatenate = w->arena.float32s; /* (3, 6) */
    float *const max_1 = w->arena.float32s + 24; /* (3, 1) */
    float *const tile_reshape = w->arena.float32s + 24; /* (3, 1, 1) */
    float *const tile_broadcast = w->arena.float32s + 18; /* (3, 2, 1) */
    float *const tile_reshape_1 = w->arena.float32s + 18; /* (3, 2) */
    int32_t *const top_k_positions = w->arena.int32s + 24; /* (3, 2) */
    float *const top_k_gather_elements = w->arena.float32s + 30; /* (3, 2) */
    int32_t *const multiply = w->arena.int32s + 24; /* (3, 2) */

    operations_pad(x, pad);
    operations_cumsum(pad, cumsum_sum);
    operations_transpose(cumsum_sum, transpose);
    operations_get_item(transpose, get_item_slice);
    operations_flip(get_item_slice, flip_slice);
    operations_concatenate(get_item_slice, flip_slice, concatenate);
    operations_max_1(concatenate, max_1);
    operations_tile(tile_reshape, tile_broadcast);
    operations_top_k_positions(concatenate, top_k_positions);
    if (operations_top_k(concatenate, top_k_positions, top_k_gather_elements) != 0)
        return OPERATIONS_ERROR_INDEX;
    operations_multiply_1(top_k_positions, multiply);
    operations_argmax(multiply, argmax);
    operations_where(top_k_gather_elements, tile_reshape_1, where);
    return OPERATIONS_OK;
}

static operations_workspace operations_own OPERATIONS_ALIGNED;

int operations_predict(const float *x, float *where, int32_t *argmax)
{
    return operations_run(&operations_own, x, where, argmax);
}

int operations_predict_batch(size_t n, const float *x, float *where, int32_t *argmax)
{
    if (!x || !where || !argmax)
        return OPERATIONS_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = operations_predict(x + sample * 24, where + sample * 6, argmax + sample * 2);
        if (error)
            return error;
    }
    return OPERATIONS_OK;
}
