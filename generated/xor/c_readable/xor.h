/* xor: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   inputs: float[2], shape (2)
 *   out  output: float[1], shape (1)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef XOR_H
#define XOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    XOR_OK = 0,
    XOR_ERROR_NULL = 1, /* an argument is a null pointer */
    XOR_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} xor_error;

#define XOR_WORKSPACE_BYTES 16

/* Memory for intermediate results: one for each thread that calls xor_run at the same time. It
 * needs no initialisation. */
typedef struct {
    float arena[4];
} xor_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int xor_predict(const float *inputs, float *output);

/* One sample, with the caller's workspace. */
int xor_run(xor_workspace *w, const float *inputs, float *output);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int xor_predict_batch(size_t n, const float *inputs, float *output);

#ifdef __cplusplus
}
#endif

#endif
