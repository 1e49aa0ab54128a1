#include "xor.h"

#include <stdio.h>

int main(void)
{
    for (int i = 0; i < 4; ++i) {
        const float inputs[2] = {(float)(i / 2), (float)(i % 2)};
        float output[1];
        if (xor_predict(inputs, output) != XOR_OK)
            return 1;
        printf("%d xor %d = %.0f\n", i / 2, i % 2, (double)output[0]);
    }
    return 0;
}
