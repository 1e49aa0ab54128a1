"""The samples that a model is explained on, checked against the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from kgen.errors import ExportError
from kgen.ir.value import STRING, Value, is_float, numpy_dtype
from kgen.pipeline import Export

Given: TypeAlias = "np.ndarray | Sequence[Any] | Mapping[str, Any] | None"


def model_inputs(given: Any, job: Export) -> list[np.ndarray]:
    """An array for each of the model's inputs, of its dtype; a random sample if nothing is given.

    given: an array for a model with one input, a list of arrays for several, or a mapping by name.
    Raises ExportError that says what is expected and what came.
    """
    values = job.traced.arguments
    size = job.signature.batch_size
    if given is None:
        return job.samples(size or 1)
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in [value.name for value in values]]
        missing = [value.name for value in values if value.name not in given]
        if unknown or missing:
            raise _wrong(f"inputs {_names(values)} expected, but {list(given)} given")
        arrays = [given[value.name] for value in values]
    elif len(values) == 1:
        arrays = [given]
    else:
        if not isinstance(given, list | tuple) or len(given) != len(values):
            raise _wrong(f"a list of {len(values)} arrays expected, for {_names(values)}")
        arrays = list(given)
    checked = [_checked(value, array) for value, array in zip(values, arrays, strict=True)]
    counts = {value.name: len(array) for value, array in zip(values, checked, strict=True)}
    if len(set(counts.values())) > 1:
        raise _wrong(f"as many samples of each input expected, but there are {counts}")
    if size is not None and len(checked[0]) != size:
        raise _wrong(f"the model is stateful with a batch of {size}, but {counts} samples came")
    return checked


def pinned(given: Any, job: Export) -> Export:
    """The job with the sizes that its model leaves open as the given arrays have them."""
    tensors = list(getattr(job.model, "inputs", None) or ())
    names = [tensor._keras_history.operation.name for tensor in tensors]
    if isinstance(given, Mapping):
        arrays = [given.get(name) for name in names]
    else:
        arrays = list(given) if len(names) > 1 and given is not None else [given]
    shapes = dict(job.input_shapes)
    for name, tensor, array in zip(names, tensors, arrays, strict=False):
        sizes = tuple(tensor.shape)[1:]
        if None not in sizes or name in shapes or "" in shapes:
            continue
        if array is None:
            example = ",".join(str(32 if size is None else size) for size in sizes)
            raise ExportError(
                f"Input {name!r} has the shape {sizes}, with sizes that are open: give samples "
                f"(--input x.npy), whose sizes are taken, or pin them (--input-shape {example}).",
                exit_code=2,
            )
        found = np.asarray(array, dtype=None if isinstance(array, np.ndarray) else object).shape[1:]
        if len(found) == len(sizes):
            shapes[name] = [b if a is None else a for a, b in zip(sizes, found, strict=True)]
    return replace(job, input_shapes=shapes)


def _names(values: Sequence[Value]) -> str:
    return ", ".join(repr(value.name) for value in values)


def _kind(array: np.ndarray) -> str:
    return {"U": "text", "S": "text", "O": "objects"}.get(array.dtype.kind, str(array.dtype))


def _wrong(what: str) -> ExportError:
    return ExportError(f"The input does not fit the model: {what}.", exit_code=2)


def _checked(value: Value, given: Any) -> np.ndarray:
    """The samples of one input as an array of its dtype."""
    try:
        array = np.asarray(given)
    except ValueError:
        raise _wrong(f"{value.name!r} has rows of different lengths") from None
    shape = ("samples", *value.sample_shape)
    expected = f"({', '.join(map(str, shape))})"
    if array.shape[1:] != value.sample_shape or array.ndim == 0:
        hint = ""
        if array.shape == value.sample_shape:
            hint = "; for one sample put it into brackets once more"
        raise _wrong(f"{value.name!r} is of shape {expected}, but {array.shape} came{hint}")
    if not len(array):
        raise _wrong(f"{value.name!r} has no sample")
    if value.dtype == STRING:
        return _texts(value, array)
    wanted = numpy_dtype(value.dtype)
    kinds = {"b": 0, "u": 1, "i": 1, "f": 2}
    rank = 2 if is_float(value.dtype) else kinds.get(wanted.kind, 2)
    whole = array.dtype.kind == "f" and bool((array == np.rint(array)).all())
    if kinds.get(array.dtype.kind, 3) > rank and not (whole and rank == 1):
        raise _wrong(f"{value.name!r} is of {value.dtype}, but {_kind(array)} came")
    result = array.astype(wanted)
    if rank < 2 and (result != array).any():
        raise _wrong(f"{value.name!r} is of {value.dtype}, which can't hold these numbers")
    return result


def _texts(value: Value, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "USO":
        raise _wrong(f"{value.name!r} is of strings, but {_kind(array)} came")
    texts = [t.encode() if isinstance(t, str) else bytes(t) for t in array.ravel().tolist()]
    result = np.empty(len(texts), object)
    result[:] = texts
    return result.reshape(array.shape)
