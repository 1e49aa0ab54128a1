/* customer: a Keras model in C99, exported by kgen. See customer.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; customer_run
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
#include "customer.h"

#include <math.h>
#include <string.h>

/* count bytes as a number, the first one lowest */
static uint64_t customer_fingerprint64_load(const char *s, int count)
{
    uint64_t word = 0;
    for (int i = 0; i < count; ++i)
        word |= (uint64_t)(unsigned char)s[i] << (8 * i);
    return word;
}

static inline uint64_t customer_fingerprint64_rotate(uint64_t x, int bits)
{
    return x >> bits | x << (64 - bits);
}

static inline uint64_t customer_fingerprint64_fold(uint64_t x)
{
    return x ^ x >> 47;
}

static uint64_t customer_fingerprint64_mix(uint64_t u, uint64_t v, uint64_t factor)
{
    const uint64_t a = customer_fingerprint64_fold((u ^ v) * factor);
    return customer_fingerprint64_fold((v ^ a) * factor) * factor;
}

/* 32 bytes into a pair of numbers */
static void customer_fingerprint64_absorb(const char *s, uint64_t a, uint64_t b, uint64_t pair[2])
{
    const uint64_t z = customer_fingerprint64_load(s + 24, 8), start = a + customer_fingerprint64_load(s, 8);
    const uint64_t sum = start + customer_fingerprint64_load(s + 8, 8) + customer_fingerprint64_load(s + 16, 8);
    pair[0] = sum + z;
    pair[1] = customer_fingerprint64_rotate(b + start + z, 21) + customer_fingerprint64_rotate(sum, 44) + start;
}

/* FarmHash's Fingerprint64 (Pike and Alakuijala, 2014) of a string's bytes */
static uint64_t customer_fingerprint64(const char *s)
{
    const uint64_t k0 = UINT64_C(0xc3a5c85c97cb3127), k1 = UINT64_C(0xb492b66fbe98f273), k2 = UINT64_C(0x9ae16a3b2f90404f);
    const size_t n = strlen(s);
    const uint64_t factor = k2 + n * 2;
    if (n == 0)
        return k2;
    if (n < 4) {
        const uint64_t y = customer_fingerprint64_load(s, 1) + (customer_fingerprint64_load(s + n / 2, 1) << 8);
        const uint64_t z = n + (customer_fingerprint64_load(s + n - 1, 1) << 2);
        return customer_fingerprint64_fold(y * k2 ^ z * k0) * k2;
    }
    if (n < 8)
        return customer_fingerprint64_mix(n + (customer_fingerprint64_load(s, 4) << 3), customer_fingerprint64_load(s + n - 4, 4), factor);
    if (n <= 16) {
        const uint64_t a = customer_fingerprint64_load(s, 8) + k2, b = customer_fingerprint64_load(s + n - 8, 8);
        return customer_fingerprint64_mix(customer_fingerprint64_rotate(b, 37) * factor + a, (customer_fingerprint64_rotate(a, 25) + b) * factor, factor);
    }
    if (n <= 64) {
        const uint64_t a = customer_fingerprint64_load(s, 8) * (n <= 32 ? k1 : k2), b = customer_fingerprint64_load(s + 8, 8);
        const uint64_t c = customer_fingerprint64_load(s + n - 8, 8) * factor, d = customer_fingerprint64_load(s + n - 16, 8) * k2;
        const uint64_t y = customer_fingerprint64_rotate(a + b, 43) + customer_fingerprint64_rotate(c, 30) + d;
        const uint64_t z = customer_fingerprint64_mix(y, a + customer_fingerprint64_rotate(b + k2, 18) + c, factor);
        if (n <= 32)
            return z;
        const uint64_t e = customer_fingerprint64_load(s + 16, 8) * factor, f = customer_fingerprint64_load(s + 24, 8);
        const uint64_t g = (y + customer_fingerprint64_load(s + n - 32, 8)) * factor;
        const uint64_t h = (z + customer_fingerprint64_load(s + n - 24, 8)) * factor;
        return customer_fingerprint64_mix(customer_fingerprint64_rotate(e + f, 43) + customer_fingerprint64_rotate(g, 30) + h, e + customer_fingerprint64_rotate(f + a, 18) + g, factor);
    }
    /* blocks of 64 bytes; the last one ends where the string does, and counts more */
    uint64_t x = 81 * k2 + customer_fingerprint64_load(s, 8), y = 81 * k1 + 113, z = customer_fingerprint64_fold(y * k2 + 113) * k2;
    uint64_t v[2] = {0, 0}, w[2] = {0, 0}, multiplier = k1, weight = 1;
    const char *block = s;
    for (size_t left = (n - 1) / 64 + 1; left > 0; --left) {
        if (left == 1) {
            block = s + n - 64;
            multiplier = k1 + ((z & 0xff) << 1);
            weight = 9;
            w[0] += (n - 1) % 64;
            v[0] += w[0];
            w[0] += v[0];
        }
        x = customer_fingerprint64_rotate(x + y + v[0] + customer_fingerprint64_load(block + 8, 8), 37) * multiplier;
        y = customer_fingerprint64_rotate(y + v[1] + customer_fingerprint64_load(block + 48, 8), 42) * multiplier;
        x ^= w[1] * weight;
        y += v[0] * weight + customer_fingerprint64_load(block + 40, 8);
        z = customer_fingerprint64_rotate(z + w[0], 33) * multiplier;
        customer_fingerprint64_absorb(block, v[1] * multiplier, x + w[0], v);
        customer_fingerprint64_absorb(block + 32, z + w[1], y + customer_fingerprint64_load(block + 16, 8), w);
        const uint64_t swapped = z;
        z = x;
        x = swapped;
        block += 64;
    }
    return customer_fingerprint64_mix(customer_fingerprint64_mix(v[0], w[0], multiplier) + customer_fingerprint64_fold(y) * k0 + z, customer_fingerprint64_mix(v[1], w[1], multiplier) + x, multiplier);
}

/* the remainder of the division rounded down: it has b's sign */
static inline uint64_t customer_mod_uint64(uint64_t a, uint64_t b)
{
    if (b == 0)
        return 0;
    return (uint64_t)(a % b);
}

/* Vectors as wide as the compiler may use (CUSTOMER_NO_VECTORS: none). CUSTOMER_PICK takes its argument for AVX-512, AVX,
 * NEON, or anything else: the sizes of tiles. */
#if defined __SSE2__ || defined __ARM_NEON || defined __ALTIVEC__ || defined __wasm_simd128__ || defined __loongarch_sx
#define CUSTOMER_VECTORS /* elsewhere the compiler would take vectors apart again */
#endif
#if defined __GNUC__ && defined CUSTOMER_VECTORS && !defined CUSTOMER_NO_VECTORS && __FLT_EVAL_METHOD__ != 1 && __FLT_EVAL_METHOD__ != 2
#if defined __AVX512F__
#define CUSTOMER_LANES 16
#define CUSTOMER_PICK(avx512, avx, neon, other) avx512
#elif defined __AVX__
#define CUSTOMER_LANES 8
#define CUSTOMER_PICK(avx512, avx, neon, other) avx
#elif defined __ARM_NEON
#define CUSTOMER_LANES 4
#define CUSTOMER_PICK(avx512, avx, neon, other) neon
#else
#define CUSTOMER_LANES 4
#define CUSTOMER_PICK(avx512, avx, neon, other) other
#endif
#if CUSTOMER_LANES > 4
#include <immintrin.h> /* loads and stores of part of a vector */
#endif
typedef float customer_vec __attribute__((vector_size(CUSTOMER_LANES * 4)));
typedef float customer_loose __attribute__((vector_size(CUSTOMER_LANES * 4), aligned(4), may_alias)); /* at any address */
typedef int32_t customer_ivec __attribute__((vector_size(CUSTOMER_LANES * 4)));
#else
#define CUSTOMER_LANES 1
#define CUSTOMER_PICK(avx512, avx, neon, other) other
typedef float customer_vec, customer_loose;
typedef int32_t customer_ivec;
#endif
#if defined __GNUC__
#define CUSTOMER_INLINE static inline __attribute__((always_inline, unused))
#define CUSTOMER_APART __attribute__((noinline, unused))
#define CUSTOMER_ALIGNED __attribute__((aligned(64)))
#else
#define CUSTOMER_INLINE static inline
#define CUSTOMER_APART
#define CUSTOMER_ALIGNED
#endif
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop whose bounds are no constants stays one */
#define CUSTOMER_UNROLL _Pragma("clang loop unroll(full)")
#define CUSTOMER_ROLLED _Pragma("clang loop unroll(disable)") /* several steps at once take sums out of their registers */
#elif defined __GNUC__ && defined __OPTIMIZE__
#define CUSTOMER_UNROLL _Pragma("GCC unroll 64")
#define CUSTOMER_ROLLED
#else
#define CUSTOMER_UNROLL
#define CUSTOMER_ROLLED
#endif
#if CUSTOMER_LANES == 16
#define CUSTOMER_PART 8
typedef float customer_part __attribute__((vector_size(32))); /* half a vector: as quick as a whole one, or twice */
#else
#define CUSTOMER_PART CUSTOMER_LANES
typedef customer_vec customer_part;
#endif
/* The fewest lanes that n units need, in steps of so many. */
#define CUSTOMER_COVER(n, lanes) (((n) + (lanes) - 1) / (lanes) * (lanes))
/* How many of n elements are left from number i on, as far as a vector holds them. */
#define CUSTOMER_LEFT(n, i) ((n) % CUSTOMER_LANES ? (n) - (i) : CUSTOMER_LANES)
enum { CUSTOMER_PIXELS = 30, CUSTOMER_VECS = 64 / CUSTOMER_LANES }; /* no tile is larger */

/* x in every lane. */
CUSTOMER_INLINE customer_vec customer_splat(float x)
{
#if CUSTOMER_LANES > 1
    return x - (customer_vec){0};
#else
    return x;
#endif
}

/* A vector from anywhere. */
CUSTOMER_INLINE customer_vec customer_load_vec(const float *from)
{
    return *(const customer_loose *)from;
}

#if CUSTOMER_LANES == 8
/* All bits of the first n lanes. */
CUSTOMER_INLINE __m256i customer_mask(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - n));
}
#endif

/* n floats, and zeros in the lanes beyond them. */
CUSTOMER_INLINE customer_vec customer_load_some(const float *from, int n)
{
    if (n >= CUSTOMER_LANES)
        return *(const customer_loose *)from;
    if (n <= 0)
        return customer_splat(0.0f);
#if CUSTOMER_LANES == 16
    return (customer_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), from);
#elif CUSTOMER_LANES == 8
    return (customer_vec)_mm256_maskload_ps(from, customer_mask(n));
#elif CUSTOMER_LANES > 1
    customer_vec v = customer_splat(0.0f);
    for (int i = 0; i < CUSTOMER_LANES; ++i)
        if (i < n)
            v[i] = from[i];
    return v;
#else
    return *from;
#endif
}

/* The sum of all lanes: halves are added until one is left. */
CUSTOMER_INLINE float customer_total(customer_vec v)
{
#if CUSTOMER_LANES == 16
    return _mm512_reduce_add_ps((__m512)v);
#elif CUSTOMER_LANES > 1
    float lanes[CUSTOMER_LANES];
    CUSTOMER_UNROLL
    for (int i = 0; i < CUSTOMER_LANES; ++i)
        lanes[i] = v[i]; /* memcpy would ask for v's address, and gcc would keep it in memory while it is added up */
    CUSTOMER_UNROLL
    for (int half = CUSTOMER_LANES / 2; half > 0; half /= 2) {
        CUSTOMER_UNROLL
        for (int i = 0; i < half; ++i)
            lanes[i] += lanes[i + half];
    }
    return lanes[0];
#else
    return v;
#endif
}

/* The sum of x[k] * w[k] over `terms`, vectors along k in up to four sums; w has zeros after them, to the end of a line. */
CUSTOMER_INLINE float customer_dot(int terms, const float *x, const float *w)
{
    customer_vec sum[4];
    const int most = (terms + CUSTOMER_LANES - 1) / CUSTOMER_LANES, sums = most < 4 ? most : 4;
    const int step = sums * CUSTOMER_LANES, whole = terms / step * step;
    CUSTOMER_UNROLL
    for (int c = 0; c < 4; ++c)
        sum[c] = customer_splat(0.0f);
    for (int k = 0; k < whole; k += step) {
        CUSTOMER_UNROLL
        for (int c = 0; c < sums; ++c)
            sum[c] += customer_load_vec(x + k + c * CUSTOMER_LANES) * customer_load_vec(w + k + c * CUSTOMER_LANES);
    }
    CUSTOMER_UNROLL
    for (int c = 0; c < sums; ++c) {
        const int k = whole + c * CUSTOMER_LANES;
        if (k < terms)
            sum[c] += customer_load_some(x + k, terms - k) * customer_load_vec(w + k);
    }
    CUSTOMER_UNROLL
    for (int c = 1; c < sums; ++c)
        sum[0] += sum[c];
    return customer_total(sum[0]);
}

/* (4) the vocabulary, sorted */
static const char *const customer_city_encoding_vocabulary[4] CUSTOMER_ALIGNED = {
    "Accra", "Lima", "Oslo", "Z\303\274rich",
};

/* (4) the index of each word */
static const int64_t customer_city_encoding_indices[4] CUSTOMER_ALIGNED = {
    4, 2, 1, 3,
};

/* city_encoding: StringLookup(vocabulary=('Oslo', 'Lima', 'Z\xfcrich', 'Accra'), output_mode='one_hot')
 * y = values[i] where keys[i] is x; 0 if there is none
 * x (1) const char * -> y (1)
 * customer_city_encoding_vocabulary (4) const char *
 * customer_city_encoding_indices (4)
 */
static void customer_city_encoding(const char *const *restrict x, int64_t *restrict y)
{
    for (int i = 0; i < 1; ++i) {
        int low = 0, high = 4;
        while (low < high) {
            const int middle = (low + high) / 2;
            if (strcmp(customer_city_encoding_vocabulary[middle], x[i]) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        const bool found = low < 4 && strcmp(customer_city_encoding_vocabulary[low], x[i]) == 0;
        y[i] = found ? customer_city_encoding_indices[low] : INT64_C(0);
    }
}

/* street_hash: Hashing(num_bins=3, output_mode='one_hot')
 * x (1) const char * -> y (1)
 */
static void customer_street_hash_elementwise(const char *const *restrict x, int64_t *restrict y)
{
    y[0] = (int64_t)(customer_mod_uint64(customer_fingerprint64(x[0]), 3u));
}

/* (1, 3) */
static const int64_t customer_street_hash_constant[3] CUSTOMER_ALIGNED = {
    0, 1, 2,
};

/* street_hash: Hashing(num_bins=3, output_mode='one_hot')
 * x (1) int64_t -> y (3)
 * customer_street_hash_constant (1, 3) int64_t: element [i][j] is number i * 3 + j
 */
static void customer_street_hash(const int64_t *restrict x, float *restrict y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = (x[0] == customer_street_hash_constant[i]) ? 1.0f : 0.0f;
    }
}

/* (3) */
static const float customer_age_group_constant[3] CUSTOMER_ALIGNED = {
    18.0f, 30.0f, 65.0f,
};

/* age_group: Discretization(bin_boundaries=(18, 30, 65), output_mode='one_hot')
 * y = number of edges <= x
 * x (1) float -> y (1)
 * customer_age_group_constant (3) float
 */
static void customer_age_group_search_sorted(const float *restrict x, int32_t *restrict y)
{
    for (int i = 0; i < 1; ++i) {
        int low = 0, high = 3; /* the answer lies between them */
        while (low < high) {
            const int middle = (low + high) / 2;
            if (x[i] < customer_age_group_constant[middle])
                high = middle;
            else
                low = middle + 1;
        }
        y[i] = low;
    }
}

/* (1, 4) */
static const int32_t customer_age_group_constant_1[4] CUSTOMER_ALIGNED = {
    0, 1, 2, 3,
};

/* age_group: Discretization(bin_boundaries=(18, 30, 65), output_mode='one_hot')
 * x (1) int32_t -> y (4)
 * customer_age_group_constant_1 (1, 4) int32_t: element [i][j] is number i * 4 + j
 */
static void customer_age_group(const int32_t *restrict x, float *restrict y)
{
    for (int i = 0; i < 4; ++i) {
        y[i] = (x[0] == customer_age_group_constant_1[i]) ? 1.0f : 0.0f;
    }
}

/* (1, 3) */
static const int32_t customer_plan_encoding_constant[3] CUSTOMER_ALIGNED = {
    0, 1, 2,
};

/* plan_encoding: CategoryEncoding(num_tokens=3, output_mode='one_hot')
 * x (1) int32_t -> y (3)
 * customer_plan_encoding_constant (1, 3) int32_t: element [i][j] is number i * 3 + j
 */
static void customer_plan_encoding(const int32_t *restrict x, float *restrict y)
{
    for (int i = 0; i < 3; ++i) {
        y[i] = (x[0] == customer_plan_encoding_constant[i]) ? 1.0f : 0.0f;
    }
}

/* visit_counts: CategoryEncoding(num_tokens=4, output_mode='count')
 * y[v] = how many of x are v
 * x (5) int32_t -> y (4)
 */
static int customer_visit_counts(const int32_t *restrict x, float *restrict y)
{
    for (int v = 0; v < 4; ++v)
        y[v] = 0.0f;
    for (int i = 0; i < 5; ++i) {
        const int32_t v = x[i];
        if (v < 0)
            return CUSTOMER_ERROR_INDEX;
        if (v < 4)
            y[v] += 1.0f;
    }
    return 0;
}

/* (1, 5) */
static const int64_t customer_city_encoding_constant[5] CUSTOMER_ALIGNED = {
    0, 1, 2, 3, 4,
};

/* city_encoding: StringLookup(vocabulary=('Oslo', 'Lima', 'Z\xfcrich', 'Accra'), output_mode='one_hot'); then joined: Concatenate()
 * x (1) int64_t -> y (5)
 * customer_city_encoding_constant (1, 5) int64_t: element [i][j] is number i * 5 + j
 */
static void customer_joined_elementwise(const int64_t *restrict x, float *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = (float)((int64_t)(x[0] == customer_city_encoding_constant[i]));
    }
}

/* joined: Concatenate()
 * y = its inputs one after another along axis 1
 * x0 (5), x1 (3), x2 (4), x3 (3), x4 (4) -> y (19)
 */
static void customer_joined(const float *restrict x0, const float *restrict x1, const float *restrict x2, const float *restrict x3, const float *restrict x4, float *restrict y)
{
    for (int i = 0; i < 5; ++i) {
        y[i] = x0[i];
    }
    for (int i = 0; i < 3; ++i) {
        y[5 + i] = x1[i];
    }
    for (int i = 0; i < 4; ++i) {
        y[8 + i] = x2[i];
    }
    for (int i = 0; i < 3; ++i) {
        y[12 + i] = x3[i];
    }
    for (int i = 0; i < 4; ++i) {
        y[15 + i] = x4[i];
    }
}

/* (2, 32) scores/kernel: get_weights()[0] of scores; the terms of a unit side by side, zeros from 19 on */
static const float customer_scores_kernel[64] CUSTOMER_ALIGNED = {
    -0.46875f, -0.265625f, -0.0625f, 0.140625f, 0.34375f, -0.40625f, -0.203125f, 0.0f,
    0.203125f, 0.40625f, -0.34375f, -0.140625f, 0.0625f, 0.265625f, 0.46875f, -0.28125f,
    -0.078125f, 0.125f, 0.328125f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.109375f, 0.3125f, -0.4375f, -0.234375f, -0.03125f, 0.171875f, 0.375f, -0.375f,
    -0.171875f, 0.03125f, 0.234375f, 0.4375f, -0.3125f, -0.109375f, 0.09375f, 0.296875f,
    -0.453125f, -0.25f, -0.046875f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* (2) scores/bias: get_weights()[1] of scores */
static const float customer_scores_bias[2] CUSTOMER_ALIGNED = {
    -0.296875f, 0.28125f,
};

/* scores: Dense(units=2)
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * x (19) -> y (2)
 * customer_scores_kernel (2, 32): element [i][j] is number i * 32 + j
 * customer_scores_bias (2)
 */
static inline void customer_scores(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 2; ++u) {
        const float sum = customer_dot(19, x, customer_scores_kernel + u * 32) + customer_scores_bias[u];
        y[u] = sum;
    }
}

/* whether none of the strings is a null pointer */
static bool customer_complete(const char *const *strings, int count)
{
    for (int i = 0; i < count; ++i)
        if (!strings[i])
            return false;
    return true;
}

int customer_run(customer_workspace *w, const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores)
{
    if (!w || !age || !city || !street || !plan || !visits || !scores)
        return CUSTOMER_ERROR_NULL;
    if (!customer_complete(city, 1))
        return CUSTOMER_ERROR_NULL;
    if (!customer_complete(street, 1))
        return CUSTOMER_ERROR_NULL;
    int64_t *const city_encoding_lookup = w->arena.int64s; /* (1) */
    int64_t *const street_hash_cast = w->arena.int64s + 1; /* (1) */
    float *const street_hash = w->arena.float32s + 32; /* (3) */
    int32_t *const age_group_search_sorted = w->arena.int32s + 2; /* (1) */
    float *const age_group = w->arena.float32s + 24; /* (4) */
    float *const plan_encoding = w->arena.float32s + 35; /* (3) */
    float *const visit_counts = w->arena.float32s + 28; /* (4) */
    float *const joined_cast = w->arena.float32s + 19; /* (5) */
    float *const joined = w->arena.float32s; /* (19) */

    customer_city_encoding(city, city_encoding_lookup);
    customer_street_hash_elementwise(street, street_hash_cast);
    customer_street_hash(street_hash_cast, street_hash);
    customer_age_group_search_sorted(age, age_group_search_sorted);
    customer_age_group(age_group_search_sorted, age_group);
    customer_plan_encoding(plan, plan_encoding);
    if (customer_visit_counts(visits, visit_counts) != 0)
        return CUSTOMER_ERROR_INDEX;
    customer_joined_elementwise(city_encoding_lookup, joined_cast);
    customer_joined(joined_cast, street_hash, age_group, plan_encoding, visit_counts, joined);
    customer_scores(joined, scores);
    return CUSTOMER_OK;
}

static customer_workspace customer_own CUSTOMER_ALIGNED;

int customer_predict(const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores)
{
    return customer_run(&customer_own, age, city, street, plan, visits, scores);
}

int customer_predict_batch(size_t n, const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores)
{
    if (!age || !city || !street || !plan || !visits || !scores)
        return CUSTOMER_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = customer_predict(age + sample * 1, city + sample * 1, street + sample * 1, plan + sample * 1, visits + sample * 5, scores + sample * 2);
        if (error)
            return error;
    }
    return CUSTOMER_OK;
}
