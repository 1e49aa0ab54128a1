"""How a model's configuration says which layer is called on what."""

from __future__ import annotations

from typing import Any

from kgen.errors import ExportError
from kgen.legacy.operations import OPERATIONS

Entry = dict[str, Any]

MODELS = ("Functional", "Sequential")
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "CuDNNLSTM", "CuDNNGRU")
CONSTANT = "_CONSTANT_VALUE"


def layers_of(entry: Entry) -> list[Entry]:
    """The layers of a model, or nothing."""
    config = entry["config"]
    layers: list[Entry] = config.get("layers", []) if isinstance(config, dict) else []
    return layers


def calls_as_arguments(entry: Entry) -> Entry:
    """Given:   {"inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {"mask": ["c", 0, 0]}]]]}
    Result:  {"inbound_nodes": [{"args": [[a, b]], "kwargs": {"mask": c}}]}, each a tensor
    and calls of a model inside the model are counted from 0, not 1; the second and later inputs
    of a recurrent layer are its initial state."""
    layers = layers_of(entry)
    if entry["class_name"] != "Functional":
        return entry
    config = entry["config"]
    refs = list(_refs([[node for x in layers for node in x["inbound_nodes"]], *_ends(config)]))
    models = {x["name"]: x["class_name"] for x in layers if "layers" in _as_dict(x["config"])}
    models.update({x["name"]: "Sequential" for x in layers if isinstance(x["config"], list)})
    # A model's own outputs were its first call, unless it was made by an early Keras.
    first = {name: min((ref[1] for ref in refs if ref[0] == name), default=0) for name in models}

    called = [
        _with_constants(
            {**x, "inbound_nodes": [_call(x, node, first) for node in x["inbound_nodes"]]}
        )
        for x in layers
    ]
    ends = {key: _end(config[key], models, first) for key in ("input_layers", "output_layers")}
    for key, end in ends.items():
        if len(end) == 1 and _is_ref(end[0]):
            (ends[key],) = end  # one tensor, not a list of one
    return {**entry, "config": {**config, "layers": called, **ends}}


def _call(layer: Entry, node: Any, first: dict[str, int]) -> Entry:
    """A call of the layer. first: the numbers of the models' first calls."""
    if isinstance(node, dict) and "args" in node:
        return node
    tensors, kwargs = _arguments(node, first)
    kwargs = {key: value for key, value in kwargs.items() if value is not None}
    recurrent = layer["class_name"] in RECURRENT or layer["class_name"].startswith("ConvLSTM")
    if isinstance(tensors, list) and recurrent:
        tensors, *state = tensors
        kwargs = {**kwargs, "initial_state": state}
    if isinstance(tensors, list | dict):
        return {"args": [tensors], "kwargs": kwargs}
    # `3 - x`: a layer's first argument must be a tensor.
    argument = next((key for key, value in kwargs.items() if _has_tensor(value)), None)
    if argument is None:
        raise ExportError(
            f"Layer {layer['name']!r} calls a TensorFlow function on none of its tensors; write it "
            "with keras.ops, build the model anew in Keras 3 and export that."
        )
    tensor = kwargs.pop(argument)
    return {"args": [tensor], "kwargs": {**kwargs, "x": tensors, "argument": argument}}


def _end(x: Any, models: dict[str, str], first: dict[str, int]) -> Any:
    """The model's inputs or outputs, in whatever structure. models: their classes, by name."""
    if _is_ref(x):
        # Keras 3 takes 1 from the number of a Functional's call, though from no other's.
        number = x[1] - first.get(x[0], 0)
        more = 1 if models.get(x[0]) in ("Functional", "Model", "Container") else 0
        return [x[0], number + more, x[2]]
    if isinstance(x, dict):
        return {key: _end(item, models, first) for key, item in x.items()}
    return [_end(item, models, first) for item in x]


def _with_constants(layer: Entry) -> Entry:
    """Given:   a call of a TensorFlow function with tensors and other arguments
    Result:  the others in its configuration: Keras 3 does not let a call mix them"""
    if layer["class_name"] not in OPERATIONS:
        return layer
    nodes, found = [], []
    for node in layer["inbound_nodes"]:
        tensors = {key: value for key, value in node["kwargs"].items() if _has_tensor(value)}
        found.append({k: value for k, value in node["kwargs"].items() if k not in tensors})
        nodes.append({**node, "kwargs": tensors})
    if any(constants != found[0] for constants in found):
        raise ExportError(
            f"Layer {layer['name']!r} calls a TensorFlow function with different constants; build "
            "the model anew in Keras 3 and export that."
        )
    config = {**layer["config"], "constants": found[0] if found else {}}
    return {**layer, "config": config, "inbound_nodes": nodes}


def _has_tensor(x: Any) -> bool:
    if isinstance(x, dict):
        return x.get("class_name") == "__keras_tensor__" or any(map(_has_tensor, x.values()))
    return isinstance(x, list) and any(map(_has_tensor, x))


def _as_dict(x: Any) -> dict[str, Any]:
    return x if isinstance(x, dict) else {}


def _ends(config: Entry) -> list[Any]:
    return [config.get("input_layers", []), config.get("output_layers", [])]


def _is_ref(x: Any) -> bool:
    """Whether x names a tensor: [layer, number of its call, number of the output, arguments]."""
    return (
        isinstance(x, list)
        and len(x) in (3, 4)
        and isinstance(x[0], str)
        and type(x[1]) is int
        and (type(x[2]) is int or x[0] == CONSTANT)
    )


def _refs(x: Any) -> list[list[Any]]:
    """All tensors that are named somewhere in x."""
    if _is_ref(x):
        return [x, *(_refs(x[3]) if len(x) == 4 else [])]
    items = x.values() if isinstance(x, dict) else x if isinstance(x, list) else ()
    return [ref for item in items for ref in _refs(item)]


def _tensor(ref: list[Any], first: dict[str, int]) -> Any:
    name, number, output = ref[:3]
    if name == CONSTANT:
        return output
    history = [name, number - first.get(name, 0), output]
    config = {"shape": [], "dtype": "float32", "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": config}


def _resolved(x: Any, first: dict[str, int]) -> Any:
    """x with a tensor for each name of one."""
    if _is_ref(x):
        return _tensor(x, first)
    if isinstance(x, dict):
        return {key: _resolved(item, first) for key, item in x.items()}
    return [_resolved(item, first) for item in x] if isinstance(x, list) else x


def _arguments(node: Any, first: dict[str, int]) -> tuple[Any, dict[str, Any]]:
    """The first argument of a call, and the named ones."""
    refs = [node] if _is_ref(node) else list(node.values()) if isinstance(node, dict) else node
    kwargs: dict[str, Any] = {}
    for ref in refs:
        if len(ref) == 4:
            kwargs.update(_resolved(ref[3], first))
    tensors = _resolved(node, first)
    if isinstance(tensors, list) and len(tensors) == 1:
        tensors = tensors[0]
    return tensors, kwargs
