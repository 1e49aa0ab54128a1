/* stateful: a Keras model in C99, exported by kgen.
 *
 * Arrays are row-major: the last index runs fastest. Shapes leave out the batch axis.
 *   in   measurement: float[2], shape (1, 2)
 *   out  forecast: float[1], shape (1)
 *
 * Inputs and outputs must not overlap. No function allocates memory or changes anything but its outputs and
 * its workspace.
 */
#ifndef STATEFUL_H
#define STATEFUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions return. After an error the outputs and states of that sample are as they were. */
typedef enum {
    STATEFUL_OK = 0,
    STATEFUL_ERROR_NULL = 1, /* an argument is a null pointer */
    STATEFUL_ERROR_INDEX = 2 /* an index (an embedding's id, say) is out of range */
} stateful_error;

#define STATEFUL_WORKSPACE_BYTES 108

/* Memory for intermediate results, and what the model remembers: one for each sequence of samples that is in
 * progress at the same time. Call stateful_reset before its first use. */
typedef struct {
    float arena[24];
    float gru_h[3]; /* a state, shape (3) */
} stateful_workspace;

/* One sample, with a workspace of the library's own: not for two threads at once. */
int stateful_predict(const float *measurement, float *forecast);

/* One sample, with the caller's workspace. */
int stateful_run(stateful_workspace *w, const float *measurement, float *forecast);

/* n samples, one after another in each array, with the library's own workspace: not for two threads at once. Stops
 * at the first error; the samples before it are done. Each goes on where
 * the one before it ended. */
int stateful_predict_batch(size_t n, const float *measurement, float *forecast);

/* The states after the last sample decide on the next one's outputs, until they are set to zero again: those in
 * w, or, if that is a null pointer, all of the library's own. */
void stateful_reset(stateful_workspace *w);

/* Copies the states out of w, or into it; if it is a null pointer, of the library's own that stateful_predict
 * uses. */
int stateful_get_state(const stateful_workspace *w, float *gru_h);
int stateful_set_state(stateful_workspace *w, const float *gru_h);

#ifdef __cplusplus
}
#endif

#endif
