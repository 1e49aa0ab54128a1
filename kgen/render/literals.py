"""Numbers as source text: the shortest that reads back to the same bits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import orjson

PER_LINE = 8
"""Numbers on a line, where the array's own rows are longer than ROW_LIMIT."""

ROW_LIMIT = 16


def rows(array: np.ndarray) -> np.ndarray:
    """The array's elements in memory order, in rows that can be printed one a line."""
    flat = array.reshape(-1)
    last = array.shape[-1] if array.ndim else 1
    width = last if 0 < last <= ROW_LIMIT and array.ndim > 1 else PER_LINE
    full = flat.size // width * width
    return flat[:full].reshape(-1, width)


def numbers(
    array: np.ndarray, suffix: str = "", special: tuple[str, str] = ("NAN", "INFINITY")
) -> Iterator[str]:
    """Lines of comma-separated literals, each with the suffix ("f" for C's float).

    special: the words for nan and infinity, which have no literal.
    """
    block = rows(array)
    rest = array.reshape(-1)[block.size :]
    for part in (block, rest.reshape(1, -1)):
        if part.size:
            yield from _lines(part, suffix, special)


def _lines(block: np.ndarray, suffix: str, special: tuple[str, str]) -> list[str]:
    if block.dtype == np.bool_:
        block = block.astype(np.uint8)
    if block.dtype.kind == "f" and not np.isfinite(block).all():
        return [", ".join(number(x, suffix, special) for x in row) for row in block]
    text = orjson.dumps(np.ascontiguousarray(block), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    text = text[2:-2].replace("],[", ";").replace(",", f"{suffix}, ").replace(";", f"{suffix};")
    return f"{text}{suffix}".split(";")


def c_string(text: bytes) -> str:
    """A string literal of C, in ASCII; a question mark could be part of a trigraph."""
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "?": "\\?"}
    letters = (named.get(chr(c)) or (chr(c) if 32 <= c < 127 else f"\\{c:03o}") for c in text)
    return f'"{"".join(letters)}"'


def c_strings(array: np.ndarray) -> Iterator[str]:
    """Lines of comma-separated string literals of C."""
    return _filled(c_string(text) for text in array.flat)


def python_strings(array: np.ndarray) -> Iterator[str]:
    """Lines of comma-separated bytes literals of Python."""
    return _filled(repr(text) for text in array.flat)


def _filled(literals: Iterable[str]) -> Iterator[str]:
    """As many on each line as fit in about 80 columns."""
    line = ""
    for text in literals:
        if line and len(line) + len(text) > 80:
            yield line
            line = ""
        line += f", {text}" if line else text
    if line:
        yield line


def number(x: object, suffix: str = "", special: tuple[str, str] = ("NAN", "INFINITY")) -> str:
    """One literal."""
    if isinstance(x, bool | np.bool_):
        return str(int(x))
    if isinstance(x, int | np.integer):
        return str(int(x))
    value = x if isinstance(x, np.floating) else np.float64(x)  # type: ignore[arg-type]
    if np.isnan(value):
        return special[0]
    if math.isinf(value):
        return special[1] if value > 0 else f"-{special[1]}"
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    if not any(mark in text for mark in ".e"):
        text += ".0"
    return text + suffix
