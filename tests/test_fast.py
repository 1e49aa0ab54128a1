"""The fast style: other compilers and vectors, its functions' errors, its choices."""

from __future__ import annotations

import math
import shutil
import subprocess
from ctypes import CDLL, c_void_p
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import kgen
from kgen import targets
from kgen.conditioning import in_float64
from kgen.inspection import choices
from kgen.library import STRICT, Library
from kgen.ops.elementwise import Elementwise
from kgen.ops.pad import Pad
from kgen.ops.reduce import Reduce
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.options import Form
from kgen.pipeline import Export
from kgen.plan import plan
from kgen.schedule import Attention, Product
from kgen.schedule.batch import SAMPLES
from kgen.schedule.pack import Panels, pack
from kgen.schedule.repack import Repack
from kgen.schedule.rescale import Rescale
from kgen.schedule.tile import AVX512, CLASSES, Pixels, choose
from kgen.targets.c_vectors import head, helpers
from tests.harness import case
from tests.test_vector_math import FUNCTIONS, SECOND

SOME_CASES = (
    "tiles/few_units",
    "tiles/windows",
    "tiles/depthwise",
    "tiles/depthwise_with_many_filters",
    "tiles/few_in_groups",
    "tiles/transposed",
    "tiles/epilogues",
    "tiles/products",
    "tiles/rows_of_softmax",
    "tiles/zeros_skipped",
    "tiles/few_filters",
    "tiles/parts_of_vectors",
    "tiles/between_transposes",
    "tiles/attention_in_blocks",
    "tiles/weights_from_afar",
    "tiles/scaled_channels",
    "tiles/crowded_pixels",
    "strips/inverted_residual",
    "strips/strides",
    "strips/dilation",
    "strips/pooled",
    "strips/pooled_means",
    "strips/pooled_tiles",
    "pool/on_vectors",
    "strips/squeeze_and_excite",
    "gates/lstm",
    "gates/masked",
    "gates/custom_cell",
    "gates/there_and_back",
)


def cpu_has(*flags: str) -> bool:
    info = Path("/proc/cpuinfo")
    return info.exists() and set(flags) <= set(info.read_text().split())


VARIANTS = {
    "widest": ("cc", ("-O3", "-march=native")),
    "avx2": ("cc", ("-O2", "-mavx2", "-mfma", "-mno-avx512f")),
    "no_vectors": ("cc", ("-O2", "-DMODEL_NO_VECTORS")),
    "clang": ("clang", ("-O2", "-march=native")),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", SOME_CASES)
def test_compilers_and_vectors(name: str, variant: str) -> None:
    cc, flags = VARIANTS[variant]
    if shutil.which(cc) is None:
        pytest.skip(f"no {cc}")
    if variant == "avx2" and not cpu_has("avx2", "fma"):
        pytest.skip("no AVX2")
    library = Library(case(name).files("c", "fast"), cc=cc, flags=(*STRICT, *flags))
    case(name).assert_agrees(library.outputs(*case(name).inputs))


def test_long_sums_are_cut() -> None:
    """Of windows too, whose outermost loop has few steps: blocks of a hundred terms or so."""
    x = keras.Input((9, 8, 48))
    layer = layers.Conv2D(40, 3, strides=2)
    deep = layers.Conv2D(40, (3, 4), dilation_rate=2, padding="same")
    volume = keras.Input((6, 7, 8, 17))
    results = [layer(x), deep(x), layers.Conv3D(32, (3, 5, 3), 2, activation="tanh")(volume)]
    model = keras.Model([x, volume], results)
    job = Export(model, "model", {})
    form = Form(winograd=False)
    nodes = [one for one in targets.fast(job.plan, form).graph.nodes if isinstance(one, Product)]
    assert [node.cut.level for node in nodes] == [1, 1, 1]
    assert all(64 <= _block(node) <= 128 for node in nodes)
    inputs = job.samples(3)
    exact = targets.evaluate(plan(in_float64(job.traced)), inputs)
    files = job.files("c", "fast", form=form)
    found = Library(files, flags=(*STRICT, "-O2", "-march=native")).outputs(*inputs)
    for a, b in zip(found, exact, strict=True):
        assert np.abs(a - b).max() < 1e-6 * np.abs(b).max()


def _block(node: Product) -> int:
    """Terms of the longest block of its sums."""
    level, _, steps = node.cut
    counts = [*(taps.count for taps in node.taps), node.depth]
    return steps * math.prod(counts[level + 1 :])


@pytest.mark.parametrize("name", ["transpose/far_lines", "transpose/far_lines_in_images"])
def test_transpositions_read_some_lines_at_a_time(name: str) -> None:
    """All lines of x for one row of y were more than the first-level cache holds."""
    assert "first += 8" in case(name).files("c", "fast")["model.c"]
    assert "first += 8" not in case("transpose/permute").files("c", "fast")["model.c"]
    for variant in ("widest", "no_vectors"):
        cc, flags = VARIANTS[variant]
        library = Library(case(name).files("c", "fast"), cc=cc, flags=(*STRICT, *flags))
        case(name).assert_agrees(library.outputs(*case(name).inputs))


def test_tiles_between_bounds_of_phases_have_one_vector() -> None:
    """Of two gcc takes both from the stack, for each sum."""
    image = keras.Input((6, 7, 32))
    for window, units in ((5, 16), (4, 32)):  # 5: the phases meet taps of different numbers
        y = layers.Conv2DTranspose(64, window, strides=2, padding="same")(image)
        nodes = targets.fast(Export(keras.Model(image, y), "model", {}).plan).graph.nodes
        (product,) = (one for one in nodes if isinstance(one, Product))
        assert any(taps.within for taps in product.taps) is (window == 5)
        assert (product.tile.widest.units == 16) is (units == 16)


def test_no_warnings_while_sanitizers_look_on(tmp_path: Path) -> None:
    """gcc then folds less, and warned of a conversion in a mask of 16 lanes."""
    for name, text in case("tiles/causal_attention").files("c", "fast").items():
        (tmp_path / name).write_text(text)
    flags = (*STRICT, "-O0", "-march=native", "-fsanitize=undefined")
    subprocess.run(["cc", *flags, "-c", *tmp_path.glob("*.c")], cwd=tmp_path, check=True)


def test_no_warnings_where_size_counts() -> None:
    """gcc then follows fewer bounds, and warned of windows of one row inside zeros."""
    name = "pool/inside_constants"
    library = Library(case(name).files("c", "fast"), flags=(*STRICT, "-Os", "-march=native"))
    case(name).assert_agrees(library.outputs(*case(name).inputs))


def sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1 + e)


def gelu(x: np.ndarray) -> np.ndarray:
    below = np.array([math.erfc(-v * 0.5**0.5) for v in x])
    return x * 0.5 * below


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    return x * sigmoid((8 / math.pi) ** 0.5 * (x + 0.044715 * x**3))


GELUS = {"gelu": gelu, "gelu_tanh": gelu_tanh}


def compiled(folder: Path, *flags: str, cc: str = "cc") -> CDLL:
    """All functions. The flags are not the linker's: -ffast-math would set the processor's mode."""
    body = "\n".join(
        f"void t_{name}(const float *x, float *y, int n) {{ for (int i = 0; i < n; i += F_LANES) "
        f"f_store(y + i, f_v{name}(f_load_some(x + i, n - i)"
        f"{', f_splat(0.75f)' if name in SECOND else ''}), n - i); }}"
        for name in FUNCTIONS
    )
    text = "\n".join([head("f"), *helpers("f", [body]), body])
    (folder / "f.c").write_text(text)
    command = [cc, "-std=c99", "-O2", *flags, "-fPIC", "-c", "-o", folder / "f.o", folder / "f.c"]
    subprocess.run(command, check=True)
    subprocess.run([cc, "-shared", "-o", folder / "f.so", folder / "f.o", "-lm"], check=True)
    return CDLL(str(folder / "f.so"))


@pytest.fixture(scope="module", params=["-march=native", "-DF_NO_VECTORS"])
def functions(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CDLL:
    return compiled(tmp_path_factory.mktemp("functions"), request.param)


def on_vectors(functions: CDLL, name: str, x: np.ndarray) -> np.ndarray:
    y = np.empty_like(x)
    getattr(functions, f"t_{name}")(*(a.ctypes.data_as(c_void_p) for a in (x, y)), len(x))
    return y


def units(y: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """How far y is off in units in the last place; infinity where one is no number alone."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        unit = np.spacing(np.maximum(np.abs(rounded), np.finfo(np.float32).tiny))
        off = np.abs(y.astype(np.float64) - exact) / unit
    equal = (y == rounded) | (np.isnan(y) & np.isnan(rounded))
    return np.where(np.isfinite(rounded) & np.isfinite(y), off, np.where(equal, 0, np.inf))


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_fast_math_changes_no_number(cc: str, tmp_path: Path) -> None:
    """It would take (x + a) - a for x: exp was off by up to 41 %. clang still computes roots by
    other instructions, and knows no NaN.
    """
    if shutil.which(cc) is None:
        pytest.skip(f"no {cc}")
    libraries = []
    for flag in ("-O2", "-ffast-math"):
        (tmp_path / flag).mkdir()
        libraries.append(compiled(tmp_path / flag, "-march=native", flag, cc=cc))
    x = np.linspace(-20, 20, 10_001, dtype=np.float32)
    if cc == "gcc":
        x = np.concatenate([x, np.float32([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-45])])
    for name in FUNCTIONS.keys() - ({"sqrt", "rsqrt"} if cc == "clang" else set()):
        plain, fast = (on_vectors(library, name, x) for library in libraries)
        np.testing.assert_array_equal(plain, fast, err_msg=name)


@pytest.mark.parametrize("name", GELUS)
def test_gelu(functions: CDLL, name: str) -> None:
    """Keras's own has no digits of the approximation below -5."""
    x = np.linspace(-16, 16, 320_000, dtype=np.float32)
    exact = GELUS[name](x.astype(np.float64))
    assert units(on_vectors(functions, name, x), exact).max() <= 2.0
    special = np.float32([np.inf, -np.inf, np.nan, 0.0, 3e-45])
    wanted = np.float32([np.inf, np.nan, np.nan, 0.0, 1.5e-45])  # -inf * 0, as in Keras
    np.testing.assert_array_equal(on_vectors(functions, name, special), wanted)


def test_panels_hold_every_weight_once() -> None:
    kernel = np.arange(2 * 3 * 70, dtype=np.float32).reshape(2, 3, 70) + 1
    panels = Panels(70, 32)
    packed = pack(kernel, panels)
    assert (panels.full, panels.rest, panels.padded) == (64, 16, 80)
    assert packed.size == 2 * 3 * 80
    assert packed[:32].tolist() == kernel[0, 0, :32].tolist()
    assert packed[3 * 64 :][:16].tolist() == [*kernel[0, 0, 64:], *[0] * 10]
    assert np.sort(packed[packed > 0]).tolist() == kernel.reshape(-1).tolist()


@pytest.mark.parametrize("name", ["tiles/windows", "tiles/dense_rows", "tiles/one_by_one_filters"])
def test_tiles_fit_the_registers(name: str) -> None:
    products = [n for n in targets.fast(case(name).plan).graph.nodes if isinstance(n, Product)]
    assert products
    for node in products:
        assert node.tile.why
        for registers, block in zip(CLASSES, node.tile.blocks, strict=True):
            sums = block.pixels * block.units // registers.lanes
            assert sums < registers.count
            width = node.panels.width
            assert width % block.units == 0 if registers is not AVX512 else width == block.units


@pytest.mark.parametrize(("units", "panel", "widths"), [(512, 64, {16, 32}), (100, 64, {16, 64})])
def test_tiles_take_a_part_of_a_given_panel(units: int, panel: int, widths: set[int]) -> None:
    """Where that is cheaper, but no part that the last panel doesn't come out even with."""
    tile = choose(Pixels(1, 32, 0, 784), units, 784, panel)
    assert tile.widest.units in widths
    assert all(panel % block.units == 0 for block in tile.blocks)


@pytest.mark.parametrize("flags", [("-O2",), ("-O2", "-DMODEL_NO_VECTORS")])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (layers.LayerNormalization, (4096,)),
        (layers.LayerNormalization, (250, 8)),
        (layers.RMSNormalization, (4096,)),
    ],
)
def test_long_rows_are_normalized_exactly(
    kind: type[keras.Layer], shape: tuple[int, ...], flags: tuple[str, ...]
) -> None:
    """In a row, 4096 terms made errors of up to 15 times Keras's."""
    x = keras.Input(shape)
    files = kgen.export(keras.Model(x, kind(1)(x)), style="fast", name="model", check=False)
    batch = np.random.default_rng(0).standard_normal((8, *shape)).astype(np.float32) + 3
    wide = batch.astype(np.float64)
    if kind is layers.LayerNormalization:
        wide -= wide.mean(1, keepdims=True)
    epsilon = kind().epsilon or 1e-7
    exact = wide / np.sqrt((wide**2).mean(1, keepdims=True) + epsilon)
    found = Library(files, flags=(*STRICT, *flags)).predict(batch)
    assert np.abs(found - exact).max() <= 1.5e-6


@pytest.mark.parametrize("flags", [("-O2",), ("-O2", "-DMODEL_NO_VECTORS")])
@pytest.mark.parametrize("shape", [(4096,), (100,), (250, 8)])
def test_long_rows_are_summed_exactly(shape: tuple[int, ...], flags: tuple[str, ...]) -> None:
    """In a row, 4096 terms made errors of up to 19 roundings, where Keras makes 1 or 2."""
    x = keras.Input(shape)
    deviation = ops.std(x, axis=1, keepdims=True)
    unit = layers.UnitNormalization(1)(x)
    outputs = [ops.softmax(x, 1), ops.log_softmax(x, 1), unit, deviation]
    files = kgen.export(keras.Model(x, outputs), style="fast", name="model", check=False)
    batch = np.random.default_rng(0).standard_normal((8, *shape)).astype(np.float32) + 1
    wide = batch.astype(np.float64)
    powers, length = np.exp(wide), np.sqrt((wide**2).sum(1, keepdims=True))
    whole = powers.sum(1, keepdims=True)
    exact = [powers / whole, wide - np.log(whole), wide / length, wide.std(1, keepdims=True)]
    found = Library(files, flags=(*STRICT, *flags)).predict(batch)
    for a, b, limit in zip(found, exact, (2.2, 1.8, 2.7, 2.5), strict=True):
        assert np.abs(a - b).max() / np.abs(b).max() * 2**24 < limit


@pytest.mark.parametrize("flags", [("-O2",), ("-O2", "-DMODEL_NO_VECTORS")])
def test_long_sums_stay_exact(flags: tuple[str, ...]) -> None:
    """Sums of 6400 terms for one pixel, of 1280 for several, means of 1600: taken one by one, terms
    would make errors of 40, 20 and 10 roundings of a sum.
    """
    x = keras.Input((40, 40, 4))
    one = layers.Dense(24, use_bias=False)
    several = layers.Dense(24, use_bias=False)
    means = layers.GlobalAveragePooling2D()
    keras.utils.set_random_seed(3)
    outputs = [one(layers.Flatten()(x)), several(layers.Reshape((5, 1280))(x)), means(x)]
    files = kgen.export(keras.Model(x, outputs), name="model", check=False)
    images = np.random.default_rng(0).random((4, 40, 40, 4), np.float32)
    found = Library(files, flags=(*STRICT, *flags)).predict(images)
    double = images.astype(np.float64)
    kernels = [layer.kernel.numpy().astype(np.float64) for layer in (one, several)]
    rows = [double.reshape(4, 6400), double.reshape(4, 5, 1280)]
    exact = [*(a @ b for a, b in zip(rows, kernels, strict=True)), double.mean((1, 2))]
    scales = [*(np.sqrt(a**2 @ b**2) for a, b in zip(rows, kernels, strict=True)), exact[2]]
    for a, b, scale, limit in zip(found, exact, scales, (5.5, 4.5, 2.0), strict=True):
        assert np.sqrt(np.mean(((a - b) / scale) ** 2)) * 2**24 < limit


@pytest.mark.parametrize("name", ["last_axes", "whole_sample", "axes_between", "first_axis"])
def test_axes_side_by_side_are_normalized_on_vectors(name: str) -> None:
    files = case(f"normalization/layer_normalization_{name}").files("c", "fast")
    assert any("_vec d = " in str(text) or "_vrsqrt(" in str(text) for text in files.values())


def test_factors_of_channels_go_into_weights() -> None:
    """Where those are fewer than the image's elements, which are then multiplied nowhere."""
    nodes = targets.fast(case("tiles/scaled_channels").plan).graph.nodes
    kinds = [type(node) for node in nodes]
    assert (kinds.count(Rescale), kinds.count(Elementwise)) == (2, 1)
    strips = targets.fast(case("strips/squeeze_and_excite").plan)
    assert not any(isinstance(node, Elementwise) for node in strips.graph.nodes)


def test_crowded_pixels_are_copied_apart() -> None:
    """Once for both windows of one; with a line of zeros more where they are copied anyway."""
    nodes = targets.fast(case("tiles/crowded_pixels").plan).graph.nodes
    (pixels,) = [node for node in nodes if isinstance(node, Slice)]
    (pad,) = [node for node in nodes if isinstance(node, Pad)]
    assert [node.x for node in nodes if isinstance(node, Product)].count(pixels.output) == 2
    assert pad.output.shape[-1] == 512 + 16
    narrower = keras.Sequential([keras.Input((5, 6, 256)), layers.Conv2D(17, 1, strides=2)])
    plan = targets.fast(Export(narrower, "model", {}).plan)
    assert not any(isinstance(node, Slice) for node in plan.graph.nodes)


def test_filters_of_neighbours_lie_side_by_side() -> None:
    graph = targets.fast(case("tiles/few_filters").plan).graph
    products = [node for node in graph.nodes if isinstance(node, Product)]
    found = {node.output.shape[-1]: node.units // node.output.shape[-1] for node in products}
    assert found == {5: 3, 6: 1, 1: 4, 7: 2, 3: 3}


@pytest.mark.parametrize(("name", "count"), [("attention_in_blocks", 3), ("causal_attention", 1)])
def test_scores_are_never_stored_whole(name: str, count: int) -> None:
    graph = targets.fast(case(f"tiles/{name}").plan).graph
    found = [node for node in graph.nodes if isinstance(node, Attention)]
    assert len(found) == count
    for node in found:
        assert node.others[0].size == node.block * node.length < math.prod(node.score_shape)


def test_sums_with_an_axis_between() -> None:
    """Of GroupNormalization: first along the places, then along a group's channels."""
    model = keras.Sequential([keras.Input((10, 24)), layers.GroupNormalization(4)])
    nodes = targets.fast(Export(model, "model", {}).plan).graph.nodes
    assert [node.axes for node in nodes if isinstance(node, Reduce)] == [(1,), (3,)] * 2
    files = kgen.export(model, name="model", check=False)
    assert "double" not in files["model.c"]  # which the plain loops sum in


def test_layers_along_the_steps_of_a_sequence() -> None:
    """Nothing is transposed, and the places are the units where that is quicker."""
    x = keras.Input((30, 64))
    y = layers.Dense(30)(layers.Dense(15, activation="relu")(layers.Permute((2, 1))(x)))
    model = keras.Model(x, layers.Permute((2, 1))(y))
    nodes = targets.fast(Export(model, "model", {}).plan).graph.nodes
    assert [node.units for node in nodes if isinstance(node, Product)] == [64, 64]
    assert not any(isinstance(node, Transpose | Repack) for node in nodes)
    few = keras.Input((96, 5))
    y = layers.Permute((2, 1))(layers.Dense(96)(layers.Permute((2, 1))(few)))
    nodes = targets.fast(Export(keras.Model(few, y), "model", {}).plan).graph.nodes
    assert [node.units for node in nodes if isinstance(node, Product)] == [96]


def test_the_schedule_says_what_the_code_does() -> None:
    """Blocks of samples, cut sums and shared loops, where the C has them."""
    image = keras.Input((36, 32, 32))
    x = layers.Conv2D(48, 10, strides=2, name="conv")(image)
    x = layers.Dense(24, name="dense")(layers.GlobalMaxPooling2D(name="pool")(x))
    found = choices(keras.Model(image, x))
    steps = {step.name: step for step in found.steps}
    assert (steps["conv"].sums, steps["conv"].threads) == ("50 x 64 terms", "part")
    assert (steps["pool"].sums, steps["pool"].threads) == ("", "")
    assert steps["dense"].sums == "in 4 chains"
    assert (found.block, found.samples) == ([], 1)
    text = str(kgen.export(keras.Model(image, x), name="model", check=False)["model.c"])
    assert "/* short sums" in text

    row = keras.Input((600,))
    wide = layers.Dense(90, name="wide")
    found = choices(keras.Model(row, layers.Dense(5, name="narrow")(wide(row))))
    assert found.samples == SAMPLES
    assert [step.kind for step in found.steps] == ["stream", "dot"]
    assert [(step.name, step.kind) for step in found.block] == [
        ("wide", "tile"),
        ("narrow", "dot"),
    ]


def test_weights_that_tiles_ask_for() -> None:
    """The next panel's, those a few terms further on, none where all stay near."""
    nodes = targets.fast(case("tiles/weights_from_afar").plan).graph.nodes
    products = [node for node in nodes if isinstance(node, Product)]
    assert sorted(node.fetched // node.panels.width for node in products) == [0, 16, 70]
