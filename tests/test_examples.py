"""The programs of examples/ that a model is a part of: built and run as their heads say."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import kgen
from tests.test_packages import needs_cmake, sh, targets

EXAMPLES = Path(__file__).parent.parent / "examples"
LINES = "0 xor 0 = 0\n0 xor 1 = 1\n1 xor 0 = 1\n1 xor 1 = 0\n"
CRATES = Path("/usr/share/cargo/registry")
"""Where Debian's packages put crates."""


def commands(path: Path) -> list[str]:
    """The indented lines of a README, or of the comment at a source's head."""
    indent = r" {4}" if path.suffix == ".md" else r"(?:#| \*) {5}"
    found = re.findall(rf"^{indent}(\S.*)$", path.read_text(), re.MULTILINE)
    assert found[0].startswith("kgen export ")
    return found


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of an example, beside xor.keras."""
    shutil.copytree(EXAMPLES / request.param, tmp_path / request.param)
    return tmp_path / request.param


def test_demo(tmp_path: Path) -> None:
    """What `make demo` runs: a network that learned XOR, and three times its numbers."""
    command = [sys.executable, EXAMPLES / "xor.py", "--out", tmp_path]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    row = r"^  ([01]) xor ([01]) +([\d.]+) +([\d.]+) +([\d.]+)  ([01])$"
    rows = re.findall(row, printed, re.MULTILINE)
    assert [int(rounded) for *_, rounded in rows] == [int(a) ^ int(b) for a, b, *_ in rows]
    assert [a + b for a, b, *_ in rows] == ["00", "01", "10", "11"]
    for _, _, *outputs, _ in rows:
        in_c, in_numpy, in_keras = map(float, outputs)
        assert max(abs(in_c - in_keras), abs(in_numpy - in_keras)) < 3e-6
    assert (tmp_path / "c" / "xor.c").is_file()
    assert (tmp_path / "numpy" / "xor.py").is_file()


@targets
@needs_cmake
@pytest.mark.parametrize("folder", ["cmake"], indirect=True)
def test_cmake(folder: Path) -> None:
    kgen.export(EXAMPLES / "xor.keras", package="cmake", out=folder / "xor", check=False)
    _, command = commands(folder / "CMakeLists.txt")
    assert sh(command, folder).endswith(LINES * 2)


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
@pytest.mark.parametrize("folder", ["realtime"], indirect=True)
def test_realtime(folder: Path) -> None:
    """The kernel kills what makes a system call, and not the model."""
    kgen.export(EXAMPLES / "xor.keras", out=folder, check=False)
    _, build, run = commands(folder / "main.c")
    sh(build, folder)
    assert sh(run, folder) == "48000 samples, no system call\n"
    forbidden = subprocess.run([run, "forbidden"], cwd=folder, capture_output=True)
    assert forbidden.returncode == -signal.SIGKILL


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no sqlite3")
@pytest.mark.skipif(not Path("/usr/include/sqlite3ext.h").exists(), reason="no sqlite3ext.h")
@pytest.mark.parametrize("folder", ["sqlite"], indirect=True)
def test_sqlite(folder: Path) -> None:
    kgen.export(EXAMPLES / "xor.keras", out=folder, workspace="stack", check=False)
    _, build, query = commands(folder / "xor_extension.c")
    sh(build, folder)
    assert sh(query, folder) == "1.0\n"
    shell = ["sqlite3", ":memory:", ".load ./xor_extension"]
    many = (
        "CREATE TABLE t(a, b); INSERT INTO t VALUES (0, 0), (0, 1), (1, 0), (1, 1), (NULL, 1);"
        "SELECT round(xor(a, b)) FROM t"
    )
    found = subprocess.run([*shell, many], cwd=folder, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["0.0", "1.0", "1.0", "0.0", ""]
    wrong = subprocess.run(
        [*shell, "SELECT xor('a', 1)"], cwd=folder, capture_output=True, text=True
    )
    assert "xor takes two numbers" in wrong.stderr


@targets
@pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo")
@pytest.mark.skipif(not list(CRATES.glob("cc-*")), reason="no crate cc (Debian: librust-cc-dev)")
@pytest.mark.parametrize("folder", ["rust"], indirect=True)
def test_rust(folder: Path) -> None:
    """Built with Debian's crate cc, without a network."""
    _, run, test = commands(folder / "README.md")
    kgen.export(EXAMPLES / "xor.keras", workspace="stack", out=folder / "xor", check=False)
    (folder / ".cargo").mkdir()
    (folder / ".cargo" / "config.toml").write_text(
        '[source.crates-io]\nreplace-with = "debian"\n'
        f'[source.debian]\ndirectory = "{CRATES}"\n[net]\noffline = true\n'
    )
    homes = {x: os.environ[x] for x in ("CARGO_HOME", "RUSTUP_HOME", "HOME") if x in os.environ}
    environment = {**homes, "PATH": os.environ["PATH"]}
    assert sh(run, folder, **environment) == LINES
    assert "4 passed" in sh(test, folder, **environment)


@targets
@pytest.mark.skipif(shutil.which("go") is None, reason="no go")
@pytest.mark.parametrize("folder", ["go"], indirect=True)
def test_go(folder: Path) -> None:
    _, run, test = commands(folder / "README.md")
    kgen.export(EXAMPLES / "xor.keras", workspace="stack", out=folder / "xor", check=False)
    environment = {"PATH": os.environ["PATH"], "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    cache = {"GOCACHE": str(Path.home() / ".cache" / "go-build")}
    assert sh(run, folder, **environment, **cache) == LINES
    assert "ok " in sh(f"{test} && go vet ./...", folder, **environment, **cache)
