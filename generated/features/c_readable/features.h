/* features: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   age: float[1], shape (1)
 *   in   city: const char *[1], shape (1)
 *   in   street: const char *[1], shape (1)
 *   in   plan: int32_t[1], shape (1)
 *   in   visits: int32_t[5], shape (5)
 *   out  scores: float[2], shape (2)
 *
 * Strings are UTF-8 and end with a zero byte. Those that the functions return are the caller's own or constants.
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef FEATURES_H
#define FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs are as they were. */
typedef enum {
    FEATURES_OK = 0,
    FEATURES_ERROR_NULL = 1, /* an argument or a string is a null pointer */
    FEATURES_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} features_error;

#define FEATURES_WORKSPACE_BYTES 152

/* Memory for intermediate results: one for each thread that calls features_run at the same time. It
 * needs no initialisation. */
typedef struct {
    union {
        float float32s[38];
        int32_t int32s[38];
        int64_t int64s[19];
    } arena;
} features_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int features_predict(const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores);

/* One sample, with the caller's workspace. */
int features_run(features_workspace *w, const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores);

/* n samples, one after another in each array; stops at the first error. */
int features_predict_batch(size_t n, const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores);

#ifdef __cplusplus
}
#endif

#endif
