"""Models saved by Keras 1 and 2: their configurations rewritten for Keras 3, their weights by name.

Keras 3 refuses most of these files and misreads some. What a layer's configuration means depends
on the version that wrote it, so the file's own `keras_version` decides.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
from keras.src.saving import saving_lib

from kgen.legacy.activations import OBJECTS
from kgen.legacy.config import modernized
from kgen.legacy.masks import LAYERS
from kgen.legacy.operations import OPERATIONS
from kgen.legacy.removed import LAYERS as REMOVED
from kgen.legacy.saved_model import METADATA, configuration
from kgen.legacy.saved_model import load_weights as load_folder_weights
from kgen.legacy.weights import load_weights

Config = dict[str, Any]


def hdf5_version(path: Path) -> int:
    """The major version of the Keras that wrote the file; 1 if the file doesn't say."""
    with h5py.File(path, "r") as file:
        return _major(file.attrs.get("keras_version", "1"))


def archive_version(path: Path) -> int:
    """The same of a .keras archive; 3 if it doesn't say."""
    with zipfile.ZipFile(path) as archive:
        if "metadata.json" not in archive.namelist():
            return 3
        return _major(json.loads(archive.read("metadata.json")).get("keras_version", "3"))


def load_hdf5(path: Path, custom_objects: Mapping[str, object], safe_mode: bool) -> keras.Model:
    """The model in an HDF5 file of Keras 1 or 2.

    Raises ExportError for what Keras 3 has no words for, and what Keras raises.
    """
    with h5py.File(path, "r") as file:
        config = json.loads(_text(file.attrs["model_config"]))
        version = _major(file.attrs.get("keras_version", "1"))
        model = _built(config, custom_objects, safe_mode, version)
        # Before Keras 2.0 the weights were the file's root.
        load_weights(model, file.get("model_weights", file), config)
    return model


def is_keras_folder(path: Path) -> bool:
    """Whether it is a SavedModel folder with the configuration of a Keras model."""
    return (path / "saved_model.pb").exists() and (path / METADATA).exists()


def load_folder(folder: Path, custom_objects: Mapping[str, object], safe_mode: bool) -> keras.Model:
    """The Keras model in a SavedModel folder of Keras 2."""
    model = _built(configuration(folder), custom_objects, safe_mode)
    load_folder_weights(model, folder)
    return model


def _built(
    config: Config, custom_objects: Mapping[str, object], safe_mode: bool, version: int = 2
) -> keras.Model:
    """The model of a configuration, its weights yet to be set."""
    objects = {**OBJECTS, **OPERATIONS, **(LAYERS | REMOVED if version < 3 else {})}
    objects |= custom_objects
    with keras.saving.custom_object_scope(objects):
        return keras.saving.deserialize_keras_object(
            modernized(config, custom_objects, version), objects, safe_mode=safe_mode
        )


def load_archive(path: Path, custom_objects: Mapping[str, object], safe_mode: bool) -> keras.Model:
    """The model in a .keras archive of Keras 2."""
    changed = io.BytesIO()
    objects = {**OBJECTS, **OPERATIONS, **LAYERS, **REMOVED, **custom_objects}
    with keras.saving.custom_object_scope(objects):
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "config.json":
                    content = json.dumps(modernized(json.loads(content), custom_objects)).encode()
                new.writestr(name, content)
        return saving_lib.load_model(changed, compile=False, safe_mode=safe_mode)


def _major(version: str | bytes) -> int:
    return int(_text(version).partition(".")[0])


def _text(attribute: str | bytes) -> str:
    return attribute.decode() if isinstance(attribute, bytes) else str(attribute)
