"""Packages: each builds from a clean folder by the commands of its own README."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kgen
from kgen.packages import LAYOUTS
from tests import generated_models
from tests.harness import randomize
from tests.registry import pip
from tests.test_programs import words

CPP = """\
#include "words.hpp"
#include <array>
#include <cstdio>

int main()
{
    static words_model model;
    std::array<std::int32_t, 4> ids{1, 2, 3, 4};
    float dense[2] = {7, 7};
    if (model.predict(ids, dense) != WORDS_OK || dense[0] == 7)
        return 1;
    const std::int32_t wrong[4] = {1, 2, 3, 99};
    std::array<float, 2> kept{7, 7};
    return model.predict(wrong, kept) == WORDS_ERROR_INDEX && kept[0] == 7 ? 0 : 2;
}
"""

CONSUMER = """\
cmake_minimum_required(VERSION 3.14)
project(consumer LANGUAGES C CXX)
set(CMAKE_CXX_STANDARD 17)
{}
add_executable(consumer main.cpp)
target_compile_options(consumer PRIVATE -Wall -Wextra -pedantic -Wconversion -Wshadow -Werror)
target_link_libraries(consumer PRIVATE words::words)
"""


def sh(command: str, folder: Path, **environment: str) -> str:
    """Raises AssertionError with what the command said if it fails."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), **environment}
    result = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, env=env
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
    return result.stdout


def first_command(readme: Path) -> str:
    found = re.search(r"^    (\w+ .*)$", readme.read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.clear_session()
    model = words()
    randomize(model, 9)
    return model


targets = pytest.mark.targets
"""What takes long: `make test-targets` runs it."""

needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")


@needs_cmake
@pytest.mark.parametrize(
    "weights", ["literal", *(pytest.param(x, marks=targets) for x in ("file", "incbin"))]
)
def test_cmake(weights: str, model: keras.Model, tmp_path: Path) -> None:
    """Its own build and self-test, however the weights are kept."""
    package = tmp_path / "words"
    kgen.export(model, out=package, package="cmake", weights=weights)
    assert "100% tests passed" in sh(first_command(package / "README.md"), package)


@targets
@needs_cmake
def test_cmake_in_other_projects(model: keras.Model, tmp_path: Path) -> None:
    package, prefix = tmp_path / "words", tmp_path / "prefix"
    kgen.export(model, out=package, package="cmake")
    sh(
        "cmake -B build -DBUILD_SHARED_LIBS=ON && cmake --build build "
        f"&& cmake --install build --prefix {prefix}",
        package,
    )
    fetch = (
        "include(FetchContent)\n"
        f"FetchContent_Declare(words SOURCE_DIR {package})\nFetchContent_MakeAvailable(words)"
    )
    ways = {
        "find": f"find_package(words REQUIRED PATHS {prefix})",
        "add": f"add_subdirectory({package} words)",
        "fetch": fetch,
    }
    for name, text in ways.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "main.cpp").write_text(CPP)
        (folder / "CMakeLists.txt").write_text(CONSUMER.format(text))
        sh("cmake -B build && cmake --build build && build/consumer", folder)
    if shutil.which("pkg-config"):
        config = next(prefix.rglob("words.pc")).parent
        sh(
            "c++ -std=c++17 find/main.cpp $(pkg-config --cflags --libs words) -o program "
            f"&& LD_LIBRARY_PATH={config.parent} ./program",
            tmp_path, PKG_CONFIG_PATH=str(config),
        )  # fmt: skip


def test_cpp(model: keras.Model, tmp_path: Path) -> None:
    """Sizes that don't fit are refused by the compiler; errors are values."""
    kgen.export(model, out=tmp_path, cpp=True)
    strict = "-Wall -Wextra -pedantic -Wconversion -Wshadow -Werror"
    (tmp_path / "main.cpp").write_text(CPP)
    sh(
        f"cc -std=c99 -c words.c && c++ -std=c++17 {strict} main.cpp words.o -lm && ./a.out",
        tmp_path,
    )
    span = CPP.replace("<array>", "<array>\n#include <span>").replace(
        "(ids, dense)", "(std::span(ids), words_model::dense_view::at(&dense[0]))"
    )
    (tmp_path / "main.cpp").write_text(span)
    sh(f"c++ -std=c++20 {strict} main.cpp words.o -lm && ./a.out", tmp_path)
    (tmp_path / "main.cpp").write_text(
        CPP.replace("float dense[2] = {7, 7}", "float dense[1] = {7}")
    )
    with pytest.raises(AssertionError, match="error"):
        sh("c++ -std=c++17 main.cpp words.o -lm", tmp_path)


ALONE = """\
import sys
assert not [one for one in sys.modules if "cffi" in one]
assert "abi3" in sys.modules[f"{m.__name__}._{m.__name__}"].__file__
"""
"""The extension needs no runtime of its own, and is for any later Python too."""


@targets
def test_python_threads(tmp_path: Path) -> None:
    """Each thread has memory of its own; arrays may lie anywhere."""
    keras.utils.clear_session()
    model = words()
    randomize(model, 9)
    kgen.export(model, out=tmp_path / "package", package="python", name="words")
    site = tmp_path / "site"
    pip("install", "--no-deps", "--no-build-isolation", "--quiet", "--target", site,
        tmp_path / "package")  # fmt: skip
    script = (
        "import words as m, numpy as np\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "ids = np.arange(4000).reshape(1000, 4) % 7\n"
        "y = m.predict(ids)\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    for one in pool.map(m.predict, [ids] * 20):\n"
        "        assert (one == y).all()\n"
        "odd = np.frombuffer(b'x' + ids.astype(np.int32).tobytes(), np.int32, 4000, 1)\n"
        "assert not odd.flags.aligned and (m.predict(odd.reshape(1000, 4)) == y).all()\n"
        "assert m.predict(ids[:0]).shape == (0, 2)\n"
        "try:\n    m.predict([[1, 2, 3, 99]])\n"
        "except IndexError:\n    print('pass')\n"
    )
    assert sh(f'{sys.executable} -c "$SCRIPT"', tmp_path, SCRIPT=script, PYTHONPATH=str(site))


@targets
@pytest.mark.parametrize(
    ("name", "workspace"), [("stateful", "static"), ("stateful", "caller"), ("customer", "static")]
)
def test_python(name: str, workspace: str, tmp_path: Path) -> None:
    """What pip installs predicts as the model does; an old process's states are not there."""
    keras.utils.clear_session()
    model = generated_models.with_dyadic_weights(generated_models.MODELS[name]())
    package = tmp_path / "package"
    kgen.export(model, out=package, package="python", name=name, workspace=workspace)
    site = tmp_path / "site"
    pip("install", "--no-deps", "--no-build-isolation", "--quiet", "--target", site, package)
    script = {
        "customer": (
            "a = ([[20.0], [70]], [['Oslo'], ['x']], [['s'], ['t']], [[1], [2]], [[0] * 5] * 2)\n"
            "y = m.predict(*a)\nassert y.shape == (2, 2) and y.dtype == 'float32'\n"
            "try:\n    m.predict([[20.0, 1]], *a[1:])\n"
            "except ValueError as error:\n    assert '(batch, 1)' in str(error)\n"
            "else:\n    raise AssertionError\n"
        ),
        "stateful": (
            "import numpy as np\nx = np.ones((3, 1, 2), np.float32)\ny = m.predict(x)\n"
            "assert y[0] != y[1]\nassert m.predict(x)[0] != y[0]\n"
            "m.reset()\nassert (m.predict(x) == y).all()\n"
        ),
    }[name]
    output = sh(
        f'{sys.executable} -c "$SCRIPT"', tmp_path,
        SCRIPT=f"import {name} as m\n{ALONE}{script}print(*y.ravel().tolist())",
        PYTHONPATH=str(site),
    )  # fmt: skip
    found = np.array(output.split(), float)
    if name == "stateful":
        x = np.ones((3, 1, 1, 2), np.float32)
        expected = np.concatenate([model.predict(one, verbose=0) for one in x])
    else:
        expected = kgen.build(model).predict(
            [[20.0], [70]], np.array([["Oslo"], ["x"]], object), np.array([["s"], ["t"]], object),
            [[1], [2]], [[0] * 5] * 2,
        )  # fmt: skip
    np.testing.assert_allclose(found, expected.ravel(), rtol=1e-5, atol=1e-6)
    assert (site / name / "py.typed").exists()
    compile((site / name / "__init__.pyi").read_text(), "stub", "exec")


WASM = {
    "clang": shutil.which("clang-19"),
    "node": shutil.which("node"),
    "wasi-libc": Path("/usr/lib/wasm32-wasi").exists(),
}


needs_wasm = pytest.mark.skipif(
    not all(WASM.values()), reason=f"no {' and no '.join(x for x in WASM if not WASM[x])}"
)


@needs_wasm
@pytest.mark.parametrize("weights", ["incbin", pytest.param("string", marks=targets)])
def test_wasm(weights: str, tmp_path: Path) -> None:
    """In Node: the self-test, a state that goes on, errors that are thrown."""
    keras.utils.clear_session()
    model = generated_models.with_dyadic_weights(generated_models.stateful())
    kgen.export(model, out=tmp_path, package="wasm", weights=weights, name="stateful")
    sh(first_command(tmp_path / "README.md"), tmp_path, CC="clang-19")
    script = (
        'import load from "./stateful.mjs";\n'
        "const model = await load();\n"
        "const seen = [model.selfTest()];\n"
        "model.reset();\n"
        "for (let i = 0; i < 2; ++i) seen.push(model.predict([1, 1])[0]);\n"
        "try { model.predict([1]); } catch (error) { seen.push(error.message); }\n"
        "console.log(seen.join(';'));\n"
    )
    (tmp_path / "try.mjs").write_text(script)
    test, first, second, error = sh("node try.mjs", tmp_path).strip().split(";")
    assert test == "0"
    assert error == "measurement has 1 elements, not 2"
    x = np.ones((2, 1, 1, 2), np.float32)
    expected = [model.predict(one, verbose=0).item() for one in x]
    np.testing.assert_allclose([float(first), float(second)], expected, rtol=1e-5)


def test_wasm_has_no_strings(tmp_path: Path) -> None:
    with pytest.raises(kgen.ExportError, match="strings"):
        kgen.export(generated_models.customer(), package="wasm", check=False)


@pytest.mark.parametrize("package", LAYOUTS)
def test_what_every_package_has(package: str, model: keras.Model, tmp_path: Path) -> None:
    """The C, compiled where it lies, and a self-test that passes; no template's marks."""
    kgen.export(model, out=tmp_path, package=package, with_test=True, check=False)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    sources = " ".join(
        str(path)
        for path in files
        if path.suffix == ".c" and not path.stem.endswith(("_wasm", "_module"))
    )
    folders = " ".join({f"-I{path.parent}" for path in files if path.suffix == ".h"})
    sh(f"cc -std=c99 {folders} {sources} -lm -o program && ./program", tmp_path)
    for path in files:
        text = path.read_text()
        assert "{{" not in text or path.suffix in (".c", ".h")
        assert "NAME" not in path.name
        common = path.name in ("README.md", "CMakeLists.txt") or "words" not in path.name
        assert "exported by kgen" in text or not common or path.name == "py.typed", path


def test_other_peoples_files_stay(model: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text("project(mine)\n")
    with pytest.raises(kgen.ExportError, match=r"CMakeLists.txt' is there already"):
        kgen.export(model, out=tmp_path, package="cmake", check=False)
    assert [path.name for path in tmp_path.iterdir()] == ["CMakeLists.txt"]
    (tmp_path / "CMakeLists.txt").unlink()
    for _ in range(2):
        kgen.export(model, out=tmp_path, package="cmake", check=False)


def test_only_names_of_kgen_s_own_are_taken(model: keras.Model, tmp_path: Path) -> None:
    """A model called C is no reason to replace CMakeLists.txt."""
    (tmp_path / "CMakeLists.txt").write_text("project(mine)\n")
    with pytest.raises(kgen.ExportError, match=r"CMakeLists.txt' is there already"):
        kgen.export(model, out=tmp_path, name="C", package="cmake", check=False)


@pytest.mark.parametrize("package", LAYOUTS)
def test_old_weight_files_of_packages_go(package: str, model: keras.Model, tmp_path: Path) -> None:
    """Arduino's builder would compile them with the new files."""
    for weights in ("string", "literal"):
        kgen.export(model, out=tmp_path, name="m", package=package, weights=weights, check=False)
        assert any(tmp_path.rglob("m_weights.c")) == (weights == "string")


def test_what_is_refused(model: keras.Model) -> None:
    with pytest.raises(kgen.ExportError, match="plain, cmake, python"):
        kgen.export(model, package="rpm")
    with pytest.raises(kgen.ExportError, match="no --package"):
        kgen.export(model, "numpy", package="cmake")


def any_length() -> keras.Model:
    """Sequences of pairs of steps, and as many weights for them; outputs of two lengths."""
    keras.utils.clear_session()
    x, weight = keras.Input((None, 3), name="x"), keras.Input((None,), name="count")
    y = keras.layers.LSTM(2, return_sequences=True, name="lstm")(x * weight[..., None])
    half = keras.layers.AveragePooling1D(2, name="half")(y)
    model = keras.Model([x, weight], [y, half], name="any_length")
    randomize(model, 5)
    return model


OPTIONS = {"max_shapes": {"": 6}, "name": "any_length", "check": False}


def test_lengths_of_a_call(tmp_path: Path) -> None:
    """In C++ they come first."""
    files = kgen.export(any_length(), out=tmp_path, cpp=True, **OPTIONS)
    assert "std::size_t" in files["any_length.hpp"]
    (tmp_path / "main.cpp").write_text(
        '#include "any_length.hpp"\n'
        "static any_length_model model;\nstatic float x[18], count[6], lstm[12], half[6];\n"
        "int main() { return model.predict(4, x, count, lstm, half) "
        "|| !model.predict(7, x, count, lstm, half); }\n"
    )
    sh(
        "cc -std=c99 -c any_length.c && c++ -std=c++17 -Wall -Werror main.cpp any_length.o -lm "
        "&& ./a.out",
        tmp_path,
    )


@needs_wasm
def test_lengths_in_wasm(tmp_path: Path) -> None:
    model = any_length()
    kgen.export(model, out=tmp_path, package="wasm", **OPTIONS)
    sh(first_command(tmp_path / "README.md"), tmp_path, CC="clang-19")
    (tmp_path / "try.mjs").write_text(
        'import load from "./any_length.mjs";\n'
        "const model = await load();\n"
        "const ones = (n) => new Float32Array(n).fill(1);\n"
        "const seen = [model.selfTest()];\n"
        "for (const n of [2, 5]) seen.push(...model.predict(n, ones(3 * n), ones(n)));\n"
        "for (const given of [[7, ones(21), ones(7)], [5, ones(15), ones(4)]])\n"
        "    try { model.predict(...given); } catch (error) { seen.push(error.message); }\n"
        "console.log(seen.join(';'));\n"
    )
    test, *found, too_long, unlike = sh("node try.mjs", tmp_path).strip().split(";")
    assert test == "0"
    assert "is 7, not from 2 to 6" in too_long
    assert unlike == "count has 4 elements, not 5"
    for n, (y, half) in zip((2, 5), (found[:2], found[2:]), strict=True):
        expected = model.predict([np.ones((1, n, 3)), np.ones((1, n))], verbose=0)
        for text, array in zip((y, half), expected, strict=True):
            np.testing.assert_allclose([float(v) for v in text.split(",")], array.ravel(), 1e-5)


@targets
def test_lengths_in_python(tmp_path: Path) -> None:
    model = any_length()
    kgen.export(model, out=tmp_path / "package", package="python", **OPTIONS)
    site = tmp_path / "site"
    pip("install", "--no-deps", "--no-build-isolation", "--quiet", "--target", site,
        tmp_path / "package")  # fmt: skip
    script = (
        "import any_length, numpy as np\n"
        "for n in (2, 5):\n"
        "    y, half = any_length.predict(np.ones((3, n, 3)), np.ones((3, n)))\n"
        "    assert y.shape == (3, n, 2) and half.shape == (3, n // 2, 2)\n"
        "    print(*y[2].ravel(), *half[2].ravel())\n"
        "for given in ((7, 7), (5, 4)):\n"
        "    try:\n"
        "        any_length.predict(np.ones((1, given[0], 3)), np.ones((1, given[1])))\n"
        "    except ValueError as error:\n        print(error)\n"
    )
    *found, too_long, unlike = sh(
        f'{sys.executable} -c "$SCRIPT"', tmp_path, SCRIPT=script, PYTHONPATH=str(site)
    ).splitlines()
    assert "is 7, not from 2 to 6" in too_long
    assert unlike == "count has the shape (1, 4), not (batch, 5)"
    for n, line in zip((2, 5), found, strict=True):
        expected = model.predict([np.ones((1, n, 3)), np.ones((1, n))], verbose=0)
        numbers = np.concatenate([array.ravel() for array in expected])
        np.testing.assert_allclose([float(v) for v in line.split()], numbers, 1e-5)
