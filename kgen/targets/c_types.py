"""C's types, and how it writes elements of them."""

from __future__ import annotations

import numpy as np

from kgen.ir.size import Size, bare
from kgen.ir.value import STRING
from kgen.render.literals import c_string, number

CTYPES = {
    STRING: "const char *",
    "float32": "float",
    "float64": "double",
    "bool": "bool",
    "float16": "uint16_t",
    "bfloat16": "uint16_t",
    "int4": "uint8_t",
    "float8_e4m3fn": "uint8_t",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


def literal(value: object, dtype: str) -> str:
    """A C literal of the element type."""
    if dtype == STRING:
        return c_string(value)  # type: ignore[arg-type]
    if isinstance(value, Size):
        return str(value) if dtype == "int32" else f"({CTYPES[dtype]}){value}"
    if dtype == "bool":
        return "true" if value else "false"
    if dtype == "float32":
        return number(np.float32(value), "f")  # type: ignore[arg-type]
    if dtype == "float64":
        return number(np.float64(value))  # type: ignore[arg-type]
    text = str(int(value))  # type: ignore[call-overload]
    if dtype == "int64":
        return "INT64_MIN" if value == -(2**63) else f"INT64_C({text})"
    if dtype == "int32" and value == -(2**31):
        return "INT32_MIN"
    return f"{text}u" if dtype in ("uint32", "uint64") else text


def pointer(dtype: str, name: str, *, const: bool) -> str:
    """The declaration of a pointer to elements: `const float *x`, `const char *const *words`."""
    if dtype == STRING:
        return f"const char *{'const ' if const else ''}*{name}"
    return f"{'const ' if const else ''}{CTYPES[dtype]} *{name}"


def count_text(size: int) -> str:
    """A number of elements where C wants a size_t."""
    return f"(size_t)({bare(size)})" if isinstance(size, Size) else str(size)
