/* mathematics: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   x: float[25], shape (5, 5)
 *   out  median: float[5], shape (5)
 *   out  floor_divide: int32_t[4], shape (4)
 *   out  add_1_out: float[5], shape (5, 1)
 *   out  rfft_out: float[15], shape (5, 3)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef MATHEMATICS_H
#define MATHEMATICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    MATHEMATICS_OK = 0,
    MATHEMATICS_ERROR_NULL = 1, /* an argument is a null pointer */
    MATHEMATICS_ERROR_INDEX = 2, /* an index (an embedding's id, say) is out of range */
    MATHEMATICS_ERROR_VALUE = 8 /* an integer is divided by zero, or its exponent is negative */
} mathematics_error;

#define MATHEMATICS_WORKSPACE_BYTES 464

/* Memory for intermediate results: one for each thread that calls mathematics_run at the same time. It
 * needs no initialisation. */
typedef struct {
    union {
        float float32s[116];
        bool bools[464];
        int32_t int32s[116];
    } arena;
} mathematics_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int mathematics_predict(const float *x, float *median, int32_t *floor_divide, float *add_1_out, float *rfft_out);

/* One sample, with the caller's workspace. */
int mathematics_run(mathematics_workspace *w, const float *x, float *median, int32_t *floor_divide, float *add_1_out, float *rfft_out);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int mathematics_predict_batch(size_t n, const float *x, float *median, int32_t *floor_divide, float *add_1_out, float *rfft_out);

#ifdef __cplusplus
}
#endif

#endif
