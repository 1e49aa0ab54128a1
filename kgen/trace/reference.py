"""What Keras computes: the numbers that every export is held against."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import tree
from keras.src.layers.rnn.rnn import RNN
from keras.src.utils.backend_utils import TFGraphScope

from kgen.arrays import in_batches
from kgen.errors import ExportError
from kgen.trace.keras_faults import without_empty_pooling
from kgen.trace.signature import Signature


def outputs(
    model: keras.Model, signature: Signature, inputs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The outputs of `model(inputs)` at inference; inputs: whole batches, in the signature's order.

    Much faster than `model.predict` on one batch, but not always the same: some convolutions with
    channels first are wrong in TensorFlow's eager mode (Keras 3.15).
    """

    def run(batch: Sequence[np.ndarray]) -> list[np.ndarray]:
        # Preprocessing layers do other things outside predict's graph.
        with TFGraphScope(), _refused_by_keras(model, batch):
            return _arrays(model(signature.arguments(_tensors(batch)), training=False))

    return _in_batches(model, signature, inputs, run)


def predictions(
    model: keras.Model, signature: Signature, inputs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """What `model.predict` returns, of a stateful model for one batch after another."""

    def run(batch: Sequence[np.ndarray]) -> list[np.ndarray]:
        arrays = [  # predict takes strings as tensors alone
            keras.ops.convert_to_tensor(array) if array.dtype == object else array
            for array in batch
        ]
        with _refused_by_keras(model, batch):
            return _arrays(model.predict(signature.arguments(arrays), verbose=0))

    return _in_batches(model, signature, inputs, run)


@contextmanager
def _refused_by_keras(model: keras.Model, inputs: Sequence[np.ndarray]) -> Iterator[None]:
    """Raises ExportError where Keras can't compute what it is asked to."""
    try:
        with without_empty_pooling():
            yield
    except Exception as error:
        said = re.sub(r"\x1b\[\d*m|\s*Arguments received by .*", "", str(error), flags=re.DOTALL)
        shapes = " and ".join(str(array.shape) for array in inputs)
        raise ExportError(
            f"Keras itself can't run {model.name!r} on random inputs of the shape {shapes}: "
            f"{' '.join(said.split())[:400]} If that is the model's fault, mend it; if the model "
            "takes only some inputs, --no-check exports it (in Python check=False)."
        ) from error


def _in_batches(
    model: keras.Model,
    signature: Signature,
    inputs: Sequence[np.ndarray],
    run: Callable[[Sequence[np.ndarray]], list[np.ndarray]],
) -> list[np.ndarray]:
    """All samples at once; for a stateful model batch by batch, from states of zero, and with its
    own states as they were afterwards.
    """
    size = signature.batch_size
    if size is None:
        return run(inputs)
    layers = [one for one in model._flatten_layers() if isinstance(one, RNN) and one.stateful]
    variables = [variable for layer in layers for variable in tree.flatten(layer.states)]
    saved = [variable.value.numpy().copy() for variable in variables]
    try:
        for variable in variables:
            variable.assign(keras.ops.zeros_like(variable.value))
        return in_batches(size, inputs, run)
    finally:
        for variable, array in zip(variables, saved, strict=True):
            variable.assign(array)


def layer_outputs(
    model: keras.Model, signature: Signature, inputs: Sequence[np.ndarray]
) -> list[tuple[str, list[np.ndarray]]]:
    """The outputs of every layer, by its path in the model, in the order in which they are done."""
    found: list[tuple[str, list[np.ndarray]]] = []
    path: list[str] = []
    call = keras.Layer.__call__

    def recorded(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        path.append(layer.name)
        try:
            result = call(layer, *args, **kwargs)
            if path[1:]:
                found.append(("/".join(path[1:]), _arrays(result)))
            return result
        finally:
            path.pop()

    with mock.patch.object(keras.Layer, "__call__", recorded):
        outputs(model, signature, inputs)
    return found


def _tensors(inputs: Sequence[np.ndarray]) -> list[Any]:
    return [keras.ops.convert_to_tensor(array) for array in inputs]


def _arrays(results: Any) -> list[np.ndarray]:
    """The results as arrays, a string as a bytes object."""
    return [
        x if isinstance(x, np.ndarray) else keras.ops.convert_to_numpy(x)
        for x in tree.flatten(results)
        if x is not None
    ]
