"""The codes that the C's functions return: a code means the same in every model."""

from __future__ import annotations

from typing import NamedTuple

from kgen.targets.c import CModel


class Error(NamedTuple):
    """One code. name: behind NAME_ERROR_. meaning: what the header says of it."""

    name: str
    code: int
    meaning: str


def errors(model: CModel) -> list[Error]:
    """Those that the model's functions can return."""
    string = "or a string " if model.string_inputs else ""
    word = ", or what was looked up is in no vocabulary" if model.knows_all_words else ""
    found = [
        Error("NULL", 1, f"an argument {string}is a null pointer"),
        Error("INDEX", 2, f"an index (an embedding's id, say) is out of range{word}"),
    ]
    if model.lengths:
        found.append(Error("LENGTH", 3, "a length is none that the model takes"))
    if model.loads:
        missing = f"the workspace has no weights: call {model.prefix}_load"
        found += [
            Error("NOT_LOADED", 4, missing),
            Error("FILE", 5, "the file can't be opened or read"),
            Error("SIZE", 6, "the file is shorter or longer than these weights"),
            Error("CHECKSUM", 7, "the file was altered, or is of another model"),
        ]
    if model.checks_values:
        meaning = "an integer is divided by zero, or its exponent is negative"
        found.append(Error("VALUE", 8, meaning))
    if model.form.workspace == "caller":
        meaning = "memory for a workspace is too small, or at an address that none can have"
        found.append(Error("WORKSPACE", 9, meaning))
    return found
