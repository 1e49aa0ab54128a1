"""The wheel, installed where there is no checkout, exports with the templates that it brings."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from keras import Input, Sequential, layers

from tests.registry import pip

ROOT = Path(__file__).parent.parent


def test_wheel(tmp_path: Path) -> None:
    """In an environment of its own, which finds kgen's dependencies where these tests do."""
    pip("wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("kgen-*.whl")
    home = tmp_path / "environment"
    venv.create(home)
    packages = Path(
        sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)})
    )
    pip("install", "--no-deps", "--quiet", "--target", packages, wheel)
    # Files named .pth in that folder are not read, the one of an editable kgen among them.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    model = Sequential([Input((3,), name="x"), layers.Dense(2, "relu", name="dense")])
    model.save(tmp_path / "model.keras")
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    where = [str(python), "-c", "import kgen; print(kgen.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(home)
    assert (packages / "kgen" / "py.typed").is_file()  # type checkers heed its types
    for target, file in (("c", "model.c"), ("numpy", "model.py")):
        command = [str(python), "-m", "kgen", "export", "model.keras", "--target", target]
        subprocess.run([*command, "-o", "out"], cwd=tmp_path, check=True, capture_output=True)
        assert "dense" in (tmp_path / "out" / file).read_text()
