"""Unknown dimensions: exported with a bound, compared with Keras at several lengths."""

from __future__ import annotations

import subprocess
from pathlib import Path

import keras
import numpy as np
import orjson
import pytest
from keras import layers

import kgen
from kgen import checking, targets
from kgen.errors import ExportError
from kgen.ir.size import Given, Length, Size, at, maximum
from kgen.library import STRICT, Library, sizes
from kgen.passes import PASSES, optimize
from kgen.pipeline import Export
from kgen.plan import plan
from kgen.trace import reference
from kgen.trace.bounds import bounded
from tests import harness, length_models, program
from tests.harness import Case, assert_close, kgen_command
from tests.test_sanitizers import FLAGS as SANITIZERS

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning"),
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning"),
]


def case(name: str) -> Case:
    return harness.case(f"lengths/{name}")


def each_model() -> pytest.MarkDecorator:
    params = [
        pytest.param(name, marks=pytest.mark.xdist_group(name), id=name)
        for name in length_models.MODELS
    ]
    return pytest.mark.parametrize("name", params)


@each_model()
def test_numpy(name: str) -> None:
    text = case(name).export.files("numpy", "fast")["model.py"]
    assert len(case(name).runs) >= 3
    for _, inputs, expected in case(name).runs:
        assert_close(targets.run(text, inputs), expected)


@each_model()
@pytest.mark.parametrize("style", ["readable", "fast"])
def test_c(name: str, style: str) -> None:
    library = Library(case(name).export.files("c", style), flags=(*STRICT, "-O1"))
    for _, inputs, expected in case(name).runs:
        assert_close(library.outputs(*inputs), expected)


@each_model()
def test_the_graph_at_any_length_is_that_of_the_length(name: str) -> None:
    """Passes and rules of nodes compute with sizes as they would with numbers."""
    for point in case(name).export.points:
        case(name).export.graph.at(point).check()


@pytest.mark.parametrize("name", ["transformer", "unet", "movement", "bidirectional_lstm"])
def test_each_pass_off(name: str) -> None:
    for apply in dict.fromkeys(p.__name__ for p in PASSES):
        graph = plan(optimize(case(name).export.traced, without=[apply]))
        _, inputs, expected = case(name).runs[1]
        assert_close(targets.evaluate(graph, inputs), expected)


@pytest.mark.slow
@each_model()
@pytest.mark.parametrize("style", ["readable", "fast"])
def test_sanitizers(name: str, style: str, tmp_path: Path) -> None:
    files = case(name).export.files("c", style)
    for point, inputs, expected in case(name).runs:
        lengths = tuple(point.values())
        flags = (*SANITIZERS, "-march=native")
        found = program.run(files, inputs, expected, tmp_path, flags=flags, lengths=lengths)
        assert_close(found, expected)


@pytest.mark.parametrize("name", length_models.REFUSED)
def test_refused_by_the_layer_s_name(name: str) -> None:
    keras.utils.clear_session()
    build, reason = length_models.REFUSED[name]
    model, bounds = build()
    with pytest.raises(ExportError, match=reason):
        kgen.export(model, max_shapes=bounds)


# What the C and NumPy say of lengths


def test_lengths_that_the_c_refuses() -> None:
    """With a code of their own, the outputs untouched."""
    files = case("unet").export.files("c", "readable")
    library = Library(files, flags=(*STRICT, "-O1"))
    assert library.manifest["lengths"] == [
        {"name": "height", "min": 4, "max": 24, "multiple": 4},
        {"name": "width", "min": 4, "max": 32, "multiple": 4},
    ]
    assert library.manifest["inputs"][0]["shape"] == ["height", "width", 3]
    inputs = np.ones((1, 48, 48, 3), np.float32)
    for lengths in ((0, 4), (4, 0), (28, 4), (4, 36), (6, 4), (2**32 + 4, 4), (2**64 - 4, 4)):
        outputs = np.full((1, 48, 48, 2), 7, np.float32)
        assert library.call(1, [inputs], [outputs], lengths) == 3
        assert (outputs == 7).all()
    for shape in ((1, 6, 4, 3), (1, 28, 4, 3), (1, 0, 4, 3)):
        with pytest.raises(ValueError, match="height is"):
            library.predict(np.ones(shape, np.float32))


@pytest.mark.parametrize(
    ("cut", "least"),
    [
        (lambda x: x[:, -3:], 3),
        (lambda x: x[:, 2:4], 4),
        (lambda x: keras.ops.take(x, [0, 4], axis=1), 5),
        (lambda x: keras.ops.top_k(keras.ops.transpose(x, (0, 2, 1)), 6)[0], 6),
    ],
)
def test_the_least_length_has_all_that_is_read(cut, least: int) -> None:  # type: ignore[no-untyped-def]
    """Even if no size of the graph gets lost below it."""
    x = keras.Input((None, 2))
    library = kgen.build(keras.Model(x, cut(x)), name="model", max_shapes={"n": 40})
    assert library.manifest["lengths"][0]["min"] == least


def test_the_least_length_is_one_at_which_keras_keeps_all_axes() -> None:
    assert case("one_hot").export.traced.lengths[0].least == 2


def test_sorting_an_open_length() -> None:
    """As many as bring the heap."""
    x = keras.Input((None, 2))
    model = keras.Model(x, [keras.ops.sort(x, axis=1), keras.ops.argsort(x, axis=1)])
    library = kgen.build(model, name="model", max_shapes={"n": 40}, style="readable")
    for n in (1, 7, 40):
        given = np.random.default_rng(n).standard_normal((2, n, 2)).astype(np.float32)
        for found, expected in zip(library.predict(given), model(given), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_header_of_the_c() -> None:
    header = case("causal_convolution").export.files("c", "readable")["model.h"]
    assert "in   input_layer: float[steps * 3], shape (steps, 3)" in header
    assert "steps is model_steps, which each call gives: from 1 to 23." in header
    assert "max_pooling1d_steps is (steps + 1) / 2, rounded down." in header
    assert "#define MODEL_MAX_STEPS 23" in header
    assert "int model_run(model_workspace *w, size_t model_steps, const float *" in header


def test_lengths_that_numpy_takes() -> None:
    """Any that the model takes; where it has tables for the bound, none beyond."""
    free = targets.loaded(case("masked_lstm").export.files("numpy", "fast")["model.py"])
    ids = np.arange(200).reshape(2, 100) % 20
    wanted = reference.outputs(
        case("masked_lstm").export.model, case("masked_lstm").export.signature, [ids]
    )
    assert_close(free([ids.astype(np.int32)]), wanted)
    bound = targets.loaded(case("transformer").export.files("numpy", "fast")["model.py"])
    with pytest.raises(ValueError, match="of length at least 1, at most 32, got shape"):
        bound([np.zeros((1, 33), np.int32)])
    multiple = targets.loaded(case("unet").export.files("numpy", "fast")["model.py"])
    with pytest.raises(ValueError, match="of length at least 4, a multiple of 4, got shape"):
        multiple([np.zeros((1, 8, 10, 3), np.float32)])
    shared = targets.loaded(case("attention_with_mask").export.files("numpy", "fast")["model.py"])
    with pytest.raises(ValueError, match=r"mask: expected bool of shape \(batch, 5\)"):
        shared([np.zeros((1, 5), np.int32), np.ones((1, 6), bool)])


@pytest.mark.parametrize(
    ("length", "layer"),
    [
        ("tokens", "model_tokens"), ("softmax", "model_softmax"), ("t0", "model_t0"),
        ("row", "model_row"), ("error", "error_1"),
    ],
)  # fmt: skip
def test_names_of_lengths_hide_nothing(length: str, layer: str) -> None:
    """Nor are they hidden by what the model, its layers or kgen itself call things."""
    x = keras.Input((None, 3), name=f"{length}_length")
    y = layers.Conv1D(20, 3, strides=2, padding="same", name=layer)(x)
    model = keras.Model(x, layers.Softmax(name=length)(layers.Attention()([y, y])), name="error")
    export = Export(model, "model", {}, max_shapes={length: 9})
    inputs = export.samples(2, point={length: 7})
    expected = reference.outputs(model, export.signature, inputs)
    assert_close(targets.run(export.files("numpy", "fast")["model.py"], inputs), expected)
    for style in ("readable", "fast"):
        library = Library(export.files("c", style), flags=(*STRICT, "-O0"))
        assert_close([library.predict(*inputs)], expected)


def test_manifest_tells_output_shapes() -> None:
    manifest = orjson.loads(case("causal_convolution").export.files("c", "fast")["model.json"])
    assert sizes(manifest["outputs"][0]["shape"], {"steps": 8}) == (4, 5)
    assert sizes(manifest["outputs"][0]["shape"], {"steps": 9}) == (5, 5)


def test_check_compares_at_several_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph that is right at the bound only is found out."""
    export = Export(case("masked_lstm").export.model, "model", {}, max_shapes={"tokens": 37})
    seen = []

    def outputs(model: object, signature: object, inputs: list[np.ndarray]) -> list[np.ndarray]:
        seen.append(inputs[0].shape[1])
        wrong = 1.0 if inputs[0].shape[1] == 3 else 0.0
        return [array + wrong for array in _outputs(model, signature, inputs)]

    _outputs = reference.outputs
    monkeypatch.setattr(reference, "outputs", outputs)
    monkeypatch.setattr(reference, "predictions", outputs)
    with pytest.raises(ExportError, match="on a random sample of tokens=3"):
        checking.check(export)
    assert seen == [1, 3, 3]  # again with predict


# --max-shape


def test_which_dimensions_a_bound_is_for() -> None:
    n, h = (Given(name, 9, Length(name, 9)) for name in ("n", "h"))
    assert bounded(["x"], [(None, 4)], {"n": 9}) == ([(n.size, 4)], (n,))
    length = Given("length", 9, Length("length", 9))
    assert bounded(["x"], [(None, 4)], {"": 9}) == ([(length.size, 4)], (length,))
    # As many as are unknown: in their order; one that all share; size by size.
    assert bounded(["x"], [(None, None)], {"n": 9, "h": 9})[0] == [(n.size, h.size)]
    assert bounded(["x", "y"], [(None,), (None, 2)], {"n": 9, "h": 9})[0] == [
        (n.size,),
        (h.size, 2),
    ]
    assert bounded(["x", "y"], [(None,), (None, 2)], {"n": 9})[0] == [(n.size,), (n.size, 2)]
    spelled = {"x": "n:9,*", "y": "5,h:9"}
    assert bounded(["x", "y"], [(None, 3), (None, None)], spelled)[0] == [(n.size, 3), (5, h.size)]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"": 9}, "unknown dimensions are 2, in"),
        ({"a": 9, "b": 9, "c": 9}, "unknown dimensions are 2, in"),
        ({"x": "9"}, "unknown dimensions are 2, in"),
        ({"x": "a:9,b:9"}, "the input has the shape"),
        ({"x": "a:9,b:9,c:9"}, "'c:9' does not fit the size 3"),
        ({"x": "a:9,a:8,*"}, "a has the bound 9 elsewhere"),
        ({"y": "a:9,b:9,*"}, "the inputs are 'x'"),
        ({"a b": 9, "c": 9}, "is no identifier"),
        ({"a": 9, "for": 9}, "is no identifier"),
        ({"a": 9, "A": 9}, "case alone"),
        ({"a": 0, "c": 9}, "the bound must be"),
    ],
)
def test_bounds_that_fit_nothing(wanted: dict[str, int | str], reason: str) -> None:
    with pytest.raises(ExportError, match=reason):
        bounded(["x"], [(None, None, 3)], wanted)


def test_sizes_that_are_known_are_no_lengths() -> None:
    with pytest.raises(ExportError, match="no dimension of the inputs is unknown"):
        bounded(["x"], [(4, 3)], {"n": 9})


def test_command_line(tmp_path: Path) -> None:
    model, _ = length_models.masked_lstm()
    model.save(tmp_path / "reader.keras")
    arguments = ["export", tmp_path / "reader.keras", "-o", tmp_path / "out", "--max-shape", "n=9"]
    result = kgen_command(*arguments, "--with-test", "--style", "readable")
    assert result.exit_code == 0, result.output
    sources = [str(tmp_path / "out" / name) for name in ("reader.c", "reader_test.c")]
    program = str(tmp_path / "program")
    subprocess.run(["cc", *STRICT, *sources, "-o", program, "-lm"], check=True)
    assert "pass" in subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert (
        "size_t reader_n = 9; /* from 1 to 9 */" in (tmp_path / "out/reader_README.md").read_text()
    )
    for command in ("inspect", "verify"):
        arguments = [command, tmp_path / "reader.keras", "--max-shape", "9"]
        result = kgen_command(*arguments)
        assert result.exit_code == 0, result.output
        assert (
            "length from 1 to 9" if command == "inspect" else "c fast, length=3"
        ) in result.output
    arguments = ["export", tmp_path / "reader.keras", "--max-shape", "n=9", "--max-shape", "m=9"]
    result = kgen_command(*arguments)
    assert result.exit_code == 2
    assert "unknown dimensions are 1, in (None,)" in result.output


# Sizes


N, M = (Size.of({(Length(name, bound),): 1}) for name, bound in (("n", 20), ("m", 7)))


@pytest.mark.parametrize(
    "rule",
    [
        lambda n, m: (n * 3 + m) * (n - 2) - 4,
        lambda n, m: (n - 3) // 2 + 1,
        lambda n, m: ((n + 2) // 3 + m) // 2,
        lambda n, m: ((n - 1) // 2 + 1 - 1) // 2 + 5,
        lambda n, m: (4 * n + 6) // 2,
        lambda n, m: -(-n // 4) * m,
        lambda n, m: (n * m * 6) // (m * 3),
        lambda n, m: n % 4 + m,
        lambda n, m: maximum(m * 2 - n, 3),
        lambda n, m: abs(-n) + (7 - m),
    ],
)
def test_sizes_compute_as_numbers_do(rule) -> None:  # type: ignore[no-untyped-def]
    size = rule(N, M)
    assert int(size) == rule(20, 7)
    for n in range(1, 20):
        for m in range(1, 8):
            assert at(size, {Length("n", 20): n, Length("m", 7): m}) == rule(n, m)


def test_sizes_are_equal_if_they_always_are() -> None:
    assert N != 20
    assert N * 2 - N == N
    assert N - N == 0
    assert type(N - N) is int
    assert (N + 1) // 2 == (N - 1) // 2 + 1
    assert (N // 2 + 1) // 2 == (N + 2) // 4
    assert {(1, N): 1}[1, N + 0] == 1
