"""Arrays as people read them: shortened, and where each number lies in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgen.ir.value import row_major

SHOWN = 60
"""Arrays of more numbers are shortened."""

LETTERS = "ijklmnpq"


def numbers(array: np.ndarray, indent: str = "") -> str:
    """The array over several lines, shortened if it is large, each line after the indent."""
    if array.dtype == object:  # strings
        array = np.vectorize(_words, otypes=[object])(array)
    text = np.array2string(
        array,
        suppress_small=_even(array),
        threshold=SHOWN,
        edgeitems=3,
        precision=6,
        max_line_width=100 - len(indent),
        floatmode="maxprec",
    )
    return "\n".join(f"{indent}{line}".rstrip() for line in text.split("\n"))


def _words(given: object) -> str:
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)


def _even(array: np.ndarray) -> bool:
    """Whether six digits behind the point say enough of the larger elements."""
    if array.dtype.kind != "f" or not array.size:
        return False
    largest = float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
    return 1e-2 <= largest < 1e7


def sizes(shape: Sequence[int]) -> str:
    """(4, 2), or (4,)"""
    return str(tuple(int(size) for size in shape))


def memory_order(symbol: str, shape: Sequence[int]) -> str:
    """Which number of the literal array an element is: `W[i, j] is number i·4 + j`."""
    if len(shape) < 2:
        return f"{symbol}[i] is number i of the literal array" if shape else ""
    letters = LETTERS[: len(shape)]
    terms = [
        letter if stride == 1 else f"{letter}·{stride}"
        for letter, stride, size in zip(letters, row_major(shape), shape, strict=False)
        if size != 1
    ]
    places = ", ".join(
        letter if size != 1 else "0" for letter, size in zip(letters, shape, strict=False)
    )
    return f"{symbol}[{places}] is number {' + '.join(terms) or '0'} of the literal array"
