package xor

import (
	"math"
	"sync"
	"testing"
)

var table = [][Inputs]float32{{0, 0}, {0, 1}, {1, 0}, {1, 1}}

func TestOneSample(t *testing.T) {
	for i, expected := range []float64{0, 1, 1, 0} {
		output, err := Predict(&table[i])
		if err != nil || math.Round(float64(output[0])) != expected {
			t.Errorf("%v: %v, %v", table[i], output, err)
		}
	}
}

func TestABatchIsItsSamples(t *testing.T) {
	outputs, err := PredictBatch(table)
	if err != nil {
		t.Fatal(err)
	}
	for i := range table {
		if output, _ := Predict(&table[i]); output != outputs[i] {
			t.Errorf("%v: %v alone, %v in a batch", table[i], output, outputs[i])
		}
	}
	if none, err := PredictBatch(nil); len(none) != 0 || err != nil {
		t.Error(none, err)
	}
}

func TestGoroutinesAtTheSameTime(t *testing.T) {
	expected, _ := Predict(&table[1])
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := 0; n < 10000; n++ {
				if output, err := Predict(&table[1]); err != nil || output != expected {
					t.Error(output, err)
					return
				}
			}
		}()
	}
	group.Wait()
}

func TestErrorsAreValues(t *testing.T) {
	if text := ErrIndex.Error(); text != "xor: an index is out of range" {
		t.Error(text)
	}
	if err := checked(1); err != Error(1) {
		t.Error(err)
	}
}
