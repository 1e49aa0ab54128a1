// Prints what the network makes of all four inputs.
package main

import (
	"fmt"
	"log"

	"example.com/exclusiveor/xor"
)

func main() {
	for _, inputs := range [][xor.Inputs]float32{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		output, err := xor.Predict(&inputs)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v xor %v = %.0f\n", inputs[0], inputs[1], output[0])
	}
}
