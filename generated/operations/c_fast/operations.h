/* operations: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   x: float[24], shape (4, 6)
 *   out  where: float[6], shape (3, 2)
 *   out  argmax: int32_t[2], shape (2)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    OPERATIONS_OK = 0,
    OPERATIONS_ERROR_NULL = 1, /* an argument is a null pointer */
    OPERATIONS_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} operations_error;

#define OPERATIONS_WORKSPACE_BYTES 240

/* Memory for intermediate results: one for each thread that calls operations_run at the same time. It
 * needs no initialisation. */
typedef struct {
    union {
        float float32s[60];
        int32_t int32s[60];
    } arena;
} operations_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int operations_predict(const float *x, float *where, int32_t *argmax);

/* One sample, with the caller's workspace. */
int operations_run(operations_workspace *w, const float *x, float *where, int32_t *argmax);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int operations_predict_batch(size_t n, const float *x, float *where, int32_t *argmax);

#ifdef __cplusplus
}
#endif

#endif
