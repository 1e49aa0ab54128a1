"""Names from a model are harmless wherever they end up, and files are written all or not at all."""

from __future__ import annotations

import ctypes
import errno
import json
import keyword
import re
import subprocess
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from keras import Input, Model, layers

import kgen
from kgen import names
from kgen.library import STRICT, Library
from kgen.render import literals
from kgen.render.write import write

EVIL = (
    "int",
    "a*/b",
    'x"y',
    "../up",
    "\n#include <evil.h>",
    "n" * 300,
    "größe_数",
    "while",
    "relu",
    "x\\",
    "??/",
    '"""',
    "predict",
    "main",
    "np",
    "0",
)


@given(st.lists(st.text(), max_size=8))
@example(list(EVIL))
@example(["a", "A", "a_2", "a", "a*b", "a/b"])
def test_identifiers(hints: list[str]) -> None:
    taken = names.Names()
    made = [taken.take(hint) for hint in hints]
    assert len({name.lower() for name in made}) == len(made)
    for name in made:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name)
        assert not keyword.iskeyword(name)
        assert name not in names.RESERVED


@given(st.text())
@example("*/ evil();")
@example('""" evil()')
@example("\\")
@example("???/")
@example('say ""')
@example("\u8eca" * 67)
def test_comments(text: str) -> None:
    """On one line, and nothing in it ends a comment of C or a string of Python."""
    safe = names.comment(text)
    assert safe.isascii()
    assert safe.isprintable()
    for mark in ("*/", "/*", '""', "??"):
        assert mark not in safe
    assert len(safe.replace(" ", "")) <= names.MAX_COMMENT
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of escapes that Python doesn't know
        eval(f'"""{safe} """')


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_model_of_evil_names() -> None:
    """Both targets work, and say what the layers were called."""
    x = y = Input((3,), name="x *\\ y")
    for _ in EVIL:
        y = layers.Dense(3)(y)
    model = Model(x, y, name="evil \n* name")
    for layer, name in zip(model.layers[1:], EVIL, strict=True):
        layer.name = name.replace("/", "|")  # Keras calls no layer with a slash in its name
    files = kgen.export(model, name="../../etc/pass\nwd")
    assert all(re.fullmatch(r"[A-Za-z0-9_]+\.(c|h|json|md)", file) for file in files)
    batch = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    expected = np.asarray(model(batch))
    found = Library(files, flags=(*STRICT, "-O1")).predict(batch)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    text = kgen.export(model, "numpy", name="evil")["evil.py"]
    module: dict[str, object] = {}
    exec(text, module)
    np.testing.assert_allclose(module["predict"](batch), expected, rtol=1e-4, atol=1e-5)  # type: ignore[operator]
    assert "a*|b" in text


@pytest.mark.parametrize(
    ("name", "hints"), [("model", ["use", "run_batch"]), ("XOR", ["LANES", "PICK", "ERROR_NULL"])]
)
def test_layers_called_as_kgen_s_own_things(name: str, hints: list[str], tmp_path: Path) -> None:
    """Functions with a prefix, and macros where the prefix is in capitals."""
    x = y = Input((20,))
    for hint in hints:
        y = layers.Dense(20, activation="tanh", name=hint)(y)
    y = layers.Dense(2)(y)
    kgen.export(
        Model(x, y), out=tmp_path, name=name, check=False, weights="file", workspace="caller"
    )
    command = ["cc", *STRICT, "-fsyntax-only", f"{name}.c"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_arrays_called_as_macros(tmp_path: Path) -> None:
    """Of the headers that NAME.h includes or that are there before it, and of kgen itself; and as
    the function that copies outputs.
    """
    inputs = [Input((2,), name=name) for name in ("INT32_MAX", "math_errhandling", "INPUT")]
    y = layers.Dense(2, name="M_OK")(layers.Add(name="M_ERROR_NULL")(inputs))
    y = layers.Dense(2, name="memcpy")(y)
    kgen.export(Model(inputs, [y, inputs[0]]), out=tmp_path, name="m", check=False)
    for flags in ((), ("-DINPUT=0x0",)):  # as Arduino.h has it
        command = ["cc", *STRICT, *flags, "-fsyntax-only", "m.c"]
        subprocess.run(command, cwd=tmp_path, check=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(st.data())
@settings(max_examples=60)
def test_literals_read_back(dtype: str, data: st.DataObject) -> None:
    """To the same bits: -0, subnormals and all."""
    bits = data.draw(st.lists(st.integers(0, 2 ** (8 * np.dtype(dtype).itemsize) - 1), min_size=1))
    values = np.array(bits, f"uint{8 * np.dtype(dtype).itemsize}").view(dtype)
    lines = list(literals.numbers(values, special=("nan", "inf")))
    # As a compiler of C reads them; by way of Python's float some would be rounded twice.
    read = ctypes.CDLL(None).strtof if dtype == "float32" else ctypes.CDLL(None).strtod
    read.restype = ctypes.c_float if dtype == "float32" else ctypes.c_double
    texts = [text.encode() for line in lines for text in line.split(", ")]
    back = np.array([read(text, None) for text in texts], dtype)
    number = ~np.isnan(values)
    np.testing.assert_array_equal(np.isnan(back), ~number)
    same_bits = f"u{values.itemsize}"
    np.testing.assert_array_equal(back[number].view(same_bits), values[number].view(same_bits))


class Shifted(layers.Dense):
    """With a weight that is called like a part of the layer's function."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.tile = self.add_weight(shape=(self.units,), initializer="ones", name="tile")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return super().call(inputs) + self.tile


@pytest.mark.parametrize("names", [("a", "a_tile", "a_block_tile"), ("a", "b", "c", "b_alike")])
def test_layers_called_like_parts_of_others(names: tuple[str, ...]) -> None:
    x = y = Input((33,))
    for name in names:
        y = (Shifted if name == "a" else layers.Dense)(33, activation="relu", name=name)(y)
    model = Model(x, y)
    batch = np.random.default_rng(0).standard_normal((37, 33)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kgen.schedule.batch.SMALL", 0)
        library = kgen.build(model, check=False, flags=(*STRICT, "-O0", "-march=native"))
    np.testing.assert_allclose(library.predict(batch), model(batch), rtol=1e-4, atol=1e-5)


def odd_weights() -> keras.Model:
    x = Input((4,))
    model = Model(x, layers.Dense(4, name="odd")(x))
    tiny = np.float32(1e-42)
    kernel = np.zeros((4, 4), np.float32)
    kernel[0] = [np.nan, np.inf, -np.inf, 1]
    kernel[1] = [-0.0, tiny, -tiny, 3.4e38]
    model.layers[-1].set_weights([kernel, np.array([0, -0.0, tiny, 1], np.float32)])
    return model


def test_odd_weights_are_kept_and_warned_of() -> None:
    model = odd_weights()
    with pytest.warns(UserWarning, match="NaN or inf: odd/kernel"):
        text = kgen.export(model, "numpy", name="m", check=False)["m.py"]
    module: dict[str, np.ndarray] = {}
    exec(text, module)
    wanted = model.layers[-1].get_weights()[0]
    found = module["odd_kernel"]
    np.testing.assert_array_equal(found.view(np.uint32)[1], wanted.view(np.uint32)[1])
    np.testing.assert_array_equal(found, wanted)


def test_sizes_of_zero() -> None:
    x = Input((0, 3), name="x")
    y = Input((2,), name="y")
    model = Model([x, y], layers.Concatenate()([layers.Flatten()(x), y]))
    batch = [np.zeros((2, 0, 3), np.float32), np.ones((2, 2), np.float32)]
    found = kgen.build(model, flags=(*STRICT, "-O1")).predict(*batch)
    np.testing.assert_array_equal(found, batch[1])


def test_all_new_files_or_all_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up, or a move that fails half way."""
    old = dict.fromkeys(("m.c", "m.h"), "exported by kgen, once")
    write(old, tmp_path, model="m")
    replace, text_of = Path.replace, Path.write_bytes
    moves = iter(range(100))

    def failing(path: Path, target: Path) -> Path:
        if next(moves) == 3:
            raise OSError(errno.EIO, "Input/output error")
        return replace(path, target)

    def full(path: Path, *args: object, **kwargs: object) -> int:
        if path.name == "m.h":
            raise OSError(errno.ENOSPC, "No space left on device")
        return text_of(path, *args, **kwargs)  # type: ignore[arg-type]

    for name, broken in (("replace", failing), ("write_bytes", full)):
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, broken)
            with pytest.raises(kgen.ExportError, match="nothing was changed"):
                write({"m.c": "new", "m.h": "new", "m.json": "new"}, tmp_path, model="m")
        found = {path.name: path.read_text() for path in tmp_path.iterdir()}
        assert found == old


def test_a_folder_that_can_not_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here first")
    with pytest.raises(kgen.ExportError, match="Can't write"):
        write({"m.c": "new"}, tmp_path / "file" / "out", model="m")
    assert (tmp_path / "file").read_text() == "here first"


def test_old_weight_files_go(tmp_path: Path) -> None:
    """What an earlier export of more weights left would be compiled with the new files."""
    (tmp_path / "m_weights_1.c").write_text("/* m, exported by kgen */")
    (tmp_path / "mine.c").write_text("the user's")
    x = Input((3,))
    kgen.export(Model(x, layers.Dense(2)(x)), out=tmp_path, name="m")
    assert {path.name for path in tmp_path.iterdir()} == {
        "m.c", "m.h", "m.json", "m_README.md", "mine.c",
    }  # fmt: skip
    assert json.loads((tmp_path / "m.json").read_text())["name"] == "m"
