"""Rewrites of model configurations, from the words of Keras 2 to those of Keras 3.

A configuration is JSON: {"class_name": "Dense", "config": {"units": 3, ...}}. A rewrite takes one
layer's (or model's) entry and gives another; the layers inside it come later, each in its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kgen.legacy.activations import RENAMED
from kgen.legacy.calls import MODELS, calls_as_arguments, layers_of
from kgen.legacy.classes import (
    is_known,
    name_of,
    operation_of,
    registered,
    settings_of_keras_3,
)
from kgen.legacy.keras1 import words_of_keras_2
from kgen.legacy.masks import LAYERS
from kgen.legacy.removed import LAYERS as REMOVED

Entry = dict[str, Any]
Rewrite = Callable[[Entry], Entry]

WRAPPED = ("layer", "forward_layer", "backward_layer", "cell")

REPLACED = {
    "ThresholdedReLU": ("ReLU", {"theta": "threshold"}),
    "ReLU": ("ReLU", {"alpha": "negative_slope"}),
    "LeakyReLU": ("LeakyReLU", {"alpha": "negative_slope"}),
}
"""{class: (its class in Keras 3, {setting: its name in Keras 3})}"""


def modernized(entry: Entry, custom_objects: Mapping[str, object], version: int = 2) -> Entry:
    """A model's configuration in the words of Keras 3.

    custom_objects: by class name; their own settings are left alone.
    version: of the Keras that wrote it.
    Raises ExportError for layers and settings that Keras 3 can't express.
    """
    if version == 1:
        entry = words_of_keras_2(entry)
    for rewrite in REWRITES if version < 3 else REWRITES_OF_KERAS_3:
        entry = rewrite(entry)
    operation = version > 2 and operation_of(entry) is not None
    if not operation and entry["class_name"] not in custom_objects:
        entry = settings_of_keras_3(entry) if is_known(entry) else registered(entry)
    config = dict(entry["config"])
    for key, value in config.items():
        if key in WRAPPED and _is_entry(value):
            config[key] = modernized(value, custom_objects, version)
        elif key in ("layers", "cells", "cell") and isinstance(value, list):
            config[key] = [modernized(one, custom_objects, version) for one in value]
    return {**entry, "config": config}


def layers_as_dict(entry: Entry) -> Entry:
    """Given:   {"class_name": "Sequential", "config": [layers]}
    Result:  {"class_name": "Sequential", "config": {"name": "sequential", "layers": [layers]}}"""
    config = entry["config"]
    if not isinstance(config, list):
        return entry
    return {**entry, "config": {"name": entry.get("name", "sequential"), "layers": config}}


def functional_models(entry: Entry) -> Entry:
    """Given:   {"class_name": "Model" or "Container", "config": {"layers": ...}}
    Result:  {"class_name": "Functional", ...}"""
    if entry["class_name"] in ("Model", "Container") and "layers" in entry["config"]:
        return {**entry, "class_name": "Functional"}
    return entry


def input_of_sequential(entry: Entry) -> Entry:
    """Given:   the layers of a Sequential without an InputLayer, and the shape that the first one,
             or the model's build_input_shape, gives the input
    Result:  the same with an InputLayer in front"""
    layers = layers_of(entry)
    if entry["class_name"] != "Sequential" or not layers:
        return entry
    first = layers[0]
    shape = _input_shape(first) or entry["config"].get("build_input_shape")
    if first["class_name"] == "InputLayer" or first["class_name"] in MODELS or shape is None:
        return entry
    own = first["config"]
    config = {
        "batch_shape": shape,
        "dtype": _name_of_policy(own.get("input_dtype") or own.get("dtype") or "float32"),
        "name": f"{own['name']}_input",
    }
    source = {"class_name": "InputLayer", "config": config}
    return {**entry, "config": {**entry["config"], "layers": [source, *layers]}}


def fixed_batch(entry: Entry) -> Entry:
    """Given:   an InputLayer of a given batch size, in a model without state
    Result:  an InputLayer of any batch size"""
    layers = layers_of(entry)
    if not layers or any(_stateful(layer) for layer in layers):
        return entry
    return _with_layers(entry, [_any_batch(layer) for layer in layers])


def names_without_slash(entry: Entry) -> Entry:
    """Given:   layers called "a/b"
    Result:  layers called "a_b" ("a_b_1" if there is one already), where they are used too"""
    layers = layers_of(entry)
    names = renamed_layers(entry)
    if not any(old != new for old, new in names.items()):
        return entry

    def renamed(x: Any) -> Any:
        if isinstance(x, str):
            return names.get(x, x)
        if isinstance(x, list):
            return [renamed(item) for item in x]
        return {key: renamed(item) for key, item in x.items()} if isinstance(x, dict) else x

    changed = []
    for layer in layers:
        new = {**layer, "config": {**layer["config"], "name": names[name_of(layer)]}}
        for key in ("name", "inbound_nodes"):
            if key in layer:
                new[key] = renamed(layer[key])
        changed.append(new)
    ends = {
        key: renamed(entry["config"][key])
        for key in ("input_layers", "output_layers")
        if key in entry["config"]
    }
    return _with_layers({**entry, "config": {**entry["config"], **ends}}, changed)


def shapes_of_inputs_only(entry: Entry) -> Entry:
    """Given:   {"class_name": "InputLayer", "config": {"batch_input_shape": shape, ...}}
    Result:  {"class_name": "InputLayer", "config": {"batch_shape": shape, ...}}
    A batch_input_shape of any other layer is dropped later: it may contradict the layer's input."""
    if entry["class_name"] != "InputLayer":
        return entry
    config = dict(entry["config"])
    if "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    return {**entry, "config": config}


def plain_values(entry: Entry) -> Entry:
    """Given:   {"type": "ndarray", "value": 0.3}, {"class_name": "Policy", "config": {"name": n}},
             or an axis [3]
    Result:  0.3, n, 3"""
    config = {key: _plain(value) for key, value in entry["config"].items()}
    if entry["class_name"] == "BatchNormalization" and isinstance(config.get("axis"), list):
        if len(config["axis"]) > 1:
            return {**entry, "class_name": "BatchNormalizationOverAxes", "config": config}
        (config["axis"],) = config["axis"]
    return {**entry, "config": config}


def without_training(entry: Entry) -> Entry:
    """Given:   initializers, regularizers and constraints
    Result:  none: they matter only while training"""
    ends = ("_initializer", "_regularizer", "_constraint")
    config = {key: value for key, value in entry["config"].items() if not key.endswith(ends)}
    return {**entry, "config": config}


def new_names(entry: Entry) -> Entry:
    """Given:   {"class_name": "LeakyReLU", "config": {"alpha": 0.3}}
    Result:  {"class_name": "LeakyReLU", "config": {"negative_slope": 0.3}}"""
    if entry["class_name"] not in REPLACED:
        return entry
    name, settings = REPLACED[entry["class_name"]]
    config = {settings.get(key, key): value for key, value in entry["config"].items()}
    return {**entry, "class_name": name, "config": config}


def random_sizes(entry: Entry) -> Entry:
    """Given:   RandomHeight or RandomWidth, which Keras 3 does not have; or RandomCrop
    Result:  an Identity: they do nothing at inference; or a Resizing: what RandomCrop did then, and
             does not in Keras 3"""
    name = entry["class_name"]
    if name not in ("RandomHeight", "RandomWidth", "RandomCrop"):
        return entry
    kept = ("name", "dtype", *(("height", "width") if name == "RandomCrop" else ()))
    config = {key: entry["config"][key] for key in kept if key in entry["config"]}
    if name != "RandomCrop":
        return {**entry, "class_name": "Identity", "config": config}
    options = {"crop_to_aspect_ratio": True, "data_format": "channels_last"}
    return {**entry, "class_name": "Resizing", "config": {**config, **options}}


def time_major(entry: Entry) -> Entry:
    """Given:   {"class_name": "LSTM", "config": {"time_major": True}}
    Result:  {"class_name": "TimeMajorLSTM", ...}"""
    name = f"TimeMajor{entry['class_name']}"
    if not entry["config"].get("time_major") or name not in REMOVED:
        return entry
    config = {key: value for key, value in entry["config"].items() if key != "time_major"}
    return {**entry, "class_name": name, "config": config}


def gru_of_keras_2(entry: Entry) -> Entry:
    """Given:   a GRU that does not say when the reset gate applies
    Result:  {"reset_after": False}, which was the only way then"""
    if entry["class_name"] in ("GRU", "GRUCell") and "reset_after" not in entry["config"]:
        return {**entry, "config": {**entry["config"], "reset_after": False}}
    return entry


def recurrent_of_cudnn(entry: Entry) -> Entry:
    """Given:   {"class_name": "CuDNNGRU", "config": {"units": 3}}
    Result:  {"class_name": "GRU", "config": {"units": 3, "reset_after": True}}, sigmoid and tanh"""
    if entry["class_name"] not in ("CuDNNLSTM", "CuDNNGRU"):
        return entry
    functions = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    config = {**entry["config"], **functions}
    if entry["class_name"] == "CuDNNGRU":
        config["reset_after"] = True
    return {**entry, "class_name": entry["class_name"].removeprefix("CuDNN"), "config": config}


def old_activations(entry: Entry) -> Entry:
    """Given:   {"activation": "hard_sigmoid"}
    Result:  {"activation": the function of that name in Keras 2}"""
    config = {
        key: _function(RENAMED[value])
        if key.endswith("activation") and isinstance(value, str) and value in RENAMED
        else value
        for key, value in entry["config"].items()
    }
    return {**entry, "config": config}


def old_lambdas(entry: Entry) -> Entry:
    """Given:   {"class_name": "Lambda", "config": {"function": [code, defaults, closure]}}
    Result:  {..., {"function": {"class_name": "__lambda__", "config": {"code": ...}}}}"""
    code = entry["config"].get("function")
    if entry["class_name"] != "Lambda" or not isinstance(code, list):
        return entry
    parts = dict(zip(("code", "defaults", "closure"), code, strict=False))
    function = {"class_name": "__lambda__", "config": parts}
    config = {**entry["config"], "function": function}
    if config.get("output_shape_type") != "raw":
        config.pop("output_shape", None)
    return {**entry, "config": config}


def modules(entry: Entry) -> Entry:
    """Given:   {"class_name": "LSTM", ...} without a module, or with one of Keras 2
    Result:  {"class_name": "LSTM", "module": "keras.layers", ...}"""
    kept = {key: value for key, value in entry.items() if key != "build_config"}
    name = entry["class_name"].removeprefix("Keras>")
    if name in MODELS:
        module = "keras" if name == "Sequential" else "keras.src.models.functional"
        return {**kept, "class_name": name, "module": module, "registered_name": None}
    if name in LAYERS or name in REMOVED:
        return {**kept, "class_name": name, "module": None, "registered_name": name}
    if is_known(entry):
        return {**kept, "class_name": name, "module": "keras.layers", "registered_name": None}
    return {"module": None, "registered_name": entry["class_name"], **entry}


def modules_of_operations(entry: Entry) -> Entry:
    """Given:   {"class_name": "Relu", "config": {"name": "relu"}}, an operation of keras.ops
    Result:  {"class_name": "Relu", "module": "keras.src.ops.nn", ...}; layers as in `modules`"""
    operation = operation_of(entry)
    if operation is None:
        return modules(entry)
    return {**entry, "module": operation.__module__, "registered_name": entry["class_name"]}


REWRITES: tuple[Rewrite, ...] = (
    layers_as_dict,  # first: the others look for "layers"
    functional_models,
    fixed_batch,  # before the shape moves to an InputLayer
    input_of_sequential,
    shapes_of_inputs_only,
    names_without_slash,
    calls_as_arguments,  # after the renaming: it turns names into tensors
    plain_values,
    without_training,
    new_names,
    random_sizes,
    recurrent_of_cudnn,  # before the GRU that says nothing of reset_after
    gru_of_keras_2,
    time_major,  # after those that look for a GRU
    old_activations,
    old_lambdas,
    modules,
)


REWRITES_OF_KERAS_3: tuple[Rewrite, ...] = (plain_values, without_training, modules_of_operations)
"""What lets Keras 3 read HDF5 files of its own with keras.ops between layers."""


def renamed_layers(entry: Entry) -> dict[str, str]:
    """{name of a layer in the file: its name in Keras 3} of a model's layers."""
    old = [name_of(layer) for layer in layers_of(layers_as_dict(entry))]
    taken = {name for name in old if "/" not in name}
    names = {}
    for name in old:
        new = name
        if "/" in name:
            number = 0
            new = name.replace("/", "_")
            while new in taken:
                number += 1
                new = f"{name.replace('/', '_')}_{number}"
            taken.add(new)
        names[name] = new
    return names


def _is_entry(x: Any) -> bool:
    return isinstance(x, dict) and "class_name" in x and "config" in x


def _function(name: str) -> Entry:
    return {"class_name": "function", "config": name, "module": "builtins", "registered_name": name}


def _with_layers(entry: Entry, layers: list[Entry]) -> Entry:
    return {**entry, "config": {**entry["config"], "layers": layers}}


def _input_shape(layer: Entry) -> list[int | None] | None:
    """The shape that a first layer gives the model's input."""
    config = layer["config"]
    shape = config.get("batch_input_shape") if isinstance(config, dict) else None
    if shape is None and isinstance(config, dict) and config.get("input_length"):
        shape = [None, config["input_length"]]
    return shape


def _stateful(layer: Entry) -> bool:
    def entries(x: Any) -> Iterator[Entry]:
        if _is_entry(x):
            yield x
            x = x["config"]
        for item in x.values() if isinstance(x, dict) else x if isinstance(x, list) else ():
            yield from entries(item)

    return any(
        isinstance(entry["config"], dict) and entry["config"].get("stateful")
        for entry in entries(layer)
    )


def _any_batch(layer: Entry) -> Entry:
    config = layer["config"]
    if not isinstance(config, dict) or not config.get("batch_input_shape"):
        return layer
    return {
        **layer,
        "config": {**config, "batch_input_shape": [None, *config["batch_input_shape"][1:]]},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and value.get("type") == "ndarray":
        return value["value"]
    return _name_of_policy(value)


def _name_of_policy(dtype: Any) -> Any:
    if _is_entry(dtype) and dtype["class_name"] in ("Policy", "PolicyV1", "DTypePolicy"):
        return dtype["config"]["name"]
    return dtype
