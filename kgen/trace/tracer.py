"""Lets Keras take a model apart: runs its `call` on symbolic tensors and lowers each keras.ops
operation met.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import prod
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, tree
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
from kgen.trace.position import Position
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
        self.here = Position()
        self.loops = Loops(self.builder, self.here.origin, self.here.cell, self.memory, one_step)
        self.names: dict[Value, str] = {}
        self.records: list[Layer] = []
        self.problems: dict[str, None] = {}

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
        with self.here.within(layer):
            try:
                if type(layer).__name__ in REFUSED_LAYERS:
                    raise UnsupportedError(REFUSED_LAYERS[type(layer).__name__])
                outputs = tree.map_structure(self._as_tensor, self._called(layer, args, kwargs))
                if layer is self.here.visible[-1] and not isinstance(layer, keras.Model):
                    self._name_outputs(outputs)
                    self._record(layer, args, kwargs, outputs)
                return outputs
            except (ExportError, GraphError):
                raise
            except UnsupportedError as error:
                return self._refuse(layer, str(error), args, kwargs)
            except Exception as error:
                return self._refuse(layer, describe.untraceable(layer, error), args, kwargs)

    def _called(self, layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        """What the layer's call returns, or what is called in its place."""
        stand_ins = symbolic_self_backend(layer, self.loops.functions)
        with stand_ins, self.memory.of_layer(layer, self.here.path):
            call = self.loops.call_of(layer) or LAYERS.get(type(layer).__name__)
            if call is not None:
                return call(layer, *args, **kwargs)
            layers = self.here.layers
            if len(layers) > 1 and is_step(layers[-2], layer):
                return layer.call(*args, **kwargs)
            return call_of(layer)(*as_in_predict(layer, args), **kwargs)

    def call_operation(self, operation: Operation, args: Any, kwargs: Any) -> Any:
        name = type(operation).__name__
        self.here.at_operation()
        if self.defer:
            args, kwargs = tree.map_structure(self._known_as_tensor, (args, kwargs))
        if name in DECOMPOSITIONS:
            return self._rewrite(operation, args, kwargs)
        like = self._keras_spec(operation, args, kwargs)
        lower = OPERATIONS.get(name)
        builder = self.builder
        builder.origin = self.here.origin(operation)
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
            self._problem(reason)
            return self._unknown(like)
        except UnsupportedError as error:
            self._problem(str(error))
            return self._unknown(like)
        if like is None:
            return tree.map_structure(builder.tensor, values)
        return tree.map_structure_up_to(like, self._checked_tensor, like, values)

    def _rewrite(self, operation: Operation, args: Any, kwargs: Any) -> Any:
        """The operation as a composition of others, whose nodes are all said to come from it."""
        try:
            with self.here.rewriting(operation):
                return DECOMPOSITIONS[type(operation).__name__](operation, *args, **kwargs)
        except UnsupportedError as error:
            self._problem(str(error))
        try:
            like = operation.compute_output_spec(*args, **kwargs)
        except Exception:
            raise refusal(self.problems) from None
        return self._unknown(like)

    def _keras_spec(self, operation: Operation, args: Any, kwargs: Any) -> Any:
        if type(operation).__name__ in WRONG_KERAS_RULES:
            return None
        try:
            return operation.compute_output_spec(*args, **kwargs)
        except Exception as error:
            # Keras's own rule refuses what its computation accepts (grouped convolutions); the
            # lowering then goes by kgen's rule alone.
            self.builder.refused = describe.one_line(str(error)).rstrip(".")
            if type(operation).__name__ in OPERATIONS:
                return None
            raise

    def _checked_tensor(self, like: Any, value: Value) -> KerasTensor:
        """The tensor for a result, after Keras's shape rule and kgen's were compared."""
        spec = self.builder.spec(like)
        same_batch = value.batch == spec.batch or value.batch is None
        if value.shape != spec.shape or value.dtype != spec.dtype or not same_batch:
            raise GraphError(f"{self.here.origin()}: Keras says {spec}, kgen {value}")
        return self.builder.tensor(value, like)

    def _as_tensor(self, x: Any) -> Any:
        if isinstance(x, Value):
            return self.builder.tensor(x)
        return x

    def _known_as_tensor(self, x: Any) -> Any:
        return self.builder.tensor(self.builder.value(x)) if is_known_array(x) else x

    # What layers return, and what they are made of

    def _name_outputs(self, outputs: Any) -> None:
        """Calls what a layer returns by the layer's name, unless an earlier layer made it."""
        path = self.here.path
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
        self.records.append(
            Layer(
                path=self.here.path,
                kind=type(layer).__name__,
                shapes=shapes,
                parameters=own,
                summary=describe.layer(layer),
                call=self.here.calls[-1],
                inside=self.here.call_around,
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
        known = describe_constant(self.here.visible, data, likely, variable)
        unpacked = unpacked_weight(self.here.layers[-1], data) if self.here.layers else ""
        note = unpacked and "weights of four bits"
        return known or (f"{self.here.path}/{unpacked or 'constant'}", note)

    def _levels_of(self, data: np.ndarray) -> Levels | None:
        """What an array of the present layer was made of, if it is small integers."""
        return levels_of(self.here.layers[-1], data) if self.here.layers else None

    # What can't be exported

    def _problem(self, reason: str) -> None:
        path = self.here.path or "model"
        layer = self.here.layers[-1] if self.here.layers else self.model
        text = f"{path!r} ({type(layer).__name__}): {describe.one_line(reason)}"
        self.problems.setdefault(text)

    def _refuse(self, layer: keras.Layer, reason: str, args: Any, kwargs: Any) -> Any:
        """Notes the problem and answers with tensors of the right shape, to find others."""
        self._problem(reason)
        try:
            with self.memory.ignoring_assignments():
                like = layer.compute_output_spec(*args, **kwargs)
        except Exception:
            raise refusal(self.problems) from None
        return self._unknown(like)

    def _unknown(self, like: Any) -> Any:
        """Tensors of these shapes, so that tracing goes on and finds the next problem."""

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


def refusal(problems: dict[str, None]) -> ExportError:
    """One error for all that can't be exported."""
    lines = "\n".join(f"  {problem}" for problem in problems)
    return ExportError(f"The model can't be exported:\n{lines}")


def _values(arguments: Any) -> tuple[Value, ...]:
    """The graph's values among a layer's arguments, each once."""
    found = (getattr(leaf, "_kgen_value", None) for leaf in tree.flatten(arguments))
    return tuple(dict.fromkeys(value for value in found if value is not None))
