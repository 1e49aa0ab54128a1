"""Arrays that the command line is given: files of NumPy's, or numbers written out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kgen.errors import ExportError


def samples(options: Sequence[str]) -> Any:
    """The model's inputs: of one x.npy, x.npz, or numbers as [[0, 1]]; of several a .npz file,
    NAME=x.npy for each, or one option each, in their order. None if there are no options.

    Raises ExportError for what can't be read.
    """
    if not options:
        return None
    named: dict[str, Any] = {}
    plain: list[Any] = []
    for option in options:
        name, mark, rest = option.partition("=")
        if mark and not _is_written_out(option) and not Path(option).exists():
            named[name] = _sample(rest)
        else:
            plain.append(_sample(option))
    if named and plain:
        raise ExportError("Give a name to every --input, or to none.", exit_code=2)
    if named:
        return named
    return plain[0] if len(plain) == 1 else plain


def _is_written_out(text: str) -> bool:
    return text.lstrip().startswith(("[", "{"))


def _sample(text: str) -> Any:
    if _is_written_out(text):
        try:
            return json.loads(text)
        except ValueError as error:
            raise ExportError(f"--input {text[:60]!r} is no JSON: {error}.", exit_code=2) from None
    found = named_arrays(Path(text), "--input")
    return next(iter(found.values())) if len(found) == 1 else found


def named_arrays(path: Path, option: str) -> dict[str, np.ndarray]:
    """The arrays of a .npz file by name, in its order; of a .npy file one, by the file's name.

    option: which one named the file. Raises ExportError for a file that can't be read.
    """
    if not path.is_file():
        raise ExportError(f"{option} {str(path)!r}: there is no such file.", exit_code=2)
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {path.stem: found}
        with found:
            return {name: found[name] for name in found.files}
    except Exception as error:  # zipfile, NumPy's reader and the file system raise what they like
        what = " ".join(str(error).split())[:120].rstrip(".")
        if "pickle" in what:  # what NumPy takes any other file for
            what = "it holds Python objects, or is another kind of file"
        if path.suffix in (".csv", ".txt"):
            what = f"for text, np.save('x.npy', np.loadtxt({path.name!r}, delimiter=','))"
        raise ExportError(
            f"{option} {str(path)!r} is no .npy or .npz file of numbers (np.save, np.savez): "
            f"{what}.",
            exit_code=2,
        ) from None
