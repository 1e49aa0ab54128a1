"""Keras's methods replaced for a while, so that running a model means tracing it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import keras
from keras.src.layers import layer as layer_module
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell
from keras.src.layers.rnn.rnn import RNN
from keras.src.ops.operation import Operation


@contextmanager
def calling(
    layer: Callable[[keras.Layer, Any, Any], Any], operation: Callable[[Operation, Any, Any], Any]
) -> Iterator[None]:
    """Within, Keras calls these with a layer or an operation, its arguments and its keywords, where
    it would ask for the shape of what that returns for symbolic tensors.
    """

    def call_layer(one: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        return layer(one, args, kwargs)

    def call_operation(one: Operation, *args: Any, **kwargs: Any) -> Any:
        return operation(one, args, kwargs)

    with ExitStack() as stack:
        enter = stack.enter_context
        enter(mock.patch.object(keras.Layer, "symbolic_call", call_layer))
        enter(mock.patch.object(Operation, "symbolic_call", call_operation))
        # Keras would record the calls on the user's layers, and never forget them.
        enter(mock.patch.object(layer_module, "Node"))
        # Masks for dropout, which inference has no use for.
        enter(mock.patch.object(RNN, "_maybe_config_dropout_masks", _do_nothing))
        for getter in ("get_dropout_mask", "get_recurrent_dropout_mask"):
            enter(mock.patch.object(DropoutRNNCell, getter, _do_nothing))
        enter(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # Keras's remarks on destroyed masks and the like
        enter(_whole_tracebacks())
        yield


def inputs_of_any_length() -> AbstractContextManager[Any]:
    """Within, sequences may be shorter than Keras's models expect."""
    return mock.patch.object(keras.Layer, "_assert_input_compatibility", _do_nothing)


@contextmanager
def _whole_tracebacks() -> Iterator[None]:
    """Within, Keras raises what layers raise, not a copy with a shorter traceback."""
    filtering = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        yield
    finally:
        if filtering:
            keras.config.enable_traceback_filtering()


def _do_nothing(*args: Any, **kwargs: Any) -> None:
    pass
