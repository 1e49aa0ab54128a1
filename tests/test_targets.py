"""The self-tests pass on other machines: big-endian, 32 bits, NEON, without vectors, without an
operating system. `make test-targets` installs what they need.
"""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

import kgen
from benchmarks.embedding import code_bytes
from tests import generated_models
from tests.machines import MACHINES
from tests.target_models import MODELS

STYLES = ("fast", "readable")
SOME = ("x86-64 tcc", "aarch64 neon", "s390x big-endian", "cortex-m4f")
"""Machines that are no others of their kind."""

SHOWN = {
    name: make for name, make in generated_models.MODELS.items() if name not in MODELS
}  # they show every kind of node


@pytest.fixture(scope="module")
def exported() -> dict[tuple[str, str], dict[str, str]]:
    """The files of what was exported already, by model and style."""
    return {}


@pytest.fixture
def files(
    model: str, style: str, exported: dict[tuple[str, str], dict[str, str]]
) -> dict[str, str]:
    if (model, style) not in exported:
        keras.utils.clear_session()
        built = (MODELS | SHOWN)[model]()
        if model in SHOWN and model != "quantized":
            built = generated_models.with_dyadic_weights(built)
        exported[model, style] = kgen.export(built, name=model, style=style, with_test=True)
    return exported[model, style]


def run_on(name: str, files: dict[str, str], folder: Path) -> None:
    machine = MACHINES[name]
    if machine.missing:
        pytest.skip(f"no {' and no '.join(machine.missing)}; make test-targets installs them")
    for file, text in files.items():
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    program = machine.build(folder, sorted(file for file in files if file.endswith(".c")))
    result = machine.execute(program, folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("pass\n")


@pytest.mark.parametrize("machine", SOME)
@pytest.mark.parametrize("style", ["fast"])
@pytest.mark.parametrize("model", ["lstm"])
def test_a_small_model(machine: str, files: dict[str, str], tmp_path: Path) -> None:
    run_on(machine, files, tmp_path)


@pytest.mark.targets
@pytest.mark.parametrize("machine", ["s390x big-endian", "aarch64 neon"])
@pytest.mark.parametrize("weights", ["string", "file", "incbin"])
def test_forms_of_weights(machine: str, weights: str, tmp_path: Path) -> None:
    """Whatever the byte order; .incbin says that its bytes are in the other one."""
    keras.utils.clear_session()
    files = kgen.export(MODELS["lstm"](), name="lstm", weights=weights, with_test=True, check=False)
    if (machine, weights) == ("s390x big-endian", "incbin"):
        with pytest.raises(AssertionError, match="is for little-endian machines"):
            run_on(machine, files, tmp_path)
    else:
        run_on(machine, files, tmp_path)


@pytest.mark.targets
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("model", [*MODELS, *SHOWN])
def test_models(machine: str, files: dict[str, str], tmp_path: Path) -> None:
    run_on(machine, files, tmp_path)


@pytest.mark.targets
@pytest.mark.parametrize("machine", ["cortex-m3", "cortex-m4f"])
@pytest.mark.parametrize("style", ["small"])
@pytest.mark.parametrize("model", MODELS)
def test_the_small_style(machine: str, files: dict[str, str], tmp_path: Path) -> None:
    run_on(machine, files, tmp_path)


@pytest.mark.targets
def test_the_small_style_is_small(tmp_path: Path) -> None:
    """MLPerf Tiny's DS-CNN in less than 6 KB of code."""
    if MACHINES["cortex-m4f"].missing:
        pytest.skip("no arm-none-eabi-gcc; make test-targets installs it")
    keras.utils.clear_session()
    files = kgen.export(MODELS["keywords"](), name="keywords", style="small", check=False)
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    assert code_bytes(tmp_path, "keywords", "-Os") < 6 * 1024
