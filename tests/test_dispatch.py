"""`--dispatch`: one library for several processors, each variant with the model's numbers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Input, Model, layers

import kgen
from kgen.errors import ExportError
from kgen.library import STRICT, Library
from kgen.schedule.batch import SAMPLES
from kgen.targets.c_variants import VARIANTS
from tests import program
from tests.harness import assert_close
from tests.test_fast import cpu_has
from tests.test_packages import first_command, needs_cmake, sh
from tests.test_programs import COMPILERS

LEVELS = [0, *(one.level for one in reversed(VARIANTS))]
HIGHEST = max((one.level for one in VARIANTS if cpu_has(*one.features)), default=0)

# The level is one that the test sets, instead of a constant.
AT_MOST = ("-include", "level.h", "-DMODEL_LEVEL=at_most")
LEVEL = {"level.h": "extern int at_most;\n", "level.c": "int at_most = 2;\n"}


def picture() -> keras.Model:
    """Tiles, windows, functions on vectors, and layers called like the variants' functions."""
    x = image = Input((12, 11, 5))
    x = layers.Conv2D(24, 3, padding="same", activation="gelu", name="run_avx2")(x)
    x = layers.DepthwiseConv2D(3, strides=2, name="level")(x)
    x = layers.LayerNormalization(name="variant")(layers.Conv2D(19, 1, activation="swish")(x))
    x = layers.Softmax()(layers.LSTM(9)(layers.Reshape((5, 95))(x)))
    return Model(image, layers.Dense(7, activation="sigmoid", name="run_base")(x))


def table() -> keras.Model:
    """What is computed in blocks of samples."""
    x = row = Input((70,))
    x = layers.Dense(150, activation="relu", name="run_block_avx512")(x)
    x = layers.Dense(150, activation="tanh")(x)
    return Model(row, layers.Dense(6, activation="softmax")(x))


@pytest.fixture(scope="module", params=[picture, table])
def model(request: pytest.FixtureRequest) -> keras.Model:
    keras.utils.clear_session()
    keras.utils.set_random_seed(4)
    return request.param()


def samples(model: keras.Model) -> np.ndarray:
    shape = (SAMPLES + 20, *model.input_shape[1:])
    return np.random.default_rng(1).standard_normal(shape, np.float32)


@pytest.mark.skipif(HIGHEST == 0, reason="no processor with several variants")
@pytest.mark.parametrize("cc", COMPILERS)
def test_each_variant(model: keras.Model, cc: str) -> None:
    files = kgen.export(model, name="model", dispatch=True, check=False)
    library = Library({**files, **LEVEL}, cc=cc, flags=(*STRICT, "-O2", *AT_MOST))
    library._ffi.cdef("extern int at_most;")
    x = samples(model)
    wanted = model.predict(x, verbose=0)
    found = {}
    for level in LEVELS:
        library._library.at_most = level
        assert library._function("level")() == min(level, HIGHEST)
        found[level] = library.predict(x)
        assert_close([found[level]], [wanted])
    # With another instruction for a * b + c the last digits are others.
    assert (found[0] != found[1]).any()


def test_without_variants(model: keras.Model) -> None:
    """As on other machines, the files of the variants are empty then."""
    files = kgen.export(model, name="model", dispatch=True, check=False)
    library = Library(files, flags=(*STRICT, "-O1", "-DMODEL_NO_VECTORS"))
    assert library._function("level")() == 0
    x = samples(model)
    assert_close([library.predict(x)], [model.predict(x, verbose=0)])


def test_sanitizers(model: keras.Model, tmp_path: Path) -> None:
    files = kgen.export(model, name="model", dispatch=True, check=False)
    x = samples(model)[:2]
    wanted = [model.predict(x, verbose=0)]
    flags = ("-std=c99", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    assert_close(program.run(files, [x], wanted, tmp_path, flags=flags), wanted)


@pytest.mark.parametrize("options", [
    {"weights": "incbin"}, {"weights": "file"}, {"workspace": "caller"}, {"workspace": "stack"},
    {"threads": True},
])  # fmt: skip
def test_other_options(options: dict[str, object], tmp_path: Path) -> None:
    """The self-test passes, with the weights' bytes once in the program."""
    files = kgen.export(
        table(), name="model", out=tmp_path, dispatch=True, check=False, with_test=True, **options
    )
    sources = [name for name in files if name.endswith(".c")]
    openmp = ["-fopenmp"] if "threads" in options else []
    command = ["cc", *STRICT, "-O0", *openmp, "-o", "program", *sources, "-lm"]
    subprocess.run(command, check=True, cwd=tmp_path)
    subprocess.run(["./program"], check=True, cwd=tmp_path)
    weights = 4 * (70 * 160 + 150 * 160 + 150 * 16)
    assert (tmp_path / "program").stat().st_size < 2 * weights + 200_000


@pytest.mark.skipif("clang" not in COMPILERS, reason="no clang")
def test_no_variants_for_openmp_of_clang(tmp_path: Path) -> None:
    kgen.export(picture(), name="model", out=tmp_path, dispatch=True, threads=True, check=False)
    assert "MODEL_THREADS\n" in (tmp_path / "model.c").read_text()
    command = [
        "clang",
        *STRICT,
        "-fopenmp",
        "-c",
        "model.c",
        *(f"model_{one.name}.c" for one in VARIANTS),
    ]
    subprocess.run(command, check=True, cwd=tmp_path)


@needs_cmake
def test_cmake(tmp_path: Path) -> None:
    kgen.export(table(), name="model", out=tmp_path, dispatch=True, package="cmake", check=False)
    assert "100% tests passed" in sh(first_command(tmp_path / "README.md"), tmp_path)


def test_files(tmp_path: Path) -> None:
    """An export without variants takes them away; a package's list of sources has them."""
    variants = {f"model_{one.name}.c" for one in VARIANTS}
    kgen.export(table(), name="model", out=tmp_path, dispatch=True, check=False)
    assert variants <= {path.name for path in tmp_path.iterdir()}
    kgen.export(table(), name="model", out=tmp_path, check=False)
    assert not variants & {path.name for path in tmp_path.iterdir()}
    files = kgen.export(table(), name="model", dispatch=True, package="python", check=False)
    assert all(f'"csrc/{name}"' in str(files["setup.py"]) for name in variants)


@pytest.mark.parametrize("options", [{"style": "readable"}, {"target": "numpy"}])
def test_refused(options: dict[str, str]) -> None:
    with pytest.raises(ExportError, match="dispatch"):
        kgen.export(table(), dispatch=True, check=False, **options)
