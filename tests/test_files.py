"""Files that hold no model, and models that can't be exported: one message, nothing written."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import orjson
import pytest
from keras import Input, Model, Sequential, layers, ops
from typer.testing import Result

from tests.harness import kgen_command


def small_model() -> keras.Model:
    return Sequential([Input((3,), name="x"), layers.Dense(2, name="dense")], name="small")


def export(path: Path, out: Path, *options: str) -> Result:
    return kgen_command("export", path, "-o", out, *options)


def refused(result: Result, out: Path, code: int) -> str:
    """What the command said, of a refusal that leaves nothing behind."""
    assert result.exit_code == code, result.output
    assert not out.exists()
    return " ".join(result.output.split())


def missing(folder: Path) -> Path:
    return folder / "nowhere.keras"


def empty(folder: Path) -> Path:
    path = folder / "empty.keras"
    path.touch()
    return path


def a_text(folder: Path) -> Path:
    path = folder / "notes.keras"
    path.write_text("a model, soon\n" * 100)
    return path


def truncated(folder: Path) -> Path:
    path = folder / "model.keras"
    small_model().save(path)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def damaged(folder: Path) -> Path:
    """Its weights end early within the archive."""
    whole, path = folder / "whole.keras", folder / "model.keras"
    small_model().save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            data = old.read(entry)
            new.writestr(entry, data[: len(data) // 2] if entry.endswith(".h5") else data)
    return path


def another_archive(folder: Path) -> Path:
    path = folder / "archive.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no model")
    return path


def zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", bytes(64 << 20))
    return path


def weights_only(folder: Path) -> Path:
    path = folder / "model.weights.h5"
    small_model().save_weights(path)
    return path


BAD_FILES: dict[Callable[[Path], Path], str] = {
    missing: "no such file",
    empty: "the file is empty",
    a_text: "neither a .keras archive nor an HDF5 file",
    truncated: "neither a .keras archive nor an HDF5 file, or it is cut short",
    damaged: "Can't load",
    another_archive: "holds no Keras model",
    zip_bomb: "which no model's weights do",
    weights_only: "weights only",
}


@pytest.mark.parametrize("make", BAD_FILES, ids=lambda make: make.__name__)
def test_bad_file(make: Callable[[Path], Path], tmp_path: Path) -> None:
    path, out = make(tmp_path), tmp_path / "out"
    said = refused(export(path, out), out, code=2)
    assert BAD_FILES[make] in said
    assert path.name in said


class Doubled(keras.layers.Layer):
    def call(self, x):
        return ops.concatenate([x, x], axis=0)


class Nothing(keras.Model):
    def call(self, x):
        return []


def mixes_samples() -> keras.Model:
    x = Input((3,))
    return Model(x, ops.softmax(layers.Dense(2)(x), axis=0))


def normalised_over_the_batch() -> keras.Model:
    x = Input((3,))
    return Model(x, x - ops.mean(x, axis=0, keepdims=True))


def doubled() -> keras.Model:
    return Sequential([Input((3,)), Doubled()])


def returns_nothing() -> keras.Model:
    model = Nothing()
    model.build((None, 3))
    return model


def open_shape() -> keras.Model:
    return Sequential([Input((None, 3)), layers.Conv1D(2, 3)])


def never_built() -> keras.Model:
    return Sequential([layers.Dense(2)])


def one_number_for_all() -> keras.Model:
    x = Input((3,))
    return Model(x, ops.sum(x))


def not_runnable() -> keras.Model:
    """Its indices are always out of range."""
    x = Input((3,))
    return Model(x, layers.Embedding(4, 2)(ops.cast(ops.zeros_like(x), "int32") + 9))


BAD_MODELS: dict[Callable[[], keras.Model], str] = {
    mixes_samples: "mixes the samples of a batch",
    normalised_over_the_batch: "mixes the samples of a batch",
    doubled: "mixes the samples of a batch",
    one_number_for_all: "mixes the samples of a batch",
    returns_nothing: "returns nothing",
    open_shape: "--input-shape",
    never_built: "never built",
    not_runnable: "Keras itself can't run 'functional.*--no-check",
}


@pytest.mark.filterwarnings("ignore:.*does not have a `build.*:UserWarning")
@pytest.mark.parametrize("make", BAD_MODELS, ids=lambda make: make.__name__)
def test_bad_model(make: Callable[[], keras.Model], tmp_path: Path) -> None:
    import kgen

    with pytest.raises(kgen.ExportError, match=BAD_MODELS[make]):
        kgen.export(make(), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Noisy(keras.layers.Layer):
    """Random at inference too."""

    def call(self, x):
        return x + keras.random.normal(ops.shape(x))


def test_all_that_is_unsupported_at_once(tmp_path: Path) -> None:
    """By path and class, with what would work."""
    import kgen

    inner = Sequential([Input((4,)), Noisy(name="noise")], name="inner")
    model = Sequential([Input((6,)), layers.Dense(4), inner, Noisy(name="more")])
    with pytest.raises(kgen.ExportError) as caught:
        kgen.export(model, out=tmp_path / "out")
    said = str(caught.value)
    assert "'inner/noise' (Noisy)" in said
    assert "'more' (Noisy)" in said
    assert caught.value.exit_code == 3
    assert not (tmp_path / "out").exists()


def test_input_shape_pins_what_is_open(tmp_path: Path) -> None:
    path, out = tmp_path / "model.keras", tmp_path / "out"
    open_shape().save(path)
    assert export(path, out, "--input-shape", "7,3").exit_code == 0
    assert "[21]" in (out / "model.h").read_text()
    for wrong, reason in (
        ("7,4", "does not fit"), ("seven", "no list of sizes"), ("other=7,3", "has no input"),
    ):  # fmt: skip
        result = export(path, tmp_path / "no", "--input-shape", wrong)
        assert reason in refused(result, tmp_path / "no", code=2)


def test_custom_classes(tmp_path: Path) -> None:
    """From a file that defines them, registered or not."""
    definition = tmp_path / "mine.py"
    definition.write_text(
        "import keras\n"
        "class Plus(keras.layers.Layer):\n"
        "    def call(self, x):\n"
        "        return x + 1\n"
    )
    names: dict[str, type[keras.Layer]] = {}
    exec(definition.read_text(), names)
    path, out = tmp_path / "model.keras", tmp_path / "out"
    Sequential([Input((3,)), names["Plus"](name="plus")]).save(path)
    assert "defines it with --custom" in refused(export(path, out), out, code=2)
    assert "no such file" in refused(export(path, out, "--custom", str(tmp_path / "no.py")), out, 2)
    result = export(path, out, "--custom", str(definition))
    assert result.exit_code == 0, result.output
    assert "plus" in (out / "model.c").read_text()


def test_pickled_code_only_if_asked_for(tmp_path: Path) -> None:
    path, out = tmp_path / "model.keras", tmp_path / "out"
    Sequential([Input((3,)), layers.Lambda(lambda x: x * 2)]).save(path)
    said = refused(export(path, out), out, code=2)
    assert "--unsafe" in said
    assert export(path, out, "--unsafe").exit_code == 0


def test_files_of_another_model_stay(tmp_path: Path) -> None:
    """A model m_weights's C is called as m's weights are, which may be there or not."""
    import kgen

    model = small_model()

    def export(name: str, weights: str = "literal", target: str = "c", **options: str) -> None:
        of_the_c = {"weights": weights, **options} if target == "c" else {}
        kgen.export(model, target, tmp_path, name=name, check=False, **of_the_c)

    def texts() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    export("m", "string")
    before = texts()
    assert "m_weights.c" in before
    refused = r"m_weights\.c' belongs to the export of 'm', .*or under another --name\."
    with pytest.raises(kgen.ExportError, match=refused) as caught:
        export("m_weights")
    assert caught.value.exit_code == 2
    assert texts() == before
    export("m", target="numpy")  # the manifest is now that of the NumPy module alone
    with pytest.raises(kgen.ExportError, match=refused):
        export("m_weights")
    export("m")
    assert "m_weights.c" not in texts()
    export("m_weights")
    of_both = texts()
    with pytest.raises(kgen.ExportError, match="of 'm_weights', and that of 'm' has"):
        export("m", "string")
    export("m")  # what this model may have left is the other's
    export("m_weights")
    assert texts() == of_both


def test_files_that_are_not_kgen_s_stay(tmp_path: Path) -> None:
    """Whatever they are called."""
    import kgen

    for name in ("small.c", "small.json", "small_test.c", "small_weights.c"):
        (tmp_path / name).write_text('{"name": "small"}\n')
    for _ in range(2):
        with pytest.raises(kgen.ExportError, match=r"small\.(c|json)' is there already"):
            kgen.export(small_model(), out=tmp_path, check=False)
        assert len(list(tmp_path.iterdir())) == 4
    (tmp_path / "small.c").unlink()
    (tmp_path / "small.json").unlink()
    kgen.export(small_model(), out=tmp_path, check=False)
    assert (tmp_path / "small_weights.c").read_text() == '{"name": "small"}\n'


def test_an_export_s_files_are_listed(tmp_path: Path) -> None:
    import kgen

    files = kgen.export(small_model(), out=tmp_path, package="cmake", check=False)
    there = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    listed = orjson.loads(files["small.json"])["files"]
    assert listed == sorted(path.as_posix() for path in there)
    with pytest.raises(kgen.ExportError, match=r"belongs to the export of 'small'.*folder\."):
        kgen.export(small_model(), out=tmp_path, name="other", package="cmake", check=False)
