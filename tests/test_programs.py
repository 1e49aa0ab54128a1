"""The C in other people's programs: C++, several models in one, errors; its bytes everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers

import kgen
from kgen.library import STRICT, Library

ROOT = Path(__file__).parent.parent
STYLES = ("readable", "fast")
COMPILERS = [cc for cc in ("gcc", "clang") if shutil.which(cc)]


def words() -> keras.Model:
    """Can fail: an id may be out of range."""
    x = Input((4,), dtype="int32", name="ids")
    y = layers.GlobalAveragePooling1D()(layers.Embedding(7, 3, name="embedding")(x))
    return Model(x, layers.Dense(2, name="dense")(y), name="words")


def pictures() -> keras.Model:
    return Sequential(
        [
            Input((9, 8, 3), name="picture"),
            layers.Conv2D(5, 3, padding="same", activation="gelu", name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(4, "softmax", name="dense"),
        ],
        name="pictures",
    )


def write(files: dict[str, str], folder: Path) -> list[str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return [name for name in files if name.endswith(".c")]


def compiled(folder: Path, *command: str) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert not result.stderr


@pytest.mark.parametrize("optimization", ["-O0", "-O2"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("cc", COMPILERS)
def test_no_warnings(cc: str, style: str, optimization: str, tmp_path: Path) -> None:
    sources = write(kgen.export(pictures(), style=style), tmp_path)
    compiled(tmp_path, cc, *STRICT, optimization, "-c", *sources)


@pytest.mark.parametrize("style", STYLES)
def test_two_models_in_a_program_of_cpp(style: str, tmp_path: Path) -> None:
    """Their headers are C++, their objects define nothing but their own API."""
    sources = write(kgen.export(words(), style=style), tmp_path)
    sources += write(kgen.export(pictures(), style=style), tmp_path)
    (tmp_path / "main.cpp").write_text(
        '#include "words.h"\n#include "pictures.h"\n#include "words.h"\n'
        "int main() {\n"
        "    static const int32_t ids[4] = {1, 2, 3, 4};\n"
        "    static float picture[9 * 8 * 3], a[2], b[4];\n"
        "    const int first = words_predict(ids, a);\n"
        "    return first == WORDS_OK && pictures_predict(picture, b) == PICTURES_OK ? 0 : 1;\n}\n"
    )
    compiled(tmp_path, "cc", *STRICT, "-O1", "-c", *sources)
    objects = [Path(source).with_suffix(".o").name for source in sources]
    strict = ("-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror")
    compiled(tmp_path, "c++", *strict, "-o", "program", "main.cpp", *objects, "-lm")
    compiled(tmp_path, "./program")
    api = {"predict", "predict_batch", "run"}
    for name in ("words", "pictures"):
        symbols = subprocess.run(
            ["nm", "--defined-only", "--extern-only", f"{name}.o"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        defined = {line.split()[-1] for line in symbols.stdout.splitlines()}
        assert defined == {f"{name}_{function}" for function in api}


@pytest.mark.parametrize("style", STYLES)
def test_errors_leave_the_outputs_alone(style: str) -> None:
    library = Library(kgen.export(words(), style=style), flags=(*STRICT, "-O1"))
    for bad in (-8, 7, 2**31 - 1, -(2**31)):
        ids = np.array([[1, 2, 3, bad]], np.int32)
        out = np.full((1, 2), 5, np.float32)
        assert library.call(1, [ids], [out]) == 2
        assert (out == 5).all()
    ffi, c = library._ffi, library._library
    workspace = ffi.new("words_workspace *")
    ids, out = ffi.new("int32_t[4]"), ffi.new("float[2]")
    assert c.words_run(workspace, ids, out) == 0
    for arguments in ((ffi.NULL, ids, out), (workspace, ffi.NULL, out), (workspace, ids, ffi.NULL)):
        assert c.words_run(*arguments) == 1
    assert c.words_predict(ffi.NULL, out) == 1
    assert c.words_predict_batch(3, ids, ffi.NULL) == 1


def test_numpy_says_what_it_expects() -> None:
    module: dict[str, object] = {}
    exec(kgen.export(words(), "numpy")["words.py"], module)
    predict = module["predict"]
    for wrong in (np.zeros((2, 5), np.int32), np.zeros(4, np.int32), np.zeros((2, 4), np.float32)):
        with pytest.raises(ValueError, match=r"ids.*\(batch, 4\).*int32|ids.*int32.*\(batch, 4\)"):
            predict(wrong)  # type: ignore[operator]
    with pytest.raises(IndexError):
        predict(np.full((1, 4), 7, np.int32))  # type: ignore[operator]


def test_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Whatever the hash seed, and whatever Keras counted before."""
    path = tmp_path / "pictures.keras"
    pictures().save(path)
    outputs = []
    for seed, number in (("0", "1"), ("12345", "2")):
        out = tmp_path / number
        script = (
            "import sys, kgen, keras\n"
            f"for _ in range({number}):\n"
            "    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
            "for target, style in (('c', 'fast'), ('c', 'readable'), ('numpy', 'fast')):\n"
            "    kgen.export(sys.argv[1], target, f'{sys.argv[2]}/{target}{style}', style=style)\n"
        )
        subprocess.run(
            [sys.executable, "-c", script, str(path), str(out)],
            check=True, env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT, capture_output=True,
        )  # fmt: skip
        files = sorted(one for one in out.rglob("*") if one.is_file())
        outputs.append({str(one.relative_to(out)): one.read_bytes() for one in files})
    assert len(outputs[0]) == 11
    assert outputs[0] == outputs[1]
    text = b"".join(outputs[0].values())
    assert str(tmp_path).encode() not in text


def test_large_weights_are_files_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Split where a compiler would need too much memory."""
    from kgen.targets import c_weights

    monkeypatch.setattr(c_weights, "INLINE_WEIGHTS", 10)
    monkeypatch.setattr(c_weights, "WEIGHTS_PER_FILE", 500)
    files = kgen.export(pictures())
    weights = [name for name in files if "_weights" in name]
    assert len(weights) > 1
    batch = np.random.default_rng(1).standard_normal((2, 9, 8, 3)).astype(np.float32)
    found = Library(files, flags=(*STRICT, "-O1")).predict(batch)
    assert found.shape == (2, 4)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
