/* quantized: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   x: float[6], shape (6)
 *   out  four_bits: float[3], shape (3)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef QUANTIZED_H
#define QUANTIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    QUANTIZED_OK = 0,
    QUANTIZED_ERROR_NULL = 1, /* an argument is a null pointer */
    QUANTIZED_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} quantized_error;

#define QUANTIZED_WORKSPACE_BYTES 32

/* Memory for intermediate results: one for each thread that calls quantized_run at the same time. It
 * needs no initialisation. */
typedef struct {
    union {
        float float32s[8];
        int8_t int8s[30];
    } arena;
} quantized_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int quantized_predict(const float *x, float *four_bits);

/* One sample, with the caller's workspace. */
int quantized_run(quantized_workspace *w, const float *x, float *four_bits);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int quantized_predict_batch(size_t n, const float *x, float *four_bits);

#ifdef __cplusplus
}
#endif

#endif
