/* text_classifier: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   ids: int32_t[6], shape (6)
 *   out  scores: float[3], shape (3)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef TEXT_CLASSIFIER_H
#define TEXT_CLASSIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    TEXT_CLASSIFIER_OK = 0,
    TEXT_CLASSIFIER_ERROR_NULL = 1, /* an argument is a null pointer */
    TEXT_CLASSIFIER_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} text_classifier_error;

#define TEXT_CLASSIFIER_WORKSPACE_BYTES 1716

/* Memory for intermediate results: one for each thread that calls text_classifier_run at the same time. It
 * needs no initialisation. */
typedef struct {
    union {
        float float32s[429];
        bool bools[1716];
    } arena;
} text_classifier_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int text_classifier_predict(const int32_t *ids, float *scores);

/* One sample, with the caller's workspace. */
int text_classifier_run(text_classifier_workspace *w, const int32_t *ids, float *scores);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int text_classifier_predict_batch(size_t n, const int32_t *ids, float *scores);

#ifdef __cplusplus
}
#endif

#endif
