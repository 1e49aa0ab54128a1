"""Reads a model: a .keras or whole-model .h5 file of Keras 1, 2 or 3, or a folder of Keras 2."""

from __future__ import annotations

import contextlib
import runpy
import warnings
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras

from kgen import legacy
from kgen.errors import ExportError

MAX_EXPANSION = 200
"""A .keras archive that unpacks to more than this many times its size is taken for a zip bomb."""


def load(
    source: str | Path | keras.Model, *, unsafe: bool = False, custom: str | Path | None = None
) -> keras.Model:
    """The Keras model in a file, or the model itself.

    unsafe: allow Lambda layers with pickled Python code (Keras's safe_mode=False).
    custom: a Python file, run first, that defines custom classes; registered with Keras or not.
    Raises ExportError, in one line, if there is no model to be had.
    """
    if isinstance(source, keras.Model):
        return source
    path = Path(source)
    _check_file(path)
    objects = _custom_objects(Path(custom)) if custom is not None else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras's remarks on optimizers and compiled state
            model = _model(path, objects, safe_mode=not unsafe)
    except Exception as error:
        raise _bad(path, _ways_out(_reason(error))) from None
    if not isinstance(model, keras.Model):
        raise _bad(path, f"it holds a {type(model).__name__}, not a model")
    return model


def _model(path: Path, objects: dict[str, object], *, safe_mode: bool) -> Any:
    """What the file holds, by the version of Keras that wrote it."""
    if path.is_dir():
        return legacy.load_folder(path, objects, safe_mode)
    if zipfile.is_zipfile(path):
        if legacy.archive_version(path) < 3:
            return legacy.load_archive(path, objects, safe_mode)
    elif legacy.hdf5_version(path) < 3:
        return legacy.load_hdf5(path, objects, safe_mode)
    try:
        return keras.saving.load_model(
            path, custom_objects=objects, compile=False, safe_mode=safe_mode
        )
    except Exception:
        if zipfile.is_zipfile(path):
            raise
        # Keras 3.15 can't read its own HDF5 files with keras.ops between layers.
        with contextlib.suppress(Exception):
            return legacy.load_hdf5(path, objects, safe_mode)
        raise  # what Keras says


def _bad(path: Path, reason: str) -> ExportError:
    return ExportError(f"Can't load {str(path)!r}: {reason}", exit_code=2)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise _bad(path, "there is no such file")
    if path.is_dir():
        if not legacy.is_keras_folder(path):
            raise _bad(path, _folder(path))
        return
    try:
        if zipfile.is_zipfile(path):
            _check_archive(path)
        elif h5py.is_hdf5(path):
            _check_hdf5(path)
        elif path.stat().st_size == 0:
            raise _bad(path, "the file is empty")
        else:
            raise _bad(path, "it is neither a .keras archive nor an HDF5 file, or it is cut short")
    except (OSError, zipfile.BadZipFile) as error:
        raise _bad(path, f"the file can't be read: {_reason(error)}") from None


def _check_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        size = sum(entry.file_size for entry in archive.infolist())
    if "config.json" not in names or "model.weights.h5" not in names:
        raise _bad(path, "the archive holds no Keras model (config.json and model.weights.h5)")
    if size > MAX_EXPANSION * max(path.stat().st_size, 1 << 16):
        raise _bad(path, f"the archive would unpack to {size} bytes, which no model's weights do")


def _check_hdf5(path: Path) -> None:
    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            raise _bad(
                path,
                "it holds weights only, not the model. Build the model in Python as it was "
                f"trained, call model.load_weights({str(path)!r}), and save it with "
                "model.save('model.keras') or pass it to kgen.export(model)",
            )


def _folder(path: Path) -> str:
    """What is in the folder that can't be loaded, and the way out."""
    if not (path / "saved_model.pb").exists():
        return (
            "it is a folder; kgen loads .keras files, whole-model .h5 files and SavedModel folders"
        )
    return (
        "it is a SavedModel folder, which holds TensorFlow's graph and no Keras model; export the "
        "model that it was made from"
    )


def _custom_objects(path: Path) -> dict[str, object]:
    """Every class and function that the file defines, by name."""
    if not path.is_file():
        raise ExportError(f"--custom {str(path)!r}: there is no such file", exit_code=2)
    try:
        names = runpy.run_path(str(path))
    except Exception as error:
        raise ExportError(
            f"--custom {str(path)!r} failed: {type(error).__name__}: {_reason(error)}", exit_code=2
        ) from None
    return {name: value for name, value in names.items() if callable(value) and name[0] != "_"}


def _ways_out(reason: str) -> str:
    """What Keras says, with kgen's options instead of its own."""
    if "safe_mode" in reason:
        return (
            "it holds Python code (a Lambda layer), which could do anything; if you trust the "
            "file, load it with --unsafe (in Python unsafe=True)"
        )
    if reason.startswith("Could not locate "):
        what = reason.partition(". ")[0]
        return f"{what}; name the Python file that defines it with --custom"
    return reason


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    # Keras wraps what went wrong in pages of configuration.
    _, cause, inner = text.rpartition("Exception encountered: ")
    return (inner if cause else text)[:300] or type(error).__name__
