/* customer: a Keras model in C99, exported by kgen.
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
#ifndef CUSTOMER_H
#define CUSTOMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs of that sample are as they were. */
typedef enum {
    CUSTOMER_OK = 0,
    CUSTOMER_ERROR_NULL = 1, /* an argument or a string is a null pointer */
    CUSTOMER_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} customer_error;

#define CUSTOMER_WORKSPACE_BYTES 152

/* Memory for intermediate results: one for each thread that calls customer_run at the same time. It
 * needs no initialisation. */
typedef struct {
    union {
        float float32s[38];
        int32_t int32s[38];
        int64_t int64s[19];
    } arena;
} customer_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int customer_predict(const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores);

/* One sample, with the caller's workspace. */
int customer_run(customer_workspace *w, const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. */
int customer_predict_batch(size_t n, const float *age, const char *const *city, const char *const *street, const int32_t *plan, const int32_t *visits, float *scores);

#ifdef __cplusplus
}
#endif

#endif
