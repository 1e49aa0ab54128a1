"""keras.ops that call functions: loops are unrolled, branches all computed and then chosen from.

A loop's body is traced once for each step, with the step's number known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, ops, tree

from kgen.trace.builder import UnsupportedError
from kgen.trace.table import decomposes

UNROLLED = 256
"""More steps than this are not unrolled: the source would be too long to read or to compile."""

Function = Callable[..., Any]


def check_steps(steps: int, what: str) -> None:
    """Raises UnsupportedError if there are too many to unroll."""
    if steps > UNROLLED:
        raise UnsupportedError(
            f"{what} of {steps} steps would be unrolled, and kgen unrolls up to {UNROLLED}; write "
            "it with operations on whole arrays, such as keras.ops.cumsum"
        )


def _tensors(structure: Any) -> Any:
    """Numbers as the tensors that TensorFlow would make of them."""
    return tree.map_structure(ops.convert_to_tensor, structure)


def _is_symbolic(x: Any) -> bool:
    return isinstance(x, KerasTensor)


def _choice(condition: Any, first: Any, second: Any) -> Any:
    """`first` where the condition holds, in a structure of tensors."""
    return tree.map_structure(lambda a, b: ops.where(condition, a, b), first, second)


@decomposes("Cond")
def cond(op: Any, pred: Any, true_fn: Function, false_fn: Function) -> Any:
    if _is_symbolic(pred):
        return _choice(ops.cast(pred, "bool"), true_fn(), false_fn())
    return true_fn() if bool(pred) else false_fn()


@decomposes("Switch")
def switch(op: Any, index: Any, branches: Any, *operands: Any) -> Any:
    if not _is_symbolic(index):
        return branches[int(np.clip(int(index), 0, len(branches) - 1))](*operands)
    result = branches[-1](*operands)
    for number in reversed(range(len(branches) - 1)):
        result = _choice(index <= number, branches[number](*operands), result)
    return result


@decomposes("ForiLoop")
def fori_loop(op: Any, init_val: Any) -> Any:
    if _is_symbolic(op.lower) or _is_symbolic(op.upper):
        raise UnsupportedError(
            "a loop whose bounds the data says is not supported; use keras.ops.while_loop with "
            "maximum_iterations"
        )
    lower, upper = int(op.lower), int(op.upper)
    check_steps(upper - lower, "a fori_loop")
    value = _tensors(init_val)
    for step in range(lower, upper):
        value = op.body_fun(ops.convert_to_tensor(step, "int32"), value)
    return value


@decomposes("WhileLoop")
def while_loop(op: Any, loop_vars: Any) -> Any:
    several = isinstance(loop_vars, list | tuple)
    values = tuple(_tensors(one) for one in (loop_vars if several else (loop_vars,)))
    steps, running = 0, None
    while op.maximum_iterations is None or steps < op.maximum_iterations:
        going = op.cond(*values)
        if not _is_symbolic(going) and not bool(going):
            break
        check_steps(steps + 1, "a while_loop")
        changed = op.body(*values)
        changed = tuple(changed) if several else (changed,)
        if _is_symbolic(going):
            if op.maximum_iterations is None:
                raise UnsupportedError(
                    "how many steps a while_loop takes depends on the data; give it "
                    "maximum_iterations, the most that it may take"
                )
            check_steps(op.maximum_iterations, "a while_loop")
            running = going if running is None else ops.logical_and(running, going)
            changed = _choice(running, changed, values)
        values = changed
        steps += 1
    return values if several else values[0]


@decomposes("Scan")
def scan(op: Any, f: Function, init: Any, xs: Any = None) -> Any:
    """As jax.lax.scan: (carry, x) -> (carry, y) from step to step, the ys stacked."""
    flat = tree.flatten(xs) if xs is not None else []
    steps = int(op.length) if op.length is not None else flat[0].shape[0]
    check_steps(steps, "a scan")
    carry, rows = _tensors(init), {}
    for step in reversed(range(steps)) if op.reverse else range(steps):
        part = None if xs is None else tree.map_structure(lambda x, step=step: x[step], xs)
        carry, rows[step] = f(carry, part)
    columns = zip(*(tree.flatten(rows[step]) for step in range(steps)), strict=True)
    ys = [ops.stack(list(column), axis=0) for column in columns]
    return carry, tree.pack_sequence_as(rows[0], ys)


@decomposes("AssociativeScan")
def associative_scan(op: Any, f: Function, elems: Any) -> Any:
    """Running results of f along an axis, by halves (Blelloch, 1990), as Keras associates them."""
    axis = op.axis

    def part(x: Any, start: int, stop: int | None, step: int = 1) -> Any:
        return x[(slice(None),) * (axis % len(x.shape)) + (slice(start, stop, step),)]

    def combined(a: list[Any], b: list[Any]) -> list[Any]:
        result = f(tree.pack_sequence_as(elems, a), tree.pack_sequence_as(elems, b))
        return list(tree.flatten(result))

    def interleaved(even: Any, odd: Any) -> Any:
        place, count = axis % len(even.shape), odd.shape[axis]
        pairs = ops.stack([part(even, 0, count), odd], axis=place + 1)
        joined = ops.reshape(pairs, [*odd.shape[:place], 2 * count, *odd.shape[place + 1 :]])
        if even.shape[axis] == count:
            return joined
        return ops.concatenate([joined, part(even, count, None)], axis=place)

    def running(xs: list[Any]) -> list[Any]:
        length = xs[0].shape[axis]
        if length < 2:
            return xs
        last = length - length % 2
        odd = running(
            combined([part(x, 0, last, 2) for x in xs], [part(x, 1, None, 2) for x in xs])
        )
        if length == 2:
            even = [part(x, 0, 1) for x in xs]
        else:
            before = [part(x, 0, (length - 1) // 2) for x in odd]
            later = combined(before, [part(x, 2, None, 2) for x in xs])
            even = [
                ops.concatenate([part(x, 0, 1), y], axis=axis % len(x.shape))
                for x, y in zip(xs, later, strict=True)
            ]
        return [interleaved(a, b) for a, b in zip(even, odd, strict=True)]

    flat = tree.flatten(elems)
    if op.reverse:
        flat = [ops.flip(x, axis=axis) for x in flat]
    results = running(flat)
    if op.reverse:
        results = [ops.flip(x, axis=axis) for x in results]
    return tree.pack_sequence_as(elems, results)


@decomposes("JVP")
def jvp(op: Any, *args: Any) -> Any:
    raise UnsupportedError("derivatives are not supported; write them with other keras.ops")


@decomposes("SliceUpdate")
def slice_update(op: Any, inputs: Any, start_indices: Any, updates: Any) -> Any:
    """The block begins no further on than that it fits, as in XLA."""
    if _is_symbolic(start_indices) or any(_is_symbolic(start) for start in start_indices):
        raise UnsupportedError(
            "a block that begins where the data says is not supported; use keras.ops.where with a "
            "comparison of places"
        )
    inside, padding = np.ones((1,) * len(inputs.shape), bool), []
    for axis, (start, size, whole) in enumerate(
        zip(start_indices, updates.shape, inputs.shape, strict=True)
    ):
        first = int(np.clip(int(start), 0, whole - size))
        padding.append((first, whole - size - first))
        if size != whole:
            shape = [-1 if a == axis else 1 for a in range(len(inputs.shape))]
            places = np.arange(whole).reshape(shape)
            inside = inside & (places >= first) & (places < first + size)
    block = ops.pad(ops.cast(updates, keras.backend.standardize_dtype(inputs.dtype)), padding)
    return ops.where(inside, block, inputs)
