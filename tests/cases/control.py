"""Loops and branches."""

from __future__ import annotations

import keras
from keras import ops

from tests.cases._build import Function, function, layer


def fori_loop() -> keras.Model:
    def body(x):
        return ops.fori_loop(
            1, 4, lambda i, v: v * ops.cast(i, "float32") + x[:, i], ops.zeros_like(x[:, 0])
        )

    return layer(Function(body), 5)


def while_loop_with_a_counter() -> keras.Model:
    def body(x):
        return ops.while_loop(
            lambda i, v: i < 5, lambda i, v: (i + 1, v * 0.5 + ops.cast(i, "float32")), (0, x)
        )[1]

    return layer(Function(body), 5)


def while_loop_that_each_sample_ends() -> keras.Model:
    def until_large(v):
        return ops.while_loop(
            lambda i, t: ops.sum(t) < 3,
            lambda i, t: (i + 1, t + 0.3),
            (0, v),
            maximum_iterations=6,
        )[1]

    return function(lambda x: ops.vectorized_map(until_large, x), (5,))


def scan() -> keras.Model:
    def body(x):
        def step(carry, part):
            carry = carry * 0.5 + part
            return carry, carry

        rows, first = ops.moveaxis(x, 1, 0), ops.zeros_like(x[:, 0])
        last, all_of_them = ops.scan(step, first, rows)
        _, backwards = ops.scan(step, first, rows, reverse=True)
        return [last, ops.moveaxis(all_of_them, 0, 1), ops.moveaxis(backwards, 0, 1)]

    return layer(Function(body), 5, 3)


def scan_without_inputs() -> keras.Model:
    return layer(Function(lambda x: ops.scan(lambda c, _: (c * 2 + 1, c), x, length=3)[0]), 5, 3)


def associative_scan() -> keras.Model:
    def linear(a, b):
        return a[0] * b[0], b[0] * a[1] + b[1]

    return function(
        lambda x, y: [
            *ops.associative_scan(linear, (x, y), axis=1),
            ops.associative_scan(ops.add, x[:, :6], axis=1, reverse=True),
            ops.associative_scan(lambda a, b: a * b + b, x[:, :3], axis=1),
            ops.associative_scan(ops.maximum, x[:, :1], axis=1),
        ],
        (7, 3), (7, 3),
    )  # fmt: skip


def branches_known_beforehand() -> keras.Model:
    return function(
        lambda x: [
            ops.cond(True, lambda: x * 2, lambda: -x),
            ops.switch(7, [lambda t: t, lambda t: t * 3], x),
        ],
        (5,),
    )


def branches_by_sample() -> keras.Model:
    def cond(v):
        return ops.cond(ops.sum(v) > 0, lambda: v * 2, lambda: -v)

    def switch(v):
        branches = [lambda t: t * 2, lambda t: -t, lambda t: t + 1]
        return ops.switch(ops.cast(v[0] * 2, "int32"), branches, v)

    return function(lambda x: [ops.vectorized_map(cond, x), ops.vectorized_map(switch, x)], (5,))
