/* sentiment: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   review: const char *[1], shape (1)
 *   out  score: float[1], shape (1)
 *
 * Strings are UTF-8 and end with a zero byte. Those that the functions return are the caller's own or constants.
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef SENTIMENT_H
#define SENTIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    SENTIMENT_OK = 0,
    SENTIMENT_ERROR_NULL = 1, /* an argument or a string is a null pointer */
    SENTIMENT_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} sentiment_error;

#define SENTIMENT_WORKSPACE_BYTES 128

/* Memory for intermediate results: one for each thread that calls sentiment_run at the same time. It
 * needs no initialisation. */
typedef struct {
    union {
        float float32s[32];
        int64_t int64s[16];
    } arena;
} sentiment_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int sentiment_predict(const char *const *review, float *score);

/* One sample, with the caller's workspace. */
int sentiment_run(sentiment_workspace *w, const char *const *review, float *score);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int sentiment_predict_batch(size_t n, const char *const *review, float *score);

#ifdef __cplusplus
}
#endif

#endif
