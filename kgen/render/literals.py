"""Numbers as source text: the shortest that reads back to the same bits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import orjson

from kgen.ir.value import rounded

PER_LINE = 8
"""Numbers on a line, where the array's own rows are longer than ROW_LIMIT."""

ROW_LIMIT = 16

BYTES_PER_LINE = 40
"""Of string literals."""

BYTES_AT_ONCE = BYTES_PER_LINE * 50_000
"""That tables are made for: few enough for their memory not to matter."""


POWERS_OF_TEN = np.array([float(f"1e{exponent}") for exponent in range(-45, 46)])


def shortened(array: np.ndarray, dtype: str) -> np.ndarray:
    """float32 numbers that a narrower type has too -> others with fewer decimal digits, which are
    rounded to the same numbers of that type.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _shortened(array, dtype)


def _shortened(array: np.ndarray, dtype: str) -> np.ndarray:
    result = array.copy()
    size = np.abs(array.astype(np.float64))
    left = np.isfinite(array) & (array != 0)
    exponent = np.searchsorted(POWERS_OF_TEN, size, side="right") - 1
    for digits in range(1, 6):  # as many as 11 bits need
        # The last digit's place; numbers are shifted in two steps that no power is too large for.
        place = np.clip(exponent - digits + 1, 0, len(POWERS_OF_TEN) - 1)
        unit = POWERS_OF_TEN[place]
        short = np.copysign(np.rint(size / unit) * unit, array)
        fits = left & (rounded(short.astype(np.float32), dtype) == array)
        fits &= short.astype(dtype).astype(np.float32) == array
        result[fits] = short[fits]
        left &= ~fits
    return result


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


def byte_strings(data: bytes) -> str:
    """The bytes as string literals of C, one a line."""
    array = np.frombuffer(data, np.uint8)
    return "\n".join(
        _byte_strings(array[start : start + BYTES_AT_ONCE])
        for start in range(0, len(array), BYTES_AT_ONCE)
    )


def _byte_strings(array: np.ndarray) -> str:
    """By a table of escapes and a mask: a hundred megabytes must not take minutes."""
    following = np.append(array[1:], np.uint8(0))
    following[BYTES_PER_LINE - 1 :: BYTES_PER_LINE] = 0  # it is in a string of its own
    digit = ((following >= ord("0")) & (following <= ord("7"))).astype(np.intp)
    texts, lengths = _escapes()
    lines = -(-len(array) // BYTES_PER_LINE)
    room = np.zeros((lines, BYTES_PER_LINE * 4 + 3), np.uint8)
    used = np.zeros(room.shape, np.bool_)
    place = np.zeros((lines * BYTES_PER_LINE, 4), np.uint8)
    shown = np.zeros(place.shape, np.bool_)
    place[: len(array)] = texts[digit, array]
    shown[: len(array)] = np.arange(4) < lengths[digit, array][:, None]
    room[:, 0], room[:, -2], room[:, -1] = ord('"'), ord('"'), ord("\n")
    used[:, [0, -2, -1]] = True
    room[:, 1:-2], used[:, 1:-2] = place.reshape(lines, -1), shown.reshape(lines, -1)
    return room[used].tobytes().decode("ascii").rstrip("\n")


@cache
def _escapes() -> tuple[np.ndarray, np.ndarray]:
    """The text of each byte, and its length: [0] where no octal digit follows, [1] where one does,
    which would be read as a part of a short escape.
    """
    texts, lengths = np.zeros((2, 256, 4), np.uint8), np.zeros((2, 256), np.int64)
    for digit in (0, 1):
        for byte in range(256):
            text = c_string(bytes([byte]))[1:-1]
            if text.startswith("\\") and text[1:].isdigit() and not digit:
                text = f"\\{byte:o}"
            lengths[digit, byte] = len(text)
            texts[digit, byte, : len(text)] = np.frombuffer(text.encode(), np.uint8)
    return texts, lengths


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
