"""What the asker gives: samples and arrays of their own, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgen.errors import ExportError


def checked_inputs(given: Any, names: Sequence[str]) -> list[np.ndarray]:
    """The samples for each of the model's inputs, in their order.

    given: an array, a list of arrays, or a dict of them by the inputs' names.
    """
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if len(given) == len(names) == 1:
            return [_numbers(next(iter(given.values())), "the input")]
        if missing or len(given) != len(names):
            raise _bad(
                f"The model's inputs are {', '.join(map(repr, names))}; "
                f"{', '.join(map(repr, given)) or 'nothing'} came."
            )
        return [_numbers(given[name], f"input {name!r}") for name in names]
    if len(names) == 1:
        if isinstance(given, list | tuple) and len(given) == 1 and isinstance(given[0], np.ndarray):
            given = given[0]
        return [_numbers(given, "the input")]
    if not isinstance(given, list | tuple) or len(given) != len(names):
        count = len(given) if isinstance(given, list | tuple) else 1
        raise _bad(
            f"The model has {len(names)} inputs ({', '.join(map(repr, names))}) and {count} came: "
            "give a list of arrays, a dict by name, or a .npz file with these names."
        )
    return [_numbers(one, f"input {name!r}") for one, name in zip(given, names, strict=True)]


def checked_mine(given: Any) -> dict[str, np.ndarray]:
    if not isinstance(given, Mapping):
        raise _bad(
            f"Your arrays are to be a dict of arrays by name, not a {type(given).__name__}: "
            'kgen.diagnose(model, x, {"z1": z1, "a1": a1}).'
        )
    if not given:
        raise _bad("There is no array to diagnose.")
    return {str(name): _numbers(array, f"array {name!r}") for name, array in given.items()}


def fitted(array: np.ndarray, name: str, shape: Sequence[int | None], dtype: str) -> np.ndarray:
    """The samples of one input as the model takes them. shape: the model's, None for any size.

    Raises ExportError where the shape or type is another.
    """
    wanted = f"({', '.join('any' if size is None else str(size) for size in shape)})"
    fits = array.ndim == len(shape) and all(
        size in (None, own) for size, own in zip(shape, array.shape, strict=True)
    )
    if not fits:
        alone = array.ndim == len(shape) - 1
        hint = "; one sample needs a batch axis too: x[None]" if alone else ""
        raise _bad(
            f"Input {name!r} is to have the shape {wanted}, samples first; "
            f"{array.shape} came{hint}."
        )
    if not len(array):
        raise _bad(f"Input {name!r} has no samples: its shape is {array.shape}.")
    if dtype == "string":
        raise _bad(f"Input {name!r} takes strings; kgen diagnoses models of numbers.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _bad(f"Input {name!r} {not_finite(array)}.")
    if "int" in dtype and array.dtype.kind == "f" and not (array == np.round(array)).all():
        raise _bad(f"Input {name!r} takes whole numbers ({dtype}); {array.dtype} came.")
    return array.astype(dtype) if dtype != "bfloat16" else array.astype(np.float32)


def not_finite(array: np.ndarray) -> str:
    """`has 3 NaN, the first at [0, 2]`"""
    for what, where in (("NaN", np.isnan(array)), ("infinite numbers", np.isinf(array))):
        count = int(where.sum())
        if count:
            first = [int(index) for index in np.argwhere(where)[0]]
            return f"has {count} {what}, the first at {first}"
    return ""


def _numbers(given: Any, what: str) -> np.ndarray:
    try:
        array = np.asarray(given)
    except ValueError:
        raise _bad(f"{what.capitalize()} is no array: its rows differ in length.") from None
    if array.dtype != "bfloat16" and array.dtype.kind not in "fiub":
        kinds = {"c": "complex numbers", "O": "objects", "U": "text", "S": "text"}
        kind = kinds.get(array.dtype.kind, str(array.dtype))
        raise _bad(f"{what[0].upper()}{what[1:]} is to hold real numbers; {kind} came.")
    return array


def _bad(message: str) -> ExportError:
    return ExportError(message, exit_code=2)
