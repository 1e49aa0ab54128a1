/* recurrent: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   sequence: float[8], shape (4, 2)
 *   out  score: float[1], shape (1)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef RECURRENT_H
#define RECURRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    RECURRENT_OK = 0,
    RECURRENT_ERROR_NULL = 1, /* an argument is a null pointer */
    RECURRENT_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} recurrent_error;

#define RECURRENT_WORKSPACE_BYTES 312

/* Memory for intermediate results: one for each thread that calls recurrent_run at the same time. It
 * needs no initialisation. */
typedef struct {
    float arena[78];
} recurrent_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int recurrent_predict(const float *sequence, float *score);

/* One sample, with the caller's workspace. */
int recurrent_run(recurrent_workspace *w, const float *sequence, float *score);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int recurrent_predict_batch(size_t n, const float *sequence, float *score);

#ifdef __cplusplus
}
#endif

#endif
