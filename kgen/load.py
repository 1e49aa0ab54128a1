"""Reads a model: a .keras or whole-model .h5 file."""

from __future__ import annotations

import runpy
import warnings
import zipfile
from pathlib import Path

import h5py
import keras

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
            model = keras.saving.load_model(
                path, custom_objects=objects, compile=False, safe_mode=not unsafe
            )
    except Exception as error:
        raise _bad(path, _reason(error)) from None
    if not isinstance(model, keras.Model):
        raise _bad(path, f"it holds a {type(model).__name__}, not a model")
    return model


def _bad(path: Path, reason: str) -> ExportError:
    return ExportError(f"Can't load {str(path)!r}: {reason}", exit_code=2)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise _bad(path, "there is no such file")
    if path.is_dir():
        raise _bad(
            path, "it is a folder (a SavedModel?); kgen loads .keras and whole-model .h5 files"
        )
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
                "the file holds weights only, not the model; save that with "
                "model.save('model.keras')",
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


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__
