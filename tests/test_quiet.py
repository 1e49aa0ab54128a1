"""What is heard of TensorFlow's start; a module of that name stands in for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

START = r"""import os
os.write(2, b'''WARNING: All log messages before absl::InitializeLog()
I0000 00:00:1795663624.834348   26689 port.cc:153] oneDNN custom operations are on.
2024-05-01 10:11:12.123456: I tensorflow/core/util/port.cc:113] oneDNN custom operations are on.
E0000 00:00:1795663624.834348   26689 cuda_dnn.cc:8310] Unable to register cuDNN factory
F0000 00:00:1795663624.834348   26689 cpu.cc:5] compiled for instructions that this machine lacks
libcudart.so: cannot open shared object file
''')
"""


def started(tmp_path: Path, text: str, code: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "tensorflow.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-c", f"from kgen.quiet import import_tensorflow\n{code}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_only_what_it_found_on_the_machine_is_left_out(tmp_path: Path) -> None:
    done = started(tmp_path, START, "import_tensorflow()\nimport sys\nprint('on', file=sys.stderr)")
    lines = done.stderr.splitlines()
    assert [line.split(":")[0].split()[0] for line in lines] == ["F0000", "libcudart.so", "on"]


def test_an_import_that_fails_says_everything(tmp_path: Path) -> None:
    done = started(tmp_path, START + "raise ImportError('no such library')", "import_tensorflow()")
    assert done.returncode == 1
    assert "oneDNN" in done.stderr
    assert "no such library" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="closes a descriptor as POSIX does")
def test_without_standard_error(tmp_path: Path) -> None:
    code = "import os\nos.close(2)\nimport_tensorflow()\nprint('done')"
    assert started(tmp_path, "", code).stdout == "done\n"
