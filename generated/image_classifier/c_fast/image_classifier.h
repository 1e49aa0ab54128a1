/* image_classifier: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   image: float[56], shape (8, 7, 1)
 *   out  classes: float[5], shape (5)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef IMAGE_CLASSIFIER_H
#define IMAGE_CLASSIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    IMAGE_CLASSIFIER_OK = 0,
    IMAGE_CLASSIFIER_ERROR_NULL = 1, /* an argument is a null pointer */
    IMAGE_CLASSIFIER_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} image_classifier_error;

#define IMAGE_CLASSIFIER_WORKSPACE_BYTES 1152

/* Memory for intermediate results: one for each thread that calls image_classifier_run at the same time. It
 * needs no initialisation. */
typedef struct {
    float arena[288];
} image_classifier_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int image_classifier_predict(const float *image, float *classes);

/* One sample, with the caller's workspace. */
int image_classifier_run(image_classifier_workspace *w, const float *image, float *classes);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int image_classifier_predict_batch(size_t n, const float *image, float *classes);

#ifdef __cplusplus
}
#endif

#endif
