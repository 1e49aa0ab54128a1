/* Times an export called "model": timing X Y, with the protocol of worker.py.
 *
 * INPUTS and OUTPUTS: how many floats one sample has. BATCH: samples in a call.
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#include "model.h"

static float x[BATCH * INPUTS], y[BATCH * OUTPUTS];

static int call(void)
{
#if BATCH == 1
    return model_predict(x, y);
#else
    return model_predict_batch(BATCH, x, y);
#endif
}

/* Nanoseconds, by a clock that only goes forward. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* The mean time of that many calls. */
static double mean(long calls)
{
    double start = now();
    for (long i = 0; i < calls; ++i)
        call();
    return (now() - start) / (double)calls;
}

static int transfer(const char *path, const char *mode, float *values, size_t count)
{
    FILE *file = fopen(path, mode);
    if (!file)
        return 0;
    size_t done = mode[0] == 'r' ? fread(values, sizeof *values, count, file)
                                 : fwrite(values, sizeof *values, count, file);
    return fclose(file) == 0 && done == count;
}

int main(int argc, char **argv)
{
    if (argc != 3 || !transfer(argv[1], "rb", x, sizeof x / sizeof *x) || call() != MODEL_OK ||
        !transfer(argv[2], "wb", y, sizeof y / sizeof *y)) {
        fprintf(stderr, "usage: timing X Y\n");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    long samples, calls;
    while (scanf("%ld %ld", &samples, &calls) == 2) {
        mean(calls);
        for (long i = 0; i < samples; ++i)
            printf(i ? " %.3f" : "%.3f", mean(calls));
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
