"""Shapes, slices and arrays as text of Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kgen.ir.size import Size, bare, is_fixed, lengths_in
from kgen.ir.value import STRING, Value
from kgen.render.literals import ROW_LIMIT, numbers, python_strings, shortened

LONG = 4096
"""Arrays of more numbers than this are written as one string: Python compiles lists slowly."""

DOUBLE_ROUNDED = np.array([0x15AE43FD, 0x95AE43FD], np.uint32)
"""The float32 numbers (7.038531e-26 and its negative) whose shortest text, read as a float64 and
then rounded to float32 as NumPy does, gives another number. There are no others: such a text of at
most 9 digits is within half a float64 step of the middle of two float32 numbers."""


def dtype_text(dtype: str) -> str:
    return {"bool": "bool", "bfloat16": "np.float32", STRING: "object"}.get(dtype, f"np.{dtype}")


def shape_text(value: Value) -> str:
    """(batch, 4)"""
    return tuple_text(
        samples_text(size, "batch") if axis == value.batch else bare(size)
        for axis, size in enumerate(value.shape)
    )


def slice_text(start: int, step: int, size: int, whole: int) -> str:
    """The `size` elements start, start + step, ... of an axis as a slice, shortest."""
    if size == 0:
        return ":0"
    if (start, step, size) == (0, 1, whole):
        return ":"
    stop = start + step * size
    if step > 0:
        first = bare(start) if start else ""
        open_end = stop >= whole if is_fixed((stop, whole)) else stop - step + 1 == whole
        last = "" if open_end else bare(stop - step + 1)
    else:
        first = "" if start == whole - 1 else bare(start)
        last = bare(stop) if stop >= 0 else ""
        if isinstance(stop, Size):  # at some lengths the first element is the last one
            last = f"{last} if {last} >= 0 else None"
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


def half_text(array: np.ndarray, dtype: str, round_bfloat16: str) -> str:
    """An expression that gives exactly this array of float32, whose numbers all have a type of two
    bytes, with as few digits as that type needs.

    round_bfloat16: the name of a function, for NumPy has no such type.
    """
    short = shortened(array, dtype)
    if dtype == "bfloat16":
        return f"{round_bfloat16}({array_text(short)})"
    return f"{array_text(short, dtype)}.astype(np.float32)"


def array_text(array: np.ndarray, dtype: str = "") -> str:
    """An expression that gives exactly this array. dtype: to round its numbers to."""
    if array.dtype == object:
        return _strings_text(array)
    dtype = dtype_text(dtype or str(array.dtype))
    if not array.size:
        return f"np.zeros({array.shape}, dtype={dtype})"
    if array.dtype == np.float32 and np.isin(array.view(np.uint32), DOUBLE_ROUNDED).any():
        array = array.astype(np.float64)  # more digits
    if array.size > LONG:
        body = ",\n".join(numbers(array, special=("nan", "inf")))
        text = f'np.fromstring("""\n{body}\n""", dtype={dtype}, sep=",")'
        return text if array.ndim == 1 else f"{text}.reshape({_inner(array.shape)})"
    lines = numbers(array, special=("np.nan", "np.inf"))
    if array.ndim == 0:
        return f"np.array({next(lines)}, dtype={dtype})"
    if array.ndim == 2 and array.shape[1] <= ROW_LIMIT:
        return f"np.array([\n{_indented(f'[{line}]' for line in lines)}], dtype={dtype})"
    short = list(lines)
    body = f"[{short[0]}]" if len(short) == 1 else f"[\n{_indented(short)}]"
    text = f"np.array({body}, dtype={dtype})"
    return text if array.ndim == 1 else f"{text}.reshape({_inner(array.shape)})"


def _strings_text(array: np.ndarray) -> str:
    """An expression that gives this array of bytes objects."""
    lines = python_strings(array)
    text = f"np.array([\n{_indented(lines)}], dtype=object)"
    return text if array.ndim == 1 else f"{text}.reshape({_inner(array.shape) or '()'})"


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"    {line},\n" for line in lines)


def _inner(shape: Sequence[int]) -> str:
    return ", ".join(map(str, shape))


def tuple_text(parts: Iterable[str]) -> str:
    """(a, b), or (a,)"""
    texts = list(parts)
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


def samples_text(size: int, batch: str) -> str:
    return batch if size == 1 else f"{size} * {batch}"


def common_text(values: Any) -> str:
    """The number that they all are, if so."""
    if any(lengths_in(values)):
        return str(values)
    flat = np.unique(values)
    return str(flat[0]) if flat.size == 1 else str(values)
