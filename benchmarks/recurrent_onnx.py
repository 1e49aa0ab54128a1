"""ONNX for recurrent models, with ONNX's own LSTM, GRU and RNN.

tf2onnx makes a Loop of each recurrent layer, an order of magnitude slower: no fair comparison. So
the layers are traced as functions that TensorFlow knows nothing of, and those become ONNX's.
https://onnx.ai/onnx/operators/onnx__LSTM.html, https://onnx.ai/onnx/operators/onnx__GRU.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from keras import layers

KINDS = (layers.LSTM, layers.GRU, layers.SimpleRNN)

ACTIVATIONS = {
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "Relu",
    "softsign": "Softsign",
    "softplus": "Softplus",
}
"""Keras's names and ONNX's, of functions without numbers of their own."""


class Recurrent:
    """The recurrent layers of a model that is traced, and how ONNX writes them."""

    def __init__(self) -> None:
        self.layers: list[tuple[keras.Layer, list[np.ndarray], tuple[int, ...]]] = []

    @contextmanager
    def marked(self, model: keras.Model) -> Iterator[None]:
        """Within, the model's recurrent layers are functions called recurrent_NUMBER; those that
        ONNX has no word for are written out step by step.
        """
        with ExitStack() as stack:
            for layer in model.layers:
                if isinstance(layer, layers.RNN) and not isinstance(layer, KINDS):
                    stack.enter_context(mock.patch.object(layer, "unroll", True))
            for kind in (*KINDS, layers.Bidirectional):
                stack.enter_context(mock.patch.object(kind, "call", self._call(kind.call)))
            yield

    def _call(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def call(
            layer: Any, sequences: Any, initial_state: Any = None, mask: Any = None, **more: Any
        ) -> Any:
            if isinstance(layer, layers.Bidirectional) and not _is_one(layer):
                return own(layer, sequences, initial_state=initial_state, mask=mask, **more)
            inputs = [sequences, *(initial_state or [])]
            if mask is not None:  # ONNX wants to know how many steps count: the first ones here
                inputs.append(tf.reduce_sum(tf.cast(mask, tf.int32), 1))
            number = len(self.layers)
            with tf.init_scope():  # while it is traced variables have no numbers
                weights = [
                    np.stack(arrays) for arrays in zip(*map(_weights, _both(layer)), strict=True)
                ]
            shapes = layer.compute_output_shape(tuple(sequences.shape))
            flat = shapes if isinstance(shapes[0], tuple | list) else [shapes]
            self.layers.append((layer, weights, tuple(flat[0])))
            made = tf.numpy_function(
                _never, inputs, [tf.float32] * len(flat), name=f"recurrent_{number}"
            )
            made = [tf.ensure_shape(y, shape) for y, shape in zip(made, flat, strict=True)]
            return made[0] if len(made) == 1 else made

        return call

    def convert(self, context: Any, node: Any, name: str, args: Any) -> None:
        """tf2onnx's handler of those functions."""
        found = re.search(r"recurrent_(\d+)", node.name)
        assert found is not None
        layer, weights, shape = self.layers[int(found[1])]
        both = _both(layer)
        one = both[0]
        count = len(one.cell.state_size) if isinstance(one, layers.LSTM) else 1
        x, *rest = list(node.input)
        states = rest[: count * len(both)] if len(rest) >= count * len(both) else []
        lengths = rest[len(states) :]
        outputs = list(node.output)
        context.remove_node(node.name)
        add = Adder(context, name)
        lead = [add.constant(array) for array in weights]
        if states:
            given = [add("Unsqueeze", [state, add.constant(np.array([0]))]) for state in states]
            of_kind = [given[k::count] for k in range(count)]
            states = [g[0] if len(g) == 1 else add("Concat", g, axis=0) for g in of_kind]
        direction = "bidirectional" if len(both) == 2 else "forward"
        backwards = len(both) == 1 and one.go_backwards
        options = {"linear_before_reset": 1} if getattr(one, "reset_after", False) else {}
        made = context.make_node(
            {"SimpleRNN": "RNN"}.get(type(one).__name__, type(one).__name__),
            [add("Transpose", [x], perm=[1, 0, 2]), *lead, *(lengths or [""]), *states],
            attr={
                "hidden_size": one.units,
                "direction": "reverse" if backwards else direction,
                "activations": [name for each in both for name in activations(each)],
                **options,
            },
            output_count=3 if isinstance(one, layers.LSTM) else 2,
            name=add.name("cell"),
        ).output
        finals = [add("Squeeze", [y, add.constant(np.array([0]))]) for y in made[1:]]
        if len(both) == 1 and one.return_sequences:  # (steps, 1, batch, units)
            y = add("Transpose", [made[0]], perm=[2, 0, 1, 3])
            y = add("Squeeze", [y, add.constant(np.array([2]))])
            if backwards:
                raise TypeError(f"{layer.name}: no conversion of all outputs of a layer backwards")
        elif one.return_sequences:
            y = add("Transpose", [made[0]], perm=[2, 0, 1, 3])
            y = add("Reshape", [y, add.constant(np.array(shape))])
        elif len(both) == 1:
            y = finals[0]
        else:  # (2, batch, units)
            y = add("Transpose", [made[1]], perm=[1, 0, 2])
            y = add("Reshape", [y, add.constant(np.array(shape))])
        for ours, theirs in zip([y, *finals], outputs, strict=False):
            context.make_node("Identity", [ours], outputs=[theirs], name=add.name("out"))


class Adder:
    """Makes nodes of a graph of tf2onnx's."""

    def __init__(self, context: Any, prefix: str) -> None:
        self.context, self.prefix, self.count = context, prefix, 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{self.prefix}/{kind}_{self.count}"

    def constant(self, array: np.ndarray) -> str:
        return str(self.context.make_const(self.name("constant"), array).output[0])

    def __call__(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        made = self.context.make_node(kind, inputs, attr=attributes, name=self.name(kind))
        return str(made.output[0])


def activations(layer: Any) -> list[str]:
    """Of one direction, as ONNX lists them: of an LSTM's gates, its candidate and its cell, of a
    GRU's gates and its candidate, or SimpleRNN's only one.
    """
    own = layer.activation
    functions = {
        layers.LSTM: lambda: [layer.recurrent_activation, own, own],
        layers.GRU: lambda: [layer.recurrent_activation, own],
    }.get(type(layer), lambda: [own])()
    names = [function.__name__ for function in functions]
    unknown = sorted(set(names) - set(ACTIVATIONS))
    if unknown:
        raise TypeError(f"{layer.name}: no conversion of the activation {unknown[0]}")
    return [ACTIVATIONS[name] for name in names]


def _both(layer: Any) -> list[Any]:
    """The layer, or those of both directions."""
    two = isinstance(layer, layers.Bidirectional)
    return [layer.forward_layer, layer.backward_layer] if two else [layer]


def _is_one(layer: Any) -> bool:
    """Whether both directions are one node of ONNX."""
    inner = layer.forward_layer
    plain = layer.merge_mode == "concat" and not inner.return_state
    return isinstance(inner, KINDS) and type(inner) is type(layer.backward_layer) and plain


def _weights(layer: Any) -> list[np.ndarray]:
    """Keras's gates are i f c o, or z r h; ONNX's i o f c, or z r h, in rows and not columns."""
    kernel, recurrent, bias = map(np.asarray, layer.get_weights())
    if isinstance(layer, layers.LSTM):
        kernel, recurrent, bias = map(_reordered, (kernel, recurrent, bias))
    if bias.ndim == 1:
        bias = np.concatenate([bias, np.zeros_like(bias)])
    return [kernel.T.copy(), recurrent.T.copy(), bias.reshape(-1)]


def _reordered(gates: np.ndarray) -> np.ndarray:
    i, f, c, o = np.split(gates, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1)


def _never(*arrays: np.ndarray) -> np.ndarray:
    raise RuntimeError("traced, never run")
