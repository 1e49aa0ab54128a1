"""SavedModel folders that Keras 2 wrote: the configuration beside TensorFlow's graph, and the
weights in the checkpoint, in the order of the model's `weights`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.errors import ExportError
from kgen.legacy.weights import set_weights

METADATA = "keras_metadata.pb"
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE = "VARIABLE_VALUE"

PATH, TEXT = 3, 5
"""Numbers of two fields of an object in the metadata: its path, and what Keras says of it."""


def configuration(folder: Path) -> dict[str, Any]:
    """The model's class and configuration.

    Raises ExportError for a model that has none: one with a class of its own.
    """
    for number, entry in _fields((folder / METADATA).read_bytes()):
        object_ = dict(_fields(entry)) if number == 1 else {}
        if object_.get(PATH) == b"root":
            said = json.loads(object_[TEXT], object_hook=_list)
            if "layers" in said.get("config", {}):
                return {"class_name": said["class_name"], "config": said["config"]}
    raise ExportError(
        "its model has a class of its own, and no configuration to build it from; build the model "
        "in Python, load its weights, and pass it to kgen.export"
    )


def _list(part: dict[str, Any]) -> Any:
    """A list for what the metadata has for a tuple or a shape."""
    return part["items"] if part.get("class_name") in ("__tuple__", "TensorShape") else part


def load_weights(model: keras.Model, folder: Path) -> None:
    """Sets every layer's weights from the folder's checkpoint.

    Raises ExportError if they do not fit.
    """
    weights, layers = _weights(folder), list(dict.fromkeys(_layers(model)))
    count = sum(len(layer.weights) for layer in layers)
    if count != len(weights):
        raise ExportError(
            f"its checkpoint has {len(weights)} weights, and its model {count}; build the model in "
            "Python, load its weights, and pass it to kgen.export"
        )
    for layer in layers:
        own, weights = weights[: len(layer.weights)], weights[len(layer.weights) :]
        if own:
            names, arrays = zip(*own, strict=True)
            set_weights(layer, list(names), list(arrays))


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers, those of models inside the model in their place."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _weights(folder: Path) -> list[tuple[str, np.ndarray]]:
    """(name, array) of each of the model's weights, in its order."""
    import tensorflow as tf
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    nodes = TrackableObjectGraph.FromString(reader.get_tensor(GRAPH)).nodes

    def children(node: Any) -> dict[str, Any]:
        return {child.local_name: nodes[child.node_id] for child in node.children}

    variables = children(nodes[0]).get("variables")
    listed = children(variables) if variables is not None else {}
    found = []
    for number in sorted(map(int, listed)):
        for attribute in listed[str(number)].attributes:
            if attribute.name == VALUE:
                array = reader.get_tensor(attribute.checkpoint_key)
                found.append((attribute.full_name, np.asarray(array)))
    return found


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message in the encoding of Protocol Buffers: (number, content)."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(message):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            yield number, str(varint()).encode()
            continue
        size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
        yield number, message[place : place + size]
        place += size
