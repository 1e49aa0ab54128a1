#include "xor.hpp"

#include <array>
#include <cstdio>

int main()
{
    static xor_model model;
    for (int i = 0; i < 4; ++i) {
        const std::array<float, 2> inputs{static_cast<float>(i / 2), static_cast<float>(i % 2)};
        std::array<float, 1> output;
        if (model.predict(inputs, output) != XOR_OK)
            return 1;
        std::printf("%d xor %d = %.0f\n", i / 2, i % 2, static_cast<double>(output[0]));
    }
}
