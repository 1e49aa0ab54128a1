"""Integer arithmetic that TensorFlow refuses for some numbers."""

from __future__ import annotations

import keras
from keras import Input, Model, layers, ops

from tests.cases._build import function, table


def _divided(dtype: str) -> keras.Model:
    return function(
        lambda x, y: [x // y, x % y, ops.fmod(x, y), (x + x) // (y + y)],
        (4, 3),
        (4, 3),
        dtype=dtype,
    )


table(
    globals(),
    {
        f"division_of_{dtype}": (lambda dtype=dtype: _divided(dtype))
        for dtype in ("int32", "int64", "uint8")
    },
)


def powers() -> keras.Model:
    return function(lambda x, y: ops.power(x - 4, y), (4, 3), (4, 3), dtype="int32")


def division_of_a_number() -> keras.Model:
    return function(lambda y: [ops.full_like(y, 100) // y, 7 % y], (5,), dtype="int32")


def division_in_a_loop() -> keras.Model:
    class Cell(keras.Layer):
        state_size = 3

        def call(self, x, states):
            y = states[0] + ops.cast(24 // ops.cast(x, "int32"), "float32")
            return y, [y]

    x = Input((4, 3), dtype="int32", name="x")
    return Model(x, layers.RNN(Cell(), dtype="float32")(x))
