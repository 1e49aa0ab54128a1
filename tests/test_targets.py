"""The self-tests pass on other machines: big-endian, 32 bits, NEON, without vectors, without an
operating system. `make test-targets` installs what they need.
"""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

import kgen
from tests import generated_models
from tests.machines import MACHINES
from tests.target_models import MODELS

STYLES = ("fast", "readable")
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
        (folder / file).write_text(text)
    program = machine.build(folder, sorted(file for file in files if file.endswith(".c")))
    result = machine.execute(program)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("pass\n")


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("model", ["lstm"])
def test_a_small_model(machine: str, files: dict[str, str], tmp_path: Path) -> None:
    run_on(machine, files, tmp_path)


@pytest.mark.targets
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("model", [name for name in [*MODELS, *SHOWN] if name != "lstm"])
def test_models(machine: str, files: dict[str, str], tmp_path: Path) -> None:
    run_on(machine, files, tmp_path)
