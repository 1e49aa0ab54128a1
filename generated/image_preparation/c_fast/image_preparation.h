/* image_preparation: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   photo: float[90], shape (6, 5, 3)
 *   out  rescaling: float[36], shape (4, 3, 3)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef IMAGE_PREPARATION_H
#define IMAGE_PREPARATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    IMAGE_PREPARATION_OK = 0,
    IMAGE_PREPARATION_ERROR_NULL = 1, /* an argument is a null pointer */
    IMAGE_PREPARATION_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} image_preparation_error;

#define IMAGE_PREPARATION_WORKSPACE_BYTES 216

/* Memory for intermediate results: one for each thread that calls image_preparation_run at the same time. It
 * needs no initialisation. */
typedef struct {
    float arena[54];
} image_preparation_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int image_preparation_predict(const float *photo, float *rescaling);

/* One sample, with the caller's workspace. */
int image_preparation_run(image_preparation_workspace *w, const float *photo, float *rescaling);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int image_preparation_predict_batch(size_t n, const float *photo, float *rescaling);

#ifdef __cplusplus
}
#endif

#endif
