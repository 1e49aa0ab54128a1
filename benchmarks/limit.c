/* What one core can do at most: multiply-adds, and reading memory. Prints a line "0 FLOP/s", then a line
 * "BYTES BYTES/s" for working sets from 16 KB to 256 MB. BYTES_OF_VECTOR: 16, 32 or 64.
 */
#define _POSIX_C_SOURCE 200112L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef float vec __attribute__((vector_size(BYTES_OF_VECTOR)));
enum { SUMS = 12, LOADS = 8, LARGEST = 1 << 28 };

/* Nothing is known of these when compiling: the work can't be left out, nor sums that are alike be made one. */
static volatile float given = 0.5f;
static volatile vec kept;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double multiply_adds(void)
{
    const long steps = 4000000;
    const vec a = given - (vec){0}, b = given - (vec){0};
    vec sums[SUMS];
    for (int i = 0; i < SUMS; ++i)
        sums[i] = given - (vec){0};
    const double start = now();
    for (long k = 0; k < steps; ++k) {
#pragma GCC unroll 12
        for (int i = 0; i < SUMS; ++i)
            sums[i] = sums[i] * a + b;
    }
    const double seconds = now() - start;
    for (int i = 0; i < SUMS; ++i)
        kept = sums[i];
    return 2.0 * SUMS * (BYTES_OF_VECTOR / 4) * (double)steps / seconds;
}

static double reading(const vec *from, long bytes)
{
    const long count = bytes / BYTES_OF_VECTOR, rounds = 1 + (1 << 27) / bytes;
    vec sums[LOADS] = {{0}};
    const double start = now();
    for (long round = 0; round < rounds; ++round) {
        for (long i = 0; i < count; i += LOADS) {
#pragma GCC unroll 8
            for (int j = 0; j < LOADS; ++j)
                sums[j] += from[i + j];
        }
        __asm__ volatile("" : : : "memory");
    }
    const double seconds = now() - start;
    for (int j = 0; j < LOADS; ++j)
        kept = sums[j];
    return (double)bytes * (double)rounds / seconds;
}

int main(void)
{
    void *memory;
    if (posix_memalign(&memory, 4096, LARGEST))
        return 1;
    float *const numbers = memory;
    for (long i = 0; i < LARGEST / 4; ++i)
        numbers[i] = 1.0f;
    double most = 0.0;
    for (int i = 0; i < 8; ++i) {
        const double found = multiply_adds();
        most = found > most ? found : most;
    }
    printf("0 %.6g\n", most);
    for (long bytes = 1 << 14; bytes <= LARGEST; bytes *= 2) {
        most = 0.0;
        for (int i = 0; i < 5; ++i) {
            const double found = reading(memory, bytes);
            most = found > most ? found : most;
        }
        printf("%ld %.6g\n", bytes, most);
    }
    free(memory);
    return 0;
}
