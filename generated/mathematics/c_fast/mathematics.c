/* mathematics: a Keras model in C99, exported by kgen. See mathematics.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; mathematics_run
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
#include "mathematics.h"

#include <math.h>
#include <string.h>

/* whether a comes before b in ascending order; NaN comes last */
static inline bool mathematics_comes_first(float a, float b)
{
    return a < b || (b != b && a == a);
}

static inline int32_t mathematics_to_int32(float x)
{
    return x >= -2147483600.0f && x < 2147483600.0f ? (int32_t)x : INT32_MIN;
}

/* the quotient, rounded down */
static inline int32_t mathematics_floor_divide_int32(int32_t a, int32_t b)
{
    if (b == 0)
        return 0;
    if (b == -1)
        return (int32_t)((uint32_t)(0) - (uint32_t)(a));
    return (int32_t)(a / b - (a % b != 0 && (a < 0) != (b < 0)));
}

/* Vectors as wide as the compiler may use (MATHEMATICS_NO_VECTORS: none). MATHEMATICS_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define MATHEMATICS_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined MATHEMATICS_VECTORS && !defined MATHEMATICS_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define MATHEMATICS_LANES 16
#define MATHEMATICS_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define MATHEMATICS_LANES 8
#define MATHEMATICS_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define MATHEMATICS_LANES 4
#define MATHEMATICS_PICK(avx512, avx, neon, other) neon
#else
#define MATHEMATICS_LANES 4
#define MATHEMATICS_PICK(avx512, avx, neon, other) other
#endif
#if MATHEMATICS_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float mathematics_vec __attribute__((vector_size(MATHEMATICS_LANES * 4)));
typedef float mathematics_loose __attribute__((vector_size(MATHEMATICS_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t mathematics_ivec __attribute__((vector_size(MATHEMATICS_LANES * 4)));
#else
#define MATHEMATICS_LANES 1
#define MATHEMATICS_PICK(avx512, avx, neon, other) other
typedef float mathematics_vec, mathematics_loose;
typedef int32_t mathematics_ivec;
#endif
#if defined __GNUC__
#define MATHEMATICS_INLINE static inline __attribute__((always_inline, unused))
#define MATHEMATICS_APART __attribute__((noinline, unused))
#define MATHEMATICS_ALIGNED __attribute__((aligned(64)))
#else
#define MATHEMATICS_INLINE static inline
#define MATHEMATICS_APART
#define MATHEMATICS_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define MATHEMATICS_UNROLL _Pragma("clang loop unroll(full)")
#define MATHEMATICS_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define MATHEMATICS_UNROLL _Pragma("GCC unroll 64")
#define MATHEMATICS_ROLLED
#else
#define MATHEMATICS_UNROLL
#define MATHEMATICS_ROLLED
#endif
#if MATHEMATICS_LANES == 16
#define MATHEMATICS_PART 8
typedef float mathematics_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define MATHEMATICS_PART MATHEMATICS_LANES
typedef mathematics_vec mathematics_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define MATHEMATICS_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define MATHEMATICS_LEFT(n, i) ((n) % MATHEMATICS_LANES ? (n) - (i) : MATHEMATICS_LANES)
enum { MATHEMATICS_PIXELS = 30, MATHEMATICS_VECS = 64 / MATHEMATICS_LANES }; /* no tile is larger */

/* x in every lane. */
MATHEMATICS_INLINE mathematics_vec mathematics_splat(float x)
{
#if MATHEMATICS_LANES > 1
    return x - (mathematics_vec){0};
#else
    return x;
#endif
}

MATHEMATICS_INLINE void mathematics_begin_with_zero(int pixels, int width, mathematics_vec (*sum)[MATHEMATICS_VECS])
{
    MATHEMATICS_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        MATHEMATICS_UNROLL
        for (int v = 0; v * MATHEMATICS_LANES < width; ++v)
            sum[pixel][v] = mathematics_splat(0.0f);
    }
}

/* A vector from anywhere. */
MATHEMATICS_INLINE mathematics_vec mathematics_load_vec(const float *from)
{
    return *(const mathematics_loose *)from;
}

/* A vector of 16 lanes whose first half is that one; nobody asks for the other one. */
MATHEMATICS_INLINE mathematics_vec mathematics_of_part(mathematics_part v)
{
#if MATHEMATICS_LANES == 16
    return (mathematics_vec)_mm512_castps256_ps512((__m256)v);
#else
    return v;
#endif
}

/* The first half of a vector of 16 lanes. */
MATHEMATICS_INLINE mathematics_part mathematics_first_part(mathematics_vec v)
{
#if MATHEMATICS_LANES == 16
    return (mathematics_part)_mm512_castps512_ps256((__m512)v);
#else
    return v;
#endif
}

/* The tile: sum[pixel][unit] += sum over k of x[pixel][k] * w[k][unit], all sums in registers.
 * `across` pixels lie x_column apart in a row, rows x_row apart, and x's elements step apart. w is a panel of
 * `panel` units side by side, of which `width` are taken. Inlined with constants, the loops but the one over k
 * unroll, and the sums never leave the registers. */
MATHEMATICS_INLINE void mathematics_multiply(int pixels, int across, int width, int depth, const float *x, int x_row, int x_column,
    int step, const float *w, int panel, mathematics_vec (*sum)[MATHEMATICS_VECS])
{
    MATHEMATICS_ROLLED
    for (int k = 0; k < depth; ++k) {
        mathematics_vec row[MATHEMATICS_VECS];
        MATHEMATICS_UNROLL
        for (int v = 0; v * MATHEMATICS_LANES < width; ++v)
            row[v] = mathematics_load_vec(w + k * panel + v * MATHEMATICS_LANES);
        MATHEMATICS_UNROLL
        for (int pixel = 0; pixel < pixels; ++pixel) {
            const float element = x[pixel / across * x_row + pixel % across * x_column + k * step];
            MATHEMATICS_UNROLL
            for (int v = 0; v < width / MATHEMATICS_LANES; ++v)
                sum[pixel][v] += element * row[v];
            if (width % MATHEMATICS_LANES) /* units in half of one more */
                sum[pixel][width / MATHEMATICS_LANES] = mathematics_of_part(mathematics_first_part(sum[pixel][width / MATHEMATICS_LANES]) + element * mathematics_first_part(row[width / MATHEMATICS_LANES]));
        }
    }
}

#if MATHEMATICS_LANES == 8
/* All bits of the first n lanes. */
MATHEMATICS_INLINE __m256i mathematics_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
MATHEMATICS_INLINE void mathematics_store(float *to, mathematics_vec v, int n)
{
    if (n >= MATHEMATICS_LANES)
        *(mathematics_loose *)to = v;
#if MATHEMATICS_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const mathematics_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
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
#elif MATHEMATICS_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, mathematics_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        MATHEMATICS_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if MATHEMATICS_LANES > 1
    else {
        MATHEMATICS_UNROLL
        for (int i = 0; i < MATHEMATICS_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* n floats, and zeros in the lanes beyond them. */
MATHEMATICS_INLINE mathematics_vec mathematics_load_some(const float *from, int n)
{
    if (n >= MATHEMATICS_LANES)
        return *(const mathematics_loose *)from;
    if (n <= 0)
        return mathematics_splat(0.0f);
#if MATHEMATICS_LANES == 16
    return (mathematics_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif MATHEMATICS_LANES == 8
    return (mathematics_vec)_mm256_maskload_ps(from, mathematics_mask(n));
#elif MATHEMATICS_LANES > 1
    mathematics_vec v = mathematics_splat(0.0f);
    for (int i = 0; i < MATHEMATICS_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* transpose: keras.ops.transpose
 * y[a,c,b] = x[a,b,c]
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_transpose(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i)
        for (int j = 0; j < 5; ++j) {
            y[i * 5 + j] = x[i + j * 5];
        }
}

/* sort: keras.ops.sort
 * y = x along the last axis, smallest first
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_sort(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 5; ++row) {
        const float *const line = x + row * 5;
        float *const out = y + row * 5;
        for (int i = 0; i < 5; ++i) {
            int place = i; /* move what comes later up, and put this one before it */
            for (; place > 0 && mathematics_comes_first(line[i], out[place - 1]); --place)
                out[place] = out[place - 1];
            out[place] = line[i];
        }
    }
}

/* matmul: keras.ops.matmul
 * y = x in panels of 16 units, term after term, as the tile below reads it
 * x (5, 5) -> y (80)
 */
static void mathematics_matmul_repack(const float *restrict x, float *restrict y)
{
    float *to = y;
    {
        const int first = 0;
        for (int k0 = 0; k0 < 5; ++k0) {
            for (int u = 0; u < 16; ++u)
                *to++ = u < 5 ? x[k0 + (first + u) * 5] : 0.0f;
        }
    }
}

/* (5, 5) */
static const float mathematics_constant[25] MATHEMATICS_ALIGNED = {
    1.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 1.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 1.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 1.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 1.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
MATHEMATICS_INLINE void mathematics_matmul_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, const float *also0, float *y)
{
    mathematics_vec sum[MATHEMATICS_PIXELS][MATHEMATICS_VECS];
    mathematics_begin_with_zero(pixels, width, sum);
    mathematics_multiply(pixels, across, width, 5, x, 0, 5, 1, w, panel, sum);
    MATHEMATICS_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 5;
        MATHEMATICS_UNROLL
        for (int u = 0; u < width; u += MATHEMATICS_LANES) {
            const mathematics_vec s = sum[pixel][u / MATHEMATICS_LANES];
            mathematics_store(y + at + u, s + mathematics_load_some(also0 + at + u, count - u), count - u);
        }
    }
}

/* All pixels of a panel of units. */
MATHEMATICS_INLINE void mathematics_matmul_panel(int width, int count, int panel, const float *x, const float *w, const float *also0, float *y)
{
    enum { COLUMNS = MATHEMATICS_PICK(5, 5, 5, 2) }; /* pixels in a tile */
    for (int column = 0; column < 5; column += COLUMNS) {
        const int from = column * 5;
        const int to = column * 5;
        if (column + COLUMNS <= 5)
            mathematics_matmul_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, also0 + to, y + to);
        else
            mathematics_matmul_tile(5 % COLUMNS, 5 % COLUMNS, width, count, panel, x + from, w, also0 + to, y + to);
    }
}

/* matmul: keras.ops.matmul; then add: keras.ops.add
 * y[i,j,k] = sum over p of a[i,j,p] * b[i,k,p]
 * then y = y + mathematics_constant
 * x (5, 5), kernel (80) -> y (5, 5)
 * mathematics_constant (5, 5): element [i][j] is number i * 5 + j
 */
static void mathematics_matmul(const float *restrict x, const float *restrict kernel, float *restrict y)
{
    const float *const also0 = mathematics_constant;
    {
        const int u = 0; /* all, in no more lanes than they need */
        mathematics_matmul_panel(MATHEMATICS_COVER(5, MATHEMATICS_PART), 5, 16, x, kernel + u, also0 + u, y + u);
    }
}

/* (3) */
static const float mathematics_constant_1[3] MATHEMATICS_ALIGNED = {
    -1.0f, 0.0f, 1.0f,
};

/* digitize: keras.ops.digitize
 * y = number of edges <= x
 * x (5, 5) float -> y (5, 5)
 * mathematics_constant_1 (3) float
 */
static void mathematics_digitize(const float *restrict x, int32_t *restrict y)
{
    for (int i = 0; i < 25; ++i) {
        int low = 0, high = 3; /* the answer lies between them */
        while (low < high) {
            const int middle = (low + high) / 2;
            if (x[i] < mathematics_constant_1[middle])
                high = middle;
            else
                low = middle + 1;
        }
        y[i] = low;
    }
}

/* cholesky: keras.ops.cholesky
 * y[i][j] = (x[i][j] - sum over k < j of y[i][k] * y[j][k]) / y[j][j], for i > j; on the diagonal the square root
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_cholesky(const float *x, float *y)
{
    for (int matrix = 0; matrix < 1; ++matrix) {
        const float *const a = x + matrix * 25;
        float *const l = y + matrix * 25;
        for (int i = 0; i < 5; ++i) {
            for (int j = 0; j <= i; ++j) {
                double sum = (double)a[i * 5 + j];
                for (int k = 0; k < j; ++k)
                    sum -= (double)l[i * 5 + k] * (double)l[j * 5 + k];
                if (i == j)
                    l[i * 5 + j] = (float)(sum > 0.0 ? sqrt(sum) : NAN);
                else
                    l[i * 5 + j] = (float)(sum / (double)l[j * 5 + j]);
            }
            for (int j = i + 1; j < 5; ++j)
                l[i * 5 + j] = 0.0f;
        }
    }
}

/* get_item: keras.ops.get_item
 * y[a,b,c] = x[a,b,c]
 * x (5, 5) -> y (5, 1)
 */
static void mathematics_get_item_slice(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x[i * 5];
    }
}

/* segment_sum: keras.ops.segment_sum
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_segment_sum_elementwise(const int32_t *x, int32_t *y)
{
    for (int i = 0; i < 25; ++i) {
        y[i] = (x[i] < 0) ? 4 : ((x[i] < 4) ? x[i] : 5);
    }
}

/* (1, 5) */
static const int32_t mathematics_constant_2[5] MATHEMATICS_ALIGNED = {
    0, 0, 0, 0, 0,
};

/* (1, 25) computed when exporting: segment_sum/reshape: int32[1, 25] = reshape(ones_like/broadcast; shape=(1, 25), batch=None) */
static const int32_t mathematics_segment_sum_reshape_1[25] MATHEMATICS_ALIGNED = {
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
    1,
};

/* segment_sum: keras.ops.segment_sum
 * y = x, then y[indices[n]] = add(y[indices[n]], updates[n]) for each n
 * indices (25, 1) -> y (5)
 * mathematics_constant_2 (1, 5): element [i][j] is number i * 5 + j
 * mathematics_segment_sum_reshape_1 (1, 25): element [i][j] is number i * 25 + j
 */
static int mathematics_segment_sum(const int32_t *restrict indices, int32_t *restrict y)
{
    for (int i = 0; i < 5; ++i)
        y[i] = mathematics_constant_2[i];
    for (int n = 0; n < 25; ++n) {
        const int64_t i0 = (int64_t)indices[n];
        if (i0 < 0 || i0 >= 5)
            return MATHEMATICS_ERROR_INDEX;
        int32_t *const to = y + i0;
        *to = (int32_t)((uint32_t)(*to) + (uint32_t)(mathematics_segment_sum_reshape_1[n]));
    }
    return 0;
}

/* solve: keras.ops.solve
 * L @ U = x with its rows in another order; y = L and U in one, and that order
 * x (5, 5) -> y (30)
 */
static void mathematics_solve_lu(const float *restrict x, float *restrict y)
{
    for (int matrix = 0; matrix < 1; ++matrix) {
        const float *const a = x + matrix * 25;
        float *const out = y + matrix * 30;
        float *const order = out + 25;
        for (int i = 0; i < 25; ++i)
            out[i] = a[i];
        for (int i = 0; i < 5; ++i)
            order[i] = (float)i;
        for (int j = 0; j < 5; ++j) {
            int pivot = j;
            for (int i = 0; i < 5; ++i) {
                double sum = (double)out[i * 5 + j];
                for (int k = 0; k < (i < j ? i : j); ++k)
                    sum -= (double)out[i * 5 + k] * (double)out[k * 5 + j];
                out[i * 5 + j] = (float)sum;
                if (i > j && fabsf(out[i * 5 + j]) > fabsf(out[pivot * 5 + j]))
                    pivot = i;
            }
            if (pivot != j) { /* exchange the rows */
                for (int k = 0; k < 5; ++k) {
                    const float kept = out[j * 5 + k];
                    out[j * 5 + k] = out[pivot * 5 + k];
                    out[pivot * 5 + k] = kept;
                }
                const float kept = order[j];
                order[j] = order[pivot];
                order[pivot] = kept;
            }
            for (int i = j + 1; i < 5; ++i)
                out[i * 5 + j] /= out[j * 5 + j];
        }
    }
}

/* solve: keras.ops.solve
 * x (5) float -> y (5)
 */
static void mathematics_solve_elementwise(const float *x, int32_t *y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = mathematics_to_int32(x[i]);
    }
}

/* solve: keras.ops.solve
 * y[..., n, ...] = x[..., indices[..., n, ...], ...], along axis 1
 * x (5, 1), indices (5, 1) int32_t -> y (5, 1)
 */
static int mathematics_solve_gather_elements(const float *restrict x, const int32_t *restrict indices, float *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        int64_t place = (int64_t)indices[i];
        if (place < 0)
            place += 5;
        if (place < 0 || place >= 5)
            return MATHEMATICS_ERROR_INDEX;
        y[i] = x[place];
    }
    return 0;
}

/* solve: keras.ops.solve
 * y[i][j] = (b[i][j] - sum over k < i of a[i][k] * y[k][j])
 * a (5, 5), b (5, 1) -> y (5, 1)
 */
static void mathematics_solve_solve_triangular(const float *restrict a, const float *b, float *y)
{
    for (int matrix = 0; matrix < 1; ++matrix) {
        const float *const t = a + matrix * 25;
        const float *const in = b + matrix * 5;
        float *const out = y + matrix * 5;
        for (int i = 0; i < 5; ++i)
            for (int j = 0; j < 1; ++j) {
                double sum = (double)in[i + j];
                for (int k = 0; k < i; ++k)
                    sum -= (double)t[i * 5 + k] * (double)out[k + j];
                out[i + j] = (float)(sum);
            }
    }
}

/* solve: keras.ops.solve
 * y[i][j] = (b[i][j] - sum over k > i of a[i][k] * y[k][j]) / a[i][i]
 * a (5, 5), b (5, 1) -> y (5, 1)
 */
static void mathematics_solve(const float *restrict a, const float *b, float *y)
{
    for (int matrix = 0; matrix < 1; ++matrix) {
        const float *const t = a + matrix * 25;
        const float *const in = b + matrix * 5;
        float *const out = y + matrix * 5;
        for (int i = 4; i >= 0; --i)
            for (int j = 0; j < 1; ++j) {
                double sum = (double)in[i + j];
                for (int k = i + 1; k < 5; ++k)
                    sum -= (double)t[i * 5 + k] * (double)out[k + j];
                out[i + j] = (float)(sum / (double)t[i * 5 + i]);
            }
    }
}

/* get_item: keras.ops.get_item
 * y[a,b,c] = x[a,b,c]
 * x (5, 5) -> y (5, 1)
 */
static void mathematics_get_item(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x[i * 5];
    }
}

/* sum: keras.ops.sum
 * y = sum of x over axes (1,)
 * x (4) -> y (1)
 */
static void mathematics_sum_1(const int32_t *restrict x, int32_t *restrict y)
{
    uint64_t total = 0;
    for (int p = 0; p < 4; ++p) {
        total += (uint64_t)x[p];
    }
    y[0] = (int32_t)total;
}

/* (5, 2) */
static const float mathematics_constant_3[10] MATHEMATICS_ALIGNED = {
    1.0f, -0.0f,
    0.309017f, -0.95105654f,
    -0.809017f, -0.58778524f,
    -0.809017f, 0.58778524f,
    0.309017f, 0.95105654f,
};

/* rfft: keras.ops.rfft
 * y[k] = sum over j of x[j] * exp(-2 pi i * j * k / 5)
 * x (5, 5) -> y (5, 5, 2)
 * mathematics_constant_3 (5, 2): element [i][j] is number i * 2 + j
 */
static void mathematics_rfft_fft(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 5; ++row) {
        const float *const re = x + row * 5;
        float *const out = y + row * 10;
        for (int k = 0; k < 5; ++k) {
            double real = 0.0, imaginary = 0.0;
            for (int j = 0, turn = 0; j < 5; ++j, turn = (turn + k) % 5) {
                const double c = (double)mathematics_constant_3[turn * 2], s = (double)mathematics_constant_3[turn * 2 + 1];
                real += (double)re[j] * c;
                imaginary += (double)re[j] * s;
            }
            out[k * 2] = (float)real;
            out[k * 2 + 1] = (float)imaginary;
        }
    }
}

/* rfft: keras.ops.rfft
 * y[a,b,c,d] = x[a,b,c,d]
 * x (5, 5, 2) -> y (5, 5, 1)
 */
static void mathematics_rfft_slice(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 25; ++i) {
        y[i] = x[i * 2];
    }
}

/* rfft: keras.ops.rfft
 * y[a,b,c] = x[a,b,c]
 * x (5, 5) -> y (5, 3)
 */
static void mathematics_rfft(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i)
        for (int j = 0; j < 3; ++j) {
            y[i * 3 + j] = x[i * 5 + j];
        }
}

/* mathematics_add_1 of as many elements as a vector has */
MATHEMATICS_INLINE mathematics_vec mathematics_add_1_of(mathematics_vec a, mathematics_vec b)
{
    return a + b;
}

/* add: keras.ops.add
 * x0 (5, 1), x1 (5, 1) -> y (5, 1)
 */
static void mathematics_add_1(const float *x0, const float *x1, float *y)
{
    int u = 0;
    for (; u + MATHEMATICS_LANES <= 5; u += MATHEMATICS_LANES)
        mathematics_store(y + u, mathematics_add_1_of(mathematics_load_vec(x0 + u), mathematics_load_vec(x1 + u)), MATHEMATICS_LANES);
    if (u < 5)
        mathematics_store(y + u, mathematics_add_1_of(mathematics_load_some(x0 + u, 5 - u), mathematics_load_some(x1 + u, 5 - u)), 5 - u);
}

/* floor_divide: keras.ops.floor_divide
 * y = x; an error where x == 0
 * x (1) -> y (1)
 */
static int mathematics_floor_divide_required(const int32_t *x, int32_t *y)
{
    if (x[0] == 0)
        return MATHEMATICS_ERROR_VALUE;
    y[0] = x[0];
    return 0;
}

/* multiply: keras.ops.multiply; then floor_divide: keras.ops.floor_divide
 * x0 (1), x1 (4) -> y (4)
 */
static void mathematics_floor_divide_1(const int32_t *restrict x0, const int32_t *x1, int32_t *y)
{
    for (int i = 0; i < 4; ++i) {
        y[i] = mathematics_floor_divide_int32((int32_t)((uint32_t)(x1[i]) * (uint32_t)(100)), x0[0]);
    }
}

/* median: keras.ops.median
 * y = x along the last axis, smallest first
 * x (5, 5) -> y (5, 5)
 */
static void mathematics_median_values(const float *restrict x, float *restrict y)
{
    for (int row = 0; row < 5; ++row) {
        const float *const line = x + row * 5;
        float *const out = y + row * 5;
        for (int i = 0; i < 5; ++i) {
            int place = i; /* move what comes later up, and put this one before it */
            for (; place > 0 && mathematics_comes_first(line[i], out[place - 1]); --place)
                out[place] = out[place - 1];
            out[place] = line[i];
        }
    }
}

/* median: keras.ops.median
 * y[a,b,c] = x[a,b,2+c]
 * x (5, 5) -> y (5, 1)
 */
static void mathematics_median_slice(const float *restrict x, float *restrict y)
{
    const float *const first = x + 2;
    for (int i = 0; i < 5; ++i) {
        y[i] = first[i * 5];
    }
}

/* mathematics_median_elementwise of as many elements as a vector has */
MATHEMATICS_INLINE mathematics_vec mathematics_median_elementwise_of(mathematics_vec a)
{
    return a * 1.0f;
}

/* median: keras.ops.median
 * x (5, 1) -> y (5, 1)
 */
static void mathematics_median_elementwise(const float *x, float *y)
{
    int u = 0;
    for (; u + MATHEMATICS_LANES <= 5; u += MATHEMATICS_LANES)
        mathematics_store(y + u, mathematics_median_elementwise_of(mathematics_load_vec(x + u)), MATHEMATICS_LANES);
    if (u < 5)
        mathematics_store(y + u, mathematics_median_elementwise_of(mathematics_load_some(x + u, 5 - u)), 5 - u);
}

/* median: keras.ops.median
 * y[a,b,c] = x[a,b,1+c]
 * x (5, 5) -> y (5, 1)
 */
static void mathematics_median_slice_1(const float *restrict x, float *restrict y)
{
    const float *const first = x + 1;
    for (int i = 0; i < 5; ++i) {
        y[i] = first[i * 5];
    }
}

/* mathematics_median_elementwise_1 of as many elements as a vector has */
MATHEMATICS_INLINE mathematics_vec mathematics_median_elementwise_1_of(mathematics_vec a)
{
    return a * 0.0f;
}

/* median: keras.ops.median
 * x (5, 1) -> y (5, 1)
 */
static void mathematics_median_elementwise_1(const float *x, float *y)
{
    int u = 0;
    for (; u + MATHEMATICS_LANES <= 5; u += MATHEMATICS_LANES)
        mathematics_store(y + u, mathematics_median_elementwise_1_of(mathematics_load_vec(x + u)), MATHEMATICS_LANES);
    if (u < 5)
        mathematics_store(y + u, mathematics_median_elementwise_1_of(mathematics_load_some(x + u, 5 - u)), 5 - u);
}

/* median: keras.ops.median
 * x (5, 5) float -> y (5, 5)
 */
static void mathematics_median_elementwise_2(const float *restrict x, bool *restrict y)
{
    for (int i = 0; i < 25; ++i) {
        y[i] = isnan(x[i]);
    }
}

/* median: keras.ops.median
 * y = any of x over axes (2,)
 * x (5, 5) -> y (5)
 */
static void mathematics_median_any(const bool *restrict x, bool *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        bool found = false;
        for (int p = 0; p < 5; ++p) {
            found = found || x[i * 5 + p];
        }
        y[i] = found;
    }
}

/* median: keras.ops.median
 * x0 (5) bool, x1 (5), x2 (5) -> y (5)
 */
static void mathematics_median(const bool *restrict x0, const float *x1, const float *x2, float *y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x0[i] ? NAN : (x1[i] + x2[i]);
    }
}

int mathematics_run(mathematics_workspace *w, const float *x, float *median, int32_t *floor_divide, float *add_1_out, float *rfft_out)
{
    if (!w || !x || !median || !floor_divide || !add_1_out || !rfft_out)
        return MATHEMATICS_ERROR_NULL;
    float *const transpose = w->arena.float32s + 80; /* (5, 5) */
    float *const sort_values = w->arena.float32s + 105; /* (5, 5) */
    float *const add_packed = w->arena.float32s; /* (80) */
    float *const add = w->arena.float32s + 130; /* (5, 5) */
    int32_t *const digitize_search_sorted = w->arena.int32s; /* (5, 5) */
    float *const cholesky = w->arena.float32s + 130; /* (5, 5) */
    float *const get_item_slice = w->arena.float32s + 30; /* (5, 1) */
    int32_t *const segment_sum_where = w->arena.int32s; /* (5, 5) */
    int32_t *const segment_sum_reshape = w->arena.int32s; /* (25, 1) */
    int32_t *const segment_sum_add = w->arena.int32s + 75; /* (5) */
    int32_t *const segment_sum_slice = w->arena.int32s + 75; /* (4) */
    float *const solve_lu = w->arena.float32s; /* (30) */
    float *const solve_reshape = w->arena.float32s; /* (5, 5) */
    float *const solve_slice_1 = w->arena.float32s + 25; /* (5) */
    int32_t *const solve_cast = w->arena.int32s + 35; /* (5) */
    int32_t *const solve_cast_1 = w->arena.int32s + 35; /* (5, 1) */
    float *const solve_gather_elements = w->arena.float32s + 105; /* (5, 1) */
    float *const solve_solve_triangular = w->arena.float32s + 105; /* (5, 1) */
    float *const solve_solve_triangular_1 = w->arena.float32s + 105; /* (5, 1) */
    float *const get_item_slice_1 = w->arena.float32s + 110; /* (5, 1) */
    int32_t *const sum_1 = w->arena.int32s + 115; /* (1) */
    float *const rfft_fft = w->arena.float32s; /* (5, 5, 2) */
    float *const rfft_slice = w->arena.float32s + 50; /* (5, 5, 1) */
    float *const rfft_reshape = w->arena.float32s + 50; /* (5, 5) */
    float *const rfft = w->arena.float32s + 25; /* (5, 3) */
    float *const add_1 = w->arena.float32s + 105; /* (5, 1) */
    int32_t *const floor_divide_required = w->arena.int32s + 115; /* (1) */
    float *const median_values = w->arena.float32s; /* (5, 5) */
    float *const median_slice = median; /* (5, 1) */
    float *const median_multiply = median; /* (5, 1) */
    float *const median_multiply_1 = median; /* (5) */
    float *const median_slice_1 = w->arena.float32s + 40; /* (5, 1) */
    float *const median_multiply_2 = w->arena.float32s + 40; /* (5, 1) */
    float *const median_multiply_3 = w->arena.float32s + 40; /* (5) */
    bool *const median_isnan = w->arena.bools; /* (5, 5) */
    bool *const median_any = w->arena.bools + 25; /* (5) */

    mathematics_transpose(x, transpose);
    mathematics_sort(x, sort_values);
    mathematics_matmul_repack(x, add_packed);
    mathematics_matmul(x, add_packed, add);
    mathematics_digitize(sort_values, digitize_search_sorted);
    mathematics_cholesky(add, cholesky);
    mathematics_get_item_slice(x, get_item_slice);
    mathematics_segment_sum_elementwise(digitize_search_sorted, segment_sum_where);
    if (mathematics_segment_sum(segment_sum_reshape, segment_sum_add) != 0)
        return MATHEMATICS_ERROR_INDEX;
    mathematics_solve_lu(x, solve_lu);
    mathematics_solve_elementwise(solve_slice_1, solve_cast);
    if (mathematics_solve_gather_elements(get_item_slice, solve_cast_1, solve_gather_elements) != 0)
        return MATHEMATICS_ERROR_INDEX;
    mathematics_solve_solve_triangular(solve_reshape, solve_gather_elements, solve_solve_triangular);
    mathematics_solve(solve_reshape, solve_solve_triangular, solve_solve_triangular_1);
    mathematics_get_item(cholesky, get_item_slice_1);
    mathematics_sum_1(segment_sum_slice, sum_1);
    mathematics_rfft_fft(x, rfft_fft);
    mathematics_rfft_slice(rfft_fft, rfft_slice);
    mathematics_rfft(rfft_reshape, rfft);
    mathematics_add_1(solve_solve_triangular_1, get_item_slice_1, add_1);
    if (mathematics_floor_divide_required(sum_1, floor_divide_required) != 0)
        return MATHEMATICS_ERROR_VALUE;
    mathematics_floor_divide_1(floor_divide_required, segment_sum_slice, floor_divide);
    mathematics_median_values(transpose, median_values);
    mathematics_median_slice(median_values, median_slice);
    mathematics_median_elementwise(median_slice, median_multiply);
    mathematics_median_slice_1(median_values, median_slice_1);
    mathematics_median_elementwise_1(median_slice_1, median_multiply_2);
    mathematics_median_elementwise_2(transpose, median_isnan);
    mathematics_median_any(median_isnan, median_any);
    mathematics_median(median_any, median_multiply_1, median_multiply_3, median);
    memcpy(add_1_out, add_1, 5 * sizeof(float));
    memcpy(rfft_out, rfft, 15 * sizeof(float));
    return MATHEMATICS_OK;
}

static mathematics_workspace mathematics_own MATHEMATICS_ALIGNED;

int mathematics_predict(const float *x, float *median, int32_t *floor_divide, float *add_1_out, float *rfft_out)
{
    return mathematics_run(&mathematics_own, x, median, floor_divide, add_1_out, rfft_out);
}

int mathematics_predict_batch(size_t n, const float *x, float *median, int32_t *floor_divide, float *add_1_out, float *rfft_out)
{
    if (!x || !median || !floor_divide || !add_1_out || !rfft_out)
        return MATHEMATICS_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = mathematics_predict(x + sample * 25, median + sample * 5, floor_divide + sample * 4, add_1_out + sample * 5, rfft_out + sample * 15);
        if (error)
            return error;
    }
    return MATHEMATICS_OK;
}
