/* scaled: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   x: float[15], shape (3, 5)
 *   out  pool: float[5], shape (1, 5)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef SCALED_H
#define SCALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    SCALED_OK = 0,
    SCALED_ERROR_NULL = 1, /* an argument is a null pointer */
    SCALED_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} scaled_error;

#define SCALED_WORKSPACE_BYTES 60

/* Memory for intermediate results: one for each thread that calls scaled_run at the same time. It
 * needs no initialisation. */
typedef struct {
    float arena[15];
} scaled_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int scaled_predict(const float *x, float *pool);

/* One sample, with the caller's workspace. */
int scaled_run(scaled_workspace *w, const float *x, float *pool);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int scaled_predict_batch(size_t n, const float *x, float *pool);

#ifdef __cplusplus
}
#endif

#endif
