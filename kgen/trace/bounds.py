"""Which of the inputs' unknown dimensions are lengths with a bound: --max-shape."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence

from kgen.errors import ExportError
from kgen.ir.size import Given, Length

MaxShapes = Mapping[str, int | str]
Sizes = tuple[int | None, ...]

LARGEST = 2**31 - 1
"""Lengths are C's int."""


def bounded(
    names: Sequence[str], shapes: Sequence[Sizes], wanted: MaxShapes
) -> tuple[list[Sizes], tuple[Given, ...]]:
    """The inputs' shapes with lengths for unknown dimensions, and these lengths.

    names, shapes: of the inputs, the shapes without the batch axis.
    wanted: {"tokens": 512} gives the name and bound of a length: as many as there are unknown
        dimensions, one each in their order, or as many as each input with unknown dimensions has,
        which then share them. {"": 512} is for the only unknown dimension. {"image":
        "height:256,width:256,3"} says it for an input ("" for the only one), size by size: `*`
        where the model knows it.
    Raises ExportError for what fits no input.
    """
    found = list(shapes)
    lengths: dict[str, Given] = {}
    short: dict[str, int] = {}
    inputs = spelled_out(wanted)
    for key, value in wanted.items():
        text = str(value)
        if key not in inputs:
            short[key] = int(text)
            continue
        if key not in names and not (key == "" and len(names) == 1):
            raise _error(f"{key}={text}", f"the inputs are {', '.join(map(repr, names))}")
        place = names.index(key) if key else 0
        found[place] = _spelled_out(key, text, shapes[place], lengths)
    open_dims = [[axis for axis, size in enumerate(one) if size is None] for one in found]
    counts = [len(axes) for axes in open_dims]
    if short:
        order = _in_order(short, counts, found)
        for place, axes in enumerate(open_dims):
            for axis in axes:
                name = order.pop(0)
                size = _given(name, short[name if name in short else ""], lengths).size
                found[place] = (*found[place][:axis], size, *found[place][axis + 1 :])
    return found, tuple(lengths.values())


def spelled_out(wanted: MaxShapes) -> set[str]:
    """The inputs whose sizes are given one by one."""
    return {key for key, value in wanted.items() if not str(value).strip().isdecimal()}


def _in_order(
    short: Mapping[str, int], counts: Sequence[int], shapes: Sequence[Sizes]
) -> list[str]:
    """A name for each unknown dimension, in their order."""
    names = [name or "length" for name in short]
    if len(names) == sum(counts):
        return names
    if sum(counts) and all(count in (0, len(names)) for count in counts):
        return [name for count in counts for name in names[:count]]
    open_shapes = ", ".join(str(shape) for shape in shapes if None in shape)
    raise _error(
        ", ".join(f"{name}={bound}" if name else str(bound) for name, bound in short.items()),
        f"the inputs' unknown dimensions are {sum(counts)}, in {open_shapes}; name a length for "
        "each, as in "
        "--max-shape height=256 --max-shape width=256"
        if sum(counts)
        else "no dimension of the inputs is unknown",
    )


def _spelled_out(key: str, text: str, shape: Sizes, lengths: dict[str, Given]) -> Sizes:
    """An input's shape as `height:256,width:256,*` says."""
    option = f"{key}={text}" if key else text
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(shape):
        raise _error(option, f"the input has the shape {shape} without the batch axis")
    sizes: list[int | None] = []
    for part, size in zip(parts, shape, strict=True):
        name, colon, bound = part.rpartition(":")
        if part == "*" or (part.isdecimal() and size in (None, int(part))):
            sizes.append(size if part == "*" else int(part))
        elif colon and bound.isdecimal() and size is None:
            sizes.append(_given(name, int(bound), lengths).size)
        else:
            raise _error(option, f"{part!r} does not fit the size {size}")
    return tuple(sizes)


def _given(name: str, bound: int, lengths: dict[str, Given]) -> Given:
    """The length of this name, which may be another dimension's already."""
    option = f"{name}:{bound}"
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
        raise _error(option, f"{name!r} is no identifier")
    if any(name != other and name.lower() == other.lower() for other in lengths):
        raise _error(option, "case alone does not tell names apart")
    if not 1 <= bound <= LARGEST:
        raise _error(option, f"the bound must be from 1 to {LARGEST}")
    given = lengths.setdefault(name, Given(name, bound, Length(name, bound)))
    if given.bound != bound:
        raise _error(option, f"{name} has the bound {given.bound} elsewhere")
    return given


def _error(option: str, reason: str) -> ExportError:
    return ExportError(
        f"--max-shape {option} does not fit: {reason}. Write 512 or tokens=512, or for an input "
        "INPUT=tokens:512,64 with `*` for what the model knows.",
        exit_code=2,
    )
