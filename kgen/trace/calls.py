"""Every call of a layer that a model makes: what came in, what went out, with which weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, TypeAlias
from unittest import mock

import keras
import numpy as np
from keras import tree
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask
from keras.src.layers.rnn.rnn import RNN

from kgen.trace import reference
from kgen.trace.again import Again, caller
from kgen.trace.signature import Signature


@dataclass(frozen=True)
class Weight:
    """name: Keras's, below its layer: "kernel", or "query/kernel" of an inner layer. index: in
    `get_weights()` of the layer. changed: whether the array is another than the layer's.
    """

    name: str
    index: int
    array: np.ndarray
    changed: bool = False


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell of a layer RNN, one of several if they are stacked.

    weights: those that the cell has, with their indices in the RNN's `get_weights()`. again: makes
    the call for one time step again, from what comes in and the states, to the output and the new
    states; states: those that it had once. None and () if cells are stacked.
    """

    kind: str
    config: Mapping[str, Any]
    weights: tuple[Weight, ...]
    again: Again | None = None
    states: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer.

    path: the layer's, "encoder/dense". kind: its class. access: the layer as Python reaches it,
    "model.layers[1]".
    config: the layer's attributes by the names that its constructor takes. Functions among them
        (activations) as their names, with settings in `config` of a layer of their own.
    inputs: the tensors among its arguments, masks left out. arguments: all by name, arrays and
        settings. mask: Keras's mask of the first input, or None. inner: the calls that it made.
    again: makes the call again; None for models and loops.
    cells: of a layer RNN, those that it calls one after the other in each time step.
    """

    path: str
    kind: str
    access: str
    config: Mapping[str, Any]
    weights: tuple[Weight, ...]
    inputs: tuple[np.ndarray, ...]
    arguments: Mapping[str, Any]
    mask: np.ndarray | None
    outputs: tuple[np.ndarray, ...]
    inner: tuple[Call, ...] = ()
    again: Again | None = None
    cells: tuple[Cell, ...] = ()

    @property
    def given(self) -> tuple[np.ndarray, ...]:
        """The inputs, and behind them the mask, if there is one."""
        return self.inputs if self.mask is None else (*self.inputs, self.mask)

    def weight(self, name: str) -> np.ndarray | None:
        return next((weight.array for weight in self.weights if weight.name == name), None)


Alter: TypeAlias = Callable[[int, Call], "Sequence[np.ndarray] | None"]
"""Called after each call with its number; the outputs that take the place of the layer's, or None.
May raise Enough.
"""


class Enough(BaseException):
    """Ends a recording after this call; of BaseException, so that Keras lets it through."""


Known: TypeAlias = Callable[[int, str, Callable[[], tuple[np.ndarray, ...]]], "Call | None"]
"""Asked before a call, with its number if it makes no inner calls, its path, and what gives its
inputs: the call with its one output, if that is known already.
"""


def record(
    model: keras.Model,
    signature: Signature,
    inputs: Sequence[np.ndarray],
    alter: Alter | None = None,
    facts: dict[int, dict[str, Any]] | None = None,
    known: Known | None = None,
) -> list[Call]:
    """The calls of the model's layers, those of nested models and layers included, in the order in
    which they end, the model's own last. What a recurrent layer calls for each step is left out.

    inputs: whole batches, in the signature's order. facts: what is the same in each call of a
        layer, kept from one recording for the next one. known: calls that needn't be made.
    """
    recorder = _Recorder(model, {} if facts is None else facts, alter, known)

    def recorded(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        return recorder.run(layer, args, kwargs)

    with mock.patch.object(keras.Layer, "__call__", recorded):
        try:
            outputs = tuple(reference.outputs(model, signature, inputs))
        except Enough:
            return recorder.calls
    whole = recorder.facts_of(model)
    made = Call(model.name, **whole, inputs=(), arguments={}, mask=None, outputs=outputs)
    return [*recorder.calls, made]


@dataclass(eq=False)
class _Recorder:
    """What runs in the place of Layer.__call__; model, facts, alter, known: as of `record`.

    calls: those that have ended. path: the layers that are being called, the model first. inner:
    for each of them the calls that it made, and for what is outside. steps: of each loop in path
    with one cell, that cell's first call and its states.
    """

    model: keras.Model
    facts: dict[int, dict[str, Any]]
    alter: Alter | None
    known: Known | None
    calls: list[Call] = field(default_factory=list)
    path: list[keras.Layer] = field(default_factory=list)
    inner: list[list[Call]] = field(default_factory=lambda: [[]])
    steps: dict[int, tuple[Again, tuple[np.ndarray, ...]]] = field(default_factory=dict)
    keras_call: Callable[..., Any] = field(default_factory=lambda: keras.Layer.__call__)

    def run(self, layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        """The layer's result, its call noted."""
        path = self.path
        hidden = not path or any(isinstance(outer, RNN) for outer in path)
        if path and getattr(path[-1], "cell", None) is layer:
            states = tuple(_array(leaf) for leaf in tree.flatten(args[1:2]))
            self.steps.setdefault(id(path[-1]), (caller(layer, args, kwargs), states))
        path.append(layer)
        self.inner.append([])
        try:
            if hidden:
                return self.keras_call(layer, *args, **kwargs)
            return self._noted(layer, args, kwargs)
        finally:
            path.pop()
            self.inner.pop()

    def _noted(self, layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        name = "/".join(one.name for one in self.path[1:])
        if self.known:
            given = partial(_inputs, layer, args, kwargs)
            done = self.known(len(self.calls), name, given)
            if done is not None:
                self.calls.append(done)
                return keras.ops.convert_to_tensor(done.outputs[0])
        mask = _mask(args)  # which attention takes away
        result = self.keras_call(layer, *args, **kwargs)
        made = self._made(layer, name, args, kwargs, mask, result)
        self.calls.append(made)
        changed = self.alter(len(self.calls) - 1, made) if self.alter else None
        if changed is not None:
            self.calls[-1] = made = replace(made, outputs=tuple(changed))
        self.inner[-2].append(made)
        return result if changed is None else _like(result, changed)

    def _made(
        self, layer: keras.Layer, name: str, args: Any, kwargs: Any, mask: Any, result: Any
    ) -> Call:
        made = _call(layer, name, self.facts_of(layer), args, kwargs, mask, result)
        made = replace(made, inner=tuple(self.inner[-1]))
        if len(made.cells) == 1 and id(layer) in self.steps:
            again, states = self.steps.pop(id(layer))
            made = replace(made, cells=(replace(made.cells[0], again=again, states=states),))
        if not isinstance(layer, keras.Model | keras.layers.Wrapper | RNN):
            made = replace(made, again=caller(layer, args, kwargs))
        return made

    def facts_of(self, layer: keras.Layer) -> dict[str, Any]:
        if id(layer) not in self.facts:
            self.facts[id(layer)] = _facts(self.model, layer)
        return self.facts[id(layer)]


def _facts(model: keras.Model, layer: keras.Layer) -> dict[str, Any]:
    return {
        "kind": type(layer).__name__,
        "access": dict([(id(model), "model"), *_places(model)]).get(id(layer), layer.name),
        "config": _config(layer),
        "weights": tuple(_weights(layer)),
        "cells": tuple(_cells(layer)) if type(layer) is RNN else (),
    }


def _cells(layer: RNN) -> Iterator[Cell]:
    indices = {id(variable): index for index, variable in enumerate(layer.weights)}
    for cell in getattr(layer.cell, "cells", [layer.cell]):
        weights = tuple(
            replace(own, index=indices[id(variable)])
            for own, variable in zip(_weights(cell), cell.weights, strict=True)
        )
        yield Cell(type(cell).__name__, _config(cell), weights)


def _call(
    layer: keras.Layer,
    path: str,
    facts: dict[str, Any],
    args: Any,
    kwargs: Any,
    mask: Any,
    result: Any,
) -> Call:
    bound = _bound(layer, args, kwargs)
    named = {name: _argument(value) for name, value in bound.items() if value is not None}
    return Call(
        path=path,
        **facts,
        inputs=_inputs(layer, args, kwargs),
        arguments=named,
        mask=mask,
        outputs=tuple(_array(leaf) for leaf in tree.flatten(result) if leaf is not None),
    )


def _bound(layer: keras.Layer, args: Any, kwargs: Any) -> dict[str, Any]:
    """The arguments by name."""
    parameters = inspect.signature(layer.call).parameters
    return {**dict(zip(parameters, args, strict=False)), **kwargs}


def _inputs(layer: keras.Layer, args: Any, kwargs: Any) -> tuple[np.ndarray, ...]:
    bound = _bound(layer, args, kwargs)
    given = [value for name, value in bound.items() if not name.endswith("mask")]
    return tuple(_array(leaf) for leaf in tree.flatten(given) if _is_tensor(leaf))


def _mask(args: Any) -> np.ndarray | None:
    """Keras's mask of the first tensor."""
    tensors = [leaf for leaf in tree.flatten(args) if _is_tensor(leaf)]
    mask = get_keras_mask(tensors[0]) if tensors else None
    return None if mask is None else _array(mask)


def _config(layer: keras.Layer) -> dict[str, Any]:
    """What the constructor was told, as far as the layer remembers it by the same names."""
    kind: Any = type(layer)
    names = _parameters(kind)
    kept = {name: getattr(layer, name, None) for name in names}
    cell = getattr(layer, "cell", None)
    inner = {name: getattr(cell, name, None) for name in names} if cell is not None else {}
    kept.update({name: value for name, value in inner.items() if value is not None})
    return {name: _setting(value) for name, value in kept.items() if value is not None}


@cache
def _parameters(kind: Any) -> list[str]:
    """What the constructors of the class and its bases take, up to Layer's own."""
    bases = kind.__mro__[: kind.__mro__.index(keras.Layer)]
    made = [base.__dict__["__init__"] for base in bases if "__init__" in base.__dict__]
    return sorted({name for one in made for name in inspect.signature(one).parameters})


def _setting(value: Any) -> Any:
    """Functions and layers by their names."""
    if isinstance(value, keras.Layer):
        return type(value).__name__
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return value


def _weights(layer: keras.Layer) -> Iterator[Weight]:
    for index, variable in enumerate(layer.weights):
        own = variable.path.removeprefix(f"{layer.path}/") if layer.path else variable.path
        name = own.rpartition("/")[2] if isinstance(layer, RNN) else own
        yield Weight(name, index, _array(variable.value))


def _places(layer: Any, text: str = "model") -> Iterator[tuple[int, str]]:
    """How Python reaches each layer inside of one, by the layer's id."""
    inner = [(f"{text}.layers[{i}]", one) for i, one in enumerate(getattr(layer, "layers", ()))]
    if not inner:
        inner = [
            (f"{text}.{name}", value)
            for name, value in vars(layer).items()
            if isinstance(value, keras.Layer) and name != "cell"
        ]
    for name, one in inner:
        yield id(one), name
        yield from _places(one, name)


def _is_tensor(leaf: Any) -> bool:
    return hasattr(leaf, "shape") and hasattr(leaf, "dtype")


def _argument(value: Any) -> Any:
    leaves = tree.flatten(value)
    if not any(map(_is_tensor, leaves)):
        return value
    arrays = [_array(leaf) for leaf in leaves if _is_tensor(leaf)]
    return arrays[0] if _is_tensor(value) else arrays


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def _like(result: Any, arrays: Sequence[np.ndarray]) -> Any:
    """The arrays in the structure, of the types and with the masks of a layer's result."""
    remaining = iter(arrays)

    def replaced(tensor: Any) -> Any:
        if tensor is None:
            return None
        new = keras.ops.cast(keras.ops.convert_to_tensor(next(remaining)), tensor.dtype)
        mask = get_keras_mask(tensor)
        if mask is not None and mask.shape[0] == new.shape[0]:
            set_keras_mask(new, mask)
        return new

    return tree.map_structure(replaced, result)
