"""What `kgen explain` says: formulas, shapes, memory order, and every step's numbers."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers
from typer.testing import Result

import kgen
from kgen.explanation.arrays import memory_order, numbers
from kgen.explanation.formulas import FUNCTIONS
from kgen.explanation.notation import mathml, text
from kgen.explanation.report import Explanation, LayerReport, Step
from tests.harness import CASES, Case, kgen_command, randomize

XOR = Path(__file__).parent.parent / "examples" / "xor.keras"
TABLE = [[0, 0], [0, 1], [1, 0], [1, 1]]


def step(layer: LayerReport, symbol: str, by: str | None = None) -> Step:
    """The layer's step that makes what has this letter."""
    found = [one for one in layer.steps if one.made[0].symbol == symbol]
    return next(one for one in found if by is None or one.layer == by)


@pytest.fixture(scope="module")
def xor() -> Explanation:
    return kgen.explain(XOR, TABLE)


def test_a_dense_layer_step_by_step(xor: Explanation) -> None:
    hidden, output = xor.layers
    kernel, bias, *_ = keras.saving.load_model(XOR).get_weights()
    assert hidden.formulas == ("z = x · W + b", "y = relu(z)")
    assert hidden.shapes == "(4, 2) · (2, 4) + (4,) → (4, 4)"
    assert [one.title for one in hidden.steps] == ["product", "bias", "activation"]
    x = np.array(TABLE, np.float32)
    np.testing.assert_allclose(step(hidden, "s").made[0].array, x @ kernel)
    np.testing.assert_allclose(step(hidden, "z").made[0].array, x @ kernel + bias)
    np.testing.assert_allclose(step(hidden, "y").made[0].array, np.maximum(x @ kernel + bias, 0))
    assert [(w.name, w.index, w.model_index) for w in output.weights] == [
        ("output/kernel", 0, 2),
        ("output/bias", 1, 3),
    ]
    assert hidden.weights[0].memory_order == "W[i, j] is number i·4 + j of the literal array"
    assert output.functions == (FUNCTIONS["sigmoid"],)
    assert np.array_equal(np.round(xor.outputs[0].array[:, 0]), [0, 1, 1, 0])


def test_the_last_line_compares_with_predict(xor: Explanation) -> None:
    assert xor.ok
    assert str(xor).splitlines()[-1] == xor.verdict
    assert "model.predict returns" in xor.verdict


def test_a_mistake_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    from kgen.trace import reference

    real = reference.predictions
    wrong = lambda *a: [array + 0.01 for array in real(*a)]  # noqa: E731
    monkeypatch.setattr(reference, "predictions", wrong)
    assert not kgen.explain(XOR, TABLE).ok
    result = kgen_command("explain", XOR)
    assert result.exit_code == 1
    assert "returns something else" in result.output


def test_memory_order_is_that_of_the_array() -> None:
    array = np.arange(60).reshape(3, 4, 5)
    assert memory_order("W", array.shape) == (
        "W[i, j, k] is number i·20 + j·5 + k of the literal array"
    )
    assert array.ravel()[2 * 20 + 3 * 5 + 1] == array[2, 3, 1]
    assert memory_order("b", (5,)) == "b[i] is number i of the literal array"


def test_a_loop_over_time() -> None:
    model = Sequential([Input((3, 2)), layers.LSTM(4, name="lstm")])
    randomize(model, 1)
    x = np.random.default_rng(0).normal(size=(5, 3, 2)).astype(np.float32)
    (lstm,) = kgen.explain(model, x).layers
    kernel, recurrent, bias = model.get_weights()
    h, c = np.zeros((2, 5, 4))
    for t in range(3):
        assert np.allclose(step(lstm, "a_x").reads[0].array[:, t], x[:, t])
        assert np.allclose(step(lstm, "a_h").reads[0].array[:, t], h, atol=1e-6)
        gates = x[:, t] @ kernel + h @ recurrent + bias
        i, f, g, o = np.split(gates, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        for letter, wanted in (("i_t", i), ("f_t", f), ("o_t", o), ("c_t", c), ("h_t", h)):
            made = step(lstm, letter).made[0]
            assert made.loops == 1
            np.testing.assert_allclose(made.array[:, t], wanted, rtol=1e-4, atol=1e-6)
    assert "f_t = σ(x_t · W_f + h_{t-1} · U_f + b_f)" in lstm.formulas
    assert lstm.shapes == (
        "(5, 3, 2) → (5, 4); at each step (5, 2) · (2, 16) + (5, 4) · (4, 16) + (16,)"
    )
    assert lstm.weights[1].name == "lstm/recurrent_kernel"
    assert "input, forget, cell, output: 4 of each" in lstm.weights[1].note


def test_backwards_and_nested_loops() -> None:
    """The steps of a loop that runs backwards are in its own order; states begin at zero."""
    inner = Sequential([Input((3, 2)), layers.GRU(2, go_backwards=True, name="gru")], name="inner")
    model = Sequential([Input((4, 3, 2)), layers.TimeDistributed(inner, name="frames")])
    randomize(model, 2)
    x = np.random.default_rng(0).normal(size=(2, 4, 3, 2)).astype(np.float32)
    (frames,) = kgen.explain(model, x).layers
    before = next(r for one in frames.steps for r in one.reads if r.symbol == "h_{t-1}")
    after = next(one.made[0] for one in frames.steps if one.made[0].symbol == "h_t")
    element = next(r for s in frames.steps for r in s.reads if r.loops == 2 and r.symbol == "x_t")
    assert before.array.shape == (2, 4, 3, 2)
    assert not before.array[:, :, 0].any()
    np.testing.assert_array_equal(before.array[:, :, 1:], after.array[:, :, :-1])
    np.testing.assert_array_equal(element.array, x[:, :, ::-1])


def test_attention_has_its_letters() -> None:
    x = Input((3, 4))
    model = Model(x, layers.MultiHeadAttention(2, 5, name="mha")(x, x))
    randomize(model, 3)
    (mha,) = kgen.explain(model).layers
    assert [one.name for one in mha.inner] == [f"mha/{p}" for p in (
        "query", "key", "value", "attention_output",
    )]  # fmt: skip
    scores = step(mha, "A", by="mha").made[0].array
    assert scores.shape == (1, 2, 3, 3)
    np.testing.assert_allclose(scores.sum(-1), 1, rtol=1e-6)
    assert {"Q", "K", "V"} <= {one.made[0].symbol for one in mha.steps}
    assert mha.formulas[1] == 'S = frac{Q · K^T}{sqrt{d}}, d = 5, "for each head"'
    assert [one.symbol for one in mha.weights[::2]] == ["W_{q}", "W_{k}", "W_{v}", "W_{o}"]


def formulas_of(*stack: keras.Layer) -> list[list[str]]:
    x = y = Input((7, 6, 4), name="x")
    for layer in stack:
        y = layer(y)
    model = Model(x, y)
    randomize(model, 4)
    return [list(map(text, layer.formulas)) for layer in kgen.explain(model).layers]


class Two(layers.Layer):
    """Two weights that are equal."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.first = self.add_weight(shape=(2, 2), initializer="ones", name="first")
        self.second = self.add_weight(shape=(2, 2), initializer="ones", name="second")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.matmul(keras.ops.matmul(x, self.second), self.first)


def test_weights_are_known_by_identity() -> None:
    (layer,) = kgen.explain(Sequential([Input((2,)), Two(name="two")])).layers
    assert [one.reads[1].name for one in layer.steps] == ["two/second", "two/first"]


def test_inputs_in_the_order_of_the_arguments() -> None:
    query, value = Input((3, 2), name="query"), Input((4, 2), name="value")
    attention = layers.Attention(name="attention")
    (layer,) = kgen.explain(Model([value, query], attention([query, value]))).layers
    assert [(one.symbol, one.name) for one in layer.inputs] == [("Q", "query"), ("V", "value")]


def test_masks_are_no_input() -> None:
    """They have a letter of their own, and the formula says what they do."""
    ids = Input((4,), dtype="int32")
    words = layers.Embedding(5, 2, mask_zero=True)(ids)
    mean, last = layers.GlobalAveragePooling1D(name="mean"), layers.GRU(2, name="last")
    found = kgen.explain(Model(ids, [mean(words), last(words)]), [[1, 2, 0, 0]])
    by_name = {layer.name: layer for layer in found.layers}
    assert [one.symbol for one in by_name["mean"].inputs] == ["x", "m"]
    assert by_name["mean"].formulas == ("y_c = frac{sum_{t} m_t · x_{t,c}}{sum_{t} m_t}",)
    assert [one.symbol for one in by_name["last"].inputs] == ["x", "m"]
    assert "leaves the states as they are" in by_name["last"].formulas[-1]


def test_formulas_of_layers_that_wrap_or_move() -> None:
    padding, cropping, *rest, norm, scale = formulas_of(
        layers.ZeroPadding2D(((1, 2), (0, 0))),
        layers.Cropping2D(((0, 0), (2, 1))),
        layers.Reshape((-1, 4)),
        layers.RNN(layers.GRUCell(3, use_bias=False), return_sequences=True),
        layers.GRU(3, use_bias=False, return_sequences=True),
        layers.RMSNormalization(),
        layers.Rescaling(1 / 255),
    )
    assert padding == ["y_(p,q,c) = x_(p−1,q,c), 0 outside of x"]
    assert cropping == ["y_(p,q,c) = x_(p,q+2,c)"]
    _, cell, layer = rest
    assert len(cell) == 6
    assert cell == layer
    assert norm == ["y = x / √(mean(x²) + ε) · γ, ε = 1e-06, the mean over axis -1"]
    assert scale == ["y = x · 0.003921569"]


def test_formulas_of_masking() -> None:
    (masking,) = kgen.explain(Sequential([Input((4, 2)), layers.Masking()])).layers
    shown = [text(formula) for formula in masking.formulas]
    assert shown == ["mₜ = any(xₜ ≠ 0), over its features", "yₜ = mₜ · xₜ"]


def test_formulas_of_convolutions() -> None:
    found = formulas_of(
        layers.Conv2D(3, 2, strides=(1, 2), padding="same", activation="relu"),
        layers.DepthwiseConv2D(2, use_bias=False),
        layers.Conv2DTranspose(2, 3, activation="tanh"),
        layers.MaxPooling2D(2),
        layers.Reshape((4, 4)),
        layers.Conv1D(2, 3, padding="causal"),
    )
    assert found == [
        ["z_(p,q,f) = Σ_(i,j,c) x_(p+i,2·q+j,c) · W_(i,j,c,f) + b_f", "y = relu(z)"],
        ["y_(p,q,c) = Σ_(i,j) x_(p+i,q+j,c) · W_(i,j,c,0)"],
        [
            "z = b",
            "then for all places of x and of W:",
            "z_(p+i,q+j,f) += Σ_c x_(p,q,c) · W_(i,j,f,c)",
            "y = tanh(z)",
        ],
        ["y_(p,q,c) = max_(i,j) x_(2·p+i,2·q+j,c), 0 ≤ i < 2, j < 2"],
        ["y = x, its numbers in the same order"],
        [
            "x' = x with ((0, 0), (2, 0), (0, 0)) elements of 0.0 before and after",
            "y_(p,f) = Σ_(i,c) x'_(p+i,c) · W_(i,c,f) + b_f",
        ],
    ]


def test_shared_layers_and_those_that_do_nothing() -> None:
    first, second = Input((3,), name="first"), Input((3,), name="second")
    shared = layers.Dense(4, "tanh", name="shared")
    joined = layers.Add(name="sum")([shared(first), shared(second)])
    model = Model([first, second], layers.Dropout(0.5, name="dropout")(joined) * 2)
    a, b = np.ones((2, 3), np.float32), np.full((2, 3), 2, np.float32)
    found = kgen.explain(model, {"second": b, "first": a})
    names = [(one.name, one.repeated) for one in found.layers]
    assert names == [("shared", 1), ("shared", 2), ("sum", 1), ("dropout", 1), ("multiply", 1)]
    np.testing.assert_array_equal(found.layers[1].inputs[0].array, b)
    np.testing.assert_allclose(
        found.layers[2].outputs[0].array,
        found.layers[0].outputs[0].array + found.layers[1].outputs[0].array,
    )
    assert found.layers[3].formulas == ('y = x, "in training it does more"',)
    assert not found.layers[3].steps
    assert "its weights are those of call 1" in str(found)


def test_large_arrays_are_shortened() -> None:
    assert "..." in numbers(np.zeros((100, 100)))
    model = Sequential([Input((500,)), layers.Dense(1000)])
    said = str(kgen.explain(model))
    assert len(said) < 6000
    assert "Arrays of more than 60 numbers are shortened" in said
    assert "shortened" not in str(kgen.explain(XOR))


def test_formulas_in_both_forms() -> None:
    assert text("y_{i,j} = sum_{k} x_k · frac{a}{sqrt{b + 1}} + h_{t-1}^2") == (
        "y_(i,j) = Σₖ xₖ · a / √(b + 1) + hₜ₋₁²"
    )
    assert mathml('W_q · "<b>"') == (
        "<math><mrow><msub><mi>W</mi><mi>q</mi></msub><mo>·</mo>"
        "<mtext>&lt;b&gt;</mtext></mrow></math>"
    )


def run(*arguments: object) -> Result:
    return kgen_command("explain", *arguments)


def test_the_command(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array(TABLE))
    result = run(XOR, "--input", tmp_path / "x.npy")
    assert result.exit_code == 0, result.output
    assert result.output == run(XOR, "--input", "[[0,0],[0,1],[1,0],[1,1]]").output
    assert "(4, 2) · (2, 4) + (4,) → (4, 4)" in result.output
    alone = run(XOR, "--layer", "output").output
    assert "output: Dense(units=1, activation='sigmoid')" in alone
    assert "hidden: Dense" not in alone


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input", "[[0, 1, 2]]"], "'inputs' is of shape (samples, 2), but (1, 3) came"),
        (["--input", "[0, 1]"], "put it into brackets once more"),
        (["--input", "[[0, 1], [2]]"], "rows of different lengths"),
        (["--input", "[[0, 1]"], "is no JSON"),
        (["--input", '[["a", "b"]]'], "is of float32, but text came"),
        (["--input", "nowhere.npy"], "'nowhere.npy': there is no such file"),
        (["--input", "[[0, 1]]", "--input", "[[0, 1]]"], "'inputs' is of shape"),
        (["--input", "x=[[0, 1]]"], "inputs 'inputs' expected, but ['x'] given"),
        (["--layer", "third"], "There is no layer 'third'; there are 'hidden', 'output'"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], said: str) -> None:
    result = run(XOR, *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [("x.csv", "np.loadtxt('x.csv', delimiter=',')"), ("x.bin", "is another kind of file")],
)
def test_files_of_another_kind(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("1,2\n")
    result = run(XOR, "--input", tmp_path / name)
    assert result.exit_code == 2
    assert said in result.output
    assert "pickle" not in result.output


def test_open_sizes_are_those_of_the_input() -> None:
    model = Sequential([Input((None, 2), name="sequence"), layers.SimpleRNN(3)])
    assert kgen.explain(model, np.ones((1, 4, 2), np.float32)).inputs[0].shape == "(1, 4, 2)"
    with pytest.raises(kgen.ExportError, match=r"samples .*whose sizes are taken.*-shape 32,2"):
        kgen.explain(model)


def test_the_page_by_the_command(tmp_path: Path) -> None:
    result = run(XOR, "--html", tmp_path / "report.html")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == str(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    result = run(XOR, "--html", tmp_path / "no" / "report.html")
    assert result.exit_code == 2
    assert "Can't write" in result.output


def test_sizes_left_open_are_those_of_the_samples() -> None:
    model = Sequential([Input((None, 3), name="x"), layers.LSTM(2, name="lstm")])
    for given in (np.ones((2, 4, 3)), {"x": np.ones((2, 4, 3)).tolist()}):
        found = kgen.explain(model, given)
        assert found.ok
        assert found.inputs[0].array.shape == (2, 4, 3)
    with pytest.raises(kgen.ExportError, match="sizes that are open"):
        kgen.explain(model)


def test_an_input_without_an_answer() -> None:
    model = Sequential([Input((2,), dtype="int32"), layers.Embedding(5, 3)])
    with pytest.raises(kgen.ExportError, match=r"no answer for this input: .*out of bounds"):
        kgen.explain(model, [[1, 7]])


def test_not_a_number_is_shown() -> None:
    model = Sequential([Input((2,)), layers.Dense(2, "tanh")])
    assert kgen.explain(model, [[np.nan, 1.0]]).ok
    found = kgen.explain(XOR, [[np.nan, 1.0]])  # TensorFlow's ReLU makes 0 of NaN
    assert "nan" in str(found)
    assert found.ok or "differs where the input is NaN" in found.verdict


def test_names_are_shown_and_not_run() -> None:
    model = Sequential([Input((2,)), layers.Dense(1, name='<script>alert("1")<%script>*_{x}')])
    model(np.zeros((1, 2)))
    said = str(kgen.explain(model))
    assert '<script>alert("1")<%script>*_{x}: Dense(units=1)' in said
    assert "model(x)" in said.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@pytest.mark.parametrize("name", sorted(CASES))
def test_every_case_is_explained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kgen.trace import reference

    monkeypatch.setattr(reference, "predictions", reference.outputs)  # much faster
    found = kgen.explain(Case(name).export.model)
    assert str(found)
    assert found.to_html().startswith("<!DOCTYPE html>")
    for outer in found.layers:
        for layer in outer.walk():
            assert layer.formulas
            assert all(one.formula and one.shapes for one in layer.steps)


@pytest.mark.parametrize(
    ("layer", "lines"),
    [
        (
            layers.DepthwiseConv2D(2, depth_multiplier=3),
            ["y_{p,q,3·c+m} = sum_{i,j} x_{p+i,q+j,c} · W_{i,j,c,m} + b_{3·c+m}"],
        ),
        (
            layers.SeparableConv1D(3, 2, activation="relu"),
            [
                "d_{p,c} = sum_{i} x_{p+i,c} · D_{i,c,0}",
                "z_{p,f} = sum_{c} d_{p,c} · P_{0,c,f} + b_f",
                "y = relu(z)",
            ],
        ),
        (
            layers.MaxPooling1D(2),
            ["y_{p,c} = max_{i} x_{2·p+i,c}, 0 ≤ i < 2"],
        ),
    ],
)
def test_formulas_of_channels(layer: keras.Layer, lines: list[str]) -> None:
    rank = 4 if "2D" in type(layer).__name__ else 3
    found = kgen.explain(Sequential([Input((5, 6, 2)[4 - rank :]), layer])).layers[0]
    assert list(found.formulas) == lines


def test_words_in_formulas_stand_apart() -> None:
    """In MathML spaces are nothing: words have wide ones beside them, operators their own."""
    found = re.sub(r"<mspace [^>]*>", " ", mathml("y = keys_{i} if x > 0, else e^z - 1"))
    assert re.sub(r"<[^>]*>", "", found) == "y=keysi if x&gt;0,else ez−1"


def test_axes_are_words() -> None:
    model = Sequential([Input((4, 3)), layers.LayerNormalization(name="norm")])
    (layer,) = kgen.explain(model, np.ones((1, 4, 3))).layers
    assert layer.steps[0].formula.endswith('"over axis 2"')


def test_a_quantized_layer_says_how_it_computes() -> None:
    model = Sequential([Input((6,)), layers.Dense(3, name="d")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize("int8")
    (layer,) = kgen.explain(model, np.ones((2, 6), np.float32)).layers
    assert any("round" in line for line in layer.formulas)
    assert {weight.symbol for weight in layer.weights} == {"b", "W", "s_W"}


def test_strings_and_weights_of_one_name() -> None:
    words = keras.Input((2,), dtype="string", name="words")
    y = layers.StringLookup(vocabulary=["a", "b"], name="lookup")(words)
    found = kgen.explain(Model(words, y), np.array([["b", "c"]]))
    assert "the place of x in the vocabulary, 0 if it is not in there" in str(found)
    assert "[['b' 'c']]" in str(found)
    x = keras.Input((4, 6))
    model = Model(x, layers.MultiHeadAttention(2, 3, name="attention")(x, x))
    (attention,) = kgen.explain(model, np.ones((1, 4, 6), np.float32)).layers
    shorts = [attention.short(weight) for weight in attention.weights]
    assert shorts[:2] == ["query/kernel", "query/bias"]
    assert len(set(shorts)) == 8
