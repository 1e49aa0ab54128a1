"""Keras's names become identifiers here and nowhere else, each handed out once."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from kgen.reserved import HEADERS, KEYWORDS, MODULES

# Names that the templates use in the functions whose other variables are the model's values.
_TEMPLATES = [
    "w", "n", "sample", "error", "np", "batch", "predict", "checked", "t", "tt", "arena", "states",
    "reset",
]  # fmt: skip

RESERVED = (
    frozenset(KEYWORDS.split())
    | frozenset(_TEMPLATES)
    | frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(dir(builtins))
)

NOT_FOR_FILES = frozenset(f"{HEADERS} {MODULES}".lower().split())

MAX_LENGTH = 56
MAX_COMMENT = 400


class Names:
    """Identifiers that are legal in C, C++ and Python, unlike each other and unlike any reserved
    word.
    """

    def __init__(self, *reserved: str) -> None:
        self._taken = {word.lower() for word in RESERVED.union(reserved)}

    def take(self, hint: str) -> str:
        """A new identifier as close to the hint as can be; a number is added to tell it from
        others. In capitals it might be a macro of some header, as INPUT and INT32_MAX are.
        """
        base = identifier(hint)
        if len(base) > 1 and base.isupper():
            base = base.lower()
        name, count = base, 1
        # t0, t1, ... are what templates call intermediate results.
        # Case alone does not tell names apart: macros are upper case, and some file systems fold
        # it.
        while name.lower() in self._taken or re.fullmatch(r"t\d+", name):
            name, count = f"{base}_{count}", count + 1
        self._taken.add(name.lower())
        return name


def model_name(hint: str) -> str:
    """A name for files and a Python module, and the prefix of C functions: `NAME_predict`."""
    name = identifier(hint, default="model")
    taken = keyword.iskeyword(name) or name.lower() in NOT_FOR_FILES
    return f"{name}_model" if taken else name


def identifier(hint: str, default: str = "layer") -> str:
    """The hint with all but letters, digits and underscores replaced: `a*/b` -> `a_b`."""
    text = unicodedata.normalize("NFKD", hint).encode("ascii", "ignore").decode()
    text = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")
    if len(text) > MAX_LENGTH:
        text = text[:MAX_LENGTH].rstrip("_")
    if not text:
        text = default
    return f"n{text}" if text[0].isdigit() else text


def comment(text: str) -> str:
    """The text on one line, safe within a comment or a docstring of either language, in ASCII."""
    escaped = [one.encode("unicode_escape").decode("ascii") for one in text[: MAX_COMMENT + 1]]
    if len("".join(escaped)) > MAX_COMMENT:
        while len("".join(escaped)) > MAX_COMMENT - 3:
            escaped.pop()
        escaped.append("...")
    # Spaces, since Python warns of backslashes that it knows no meaning of.
    safe = re.sub(r'\*(?=/)|/(?=\*)|\?(?=\?)|"(?=")', r"\g<0> ", "".join(escaped))
    return f"{safe} " if safe.endswith("\\") else safe
