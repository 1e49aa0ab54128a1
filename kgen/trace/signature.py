"""A model's inputs and outputs: names, shapes, dtypes, and the structure that its call takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
from keras import tree

from kgen.errors import ExportError
from kgen.ir.size import Given, at
from kgen.trace.bounds import MaxShapes, bounded, spelled_out
from kgen.trace.builder import DTYPES
from kgen.trace.memory import batch_size

InputShapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class InputSpec:
    """name: Keras's. shape: without the batch axis; with Sizes where it has a bound only."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Signature:
    """inputs: in the order of model.inputs. structure: what the call takes, leaves numbered.
    batch_size: the only one that a stateful model takes. lengths: those that shapes depend on.
    """

    inputs: tuple[InputSpec, ...]
    structure: Any
    names_of_outputs: tuple[str, ...]
    batch_size: int | None = None
    lengths: tuple[Given, ...] = ()

    def at(self, point: Mapping[str, int]) -> Signature:
        """The signature for known lengths, by name."""
        known = {one.unit: point[one.name] // one.multiple for one in self.lengths}
        inputs = tuple(
            replace(spec, shape=tuple(at(size, known) for size in spec.shape))
            for spec in self.inputs
        )
        return replace(self, inputs=inputs, lengths=())

    def arguments(self, arrays: Sequence[Any]) -> Any:
        """The arrays in the structure that the model is called with."""
        return tree.map_structure(lambda index: arrays[index], self.structure)

    def output_names(self, count: int) -> list[str]:
        names = list(self.names_of_outputs)
        return names if len(names) == count else [f"output_{index}" for index in range(count)]


def signature(
    model: keras.Model,
    pinned: InputShapes,
    steps: int | None = None,
    max_shapes: MaxShapes | None = None,
) -> Signature:
    """The model's signature, its unknown dimensions set to the `pinned` shapes.

    pinned: shapes without the batch axis, by input name; the key "" fits a model with one input.
    steps: the size of the first dimension where it is neither known, nor pinned, nor bounded for
        the input by its name.
    max_shapes: names and bounds of what stays unknown; see `bounded`.
    Raises ExportError for a dimension that stays unknown, an unknown name, or a dtype kgen doesn't
    know.
    """
    names, shapes, dtypes, numbered = _ports(model, pinned)
    _check_names(names, pinned)
    bounds = max_shapes or {}
    told = {*pinned, *spelled_out(bounds)}
    sizes = [
        _pin(name, _with_steps(shape, steps, name, told), pinned)
        for name, shape in zip(names, shapes, strict=True)
    ]
    if steps is not None and bounds and not any(None in shape for shape in sizes) and not told:
        raise ExportError(
            "Of a function of one step no dimension is open: the sequences come step by step. "
            "Leave --max-shape out, or bound an input that is no sequence of steps by its name, as "
            "in --max-shape INPUT=tokens:512,*.",
            exit_code=2,
        )
    sizes, lengths = bounded(names, sizes, bounds)
    inputs = tuple(
        InputSpec(name, _known(name, shape), dtype)
        for name, shape, dtype in zip(names, sizes, dtypes, strict=True)
    )
    _check_dtypes(inputs)
    names_of_outputs = tuple(getattr(model, "output_names", None) or ())
    return Signature(inputs, numbered, names_of_outputs, batch_size(model), lengths)


def _check_names(names: Sequence[str], pinned: InputShapes) -> None:
    for name in pinned:
        if name not in names and not (name == "" and len(names) == 1):
            raise ExportError(
                f"The model has no input {name!r}: its inputs are {', '.join(map(repr, names))}. "
                "Name one with --input-shape NAME=32,10.",
                exit_code=2,
            )


def _check_dtypes(inputs: Sequence[InputSpec]) -> None:
    for spec in inputs:
        if spec.dtype not in DTYPES or spec.dtype.startswith("float8"):
            raise ExportError(
                f"Input {spec.name!r} has the dtype {spec.dtype}; kgen exports models whose inputs "
                "are float16, bfloat16, float32, float64, integers, booleans or strings."
            )


def ports(model: keras.Model, pinned: InputShapes) -> list[tuple[str, tuple[int | None, ...], str]]:
    """Each input's name, shape with the batch axis and None for what is not fixed, and dtype.

    pinned: as of `signature`; needed for a subclassed model that was never called.
    """
    names, shapes, dtypes, _ = _ports(model, pinned)
    return list(zip(names, map(tuple, shapes), dtypes, strict=True))


def _ports(model: keras.Model, pinned: InputShapes) -> tuple[list[str], list[Any], list[str], Any]:
    """The inputs' names, shapes and dtypes, and the structure that the call takes, numbered."""
    if not model.built:
        raise ExportError(
            f"Model {model.name!r} was never built, so it has no weights: train it, load its "
            "weights, or call it once.",
            exit_code=2,
        )
    if getattr(model, "inputs", None):
        tensors = list(model.inputs)
        structure = getattr(model, "_inputs_struct", None)
        if structure is None:  # Sequential
            structure = tensors[0] if len(tensors) == 1 else tensors
        # The tensors' own names are counted up in each process; those of their Input layers are
        # saved.
        names = [tensor._keras_history.operation.name for tensor in tensors]
        shapes = [tuple(tensor.shape) for tensor in tensors]
        dtypes = [keras.backend.standardize_dtype(tensor.dtype) for tensor in tensors]
        numbers = {id(tensor): index for index, tensor in enumerate(tensors)}
        numbered = tree.map_structure(lambda tensor: numbers[id(tensor)], structure)
    else:
        names, shapes, numbered = _built_signature(model, pinned)
        dtypes = [model.input_dtype] * len(names)
    return names, shapes, dtypes, numbered


def one_step(whole: Signature, steps: int) -> Signature:
    """The signature of a function of one time step. steps: how many the sequences have."""
    inputs = tuple(
        replace(spec, shape=(1, *spec.shape[1:])) if spec.shape[:1] == (steps,) else spec
        for spec in whole.inputs
    )
    return replace(whole, inputs=inputs, batch_size=None)


def _with_steps(
    shape: tuple[int | None, ...], steps: int | None, name: str, told: Collection[str]
) -> tuple[int | None, ...]:
    """told: the inputs whose sizes the user tells; "" is the only one."""
    if steps is None or len(shape) < 2 or shape[1] is not None or name in told or "" in told:
        return shape
    return (shape[0], steps, *shape[2:])


def _built_signature(model: keras.Model, pinned: InputShapes) -> tuple[list[str], list[Any], Any]:
    """What a subclassed model was last built or called with."""
    config = model.get_build_config() or {}
    shapes = config.get("shapes_dict") or {}
    structure = config.get("input_shape")
    if structure is None and len(shapes) == 1:
        structure = next(iter(shapes.values()))
    if structure is None and len(shapes) > 1:
        structure = {name.removesuffix("_shape"): shape for name, shape in shapes.items()}
    if structure is None:
        if not pinned:
            raise ExportError(
                f"Model {model.name!r} was never called, so its input shape is unknown; give it "
                "with --input-shape 32,10 (without the batch axis).",
                exit_code=2,
            )
        if len(pinned) > 1:
            structure = {name: (None, *shape) for name, shape in pinned.items()}
        else:
            structure = (None, *next(iter(pinned.values())))
    leaves: list[tuple[str, Any]] = []

    def number(part: Any, name: str) -> Any:
        if isinstance(part, dict):
            return {key: number(value, key) for key, value in part.items()}
        if part and not isinstance(part[0], int | type(None)):
            return type(part)(number(value, f"input_{index}") for index, value in enumerate(part))
        leaves.append((name, tuple(part)))
        return len(leaves) - 1

    numbered = number(structure, next(iter(pinned), "") or "input")
    return [name for name, _ in leaves], [shape for _, shape in leaves], numbered


def _pin(name: str, shape: tuple[int | None, ...], pinned: InputShapes) -> tuple[int | None, ...]:
    """The shape without the batch axis, as it is pinned."""
    sizes = shape[1:]
    wanted = pinned.get(name, pinned.get(""))
    if wanted is None:
        return sizes
    if len(wanted) != len(sizes) or any(
        size not in (None, given) for size, given in zip(sizes, wanted, strict=True)
    ):
        raise ExportError(
            f"--input-shape {','.join(map(str, wanted))} does not fit input {name!r}, whose "
            f"shape without the batch axis is {sizes}.",
            exit_code=2,
        )
    return tuple(wanted)


def _known(name: str, sizes: tuple[int | None, ...]) -> tuple[int, ...]:
    known = tuple(size for size in sizes if size is not None)
    if len(known) != len(sizes):
        text = ",".join(str(32 if size is None else size) for size in sizes)
        raise ExportError(
            f"Input {name!r} has the shape {(None, *sizes)}, with dimensions that are not fixed; "
            f"pin them with --input-shape {name}={text}, or bound them with --max-shape "
            "NAME=512, a name and bound for each.",
            exit_code=2,
        )
    return known
