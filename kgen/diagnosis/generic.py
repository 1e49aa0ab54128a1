"""The recipe of a layer that has none of its own: Keras calls it again, with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kgen.arrays import widened
from kgen.diagnosis.activations import ACTIVATIONS, LIKELY
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Choice, Mistake, Option, Part, Picks, Recipe, Step, double
from kgen.trace.again import Operation
from kgen.trace.calls import Call

MOST_OPERATIONS = 24
"""Of layers with more the operations are not taken for wrong."""


def generic(call: Call) -> Recipe | None:
    """Its weights may be wrong, and its activations and axes; its operations' results are values
    to compare with.
    """
    again = call.again
    if again is None or not call.inputs or len(call.outputs) != 1:
        return None
    types = [array.dtype for array in call.inputs]
    operations = again(call.inputs, {}, {})[1]

    def compute(inputs: tuple[np.ndarray, ...], picks: Picks) -> tuple[np.ndarray, list[Operation]]:
        given = [x.astype(dtype) for x, dtype in zip(inputs, types, strict=False)]
        weights = {
            weight.index: picks.get(weight.name, weight.array)
            for weight in call.weights
            if weight.name in picks or weight.changed
        }
        changes = {n: picks[name] for n, name in names.items() if picks.get(name) is not None}
        outputs, made = again(given, weights, changes)
        return double(widened(outputs[0])), made

    names = {
        number: f"operation {number + 1}"
        for number, operation in enumerate(operations)
        if len(operations) <= MOST_OPERATIONS and operation.result is not None
    }

    last: list[Any] = [None, None, None]  # what was computed from what: run comes after parts

    def computed(inputs: tuple[np.ndarray, ...], picks: Picks) -> Any:
        if last[0] is not inputs or last[1] is not picks:
            last[:] = inputs, picks, compute(inputs, wrong_picks(picks, choices))
        return last[2]

    def run(inputs: tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        return np.asarray(computed(inputs, picks)[0])

    def parts(inputs: tuple[np.ndarray, ...], picks: Picks) -> list[Part]:
        found = []
        output, made = computed(inputs, picks)
        for number, operation in enumerate(made):
            array = operation.result
            if array is None or not array.ndim or array.dtype.kind not in "fiub":
                continue
            if not np.array_equal(array, output):
                title = f"the result of ops.{operation.name} (operation {number + 1})"
                found.append(Part(title, double(array)))
        return found

    choices = [*weight_choices(call), *operation_choices(operations, names, call.path)]
    step = Step("output", tuple(choices), run, parts=parts)
    return Recipe(call, (step,), costly=True, alone=True)


def wrong_picks(picks: Picks, choices: Sequence[Choice]) -> dict[str, Any]:
    """What is not right."""
    return {
        choice.name: picks[choice.name]
        for choice in choices
        if picks[choice.name] is not choice.right
    }


def weight_choices(call: Call) -> Iterator[Choice]:
    """The layer's own weights; those of layers within it are those layers'."""
    for weight in call.weights:
        array = double(widened(weight.array)) if weight.array.dtype.kind in "fV" else weight.array
        if "/" in weight.name or array.dtype.kind != "f" or not array.any():
            continue
        options = [Option(weight.array)]
        fix = f"{weight.name} = {call.access}.get_weights()[{weight.index}]"
        fix += f"  # shape {array.shape}, as it is"

        def wrong(
            other: np.ndarray,
            key: str,
            says: str,
            options: list[Option] = options,
            array: np.ndarray = array,
            fix: str = fix,
        ) -> None:
            if other.shape == array.shape and not np.array_equal(other, array):
                options.append(Option(other, Mistake(key, says, fix)))

        if array.ndim == 2:
            rows, columns = array.shape
            wrong(array.T, "kernel transposed", f"{weight.name} is transposed")
            other = array.reshape(columns, rows).T
            says = f"{weight.name} was reshaped to ({columns}, {rows}), which is not its transpose"
            if rows != columns:
                wrong(other, "kernel reshaped", says)
        key = "bias left out" if "bias" in weight.name else "weight left out"
        wrong(np.zeros_like(array), key, f"{weight.name} is left out: zero")
        if not (array == 1).all():
            wrong(np.ones_like(array), key, f"{weight.name} is left out: one")
        yield Choice(weight.name, tuple(options))


def operation_choices(
    operations: Sequence[Operation], names: Mapping[int, str], path: str
) -> Iterator[Choice]:
    for number, name in names.items():
        operation = operations[number]
        options = [Option(None), *_activations(operation, name, path), *_axes(operation, name)]
        if len(options) > 1:
            yield Choice(name, tuple(options))


def _activations(operation: Operation, name: str, path: str) -> Iterator[Option]:
    if operation.name not in ACTIVATIONS:
        return
    fix = f"# {name} of {path!r} is keras.ops.{operation.name}"
    for other, formula in ACTIVATIONS.items():
        if other == operation.name:
            continue
        key = "wrong activation"
        says = f"{other} is applied, where {path!r} has {operation.name} ({name})"
        if other == "linear":
            key, says = "activation left out", f"{operation.name} ({name}) is left out"
        mistake = Mistake(key, says, fix, rank=2 if other in (*LIKELY, "linear") else 3)
        yield Option(_applied(formula), mistake)


def _applied(formula: Formula) -> Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]:
    return lambda x, _: np.asarray(formula(double(x)))


REDUCTIONS: Mapping[str, Callable[..., Any]] = {
    "mean": np.mean, "sum": np.sum, "max": np.max, "min": np.min, "var": np.var, "std": np.std,
}  # fmt: skip


def _axes(operation: Operation, name: str) -> Iterator[Option]:
    """Another axis, where the result keeps its number of axes."""
    axis, first = operation.arguments.get("axis"), next(iter(operation.arguments.values()))
    kept = operation.name == "softmax" or operation.arguments.get("keepdims")
    known = operation.name == "softmax" or operation.name in REDUCTIONS
    if not known or not kept or not isinstance(first, np.ndarray):
        return
    given = range(first.ndim) if axis is None else np.atleast_1d(axis) % first.ndim
    for other in range(first.ndim):
        if [other] != list(given):
            says = f"ops.{operation.name} ({name}) goes along axis {other}, where it is axis {axis}"
            fix = f"# {name} is keras.ops.{operation.name}(..., axis={axis})"
            yield Option(_along(operation.name, other), Mistake("wrong axis", says, fix))


def _along(function: str, axis: int) -> Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]:
    if function == "softmax":
        return lambda x, _: _softmax(double(x), axis)
    return lambda x, _: np.asarray(REDUCTIONS[function](double(x), axis=axis, keepdims=True))


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    made = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(made / made.sum(axis=axis, keepdims=True))
