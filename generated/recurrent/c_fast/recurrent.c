/* recurrent: a Keras model in C99, exported by kgen. See recurrent.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; recurrent_run
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
#include "recurrent.h"

#include <math.h>
#include <string.h>

#if defined __LP64__ || defined _WIN64 || defined __wasm__ /* machines that compute with doubles */
/* whether |x| < limit, by their bits: quicker than fabsf, and never a call */
static inline bool recurrent_within(float x, float limit)
{
    const union { float number; uint32_t bits; } a = {x}, b = {limit};
    return b.bits > (a.bits & 0x7fffffffu);
}

/* e^x = power * (1 + rest) for |x| < 700, to 33 bits. With x = n log(2) / 32 + r, n being whole and |r| <= log(2) / 64, power is
 * 2^(n / 32), and rest e^r - 1, by a polynomial. Of n = 32 m + k the table has the bits of 2^(k / 32), less k << 47: adding
 * n << 47 takes k out again, and adds m to the exponent. */
static inline double recurrent_rest_of_power(double x, double *power)
{
    static const uint64_t powers[32] = {
        0x3ff0000000000000u, 0x3fefd9b0d3158574u, 0x3fefb5586cf9890fu, 0x3fef9301d0125b51u,
        0x3fef72b83c7d517bu, 0x3fef54873168b9aau, 0x3fef387a6e756238u, 0x3fef1e9df51fdee1u,
        0x3fef06fe0a31b715u, 0x3feef1a7373aa9cbu, 0x3feedea64c123422u, 0x3feece086061892du,
        0x3feebfdad5362a27u, 0x3feeb42b569d4f82u, 0x3feeab07dd485429u, 0x3feea47eb03a5585u,
        0x3feea09e667f3bcdu, 0x3fee9f75e8ec5f74u, 0x3feea11473eb0187u, 0x3feea589994cce13u,
        0x3feeace5422aa0dbu, 0x3feeb737b0cdc5e5u, 0x3feec49182a3f090u, 0x3feed503b23e255du,
        0x3feee89f995ad3adu, 0x3feeff76f2fb5e47u, 0x3fef199bdd85529cu, 0x3fef3720dcef9069u,
        0x3fef5818dcfba487u, 0x3fef7c97337b9b5fu, 0x3fefa4afa2a490dau, 0x3fefd0765b6e4540u,
    };
    /* x * 32 / log(2), rounded by adding 1.5 * 2^52: n is then in the lowest bits */
    union { double number; uint64_t bits; } n = {x * 46.16624130844683 + 6755399441055744.0}, scale;
    const double r = x - (n.number - 6755399441055744.0) * 0.02166084939249829;
    scale.bits = powers[n.bits & 31] + (n.bits << 47);
    *power = scale.number;
    return r + r * r * (0.16666756071829575 * r + 0.500004048842764);
}

/* tanh(x), within 0.8 units in the last place: with t = e^2|x| - 1 it is t / (t + 2) */
static inline float recurrent_tanh(float x)
{
    if (!recurrent_within(x, 10.0f)) /* 1, -1 or NaN */
        return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    double power;
    const double rest = recurrent_rest_of_power(2.0 * fabs((double)x), &power);
    return copysignf((float)((power * rest + (power - 1.0)) / (power * rest + (power + 1.0))), x);
}

/* 1 / (1 + e^-x), within 0.6 units in the last place */
static inline float recurrent_sigmoid(float x)
{
    if (!recurrent_within(x, 128.0f)) /* 0, 1 or NaN */
        return x > 0.0f ? 1.0f : x < 0.0f ? 0.0f : x;
    double power;
    const double rest = recurrent_rest_of_power(-(double)x, &power);
    return (float)(1.0 / (power * rest + (power + 1.0)));
}

#else
static inline float recurrent_tanh(float x)
{
    return tanhf(x);
}

/* 1 / (1 + e^-x), so that neither end overflows */
static inline float recurrent_sigmoid(float x)
{
    const float e = expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

#endif

/* Vectors as wide as the compiler may use (RECURRENT_NO_VECTORS: none). RECURRENT_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define RECURRENT_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined RECURRENT_VECTORS && !defined RECURRENT_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define RECURRENT_LANES 16
#define RECURRENT_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define RECURRENT_LANES 8
#define RECURRENT_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define RECURRENT_LANES 4
#define RECURRENT_PICK(avx512, avx, neon, other) neon
#else
#define RECURRENT_LANES 4
#define RECURRENT_PICK(avx512, avx, neon, other) other
#endif
#if RECURRENT_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float recurrent_vec __attribute__((vector_size(RECURRENT_LANES * 4)));
typedef float recurrent_loose __attribute__((vector_size(RECURRENT_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t recurrent_ivec __attribute__((vector_size(RECURRENT_LANES * 4)));
#else
#define RECURRENT_LANES 1
#define RECURRENT_PICK(avx512, avx, neon, other) other
typedef float recurrent_vec, recurrent_loose;
typedef int32_t recurrent_ivec;
#endif
#if defined __GNUC__
#define RECURRENT_INLINE static inline __attribute__((always_inline, unused))
#define RECURRENT_APART __attribute__((noinline, unused))
#define RECURRENT_ALIGNED __attribute__((aligned(64)))
#else
#define RECURRENT_INLINE static inline
#define RECURRENT_APART
#define RECURRENT_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define RECURRENT_UNROLL _Pragma("clang loop unroll(full)")
#define RECURRENT_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define RECURRENT_UNROLL _Pragma("GCC unroll 64")
#define RECURRENT_ROLLED
#else
#define RECURRENT_UNROLL
#define RECURRENT_ROLLED
#endif
#if RECURRENT_LANES == 16
#define RECURRENT_PART 8
typedef float recurrent_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define RECURRENT_PART RECURRENT_LANES
typedef recurrent_vec recurrent_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define RECURRENT_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define RECURRENT_LEFT(n, i) ((n) % RECURRENT_LANES ? (n) - (i) : RECURRENT_LANES)
enum { RECURRENT_PIXELS = 30, RECURRENT_VECS = 64 / RECURRENT_LANES }; /* no tile is larger */

/* x in every lane. */
RECURRENT_INLINE recurrent_vec recurrent_splat(float x)
{
#if RECURRENT_LANES > 1
    return x - (recurrent_vec){0};
#else
    return x;
#endif
}

RECURRENT_INLINE void recurrent_begin_with_zero(int pixels, int width, recurrent_vec (*sum)[RECURRENT_VECS])
{
    RECURRENT_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        RECURRENT_UNROLL
        for (int v = 0; v * RECURRENT_LANES < width; ++v)
            sum[pixel][v] = recurrent_splat(0.0f);
    }
}

/* A vector from anywhere. */
RECURRENT_INLINE recurrent_vec recurrent_load_vec(const float *from)
{
    return *(const recurrent_loose *)from;
}

/* A vector of 16 lanes whose first half is that one; nobody asks for the other one. */
RECURRENT_INLINE recurrent_vec recurrent_of_part(recurrent_part v)
{
#if RECURRENT_LANES == 16
    return (recurrent_vec)_mm512_castps256_ps512((__m256)v);
#else
    return v;
#endif
}

/* The first half of a vector of 16 lanes. */
RECURRENT_INLINE recurrent_part recurrent_first_part(recurrent_vec v)
{
#if RECURRENT_LANES == 16
    return (recurrent_part)_mm512_castps512_ps256((__m512)v);
#else
    return v;
#endif
}

/* The tile: sum[pixel][unit] += sum over k of x[pixel][k] * w[k][unit], all sums in registers.
 * `across` pixels lie x_column apart in a row, rows x_row apart, and x's elements step apart. w is a panel of
 * `panel` units side by side, of which `width` are taken. Inlined with constants, the loops but the one over k
 * unroll, and the sums never leave the registers. */
RECURRENT_INLINE void recurrent_multiply(int pixels, int across, int width, int depth, const float *x, int x_row, int x_column,
    int step, const float *w, int panel, recurrent_vec (*sum)[RECURRENT_VECS])
{
    RECURRENT_ROLLED
    for (int k = 0; k < depth; ++k) {
        recurrent_vec row[RECURRENT_VECS];
        RECURRENT_UNROLL
        for (int v = 0; v * RECURRENT_LANES < width; ++v)
            row[v] = recurrent_load_vec(w + k * panel + v * RECURRENT_LANES);
        RECURRENT_UNROLL
        for (int pixel = 0; pixel < pixels; ++pixel) {
            const float element = x[pixel / across * x_row + pixel % across * x_column + k * step];
            RECURRENT_UNROLL
            for (int v = 0; v < width / RECURRENT_LANES; ++v)
                sum[pixel][v] += element * row[v];
            if (width % RECURRENT_LANES) /* units in half of one more */
                sum[pixel][width / RECURRENT_LANES] = recurrent_of_part(recurrent_first_part(sum[pixel][width / RECURRENT_LANES]) + element * recurrent_first_part(row[width / RECURRENT_LANES]));
        }
    }
}

#if RECURRENT_LANES == 8
/* All bits of the first n lanes. */
RECURRENT_INLINE __m256i recurrent_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* The first n lanes of a vector to anywhere. Where n is known when compiling there is no mask: what a masked store wrote can't
 * be read again before it has reached the cache. */
RECURRENT_INLINE void recurrent_store(float *to, recurrent_vec v, int n)
{
    if (n >= RECURRENT_LANES)
        *(recurrent_loose *)to = v;
#if RECURRENT_LANES == 16
    else if (n > 0 && !__builtin_constant_p(n))
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1u), (__m512)v);
    else if (n >= 4) { /* halves, or quarters, that overlap */
        const recurrent_ivec lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
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
#elif RECURRENT_LANES == 8
    else if (n > 0 && !__builtin_constant_p(n))
        _mm256_maskstore_ps(to, recurrent_mask(n), (__m256)v);
    else if (n >= 4) {
        _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)v));
        RECURRENT_UNROLL
        for (int i = 4; i < n; ++i)
            to[i] = v[i];
    }
#endif
#if RECURRENT_LANES > 1
    else {
        RECURRENT_UNROLL
        for (int i = 0; i < RECURRENT_LANES && i < 4; ++i)
            if (i < n)
                to[i] = v[i];
    }
#else
    else if (n > 0)
        *to = v;
#endif
}

/* Every pixel's sums begin with the bias. */
RECURRENT_INLINE void recurrent_begin(int pixels, int width, const float *bias, recurrent_vec (*sum)[RECURRENT_VECS])
{
    RECURRENT_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        RECURRENT_UNROLL
        for (int v = 0; v * RECURRENT_LANES < width; ++v)
            sum[pixel][v] = recurrent_load_vec(bias + v * RECURRENT_LANES);
    }
}

/* (32) lstm/kernel: get_weights()[0] of lstm; input, forget, cell, output: 3 of each; term k of unit u is number k * 16 + u; zeros beyond unit 11 */
static const float recurrent_lstm_kernel[32] RECURRENT_ALIGNED = {
    -0.46875f, 0.109375f, -0.265625f, 0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f,
    0.34375f, -0.03125f, -0.40625f, 0.171875f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.203125f, 0.375f, 0.0f, -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f,
    -0.34375f, 0.234375f, -0.140625f, 0.4375f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
RECURRENT_INLINE void recurrent_lstm_x_gates_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, float *y)
{
    recurrent_vec sum[RECURRENT_PIXELS][RECURRENT_VECS];
    recurrent_begin_with_zero(pixels, width, sum);
    recurrent_multiply(pixels, across, width, 2, x, 0, 2, 1, w, panel, sum);
    RECURRENT_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 12;
        RECURRENT_UNROLL
        for (int u = 0; u < width; u += RECURRENT_LANES) {
            const recurrent_vec s = sum[pixel][u / RECURRENT_LANES];
            recurrent_store(y + at + u, s, count - u);
        }
    }
}

/* All pixels of a panel of units. */
RECURRENT_INLINE void recurrent_lstm_x_gates_panel(int width, int count, int panel, const float *x, const float *w, float *y)
{
    enum { COLUMNS = RECURRENT_PICK(4, 4, 4, 2) }; /* pixels in a tile */
    for (int column = 0; column < 4; column += COLUMNS) {
        const int from = column * 2;
        const int to = column * 12;
        if (column + COLUMNS <= 4)
            recurrent_lstm_x_gates_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, y + to);
        else
            recurrent_lstm_x_gates_tile(4 % COLUMNS, 4 % COLUMNS, width, count, panel, x + from, w, y + to);
    }
}

/* lstm: LSTM(units=3, return_sequences=True)
 * y[u] = sum over i of x[i] * kernel[i][u]
 * x (4, 2) -> y (4, 12)
 * recurrent_lstm_kernel (32)
 */
static void recurrent_lstm_x_gates(const float *restrict x, float *restrict y)
{
    {
        const int u = 0; /* all, in no more lanes than they need */
        recurrent_lstm_x_gates_panel(RECURRENT_COVER(12, RECURRENT_PART), 12, 16, x, recurrent_lstm_kernel + u, y + u);
    }
}

/* (3, 12) lstm/recurrent_kernel: get_weights()[1] of lstm; input, forget, cell, output: 3 of each */
static const float recurrent_lstm_recurrent_kernel[36] RECURRENT_ALIGNED = {
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f,
    -0.03125f, -0.40625f, 0.171875f, -0.203125f, 0.375f, 0.0f, -0.375f, 0.203125f, -0.171875f, 0.40625f, 0.03125f, -0.34375f,
    0.234375f, -0.140625f, 0.4375f, 0.0625f, -0.3125f, 0.265625f, -0.109375f, 0.46875f, 0.09375f, -0.28125f, 0.296875f, -0.078125f,
};

/* (12) lstm/bias: get_weights()[2] of lstm; input, forget, cell, output: 3 of each */
static const float recurrent_lstm_bias[12] RECURRENT_ALIGNED = {
    -0.125f, 0.453125f, 0.078125f, -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f,
    -0.265625f, 0.3125f, -0.0625f, -0.4375f,
};

/* lstm: LSTM(units=3, return_sequences=True), in each step
 * y[u] = sum over i of x[i] * kernel[i][u]
 * then y = (x_gates + y) + recurrent_lstm_bias
 * h (3), x_gates (12) -> y (12)
 * recurrent_lstm_recurrent_kernel (3, 12): element [i][j] is number i * 12 + j
 * recurrent_lstm_bias (12)
 */
static inline void recurrent_lstm_gates(const float *restrict h, const float *x_gates, float *y)
{
    for (int u = 0; u < 12; ++u) {
        float sum = 0.0f;
        for (int i = 0; i < 3; ++i)
            sum += h[i] * recurrent_lstm_recurrent_kernel[i * 12 + u];
        y[u] = (x_gates[u] + sum) + recurrent_lstm_bias[u];
    }
}

/* lstm: LSTM(units=3, return_sequences=True), in each step
 * c (3), forget (3), input (3), cell (3) -> y (3)
 */
static void recurrent_lstm_c(const float *c, const float *forget, const float *input, const float *cell, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = recurrent_sigmoid(forget[i]) * c[i] + recurrent_sigmoid(input[i]) * recurrent_tanh(cell[i]);
    }
}

/* lstm: LSTM(units=3, return_sequences=True), in each step
 * output (3), c (3) -> y (3)
 */
static void recurrent_lstm_h(const float *output, const float *c, float *y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = recurrent_sigmoid(output[i]) * recurrent_tanh(c[i]);
    }
}

/* lstm: LSTM(units=3, return_sequences=True)
 * 4 steps along axis 1; before the first: h = 0, c = 0
 * lstm_x_gates (4, 12) -> lstm (4, 3)
 */
static void recurrent_lstm(recurrent_workspace *w, const float *restrict lstm_x_gates, float *restrict lstm)
{
    float *const lstm_h = w->arena + 60; /* (3) */
    float *const lstm_c = w->arena + 63; /* (3) */
    float *const lstm_gates = w->arena + 48; /* (12) */
    float *const lstm_input = w->arena + 48; /* (3) */
    float *const lstm_forget = w->arena + 51; /* (3) */
    float *const lstm_cell = w->arena + 54; /* (3) */
    float *const lstm_output = w->arena + 57; /* (3) */

    memset(lstm_h, 0, 3 * sizeof(float));
    memset(lstm_c, 0, 3 * sizeof(float));
    for (int t = 0; t < 4; ++t) {
        const float *const lstm_x_gates_t = lstm_x_gates + t * 12; /* (12) */
        recurrent_lstm_gates(lstm_h, lstm_x_gates_t, lstm_gates);
        recurrent_lstm_c(lstm_c, lstm_forget, lstm_input, lstm_cell, lstm_c);
        recurrent_lstm_h(lstm_output, lstm_c, lstm_h);
        memcpy(lstm + t * 3, lstm_h, 3 * sizeof(float));
    }
}

/* (48) gru/kernel: get_weights()[0] of gru; update, reset, candidate: 2 of each; term k of unit u is number k * 16 + u; zeros beyond unit 5 */
static const float recurrent_gru_kernel[48] RECURRENT_ALIGNED = {
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    -0.296875f, 0.28125f, -0.09375f, -0.46875f, 0.109375f, -0.265625f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.3125f, -0.0625f, -0.4375f, 0.140625f, -0.234375f, 0.34375f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (16) gru/bias: get_weights()[2][0] of gru; update, reset, candidate: 2 of each; zeros beyond unit 5 */
static const float recurrent_gru_bias_x[16] RECURRENT_ALIGNED = {
    0.390625f, 0.015625f, -0.359375f, 0.21875f, -0.15625f, 0.421875f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* One tile: `pixels` pixels, `across` of them in a row, of `count` units; with padding, `width`. */
RECURRENT_INLINE void recurrent_gru_x_gates_tile(int pixels, int across, int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    recurrent_vec sum[RECURRENT_PIXELS][RECURRENT_VECS];
    recurrent_begin(pixels, width, bias, sum);
    recurrent_multiply(pixels, across, width, 3, x, 0, 3, 1, w, panel, sum);
    RECURRENT_UNROLL
    for (int pixel = 0; pixel < pixels; ++pixel) {
        const int at = pixel * 6;
        RECURRENT_UNROLL
        for (int u = 0; u < width; u += RECURRENT_LANES) {
            const recurrent_vec s = sum[pixel][u / RECURRENT_LANES];
            recurrent_store(y + at + u, s, count - u);
        }
    }
}

/* All pixels of a panel of units. */
RECURRENT_INLINE void recurrent_gru_x_gates_panel(int width, int count, int panel, const float *x, const float *w, const float *bias, float *y)
{
    enum { COLUMNS = RECURRENT_PICK(4, 4, 4, 2) }; /* pixels in a tile */
    for (int column = 0; column < 4; column += COLUMNS) {
        const int from = column * 3;
        const int to = column * 6;
        if (column + COLUMNS <= 4)
            recurrent_gru_x_gates_tile(COLUMNS, COLUMNS, width, count, panel, x + from, w, bias, y + to);
        else
            recurrent_gru_x_gates_tile(4 % COLUMNS, 4 % COLUMNS, width, count, panel, x + from, w, bias, y + to);
    }
}

/* gru: GRU(units=2)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (4, 3) -> y (4, 6)
 * recurrent_gru_kernel (48)
 * recurrent_gru_bias_x (16)
 */
static void recurrent_gru_x_gates(const float *restrict x, float *restrict y)
{
    const float *const bias = recurrent_gru_bias_x;
    {
        const int u = 0; /* all, in no more lanes than they need */
        recurrent_gru_x_gates_panel(RECURRENT_COVER(6, RECURRENT_PART), 6, 16, x, recurrent_gru_kernel + u, bias + u, y + u);
    }
}

/* (2, 6) gru/recurrent_kernel: get_weights()[1] of gru; update, reset, candidate: 2 of each */
static const float recurrent_gru_recurrent_kernel[12] RECURRENT_ALIGNED = {
    0.21875f, -0.15625f, 0.421875f, 0.046875f, -0.328125f, 0.25f,
    -0.125f, 0.453125f, 0.078125f, -0.296875f, 0.28125f, -0.09375f,
};

/* (6) gru/bias: get_weights()[2][1] of gru; update, reset, candidate: 2 of each */
static const float recurrent_gru_bias_h[6] RECURRENT_ALIGNED = {
    0.046875f, -0.328125f, 0.25f, -0.125f, 0.453125f, 0.078125f,
};

/* gru: GRU(units=2), in each step
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * h (2) -> y (6)
 * recurrent_gru_recurrent_kernel (2, 6): element [i][j] is number i * 6 + j
 * recurrent_gru_bias_h (6)
 */
static inline void recurrent_gru_h_gates(const float *restrict h, float *restrict y)
{
    for (int u = 0; u < 6; ++u) {
        float sum = recurrent_gru_bias_h[u];
        for (int i = 0; i < 2; ++i)
            sum += h[i] * recurrent_gru_recurrent_kernel[i * 6 + u];
        y[u] = sum;
    }
}

/* gru: GRU(units=2), in each step
 * x_update (2), h_update (2) -> y (2)
 */
static void recurrent_gru_update(const float *x_update, const float *h_update, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = recurrent_sigmoid(x_update[i] + h_update[i]);
    }
}

/* gru: GRU(units=2), in each step
 * x_reset (2), h_reset (2) -> y (2)
 */
static void recurrent_gru_reset(const float *x_reset, const float *h_reset, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = recurrent_sigmoid(x_reset[i] + h_reset[i]);
    }
}

/* gru: GRU(units=2), in each step
 * x_candidate (2), reset (2), h_candidate (2) -> y (2)
 */
static void recurrent_gru_candidate(const float *x_candidate, const float *reset, const float *h_candidate, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = recurrent_tanh(x_candidate[i] + reset[i] * h_candidate[i]);
    }
}

/* gru: GRU(units=2), in each step
 * update (2), h (2), candidate (2) -> y (2)
 */
static void recurrent_gru_h(const float *update, const float *h, const float *candidate, float *y)
{
    for (int i = 0; i < 2; ++i) {
        y[i] = update[i] * h[i] + (1.0f - update[i]) * candidate[i];
    }
}

/* gru: GRU(units=2)
 * 4 steps along axis 1; before the first: h = 0
 * gru_x_gates (4, 6) -> gru (2)
 */
static void recurrent_gru(recurrent_workspace *w, const float *restrict gru_x_gates, float *restrict gru)
{
    float *const gru_h = gru; /* (2) */
    float *const gru_h_gates = w->arena + 24; /* (6) */
    float *const gru_h_update = w->arena + 24; /* (2) */
    float *const gru_h_reset = w->arena + 26; /* (2) */
    float *const gru_h_candidate = w->arena + 28; /* (2) */
    float *const gru_update = w->arena + 30; /* (2) */
    float *const gru_reset = w->arena + 32; /* (2) */
    float *const gru_candidate = w->arena + 32; /* (2) */

    memset(gru_h, 0, 2 * sizeof(float));
    for (int t = 0; t < 4; ++t) {
        const float *const gru_x_update = gru_x_gates + t * 6; /* (2) */
        const float *const gru_x_reset = gru_x_gates + t * 6 + 2; /* (2) */
        const float *const gru_x_candidate = gru_x_gates + t * 6 + 4; /* (2) */
        recurrent_gru_h_gates(gru_h, gru_h_gates);
        recurrent_gru_update(gru_x_update, gru_h_update, gru_update);
        recurrent_gru_reset(gru_x_reset, gru_h_reset, gru_reset);
        recurrent_gru_candidate(gru_x_candidate, gru_reset, gru_h_candidate, gru_candidate);
        recurrent_gru_h(gru_update, gru_h, gru_candidate, gru_h);
    }
}

/* (2, 1) score/kernel: get_weights()[0] of score */
static const float recurrent_score_kernel[2] RECURRENT_ALIGNED = {
    -0.390625f,
    0.1875f,
};

/* (1) score/bias: get_weights()[1] of score */
static const float recurrent_score_bias[1] RECURRENT_ALIGNED = {
    -0.21875f,
};

/* score: Dense(units=1, activation='sigmoid')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * then y = sigmoid(y)
 * x (2) -> y (1)
 * recurrent_score_kernel (2, 1): element [i][j] is number i + j
 * recurrent_score_bias (1)
 */
static inline void recurrent_score(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 1; ++u) {
        float sum = recurrent_score_bias[u];
        for (int i = 0; i < 2; ++i)
            sum += x[i] * recurrent_score_kernel[i + u];
        y[u] = recurrent_sigmoid(sum);
    }
}

int recurrent_run(recurrent_workspace *w, const float *sequence, float *score)
{
    if (!w || !sequence || !score)
        return RECURRENT_ERROR_NULL;
    float *const lstm_x_gates = w->arena; /* (4, 12) */
    float *const lstm = w->arena + 66; /* (4, 3) */
    float *const gru_x_gates = w->arena; /* (4, 6) */
    float *const gru = w->arena + 34; /* (2) */

    recurrent_lstm_x_gates(sequence, lstm_x_gates);
    recurrent_lstm(w, lstm_x_gates, lstm);
    recurrent_gru_x_gates(lstm, gru_x_gates);
    recurrent_gru(w, gru_x_gates, gru);
    recurrent_score(gru, score);
    return RECURRENT_OK;
}

static recurrent_workspace recurrent_own RECURRENT_ALIGNED;

int recurrent_predict(const float *sequence, float *score)
{
    return recurrent_run(&recurrent_own, sequence, score);
}

int recurrent_predict_batch(size_t n, const float *sequence, float *score)
{
    if (!sequence || !score)
        return RECURRENT_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = recurrent_predict(sequence + sample * 8, score + sample * 1);
        if (error)
            return error;
    }
    return RECURRENT_OK;
}
