"""kgen diagnose as its users meet it: the question's program, the command line, bad input."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import orjson
import pytest
from keras import Input, Sequential, layers
from typer.testing import CliRunner

import kgen
from kgen.cli import app

ROOT = Path(__file__).parent.parent
XOR = ROOT / "examples" / "xor.keras"
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)


@pytest.fixture(scope="module")
def xor() -> keras.Model:
    return keras.saving.load_model(XOR)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def with_three_mistakes(model: keras.Model) -> dict[str, np.ndarray]:
    w1, b1, w2, b2 = model.get_weights()
    z1 = X[:2] @ w1.reshape(4, 2).T + b1
    a1 = sigmoid(z1)
    z2 = a1 @ w2 + b2
    return {"z1": z1, "a1": a1, "z2": z2, "out": sigmoid(z2)}


def test_the_three_mistakes(xor: keras.Model) -> None:
    found = kgen.diagnose(xor, X, with_three_mistakes(xor))
    assert [one.verdict for one in found.findings] == ["wrong", "wrong", "follows", "follows"]
    assert found["z1"].mistakes == ("kernel reshaped", "samples missing")
    assert found["a1"].mistakes == ("wrong activation",)
    assert found["a1"].given == "z1"
    assert found["a1"].explanations[0].fix == "a1 = np.maximum(z1, 0)"
    assert found["z2"].given == "a1"
    assert not found.ok
    assert found.first_wrong is found["z1"]


def test_the_fix_is_a_program(xor: keras.Model) -> None:
    """The lines that mend z1 run as they are, and give the right numbers."""
    found = kgen.diagnose(xor, X, with_three_mistakes(xor))
    names: dict[str, Any] = {"model": xor, "x": X, "np": np}
    for name in ("z1", "a1"):
        exec(found[name].explanations[0].fix, names)
    right = kgen.diagnose(xor, X, {name: names[name] for name in ("z1", "a1")})
    assert [one.verdict for one in right.findings] == ["right", "right"]


def test_the_example() -> None:
    command = [sys.executable, str(ROOT / "examples" / "by_hand.py")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    outputs = [line for line in output.splitlines() if line.startswith("out, rounded")]
    output = " ".join(output.split())
    assert outputs[0] != outputs[-1] == "out, rounded: [0. 1. 1. 0.]"
    *_, last = output.split("out, rounded")
    assert last.count("is right") == 4
    assert "wrong" not in last
    assert output.count("the kernel was reshaped to (4, 2)") == 1
    assert output.count("sigmoid is applied, where 'hidden' has relu") == 3


def test_correct_arrays(xor: keras.Model) -> None:
    w1, b1, w2, b2 = xor.get_weights()
    z1 = X @ w1 + b1
    a1 = np.maximum(z1, 0)
    out = sigmoid(a1 @ w2 + b2)
    arrays = {"W": w1, "x": X, "p": X @ w1, "z1": z1, "a1": a1, "out": out}
    found = kgen.diagnose(xor, X, arrays)
    assert found.ok
    assert {one.verdict for one in found.findings} == {"right"}
    assert "get_weights()[0]" in found["W"].values[0]


def test_what_says_too_little(xor: keras.Model) -> None:
    poor = {"zeros": np.zeros((4, 4)), "one": np.full((1, 1), 0.7), "ones": np.ones((4, 1))}
    found = kgen.diagnose(xor, X, poor)
    assert {one.verdict for one in found.findings} == {"too little"}
    assert found.ok


def test_the_command(xor: keras.Model, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "mine.npz", **with_three_mistakes(xor))
    arguments = ["diagnose", str(XOR), "--mine", str(tmp_path / "mine.npz"), "--input"]
    result = CliRunner().invoke(app, [*arguments, str(tmp_path / "x.npy")])
    assert result.exit_code == 1
    assert "z1 (2, 4) is wrong." in result.output
    written = CliRunner().invoke(app, [*arguments, "[[0, 0], [0, 1], [1, 0], [1, 1]]", "--json"])
    findings = orjson.loads(written.output)["findings"]
    assert [one["verdict"] for one in findings] == ["wrong", "wrong", "follows", "follows"]


@pytest.mark.parametrize(
    ("x", "mine", "message"),
    [
        (X[0], {"a": X}, r"shape \(any, 2\), samples first; \(2,\) came; .* x\[None\]"),
        (np.zeros((4, 3)), {"a": X}, r"shape \(any, 2\), samples first; \(4, 3\) came\."),
        (X[:0], {"a": X}, "has no samples"),
        ([X, X], {"a": X}, r"\(any, 2\), samples first; \(2, 4, 2\) came"),
        (np.full((4, 2), np.nan), {"a": X}, r"has 8 NaN, the first at \[0, 0\]"),
        (X + 1j, {"a": X}, "real numbers; complex numbers came"),
        ("text", {"a": X}, "real numbers; text came"),
        (X, {}, "no array to diagnose"),
        (X, X, "dict of arrays by name, not a ndarray"),
        (X, {"a": "text"}, "'a' is to hold real numbers; text came"),
        (X, {"a": [[1], [2, 3]]}, "'a' is no array: its rows differ in length"),
        ({"nobody": X, "b": X}, {"a": X}, "'inputs'; 'nobody', 'b' came"),
    ],
)
def test_bad_input(xor: keras.Model, x: Any, mine: Any, message: str) -> None:
    with pytest.raises(kgen.ExportError, match=message) as caught:
        kgen.diagnose(xor, x, mine)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "there is no such file"),
        (lambda path: path.write_text("1, 2"), "no .npy or .npz file of numbers"),
        (lambda path: path.write_bytes(b""), "no .npy or .npz file of numbers"),
        (lambda path: path.write_bytes(pickle.dumps({})), "no .npy or .npz file of numbers"),
    ],
)
def test_bad_files(write: Callable[[Path], Any], message: str, tmp_path: Path) -> None:
    write(tmp_path / "mine.npz")
    command = ["diagnose", str(XOR), "--input", "[[0, 1]]", "--mine", str(tmp_path / "mine.npz")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert message in result.stderr


def test_nan_is_said(xor: keras.Model) -> None:
    z1 = X @ xor.get_weights()[0]
    z1[2, 1] = np.nan
    found = kgen.diagnose(xor, X, {"z1": z1})
    assert found["z1"].verdict == "unknown"
    assert "has 1 NaN, the first at [2, 1]" in str(found)


def test_all_values_that_are_equal() -> None:
    model = Sequential([Input((3,)), layers.Dropout(0.5, name="drop"), layers.Dense(2, name="d")])
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    found = kgen.diagnose(model, x, {"mine": x})
    assert found["mine"].values == (
        "the model's input",
        "the output of 'drop' (Dropout)",
    )
