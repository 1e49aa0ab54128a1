"""kgen diagnose as its users meet it: the question's program, the command line, bad input."""

from __future__ import annotations

import pickle
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import orjson
import pytest
from keras import Input, Model, Sequential, layers

import kgen
from tests import recipes_page
from tests.harness import kgen_command
from tests.mistakes import CASES, mlp, model_of, with_weights

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


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "by_hand.py"), run_name="__main__")
    output = capsys.readouterr().out
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
    result = kgen_command(*arguments, tmp_path / "x.npy")
    assert result.exit_code == 1
    assert "z1 (2, 4) is wrong." in result.output
    written = kgen_command(*arguments, "[[0, 0], [0, 1], [1, 0], [1, 1]]", "--json")
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
    result = kgen_command(*command)
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


def test_the_page_names_all_mistakes() -> None:
    page = (ROOT / "docs" / "diagnose.md").read_text(encoding="utf-8")
    for case in CASES:
        for key in case.keys:
            assert key in page, key


def test_the_page_lists_the_recipes() -> None:
    assert recipes_page.PAGE.read_text(encoding="utf-8") == recipes_page.filled(), (
        "stale: run `python -m tests.recipes_page`"
    )


def transformer(blocks: int, steps: int, width: int) -> keras.Model:
    x = inputs = Input((steps, width))
    for _ in range(blocks):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, width // 4)(y, y)])
        y = layers.Dense(2 * width, "gelu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dropout(0.1)(layers.Dense(width)(y))])
    x = layers.GlobalAveragePooling1D()(x)
    return with_weights(Model(inputs, layers.Dense(4, "softmax")(x)), 0)


TWENTY: dict[str, Callable[[], keras.Model]] = {
    "dense": lambda: mlp((16,) * 20 + (4,), ("relu",) * 19 + ("softmax",)),
    "transformer": lambda: transformer(2, 12, 32),
}


@pytest.mark.parametrize("name", TWENTY)
def test_twenty_layers_take_less_than_five_seconds(name: str) -> None:
    """Of computing time, for the slowest answer: that nothing fits."""
    model = TWENTY[name]()
    assert len(model.layers) >= 19
    generator = np.random.default_rng(0)
    x = generator.normal(size=(8, *model.input_shape[1:])).astype(np.float32)
    arrays = {"noise": generator.normal(size=(8, 4))}
    kgen.diagnose(model, x[:1], {"noise": arrays["noise"][:1]})  # TensorFlow wakes up
    start = time.process_time()
    assert kgen.diagnose(model, x, arrays)["noise"].verdict == "unknown"
    assert time.process_time() - start < 5


def test_a_mistake_in_every_layer() -> None:
    """Without biases all through is one mistake, not three."""
    model = mlp((4, 5, 6, 3), ("tanh", "tanh", "linear"))
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    w1, _, w2, _, w3, _ = model.get_weights()
    found = kgen.diagnose(model, x, {"out": np.tanh(np.tanh(x @ w1) @ w2) @ w3})
    assert found["out"].mistakes == ("bias left out",)
    assert "in every layer ('dense_1', 'dense_2', 'dense_3')" in str(found).replace("\n    ", " ")


def test_samples_of_large_arrays() -> None:
    """What was found on a few samples holds for all; one wrong number among many is seen."""
    model = mlp((50, 60, 40), ("tanh", "linear"))
    x = np.random.default_rng(0).normal(size=(300, 50)).astype(np.float32)
    w1, b1, w2, b2 = model.get_weights()
    out = np.tanh(x @ w1) @ w2 + b2
    found = kgen.diagnose(model, x, {"out": out})
    assert found["out"].mistakes == ("bias left out",)
    out[250, 3] += 0.1
    assert kgen.diagnose(model, x, {"out": out})["out"].verdict == "unknown"
    right = np.tanh(x @ w1 + b1) @ w2 + b2
    right[250, 3] += 0.1
    assert kgen.diagnose(model, x, {"out": right})["out"].verdict == "unknown"


def test_a_weight_that_was_reshaped(xor: keras.Model) -> None:
    kernel = xor.get_weights()[0]
    found = kgen.diagnose(xor, X, {"W": kernel.reshape(4, 2), "T": kernel.T})
    assert found["W"].mistakes == ("kernel reshaped",)
    assert "model.layers[0].get_weights()[0]  # shape (2, 4)" in found["W"].explanations[0].fix
    assert found["T"].verdict == "right"
    assert "It is transposed." in str(found)


def test_values_inside_of_layers() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32)
    model = model_of("attention")
    wq, bq, wk, bk, *_ = (array.astype(np.float64) for array in model.layers[1].get_weights())
    q, k = (np.einsum("ntf,fhd->nhtd", x, w) + b[:, None] for w, b in ((wq, bq), (wk, bk)))
    products = q @ k.swapaxes(2, 3)
    found = kgen.diagnose(model, x, {"p": products, "scores": products / np.sqrt(3)})
    assert found["p"].values[0].startswith("the products of query and key of 'attention'")
    assert found["scores"].values[0].startswith("the scores of 'attention'")
    loop = model_of("lstm")
    x = np.random.default_rng(0).normal(size=(3, 5, 3)).astype(np.float32)
    kernel, _, bias = loop.layers[0].get_weights()
    found = kgen.diagnose(loop, x, {"gates": x @ kernel + bias})
    assert found["gates"].values[0].startswith("the input's product and bias of 'recurrent'")


def test_names_before_a_mistake_only() -> None:
    """A line begins with arrays that the wrong one can have been computed from, and is NumPy."""
    x = Input((4,))
    z = layers.Dense(4, name="fc2")(layers.Dense(4, "relu", name="fc1")(x))
    y = layers.Concatenate(name="both")([z, layers.LeakyReLU(name="leak")(layers.Add()([x, z]))])
    model = with_weights(Model(x, y), 0)
    samples = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    w1, b1, w2, b2 = model.get_weights()
    z1 = samples @ w1 + b1
    h = np.maximum(z1, 0)
    z2 = h @ w2 + b2
    leak = np.where(samples + z2 > 0, samples + z2, 0.3 * (samples + z2))
    mine = {
        "z1": z1.T, "z2": z2, "total": samples + np.maximum(z2, 0), "skipped": z1 @ w2 + b2,
        "turned": np.concatenate([leak, z2], axis=-1), "a1": np.maximum(samples @ w1.T + b1, 0),
    }  # fmt: skip
    found = kgen.diagnose(model, samples, mine)
    wrong = {name: found[name].explanations[0] for name in ("a1", "total", "skipped", "turned")}
    assert wrong["a1"].formula == "np.maximum(x @ W.T + b, 0)"
    assert wrong["total"].fix == "total = np.sum([x, z2], axis=0)"
    assert wrong["skipped"].fix == "fc1 = np.maximum(z1, 0)"
    assert wrong["turned"].formula == "np.concatenate([z2, leak][::-1], axis=-1)"
    assert "relu6" not in str(found)
    alone = kgen.diagnose(model, samples, {"p": h @ w2})["p"].explanations[0]
    assert alone.fix.endswith("p = fc1 @ W + b  # fc1 is the output of 'fc1'")
    other = kgen.diagnose(model, samples, {"h": np.maximum(samples @ w2 + b2, 0)})
    assert other["h"].mistakes == ("weights of another layer",)
    assert other["h"].explanations[0].formula == ""  # W and b are not the layer's own


def test_values_that_no_layer_makes() -> None:
    """Operations between layers; the model's own outputs; a layer called twice."""
    x = Input((4,))
    shared = layers.Dense(4, "tanh", name="shared")
    y = shared(shared(x)) * 2.0 + x
    model = Model(x, y, name="doubled")
    samples = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    w, b = shared.get_weights()
    a1 = np.tanh(samples @ w + b)
    a2 = np.tanh(a1 @ w + b)
    found = kgen.diagnose(model, samples, {"a1": a1, "a2": a2, "y": a2 * 2 + samples})
    assert [one.verdict for one in found.findings] == ["right"] * 3
    assert "'doubled'" in found["y"].values[0]


def test_names_are_text(xor: keras.Model) -> None:
    """Whatever the arrays and layers are called, it is printed as it stands."""
    name = "<script>[bold]{z}"
    x = Input((3,))
    model = Model(x, layers.Dense(2, "relu", name=name.replace("/", ""))(x))
    samples = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    found = kgen.diagnose(model, samples, {name: np.tanh(samples @ model.get_weights()[0])})
    assert f"{name} (5, 2) is wrong" in str(found)
    assert repr(name) in str(found)


def test_stateful_models_take_their_batch() -> None:
    model = Sequential([Input(batch_shape=(2, 3, 4)), layers.LSTM(5, stateful=True)])
    with pytest.raises(kgen.ExportError, match="for batches of 2 samples; 3 came"):
        kgen.diagnose(model, np.zeros((3, 3, 4)), {"h": np.zeros((3, 5))})
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    h = model.predict_on_batch(x)
    model.layers[0].reset_states()
    found = kgen.diagnose(model, x, {"h": h, "noise": np.random.default_rng(1).normal(size=(2, 5))})
    assert [one.verdict for one in found.findings] == ["right", "unknown"]
