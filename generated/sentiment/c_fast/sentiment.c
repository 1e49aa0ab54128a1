/* sentiment: a Keras model in C99, exported by kgen. See sentiment.h.
 *
 * Functions are called after the layers that they compute, in the order of their execution; sentiment_run
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
#include "sentiment.h"

#include <math.h>
#include <string.h>

#if defined __LP64__ || defined _WIN64 || defined __wasm__ /* machines that compute with doubles */
/* whether |x| < limit, by their bits: quicker than fabsf, and never a call */
static inline bool sentiment_within(float x, float limit)
{
    const union { float number; uint32_t bits; } a = {x}, b = {limit};
    return b.bits > (a.bits & 0x7fffffffu);
}

/* e^x = power * (1 + rest) for |x| < 700, to 33 bits. With x = n log(2) / 32 + r, n being whole and |r| <= log(2) / 64, power is
 * 2^(n / 32), and rest e^r - 1, by a polynomial. Of n = 32 m + k the table has the bits of 2^(k / 32), less k << 47: adding
 * n << 47 takes k out again, and adds m to the exponent. */
static inline double sentiment_rest_of_power(double x, double *power)
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

/* 1 / (1 + e^-x), within 0.6 units in the last place */
static inline float sentiment_sigmoid(float x)
{
    if (!sentiment_within(x, 128.0f)) /* 0, 1 or NaN */
        return x > 0.0f ? 1.0f : x < 0.0f ? 0.0f : x;
    double power;
    const double rest = sentiment_rest_of_power(-(double)x, &power);
    return (float)(1.0 / (power * rest + (power + 1.0)));
}

#else
/* 1 / (1 + e^-x), so that neither end overflows */
static inline float sentiment_sigmoid(float x)
{
    const float e = expf(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

#endif

/* (7) the vocabulary, sorted */
static const char *const sentiment_vectorize_vocabulary[7] = {
    "", "a", "bad", "caf\303\251", "film", "good", "not good",
};

/* (7) the index of each word */
static const int64_t sentiment_vectorize_indices[7] = {
    0, 6, 4, 7, 2, 3, 5,
};

/* A part of a text: from start up to, but without, end. */
typedef struct {
    const char *start, *end;
} sentiment_vectorize_span;

/* whether c is ASCII punctuation, which does not count */
static bool sentiment_vectorize_skipped(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/* The next byte that counts, in lower case; 0 at the end. It goes past the byte. */
static unsigned char sentiment_vectorize_byte(sentiment_vectorize_span *rest)
{
    while (rest->start < rest->end && sentiment_vectorize_skipped(*rest->start))
        ++rest->start;
    if (rest->start == rest->end)
        return 0;
    const char c = *rest->start++;
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The next word of the text, past which it goes; false if there is none. */
static bool sentiment_vectorize_next(sentiment_vectorize_span *rest, sentiment_vectorize_span *word)
{
    sentiment_vectorize_span left;
    unsigned char c;
    do {
        word->start = rest->start;
        c = sentiment_vectorize_byte(rest);
    } while (c == ' ' || (c >= '\t' && c <= '\r'));
    if (c == 0)
        return false;
    do {
        left = *rest;
        c = sentiment_vectorize_byte(rest);
    } while (c != 0 && c != ' ' && !(c >= '\t' && c <= '\r'));
    word->end = left.start;
    return true;
}

/* As strcmp does: how the run of words, joined by spaces, compares with a word of the vocabulary. */
static int sentiment_vectorize_compare(const sentiment_vectorize_span *run, int length, const char *known)
{
    const unsigned char *k = (const unsigned char *)known;
    for (int i = 0; i < length; ++i) {
        sentiment_vectorize_span word = run[i];
        if (i > 0 && *k++ != ' ')
            return ' ' - (int)k[-1];
        for (unsigned char c = sentiment_vectorize_byte(&word); c != 0; c = sentiment_vectorize_byte(&word))
            if (*k++ != c)
                return (int)c - (int)k[-1];
    }
    return 0 - (int)*k;
}

/* The index of a run of words, joined by spaces, in the vocabulary. */
static int64_t sentiment_vectorize_index(const sentiment_vectorize_span *run, int length)
{
    int low = 0, high = 7;
    while (low < high) {
        const int middle = (low + high) / 2;
        const int order = sentiment_vectorize_compare(run, length, sentiment_vectorize_vocabulary[middle]);
        if (order == 0)
            return sentiment_vectorize_indices[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return INT64_C(1);
}

/* vectorize: TextVectorization(ngrams=2, output_sequence_length=8, vocabulary=('film', 'good', 'bad', 'not good', 'a', 'caf\xe9'))
 * y = the indices of the words of x, in runs of 1 and 2: the first 8, then zeros
 * x (1) const char * -> y (8)
 * sentiment_vectorize_vocabulary (7) const char *
 * sentiment_vectorize_indices (7)
 */
static void sentiment_vectorize(const char *const *restrict x, int64_t *restrict y)
{
    static const int lengths[2] = {1, 2};
    int count = 0;
    for (int v = 0; v < 8; ++v)
        y[v] = 0;
    for (int n = 0; n < 2; ++n) {
        sentiment_vectorize_span run[2];
        int found = 0;
        sentiment_vectorize_span word, rest = {x[0], x[0] + strlen(x[0])};
        while (sentiment_vectorize_next(&rest, &word)) {
            if (found == lengths[n]) {
                for (int k = 1; k < found; ++k)
                    run[k - 1] = run[k];
                --found;
            }
            run[found++] = word;
            if (found < lengths[n])
                continue;
            const int64_t index = sentiment_vectorize_index(run, found);
            if (count < 8)
                y[count++] = index;
        }
    }
}

/* (8, 2) embedding/embeddings: get_weights()[0] of embedding */
static const float sentiment_embedding_embeddings[16] = {
    -0.46875f, 0.109375f,
    -0.265625f, 0.3125f,
    -0.0625f, -0.4375f,
    0.140625f, -0.234375f,
    0.34375f, -0.03125f,
    -0.40625f, 0.171875f,
    -0.203125f, 0.375f,
    0.0f, -0.375f,
};

/* embedding: Embedding(input_dim=8, output_dim=2)
 * y = x[indices]
 * indices (8) int64_t -> y (8, 2)
 * sentiment_embedding_embeddings (8, 2): element [i][j] is number i * 2 + j
 */
static int sentiment_embedding(const int64_t *restrict indices, float *restrict y)
{
    for (int j = 0; j < 8; ++j) {
        int64_t row = (int64_t)indices[j];
        if (row < 0)
            row += 8;
        if (row < 0 || row >= 8)
            return SENTIMENT_ERROR_INDEX;
        for (int k = 0; k < 2; ++k) {
            y[j * 2 + k] = sentiment_embedding_embeddings[row * 2 + k];
        }
    }
    return 0;
}

/* strongest: GlobalMaxPooling1D(data_format='channels_last')
 * y = max of x over axes (1,)
 * x (8, 2) -> y (2)
 */
static void sentiment_strongest(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < 2; ++i) {
        float best = -INFINITY;
        for (int p = 0; p < 8; ++p) {
            if (x[i + p * 2] > best || x[i + p * 2] != x[i + p * 2])
                best = x[i + p * 2];
        }
        y[i] = best;
    }
}

/* (2, 1) score/kernel: get_weights()[0] of score */
static const float sentiment_score_kernel[2] = {
    -0.296875f,
    0.28125f,
};

/* (1) score/bias: get_weights()[1] of score */
static const float sentiment_score_bias[1] = {
    -0.125f,
};

/* score: Dense(units=1, activation='sigmoid')
 * y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
 * then y = sigmoid(y)
 * x (2) -> y (1)
 * sentiment_score_kernel (2, 1): element [i][j] is number i + j
 * sentiment_score_bias (1)
 */
static inline void sentiment_score(const float *restrict x, float *restrict y)
{
    for (int u = 0; u < 1; ++u) {
        float sum = sentiment_score_bias[u];
        for (int i = 0; i < 2; ++i)
            sum += x[i] * sentiment_score_kernel[i + u];
        y[u] = sentiment_sigmoid(sum);
    }
}

/* whether none of the strings is a null pointer */
static bool sentiment_complete(const char *const *strings, int count)
{
    for (int i = 0; i < count; ++i)
        if (!strings[i])
            return false;
    return true;
}

int sentiment_run(sentiment_workspace *w, const char *const *review, float *score)
{
    if (!w || !review || !score)
        return SENTIMENT_ERROR_NULL;
    if (!sentiment_complete(review, 1))
        return SENTIMENT_ERROR_NULL;
    int64_t *const vectorize = w->arena.int64s; /* (8) */
    float *const embedding = w->arena.float32s + 16; /* (8, 2) */
    float *const strongest = w->arena.float32s; /* (2) */

    sentiment_vectorize(review, vectorize);
    if (sentiment_embedding(vectorize, embedding) != 0)
        return SENTIMENT_ERROR_INDEX;
    sentiment_strongest(embedding, strongest);
    sentiment_score(strongest, score);
    return SENTIMENT_OK;
}

static sentiment_workspace sentiment_own;

int sentiment_predict(const char *const *review, float *score)
{
    return sentiment_run(&sentiment_own, review, score);
}

int sentiment_predict_batch(size_t n, const char *const *review, float *score)
{
    if (!review || !score)
        return SENTIMENT_ERROR_NULL;
    for (size_t sample = 0; sample < n; ++sample) {
        const int error = sentiment_predict(review + sample * 1, score + sample * 1);
        if (error)
            return error;
    }
    return SENTIMENT_OK;
}
