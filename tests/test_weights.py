"""The forms of weights: the same numbers, whether as decimals, bytes or a file."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import orjson
import pytest
from keras import Input, Model, layers

import kgen
from kgen.library import STRICT, Library
from kgen.options import FORMS
from kgen.render.literals import byte_strings
from tests import generated_models
from tests.harness import randomize
from tests.test_programs import COMPILERS

Files = dict[str, "str | bytes"]


def mixed() -> keras.Model:
    """Weights that a loop, a function inside a function, a table and words have."""
    image, review = Input((6, 5, 12), name="image"), Input((1,), dtype="string", name="review")
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(image)
    x = layers.LSTM(5, name="lstm")(layers.Reshape((6, 60), name="rows")(x))
    words = layers.TextVectorization(
        vocabulary=["good", "bad"], output_sequence_length=4, name="words"
    )(review)
    y = layers.Flatten(name="flat")(layers.Embedding(4, 3, name="embedding")(words))
    joined = layers.Concatenate(name="joined")([x, y])
    return Model([image, review], layers.Dense(33, name="dense")(joined), name="mixed")


@pytest.fixture(scope="module")
def models() -> dict[str, keras.Model]:
    keras.utils.clear_session()
    first = mixed()
    randomize(first, 6)
    return {"mixed": first, "quantized": generated_models.quantized()}


def built(files: Files, folder: Path, *flags: str, cc: str = "gcc") -> Path:
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    if any("#embed" in str(text) for text in files.values()) and cc == "gcc":
        expand_embed(folder)
    sources = [name for name in files if name.endswith(".c")]
    command = [cc, *STRICT, "-O0", *flags, "-o", "program", *sources, "-lm"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    return folder / "program"


def expand_embed(folder: Path) -> None:
    """What a compiler of C23 does with #embed, for one that can't."""
    for source in folder.glob("*_weights.c"):
        text = re.sub(
            r'^#embed "(.*)"$',
            lambda found: ",".join(map(str, (folder / found[1]).read_bytes())),
            source.read_text(),
            flags=re.MULTILINE,
        )
        source.write_text(text)


def run(program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([f"./{program.name}"], cwd=program.parent, capture_output=True, text=True)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "literal"])
@pytest.mark.parametrize(("model", "style"), [
    ("mixed", "fast"), ("mixed", "readable"), ("quantized", "fast"),
])  # fmt: skip
def test_forms(
    form: str, model: str, style: str, models: dict[str, keras.Model], tmp_path: Path
) -> None:
    files = kgen.export(models[model], style=style, weights=form, with_test=True)
    for cc in COMPILERS:
        if cc == "gcc" or form != "embed":
            result = run(built(files, tmp_path, cc=cc))
            assert result.returncode == 0, result.stdout
    manifest = orjson.loads(files[f"{model}.json"])
    assert manifest["weights"] == form
    assert ("weights_file" in manifest) == (form in ("incbin", "embed", "file"))


@pytest.mark.skipif(shutil.which("clang-19") is None, reason="no compiler with #embed")
def test_embed(models: dict[str, keras.Model], tmp_path: Path) -> None:
    files = kgen.export(models["quantized"], weights="embed", with_test=True)
    flags = ("-std=c23", "-Wno-c23-extensions")
    assert run(built(files, tmp_path, *flags, cc="clang-19")).returncode == 0


def test_bytes_as_strings() -> None:
    generator = np.random.default_rng(0)
    data = generator.integers(0, 256, 4096).astype(np.uint8).tobytes()
    data += b"\x0007\x018\0009?" + bytes(range(256))
    text = byte_strings(data)
    python = [ast.literal_eval("b" + line.replace(r"\?", "?")) for line in text.split("\n")]
    assert b"".join(python) == data


@pytest.fixture(scope="module", params=[(), ("-DMIXED_NO_MMAP",)], ids=["mmap", "no_mmap"])
def library(
    request: pytest.FixtureRequest,
    models: dict[str, keras.Model],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Library, Path]:
    files = kgen.export(models["mixed"], weights="file")
    path = tmp_path_factory.mktemp("weights") / "mixed_weights.bin"
    data = files["mixed_weights.bin"]
    path.write_bytes(data)
    # The manifest's "load" makes Library load the weights; here that is the test's business.
    manifest = orjson.loads(files["mixed.json"])
    del manifest["load"]
    files["mixed.json"] = orjson.dumps(manifest).decode()
    return Library(files, flags=(*STRICT, "-O0", *request.param)), path


def arguments(ffi) -> list[object]:  # type: ignore[no-untyped-def]
    image, word = ffi.new("float[]", 360), ffi.new("char[]", b"good")
    review, dense = ffi.new("const char *[1]", [word]), ffi.new("float[]", [5.0] * 33)
    return [image, review, dense, word]


def test_a_file_that_is_wrong(library: tuple[Library, Path], tmp_path: Path) -> None:
    """Each has its error; the workspace stays as it was, and so do the outputs."""
    ffi, c = library[0]._ffi, library[0]._library
    data = library[1].read_bytes()
    altered = bytearray(data)
    altered[100] ^= 1
    for name, content in {
        "short": data[:-1], "long": data + b"\0", "empty": b"", "altered": bytes(altered),
        "other": bytes(len(data)),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
    w = ffi.new("mixed_workspace *")
    image, review, dense, _word = arguments(ffi)
    expected = {
        "missing": 5, ".": 5, "short": 6, "long": 6, "empty": 6, "altered": 7, "other": 7,
    }  # fmt: skip
    for name, code in expected.items():
        assert c.mixed_load(w, str(tmp_path / name).encode()) == code, name
        assert w.constants == ffi.NULL
    assert c.mixed_load(w, ffi.NULL) == 1
    for result in (c.mixed_run(w, image, review, dense), c.mixed_predict(image, review, dense)):
        assert result == 4
    assert c.mixed_predict_batch(1, image, review, dense) == 4
    assert list(dense) == [5.0] * 33


def test_a_file_that_is_right(library: tuple[Library, Path]) -> None:
    ffi, c = library[0]._ffi, library[0]._library
    path = str(library[1]).encode()
    image, review, dense, _word = arguments(ffi)
    workspaces = [ffi.new("mixed_workspace *") for _ in range(2)]
    for w in workspaces:
        assert c.mixed_load(w, path) == 0
        assert c.mixed_run(w, image, review, dense) == 0
    first = list(dense)
    assert first != [5.0] * 33
    c.mixed_unload(workspaces[0])
    assert c.mixed_run(workspaces[0], image, review, dense) == 4
    assert c.mixed_run(workspaces[1], image, review, dense) == 0
    assert c.mixed_load(ffi.NULL, path) == 0
    assert c.mixed_predict(image, review, dense) == 0
    assert list(dense) == first
    # Weights that are somewhere in memory.
    raw = library[1].read_bytes()
    memory = ffi.new("char[]", len(raw) + 64)
    start = -int(ffi.cast("uintptr_t", memory)) % 64
    ffi.memmove(memory + start, raw, len(raw))
    assert c.mixed_use(workspaces[0], memory + start) == ffi.NULL
    assert c.mixed_run(workspaces[0], image, review, dense) == 0
    assert list(dense) == first


@pytest.mark.parametrize("form", ["literal", "string", "incbin"])
def test_sections(form: str, models: dict[str, keras.Model], tmp_path: Path) -> None:
    files = kgen.export(
        models["quantized"], weights=form, weights_section=".far", with_test=True, check=False
    )
    program = built(files, tmp_path)
    assert run(program).returncode == 0
    shown = subprocess.run(["size", "-A", program], capture_output=True, text=True, check=True)
    sizes = {line.split()[0]: line.split()[1] for line in shown.stdout.splitlines() if " " in line}
    manifest = orjson.loads(files["quantized.json"])
    assert int(sizes[".far"]) >= manifest["weight_bytes"]


def test_what_is_refused(models: dict[str, keras.Model]) -> None:
    model = models["quantized"]
    for options, words in (
        ({"weights": "poetry"}, "literal, string, incbin, file, embed"),
        ({"weights_section": '.a"'}, "no name of a section"),
        ({"weights_section": ".a", "weights": "file"}, "in no section"),
        ({"weights": "string", "target": "numpy"}, "no --weights"),
    ):
        with pytest.raises(kgen.ExportError, match=words):
            kgen.export(model, **options)


def test_an_old_file_of_weights_goes(models: dict[str, keras.Model], tmp_path: Path) -> None:
    kgen.export(models["quantized"], out=tmp_path, weights="file", check=False)
    assert (tmp_path / "quantized_load.c").exists()
    kgen.export(models["quantized"], out=tmp_path, check=False)
    assert {path.name for path in tmp_path.iterdir()} == {
        "quantized.h", "quantized.c", "quantized.json", "quantized_README.md",
    }  # fmt: skip
