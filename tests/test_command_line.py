"""export, inspect and verify as their users meet them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jinja2
import keras
import orjson
import pytest
from keras import Input, Model, layers

import kgen
from kgen.render.environment import environment
from tests.harness import kgen_command


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x = Input((6, 3), name="signal")
    y = layers.Conv1D(4, 3, activation="relu", name="conv")(x)
    y = layers.BatchNormalization(name="bn")(layers.Conv1D(5, 2, name="second")(y))
    z = layers.GlobalMaxPooling1D(name="pool")(y)
    model = Model(x, [layers.Dense(2, "softmax", name="scores")(z), z], name="sensor")
    path = tmp_path_factory.mktemp("models") / "sensor.keras"
    model.save(path)
    return path


@pytest.fixture
def wrong_relu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in kgen, in both targets: ReLU gives a little more."""
    for target in ("c", "numpy"):
        macro = environment(target).get_template("operators.j2").module
        for place in (macro, environment(target).get_template("functions.j2").module):
            real = getattr(place, "relu", None)
            if real is None:
                continue
            if target == "c":
                text = lambda name, t, real=real: str(real(name, t)).replace(": x;", ": x + 0.25f;")  # noqa: E731
            else:
                text = lambda *a, real=real, **k: f"({str(real(*a, **k)).strip()} + 0.25)"  # noqa: E731
            monkeypatch.setattr(place, "relu", text, raising=False)


def test_export_writes_what_it_says(path: Path, tmp_path: Path) -> None:
    result = kgen_command("export", path, "-o", tmp_path / "new" / "out", "--style", "readable")
    assert result.exit_code == 0, result.output
    said = [Path(line.split("  ")[0]).name for line in result.output.splitlines()]
    assert said == ["sensor.h", "sensor.c", "sensor_README.md", "sensor.json"]
    assert {one.name for one in (tmp_path / "new" / "out").iterdir()} == set(said)
    manifest = orjson.loads((tmp_path / "new" / "out" / "sensor.json").read_bytes())
    assert manifest["inputs"] == [{"name": "signal", "shape": [6, 3], "dtype": "float32"}]
    assert [one["name"] for one in manifest["outputs"]] == ["scores", "pool"]
    assert manifest["style"] == "readable"
    assert manifest["macs"] == 4 * 4 * 9 + 3 * 5 * 8 + 5 * 2


def test_wrong_choices(path: Path, tmp_path: Path) -> None:
    for option, choice in (("--target", "fortran"), ("--style", "baroque")):
        result = kgen_command("export", path, "-o", tmp_path, option, choice)
        assert result.exit_code == 2
        assert choice in result.output
    assert not any(tmp_path.iterdir())


def test_inspect(path: Path) -> None:
    result = kgen_command("inspect", path)
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line for line in result.output.splitlines() if line.split()}
    for layer in ("conv", "second", "bn", "pool", "scores"):
        assert layer in rows
    assert "part of second" in rows["bn"]
    found = orjson.loads(kgen_command("inspect", path, "--json").output)
    assert found["parameters"] == 4 * 10 + 5 * 9 + 20 + 12
    assert found["lower_bound"] <= found["workspace_bytes"]
    assert [row["name"] for row in found["rows"]] == ["conv", "second", "bn", "pool", "scores"]
    graph = kgen_command("inspect", path, "--graph").output
    assert "input signal: float32[batch, 6, 3]" in graph
    steps = orjson.loads(kgen_command("inspect", path, "--schedule", "--json").output)["steps"]
    assert "conv" in [step["name"] for step in steps]
    for options in (("--graph", "--json"), ("--graph", "--schedule")):
        refused = kgen_command("inspect", path, *options)
        assert refused.exit_code == 2
        assert "once for each" in refused.output


def test_verify_passes(path: Path) -> None:
    result = kgen_command("verify", path, "--samples", "3")
    assert result.exit_code == 0, result.output
    assert result.output.count("pass") == 6
    for variant in ("numpy", "c readable", "c fast"):
        assert variant in result.output


@pytest.mark.usefixtures("wrong_relu")
def test_verify_names_the_layer(path: Path) -> None:
    result = kgen_command("verify", path, "--samples", "3")
    assert result.exit_code == 1, result.output
    assert "fail" in result.output
    assert "c readable: the first layer that differs is 'conv'" in " ".join(result.output.split())


@pytest.mark.usefixtures("wrong_relu")
def test_export_refuses_what_disagrees(path: Path, tmp_path: Path) -> None:
    result = kgen_command("export", path, "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert "disagrees with Keras" in result.output
    assert not (tmp_path / "out").exists()
    assert kgen_command("export", path, "-o", tmp_path / "out", "--no-check").exit_code == 0


def test_as_a_module(path: Path, tmp_path: Path) -> None:
    """Nothing on a pipe but the files' names; progress and TensorFlow's remarks stay away."""
    command = [sys.executable, "-m", "kgen", "export", str(path), "-o", str(tmp_path / "out")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(result.stdout.splitlines()) == 4
    assert result.stderr == ""


def test_python_api(path: Path) -> None:
    model = keras.saving.load_model(path)
    report = kgen.verify(model, count=2)
    assert report.ok
    assert {comparison.variant for comparison in report.comparisons} == {
        "numpy", "c readable", "c fast",
    }  # fmt: skip
    assert kgen.inspect(model).parameters == model.count_params()
    assert set(kgen.export(model, "numpy")) == {
        "sensor.py", "sensor.json", "sensor_README.md",
    }  # fmt: skip
    with pytest.raises(kgen.ExportError, match="no C compiler"):
        kgen.build(model, cc="no-such-compiler")
    with pytest.raises(kgen.ExportError, match="no --target"):
        kgen.export(model, "fortran")


def test_a_template_sees_nothing_undefined() -> None:
    for target in ("c", "numpy"):
        assert environment(target).undefined is jinja2.StrictUndefined
