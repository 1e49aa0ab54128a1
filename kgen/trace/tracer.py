"""Lets Keras take a model apart: runs its `call` on symbolic tensors and lowers each keras.ops
operation met.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from math import prod
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, tree
from keras.src.layers.rnn.rnn import RNN
from keras.src.ops.operation import Operation

from kgen.errors import ExportError
from kgen.ir.graph import Graph, Layer
from kgen.ir.node import GraphError, MixedSamplesError, Node, Origin
from kgen.ir.value import Constant, Levels, Value
from kgen.trace import describe
from kgen.trace.batch import batch_length
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.data_layers import as_in_predict
from kgen.trace.deferral import deferred_operations, is_known_array
from kgen.trace.memory import Memory
from kgen.trace.operators import operators_of_tensorflow
from kgen.trace.ops_backend import symbolic_backend, symbolic_self_backend
from kgen.trace.patches import calling, inputs_of_any_length
from kgen.trace.quantized import call_of, levels_of, quantized_layers, unpacked_weight
from kgen.trace.recurrent import Loops, is_step
from kgen.trace.signature import Signature
from kgen.trace.table import (
    DECOMPOSITIONS,
    LAYERS,
    OPERATIONS,
    REFUSED_LAYERS,
    WRONG_KERAS_RULES,
)
from kgen.trace.weights import describe_constant


class Tracer:
    """One model being traced: where in it Keras is, what was built so far, and what can't be.

    one_step: whether every recurrent layer remembers its states from call to call.
    defer: whether what Keras computes of known numbers alone becomes part of the graph too.
    """

    def __init__(self, model: keras.Model, one_step: bool = False, defer: bool = False) -> None:
        self.model = model
        self.one_step = one_step
        self.defer = defer
        self.builder = Builder(batch_length(model))
        self.builder.describe_constant = self._describe_constant
        self.builder.levels_of = self._levels_of
        self.memory = Memory(self.builder)
        self.loops = Loops(
            self.builder, partial(self._origin, None), self._cell, self.memory, one_step
        )
        self.layers: list[keras.Layer] = []
        self.numbers = count(1)
        self.calls = [0]  # the numbers of the calls that are being traced, the outermost first
        self.operation = 0  # the number of the last operation's call
        self.names: dict[Value, str] = {}
        self.records: list[Layer] = []
        self.problems: dict[str, None] = {}
        self.rewriting: list[Operation] = []

    def run(self, signature: Signature) -> Graph:
        """The model's graph.

        Raises ExportError with all that is unsupported.
        """
        inputs = [
            Value(name=spec.name, shape=(1, *spec.shape), dtype=spec.dtype, batch=0)
            for spec in signature.inputs
        ]
        tensors = [self.builder.tensor(value) for value in inputs]
        weights = len(self.model.weights)
        with self._patched_keras():
            results = self.model(signature.arguments(tensors), training=False)
        if self.problems:
            raise refusal(self.problems)
        if len(self.model.weights) != weights:
            raise ExportError(
                "Layers of the model made weights when it was called: they were never trained. "
                "Call the model once before you train and save it."
            )
        outputs = self._outputs(tree.flatten(results), signature)
        states = self.memory.values(outputs)
        graph = Graph(
            name=self.model.name,
            inputs=(*inputs, *(before for before, _ in states)),
            outputs=(*outputs, *(after for _, after in states)),
            remembered=len(states),
            batch_size=signature.batch_size,
            nodes=tuple(self.builder.nodes),
            layers=tuple(self.records),
        )
        graph = graph.with_nodes(graph.nodes)
        makers = {value: node for node in graph.walk() for value in node.outputs}
        return graph.map_values(lambda value: self._renamed(value, makers.get(value)))

    # What Keras calls while it runs the model

    @contextmanager
    def _patched_keras(self) -> Iterator[None]:
        with ExitStack() as stack:
            enter = stack.enter_context
            enter(calling(self.call_layer, self.call_operation))
            enter(symbolic_backend(self.loops.functions))
            enter(operators_of_tensorflow())
            enter(self.memory.assignments())
            enter(quantized_layers(self.builder))
            if self.one_step:
                enter(inputs_of_any_length())
            if self.defer:
                enter(deferred_operations())
            yield

    def call_layer(self, layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        """`layer.call`, traced: Layer.__call__ has cast the inputs and filled in the masks."""
        name = type(layer).__name__
        own_cell = bool(self.layers) and _is_own_cell(self.layers[-1], layer)
        self.calls.append(self.calls[-1] if own_cell else next(self.numbers))
        self.layers.append(layer)
        try:
            if name in REFUSED_LAYERS:
                return self._refuse(layer, REFUSED_LAYERS[name], args, kwargs)
            stand_ins = symbolic_self_backend(layer, self.loops.functions)
            with stand_ins, self.memory.of_layer(layer, self._path()):
                call = self.loops.call_of(layer) or LAYERS.get(name)
                if call is not None:
                    outputs = call(layer, *args, **kwargs)
                elif len(self.layers) > 1 and is_step(self.layers[-2], layer):
                    outputs = layer.call(*args, **kwargs)
                else:
                    outputs = call_of(layer)(*as_in_predict(layer, args), **kwargs)
            outputs = tree.map_structure(self._as_tensor, outputs)
            if layer is self._visible()[-1] and not isinstance(layer, keras.Model):
                self._name_outputs(outputs)
                self._record(layer, args, kwargs, outputs)
            return outputs
        except (ExportError, GraphError):
            raise
        except UnsupportedError as error:
            return self._refuse(layer, str(error), args, kwargs)
        except Exception as error:
            return self._refuse(layer, describe.untraceable(layer, error), args, kwargs)
        finally:
            self.layers.pop()
            self.calls.pop()

    def call_operation(self, operation: Operation, args: Any, kwargs: Any) -> Any:
        name = type(operation).__name__
        if not self.rewriting:
            self.operation = next(self.numbers)
        if self.defer:
            args, kwargs = tree.map_structure(self._known_as_tensor, (args, kwargs))
        if name in DECOMPOSITIONS:
            return self._rewrite(operation, args, kwargs)
        like = self._keras_spec(operation, args, kwargs)
        lower = OPERATIONS.get(name)
        builder = self.builder
        builder.origin = self._origin(operation)
        try:
            if lower is None:
                raise UnsupportedError(
                    f"keras.ops.{describe.operation_name(name)} is not supported; write it with "
                    "other keras.ops, or compute it before or after the exported model"
                )
            builder.outputs = like
            values = lower(builder, operation, *args, **kwargs)
        except MixedSamplesError as error:
            reason = (
                f"keras.ops.{describe.operation_name(name)} mixes the samples of a batch: {error}; "
                "leave the first axis alone, or do this behind the exported model"
            )
            return self._unknown(like, self._problem(reason))
        except UnsupportedError as error:
            return self._unknown(like, self._problem(str(error)))
        if like is None:
            return tree.map_structure(builder.tensor, values)
        return tree.map_structure_up_to(like, self._checked_tensor, like, values)

    def _rewrite(self, operation: Operation, args: Any, kwargs: Any) -> Any:
        """The operation as a composition of others, whose nodes are all said to come from it."""
        self.rewriting.append(operation)
        try:
            return DECOMPOSITIONS[type(operation).__name__](operation, *args, **kwargs)
        except UnsupportedError as error:
            problem = self._problem(str(error))
        finally:
            self.rewriting.pop()
        try:
            like = operation.compute_output_spec(*args, **kwargs)
        except Exception:
            raise refusal(self.problems) from None
        return self._unknown(like, problem)

    def _keras_spec(self, operation: Operation, args: Any, kwargs: Any) -> Any:
        if type(operation).__name__ in WRONG_KERAS_RULES:
            return None
        try:
            return operation.compute_output_spec(*args, **kwargs)
        except Exception:
            # Keras's own rule refuses what its computation accepts (grouped convolutions); the
            # lowering then goes by kgen's rule alone.
            if type(operation).__name__ in OPERATIONS:
                return None
            raise

    def _checked_tensor(self, like: Any, value: Value) -> KerasTensor:
        """The tensor for a result, after Keras's shape rule and kgen's were compared."""
        spec = self.builder.spec(like)
        same_batch = value.batch == spec.batch or value.batch is None
        if value.shape != spec.shape or value.dtype != spec.dtype or not same_batch:
            raise GraphError(f"{self._origin(None)}: Keras says {spec}, kgen {value}")
        return self.builder.tensor(value, like)

    def _as_tensor(self, x: Any) -> Any:
        if isinstance(x, Value):
            return self.builder.tensor(x)
        return x

    def _known_as_tensor(self, x: Any) -> Any:
        return self.builder.tensor(self.builder.value(x)) if is_known_array(x) else x

    # Where the tracer is

    def _origin(self, operation: Operation | None) -> Origin:
        path = self._path()
        if path:
            layer = self._visible()[-1]
            if not isinstance(layer, keras.Model):
                return Origin(path, type(layer).__name__, describe.layer(layer), self.calls[-1])
        if self.rewriting:
            operation = self.rewriting[0]
        kind = type(operation).__name__ if operation is not None else "operation"
        name = describe.operation_name(kind)
        where = f"{path}/{name}" if path else name
        return Origin(where, kind, f"keras.ops.{name}", self.operation)

    def _visible(self) -> list[keras.Layer]:
        """The layers that are being traced, the outermost first, but for cells that the user has
        not made: an LSTM's LSTMCell.
        """
        pairs = zip([None, *self.layers], self.layers, strict=False)
        return [layer for outer, layer in pairs if not _is_own_cell(outer, layer)]

    def _path(self) -> str:
        return "/".join(layer.name for layer in self._visible()[1:])

    def _cell(self) -> Any:
        return getattr(self.layers[-1], "cell", None)

    def _name_outputs(self, outputs: Any) -> None:
        """Calls what a layer returns by the layer's name, unless an earlier layer made it."""
        path = self._path()
        if not path:
            return
        for tensor in tree.flatten(outputs):
            value = getattr(tensor, "_kgen_value", None)
            node = next((n for n in reversed(self.builder.nodes) if value in n.outputs), None)
            if (
                value is not None
                and node is not None
                and (node.origin.path + "/").startswith(path + "/")
            ):
                self.names[value] = path

    def _record(self, layer: keras.Layer, args: Any, kwargs: Any, outputs: Any) -> None:
        masks = _values({name: one for name, one in kwargs.items() if name.endswith("mask")})
        specs = [
            self.builder.spec(tensor) for tensor in tree.flatten(outputs) if tensor is not None
        ]
        shapes = tuple(spec.shape[1:] if spec.batch == 0 else spec.shape for spec in specs)
        own = sum(prod(weight.shape) for weight in layer.weights)
        around = list(zip(self.layers, self.calls[1:], strict=True))[-2::-1]
        self.records.append(
            Layer(
                path=self._path(),
                kind=type(layer).__name__,
                shapes=shapes,
                parameters=own,
                summary=describe.layer(layer),
                call=self.calls[-1],
                inside=next((n for one, n in around if not isinstance(one, keras.Model)), 0),
                given=_values((args, kwargs)),
                masks=masks,
            )
        )

    def _describe_constant(
        self, data: np.ndarray, likely: str, variable: keras.Variable | None
    ) -> tuple[str, str]:
        """The name and note of a constant. likely: the weight that it probably is. variable: the
        one that it is, if that is known.
        """
        known = describe_constant(self._visible(), data, likely, variable)
        unpacked = unpacked_weight(self.layers[-1], data) if self.layers else ""
        note = unpacked and "weights of four bits"
        return known or (f"{self._path()}/{unpacked or 'constant'}", note)

    def _levels_of(self, data: np.ndarray) -> Levels | None:
        """What an array of the present layer was made of, if it is small integers."""
        return levels_of(self.layers[-1], data) if self.layers else None

    # What can't be exported

    def _problem(self, reason: str) -> str:
        path = self._path() or "model"
        layer = self.layers[-1] if self.layers else self.model
        text = f"{path!r} ({type(layer).__name__}): {describe.one_line(reason)}"
        self.problems.setdefault(text)
        return text

    def _refuse(self, layer: keras.Layer, reason: str, args: Any, kwargs: Any) -> Any:
        """Notes the problem and answers with tensors of the right shape, to find others."""
        self._problem(reason)
        try:
            with self.memory.ignoring_assignments():
                like = layer.compute_output_spec(*args, **kwargs)
        except Exception:
            raise refusal(self.problems) from None
        return self._unknown(like, reason)

    def _unknown(self, like: Any, reason: str) -> Any:
        def stand_in(tensor: Any) -> Any:
            try:
                spec = self.builder.spec(tensor)
            except (MixedSamplesError, UnsupportedError):
                raise refusal(self.problems) from None
            value = Value(name="unknown", shape=spec.shape, dtype=spec.dtype, batch=spec.batch)
            return self.builder.tensor(value, tensor)

        if like is None:
            raise refusal(self.problems)
        return tree.map_structure(stand_in, like)

    # The finished graph

    def _outputs(self, tensors: list[Any], signature: Signature) -> list[Value]:
        """The values of the model's outputs, each with the batch in front and made by some node."""
        if not tensors:
            raise ExportError(
                "The model returns nothing, and kgen exports what predict would return; let its "
                "call return a tensor."
            )
        self.builder.origin = Origin("output", "Model", "the model's output")
        outputs: list[Value] = []
        names = signature.output_names(len(tensors))
        for name, tensor in zip(names, tensors, strict=True):
            value = self.builder.value(tensor)
            shape, batch = self.builder.split_shape(tuple(tensor.shape))
            if batch != 0 or shape[0] != 1:
                sizes = describe.shape(tensor.shape, self.builder.batch)
                raise ExportError(
                    f"Output {name!r} has the shape {sizes}: it has no batch axis in "
                    "front, so there is no output for one sample. Return one row for each sample."
                )
            value = self.builder.broadcast(value, shape, 0)
            made = any(value in node.outputs for node in self.builder.nodes)
            if not made or value in outputs:
                value = self.builder.add_copy(value)
            self.names.setdefault(value, name)
            outputs.append(value)
        return outputs

    def _renamed(self, value: Value, maker: Node | None) -> Value:
        """The value under a name of its own. maker: the node that makes it."""
        if isinstance(value, Constant):
            return value
        label = self.builder.labels.get(value, "")
        given = self.builder.names.get(value) or self.names.get(value)
        if given:
            return replace(value, name=given, label=label)
        if value.name or maker is None:
            return value
        name = f"{maker.origin.path}/{label}" if label else describe.node_name(maker, value)
        return replace(value, name=name, label=label)


def _is_own_cell(outer: keras.Layer | None, layer: keras.Layer) -> bool:
    """Whether the layer is the cell that the layer around it has made for itself."""
    return isinstance(outer, RNN) and type(outer) is not RNN and outer.cell is layer


def refusal(problems: dict[str, None]) -> ExportError:
    """One error for all that can't be exported."""
    lines = "\n".join(f"  {problem}" for problem in problems)
    return ExportError(f"The model can't be exported:\n{lines}")


def _values(arguments: Any) -> tuple[Value, ...]:
    """The graph's values among a layer's arguments, each once."""
    found = (getattr(leaf, "_kgen_value", None) for leaf in tree.flatten(arguments))
    return tuple(dict.fromkeys(value for value in found if value is not None))
