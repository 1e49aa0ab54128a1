// Package xor is the network of examples/xor.keras, which kgen compiled to C. cgo compiles the C files that lie
// beside this one.
package xor

// #cgo CFLAGS: -std=c99 -O2
// #cgo LDFLAGS: -lm
// #include "xor.h"
import "C"

import "fmt"

// Elements of the model's input and output: those of xor.h.
const (
	Inputs  = 2
	Outputs = 1
)

// Error is what the C returned instead of XOR_OK.
type Error int

// ErrIndex says that an index (an embedding's id, say) is out of range.
const ErrIndex Error = C.XOR_ERROR_INDEX

func (e Error) Error() string {
	if e == ErrIndex {
		return "xor: an index is out of range"
	}
	return fmt.Sprintf("xor: xor_predict returned %d", int(e))
}

// Predict computes one sample. Goroutines may call it at the same time: its workspace is on the stack.
func Predict(inputs *[Inputs]float32) (output [Outputs]float32, err error) {
	code := C.xor_predict((*C.float)(&inputs[0]), (*C.float)(&output[0]))
	return output, checked(code)
}

// PredictBatch computes several samples in one call from Go to C, which takes some 50 ns.
func PredictBatch(inputs [][Inputs]float32) ([][Outputs]float32, error) {
	outputs := make([][Outputs]float32, len(inputs))
	if len(inputs) == 0 {
		return outputs, nil
	}
	code := C.xor_predict_batch(C.size_t(len(inputs)), (*C.float)(&inputs[0][0]), (*C.float)(&outputs[0][0]))
	return outputs, checked(code)
}

func checked(code C.int) error {
	if code == C.XOR_OK {
		return nil
	}
	return Error(code)
}
