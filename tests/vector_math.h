/* How far functions on vectors are off, in units in the last place; before it come the functions, f_vNAME. */
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1024 };
static float first[COUNT], second[COUNT], found[COUNT];

/* Infinity where one of both is no number, or only one of both is infinite. */
static double units(float y, double exact)
{
    const float rounded = (float)exact;
    if (isnan(exact) || isnan(y))
        return isnan(exact) && isnan(y) ? 0.0 : INFINITY;
    if (isinf(y) || isinf(rounded))
        return y == rounded ? 0.0 : !isinf(exact) && fabs(exact) > 3.4e38 && fabsf(y) > 3.4e38f ? 1.0 : INFINITY;
    int exponent;
    frexp((double)rounded, &exponent);
    return fabs((double)y - exact) / ldexp(1.0, exponent < -125 ? -149 : exponent - 24);
}

/* The exact functions that math.h has not. */
static double clip(double a, double low, double high) { return a < low ? low : a > high ? high : a; }
static double sigmoid(double a) { return (a < 0.0 ? exp(a) : 1.0) / (1.0 + exp(-fabs(a))); }
static double softplus(double a) { return a > 0.0 ? a + log1p(exp(-a)) : log1p(exp(a)); }
static double elu(double a, double alpha) { return a > 0.0 ? a : alpha * expm1(a); }
static double mish(double a)
{
    const double e = exp(fmin(a, 40.0)), w = e * (e + 2.0);
    return a * (w / (w + 2.0));
}

typedef struct {
    const char *name;
    void (*function)(void); /* `found` of `first` and `second` */
    double (*exact)(double, double);
    double worst, x, second, y;
} test;

static void check(test *t)
{
    t->function();
    for (int i = 0; i < COUNT; ++i) {
        const double exact = t->exact((double)first[i], (double)second[i]);
        double off = units(found[i], exact);
        if (exact == 0.0 && (first[i] == 0.0f || isinf(first[i])) && !signbit(found[i]) != !signbit(exact))
            off = INFINITY; /* zero's sign counts where it is no result of rounding */
        if (off > t->worst)
            t->worst = off, t->x = (double)first[i], t->second = (double)second[i], t->y = (double)found[i];
    }
}

static void print(const test *t)
{
    printf("%s %.3f at %.9g and %.9g: %.9g, not %.9g\n", t->name, t->worst, t->x, t->second, t->y, t->exact(t->x, t->second));
}

static uint32_t random_bits(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* Every stride-th float, and four times as many between -20 and 20; the second number is 3/4. */
static void sweep(test *t, uint32_t stride)
{
    uint64_t bits = 0;
    for (int i = 0; i < COUNT; ++i)
        second[i] = 0.75f;
    while (bits >> 32 == 0) {
        for (int i = 0; i < COUNT; ++i, bits += stride) {
            const uint32_t low = (uint32_t)bits;
            memcpy(first + i, &low, sizeof low);
        }
        check(t);
        for (int part = 0; part < 4; ++part) {
            for (int i = 0; i < COUNT; ++i)
                first[i] = (float)(random_bits() * (40.0 / 4294967296.0) - 20.0);
            check(t);
        }
    }
}

static const float SPECIAL[] = {0.0f, 1e-45f, 1e-38f, 1e-20f, 1e-3f, 0.5f, 0.99999994f, 1.0f, 1.0000001f, 1.5f, 2.0f, 3.0f, 7.0f, 127.0f, 128.0f,
    149.0f, 150.0f, 151.0f, 4194303.5f, 8388607.5f, 8388609.0f, 16777215.0f, 16777216.0f, 2147483648.0f, 1e10f, 1e30f, 3.4e38f, INFINITY, NAN};
enum { SPECIALS = (int)(sizeof SPECIAL / sizeof *SPECIAL) };

/* All pairs of special numbers, and random ones: of any bits, of a result that has digits, and near 1. */
static void sweep_pairs(test *t, uint32_t stride)
{
    for (int row = 0; row < 2 * SPECIALS; ++row) {
        for (int i = 0; i < COUNT; ++i) {
            first[i] = row < SPECIALS ? SPECIAL[row] : -SPECIAL[row - SPECIALS];
            second[i] = i % 2 ? SPECIAL[i / 2 % SPECIALS] : -SPECIAL[i / 2 % SPECIALS];
        }
        check(t);
    }
    for (uint32_t round = 0; round < UINT32_MAX / stride / COUNT * 5 + 3; ++round) {
        for (int i = 0; i < COUNT; ++i) {
            const uint32_t a = random_bits(), b = random_bits() >> (round % 3 ? 1 : 0);
            const double between = random_bits() * 0x1p-31 - 1.0;
            memcpy(first + i, &b, sizeof b);
            if (isnan(first[i]))
                first[i] = NAN; /* none that signals */
            memcpy(second + i, &a, sizeof a);
            if (round % 3 == 2)
                first[i] = (float)(1.0 + between * 0.01);
            if (round % 3 > 0 && isfinite(first[i]))
                second[i] = (float)((random_bits() * 0x1p-31 - 1.0) * 151.0 / log2((double)first[i]));
            if (random_bits() % 8 == 0)
                first[i] = -first[i], second[i] = rintf(second[i]);
        }
        check(t);
    }
}
