"""Lets Keras take a model apart: runs its `call` on symbolic tensors and lowers each keras.ops
operation met.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import prod
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import KerasTensor, tree
from keras.src.layers import layer as layer_module
from keras.src.ops.operation import Operation

from kgen.errors import ExportError
from kgen.ir.graph import Graph, Layer
from kgen.ir.node import GraphError, MixedSamplesError, Origin
from kgen.ir.value import Constant, Value
from kgen.trace import describe
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.ops_backend import symbolic_backend, symbolic_self_backend
from kgen.trace.quantized import call_of, quantized_layers, unpacked_weight
from kgen.trace.signature import Signature
from kgen.trace.table import (
    DECOMPOSITIONS,
    LAYERS,
    OPERATIONS,
    REFUSED_LAYERS,
    WRONG_KERAS_RULES,
)


class Tracer:
    """One model being traced: where in it Keras is, what was built so far, and what can't be."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.builder = Builder(batch_length(model))
        self.builder.describe_constant = self._describe_constant
        self.layers: list[keras.Layer] = []
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
        graph = Graph(
            name=self.model.name,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            nodes=tuple(self.builder.nodes),
            layers=tuple(self.records),
        )
        return graph.with_nodes(graph.nodes).map_values(self._renamed)

    # What Keras calls while it runs the model

    @contextmanager
    def _patched_keras(self) -> Iterator[None]:
        tracer = self

        def call_layer(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
            return tracer.call_layer(layer, args, kwargs)

        def call_operation(operation: Operation, *args: Any, **kwargs: Any) -> Any:
            return tracer.call_operation(operation, args, kwargs)

        with ExitStack() as stack:
            enter = stack.enter_context
            enter(mock.patch.object(keras.Layer, "symbolic_call", call_layer))
            enter(mock.patch.object(Operation, "symbolic_call", call_operation))
            # Keras would record the calls on the user's layers, and never forget them.
            enter(mock.patch.object(layer_module, "Node"))
            enter(symbolic_backend())
            enter(quantized_layers(self.builder))
            enter(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # Keras's remarks on destroyed masks and the like
            filtering = keras.config.is_traceback_filtering_enabled()
            stack.callback(
                keras.config.enable_traceback_filtering
                if filtering
                else keras.config.disable_traceback_filtering
            )
            keras.config.disable_traceback_filtering()
            yield

    def call_layer(self, layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        """`layer.call`, traced: Layer.__call__ has cast the inputs and filled in the masks."""
        name = type(layer).__name__
        self.layers.append(layer)
        try:
            if name in REFUSED_LAYERS:
                return self._refuse(layer, REFUSED_LAYERS[name], args, kwargs)
            with symbolic_self_backend(layer):
                call = LAYERS.get(name)
                outputs = call(layer, *args, **kwargs) if call else call_of(layer)(*args, **kwargs)
            outputs = tree.map_structure(self._as_tensor, outputs)
            if not isinstance(layer, keras.Model):
                self._name_outputs(outputs)
                self._record(layer, outputs)
            return outputs
        except (ExportError, GraphError):
            raise
        except Exception as error:
            reason = str(error) or type(error).__name__
            return self._refuse(layer, f"it can't be traced: {_one_line(reason)}", args, kwargs)
        finally:
            self.layers.pop()

    def call_operation(self, operation: Operation, args: Any, kwargs: Any) -> Any:
        name = type(operation).__name__
        rewrite = DECOMPOSITIONS.get(name)
        if rewrite is not None:
            return rewrite(operation, *args, **kwargs)
        like = self._keras_spec(operation, args, kwargs)
        lower = OPERATIONS.get(name)
        builder = self.builder
        builder.origin = self._origin(operation)
        try:
            if lower is None:
                raise UnsupportedError(
                    f"keras.ops.{describe.snake_case(name)} is not supported; write it with other "
                    "keras.ops, or compute it before or after the exported model"
                )
            builder.outputs = like
            values = lower(builder, operation, *args, **kwargs)
        except MixedSamplesError as error:
            reason = f"operation {name} mixes the samples of a batch: {error}"
            return self._unknown(like, self._problem(reason))
        except UnsupportedError as error:
            return self._unknown(like, self._problem(str(error)))
        if like is None:
            return tree.map_structure(builder.tensor, values)
        return tree.map_structure_up_to(like, self._checked_tensor, like, values)

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

    # Where the tracer is

    def _origin(self, operation: Operation | None) -> Origin:
        path = self._path()
        if path:
            layer = self.layers[-1]
            if not isinstance(layer, keras.Model):
                return Origin(path, type(layer).__name__, describe.layer(layer))
        kind = type(operation).__name__ if operation is not None else "operation"
        name = describe.snake_case(kind)
        return Origin(f"{path}/{name}" if path else name, kind, f"keras.ops.{name}")

    def _path(self) -> str:
        return "/".join(layer.name for layer in self.layers[1:])

    def _name_outputs(self, outputs: Any) -> None:
        """Calls what a layer returns by the layer's name, unless an earlier layer made it."""
        path = self._path()
        if not path:
            return
        for tensor in tree.flatten(outputs):
            value = getattr(tensor, "_kgen_value", None)
            node = next((n for n in reversed(self.builder.nodes) if n.output is value), None)
            if node is not None and (node.origin.path + "/").startswith(path + "/"):
                self.names[node.output] = path

    def _record(self, layer: keras.Layer, outputs: Any) -> None:
        specs = [
            self.builder.spec(tensor) for tensor in tree.flatten(outputs) if tensor is not None
        ]
        shapes = tuple(spec.shape[1:] if spec.batch == 0 else spec.shape for spec in specs)
        own = sum(prod(weight.shape) for weight in layer.weights)
        self.records.append(Layer(self._path(), type(layer).__name__, shapes, own))

    def _describe_constant(self, data: np.ndarray, likely: str) -> tuple[str, str]:
        """The name and note of a constant: of the weight that it is, or that it was reshaped from.

        likely: the weight to try first, among equals.
        """
        for layer in reversed(self.layers):
            weights_in_order = list(enumerate(layer.weights))
            for index, variable in sorted(weights_in_order, key=lambda iv: iv[1].name != likely):
                if np.size(data) != np.prod(variable.shape) or not data.size:
                    continue
                weights = np.asarray(keras.ops.convert_to_numpy(variable.value))
                if np.array_equal(
                    weights.ravel(), data.ravel(), equal_nan=weights.dtype.kind == "f"
                ):
                    path = "/".join(
                        one.name for one in self.layers[1 : self.layers.index(layer) + 1]
                    )
                    own = (
                        variable.path.removeprefix(f"{layer.path}/")
                        if layer.path
                        else variable.path
                    )
                    owner = describe.owner_path(path, own)
                    return owner, f"{owner}: get_weights()[{index}] of {layer.name}"
        unpacked = unpacked_weight(self.layers[-1], data) if self.layers else ""
        return f"{self._path()}/{unpacked or 'constant'}", unpacked and "weights of four bits"

    # What can't be exported

    def _problem(self, reason: str) -> str:
        path = self._path() or "model"
        layer = self.layers[-1] if self.layers else self.model
        text = f"{path!r} ({type(layer).__name__}): {_one_line(reason)}"
        self.problems.setdefault(text)
        return text

    def _refuse(self, layer: keras.Layer, reason: str, args: Any, kwargs: Any) -> Any:
        """Notes the problem and answers with tensors of the right shape, to find others."""
        self._problem(reason)
        try:
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
            raise ExportError("The model returns nothing; kgen exports what predict would return.")
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
            made = any(node.output is value for node in self.builder.nodes)
            if not made or value in outputs:
                value = self.builder.add_copy(value)
            self.names.setdefault(value, name)
            outputs.append(value)
        return outputs

    def _renamed(self, value: Value) -> Value:
        if isinstance(value, Constant):
            return value
        if value in self.names:
            return replace(value, name=self.names[value])
        if value.name:
            return value
        node = next(node for node in self.builder.nodes if node.output is value)
        return replace(value, name=describe.node_name(node))


def batch_length(model: keras.Model) -> int:
    """A prime that divides no length in the model, to stand for the batch while tracing."""
    lengths = {size for weight in model.weights for size in weight.shape if size}
    for layer in model._flatten_layers():
        try:
            text = json.dumps(layer.get_config(), default=str)
        except Exception:
            continue  # a custom layer without get_config; its weights are counted
        lengths.update(int(number) for number in re.findall(r"\d+", text) if len(number) < 12)
    candidate = 1009
    while not _is_prime(candidate) or any(length and length % candidate == 0 for length in lengths):
        candidate += 2
    return candidate


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def refusal(problems: dict[str, None]) -> ExportError:
    """One error for all that can't be exported."""
    lines = "\n".join(f"  {problem}" for problem in problems)
    return ExportError(f"The model can't be exported:\n{lines}")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:400]
