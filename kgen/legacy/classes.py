"""Which classes Keras 3 has for the entries of a configuration, and which settings they take."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras.src import ops

from kgen.errors import ExportError
from kgen.legacy.calls import MODELS
from kgen.legacy.operations import FUNCTIONS, OPERATIONS
from kgen.legacy.removed import LAYERS

Entry = dict[str, Any]

HARMLESS: dict[str, tuple[Any, ...]] = {
    "time_major": (False, None),
    "groups": (1, None),
    "ragged": (False, None),
    "sparse": (False, None),
    "renorm": (False, None),
    "noise_shape": (None,),
    "softmax_robust_masking": (False,),
}
"""Settings that Keras 3 has no more, and the values that ask for nothing."""

FORGOTTEN = (
    *("fused", "virtual_batch_size", "adjustment", "renorm_clipping", "renorm_momentum"),
    *("implementation", "input_length", "batch_input_shape", "input_dtype", "input_shape"),
    *("query_shape", "key_shape", "value_shape", "output_shape_type", "output_shape_module"),
    *("function_type", "module", "unroll_length", "input_spec", "experimental_autocast"),
    *("synchronized", "activity_regularizer", "trainable", "vocabulary_size", "rng_type"),
    *("momentum",),
)
"""Settings that Keras 3 has no more, and that say how to compute, not what."""

PARTS = ("layers", "input_layers", "output_layers", "build_input_shape")
"""What a model's configuration has besides the arguments of its constructor."""


def settings_of_keras_3(entry: Entry) -> Entry:
    """Given:   settings that the layer has no more
    Result:  none, if they ask for nothing; else ExportError"""
    accepted = _accepted(_class(entry))
    config = {}
    for key, value in entry["config"].items():
        if key in accepted or key in PARTS:
            config[key] = value
        elif key not in FORGOTTEN and value not in HARMLESS.get(key, (None,)):
            raise ExportError(
                f"Layer {name_of(entry)!r} ({entry['class_name']}) was saved with {key}={value!r}, "
                "which Keras 3 does not have; build the model anew without it."
            )
    return {**entry, "config": config}


def registered(entry: Entry) -> Entry:
    """The entry, if its class is registered with Keras; else ExportError"""
    name = entry["class_name"]
    function = entry["config"].get("function", "") if name in OPERATIONS else None
    if function in FUNCTIONS or (
        function is None and keras.saving.get_registered_object(name) is not None
    ):
        return entry
    advice = "define a layer of that name in a file and pass it with --custom"
    if function is not None:
        name = f"call of tf.{function}"
        advice = "write it with keras.ops in a layer of your own"
    raise ExportError(
        f"Layer {name_of(entry)!r} is a {name}, which Keras 3 does not have; {advice}, or build "
        "the model anew in Keras 3 and export that."
    )


def operation_of(entry: Entry) -> type | None:
    """The class of an operation of keras.ops, which unlike a layer is never trainable."""
    if "trainable" in entry["config"] or "layers" in entry["config"]:
        return None
    for module in (ops.numpy, ops.nn, ops.math, ops.core, ops.image, ops.linalg):
        found = getattr(module, entry["class_name"], None)
        if isinstance(found, type) and issubclass(found, ops.operation.Operation):
            return found
    return None


def is_known(entry: Entry) -> bool:
    """Whether Keras 3 has a layer of the entry's class, or kgen has it."""
    name = entry["class_name"].removeprefix("Keras>")
    return name in MODELS or name in LAYERS or hasattr(keras.layers, name)


def _accepted(cls: type) -> set[str]:
    """The settings that a layer's constructor takes, its bases' included where it hands them on."""
    names: set[str] = set()
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(base.__init__).parameters.values()  # type: ignore[misc]
        names.update(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)
        if base is keras.layers.Layer or not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
        names.update(("name", "trainable", "dtype"))  # what all the others take
    return names - {"self", "args", "activity_regularizer"}


def _class(entry: Entry) -> type:
    name = entry["class_name"]
    found: type = (
        LAYERS.get(name)
        or getattr(keras, name, None)
        or getattr(keras.layers, name, None)
        or (keras.src.models.functional.Functional)
    )
    return found


def name_of(entry: Entry) -> str:
    config = entry["config"]
    own = config.get("name") if isinstance(config, dict) else None
    return str(entry.get("name") or own or entry["class_name"])
