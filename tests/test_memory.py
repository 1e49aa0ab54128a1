"""Where workspaces are, what memory an export says it takes, and what the compiler says of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import orjson
import pytest

import kgen
from kgen.inspection import memory
from kgen.library import STRICT
from kgen.memory import parse_limit
from kgen.pipeline import Export
from tests import generated_models
from tests.harness import kgen_command, randomize
from tests.test_programs import COMPILERS, pictures, words

STACK = 2048
"""No function takes more of it, in bytes, where the compiler optimises."""


@pytest.fixture(scope="module")
def models() -> dict[str, keras.Model]:
    keras.utils.clear_session()
    made = {
        "words": words(),
        "pictures": pictures(),
        "stateful": generated_models.stateful(),
        "text_classifier": generated_models.text_classifier(),
        "recurrent": generated_models.recurrent(),
    }
    for model in made.values():
        randomize(model, 2)
    return made


def write(files: dict[str, str | bytes], folder: Path) -> list[str]:
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return sorted(name for name in files if name.endswith(".c"))


def sections(folder: Path, file: str) -> dict[str, int]:
    shown = subprocess.run(
        ["size", "-A", file], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    return {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", shown, re.MULTILINE)}


@pytest.mark.parametrize("workspace", ["caller", "stack"])
@pytest.mark.parametrize("name", ["words", "stateful"])
def test_workspaces(
    workspace: str, name: str, models: dict[str, keras.Model], tmp_path: Path
) -> None:
    if (workspace, name) == ("stack", "stateful"):
        with pytest.raises(kgen.ExportError, match="forgets"):
            kgen.export(models[name], workspace=workspace)
        return
    files = kgen.export(models[name], workspace=workspace, with_test=True)
    sources = write(files, tmp_path)
    for cc in COMPILERS:
        subprocess.run([cc, *STRICT, "-O1", *sources, "-lm"], cwd=tmp_path, check=True)
        assert subprocess.run(["./a.out"], cwd=tmp_path, stdout=subprocess.DEVNULL).returncode == 0
    subprocess.run(["gcc", "-std=c99", "-c", f"{name}.c"], cwd=tmp_path, check=True)
    taken = sections(tmp_path, f"{name}.o")
    assert taken[".bss"] == taken[".data"] == 0
    manifest = orjson.loads(files[f"{name}.json"])
    assert ("predict" in manifest) == (workspace == "stack")
    assert ("run_batch" in manifest) == (workspace == "caller")


@pytest.mark.parametrize("weights", ["literal", "file"])
def test_built_with_the_callers_workspace(weights: str) -> None:
    """`kgen.build` is then the caller; several sequences have a workspace each."""
    keras.utils.clear_session()
    model = keras.Sequential(
        [keras.Input((2, 3), batch_size=2), keras.layers.LSTM(4, stateful=True)]
    )
    randomize(model, 3)
    x = np.random.default_rng(1).normal(size=(2, 2, 2, 3)).astype(np.float32)
    built = kgen.build(model, workspace="caller", weights=weights, check=False)
    for one in x:
        np.testing.assert_allclose(built.predict(one), model.predict(one, verbose=0), atol=1e-6)
    state = built.get_state()
    assert len(state) == 2
    built.reset()
    model.layers[0].reset_state()
    np.testing.assert_allclose(built.predict(x[0]), model.predict(x[0], verbose=0), atol=1e-6)
    built.set_state(**state)
    after = built.predict(x[0])
    built.set_state(**state)
    np.testing.assert_array_equal(built.predict(x[0])[0], after[0])


@pytest.mark.parametrize("style", ["fast", "readable"])
def test_memory_for_a_workspace(style: str, models: dict[str, keras.Model], tmp_path: Path) -> None:
    """Too small, misaligned, or just right; after an error nothing was written."""
    files = kgen.export(models["stateful"], workspace="caller", style=style, check=False)
    write(files, tmp_path)
    (tmp_path / "main.c").write_text(
        '#include "stateful.h"\n'
        "static union { double d; unsigned char bytes[STATEFUL_WORKSPACE_BYTES + 8]; } m;\n"
        "int main(void)\n{\n"
        "    stateful_workspace *w = NULL;\n"
        "    const float x[2] = {1, 2};\n"
        "    float y[1];\n"
        "    m.bytes[0] = 7;\n"
        "    const int small = stateful_place(&w, m.bytes, STATEFUL_WORKSPACE_BYTES - 1);\n"
        "    const int odd = stateful_place(&w, m.bytes + 1, STATEFUL_WORKSPACE_BYTES);\n"
        "    const int none = stateful_place(&w, NULL, STATEFUL_WORKSPACE_BYTES);\n"
        "    if (small != STATEFUL_ERROR_WORKSPACE || odd != STATEFUL_ERROR_WORKSPACE)\n"
        "        return 1;\n"
        "    if (none != STATEFUL_ERROR_NULL || w || m.bytes[0] != 7)\n"
        "        return 2;\n"
        "    if (stateful_place(&w, m.bytes, STATEFUL_WORKSPACE_BYTES) || !w)\n"
        "        return 3;\n"
        "    return stateful_run(w, x, y);\n}\n"
    )
    subprocess.run(
        ["gcc", *STRICT, "-fsanitize=address,undefined", "main.c", "stateful.c", "-lm"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    assert subprocess.run(["./a.out"], cwd=tmp_path).returncode == 0


def test_null_workspaces_of_the_caller(models: dict[str, keras.Model], tmp_path: Path) -> None:
    write(kgen.export(models["stateful"], workspace="caller", check=False), tmp_path)
    (tmp_path / "main.c").write_text(
        '#include "stateful.h"\n'
        "int main(void)\n{\n"
        "    float x[2] = {1, 2}, y[1] = {5}, h[3] = {0};\n"
        "    stateful_reset(NULL);\n"
        "    return !(stateful_run(NULL, x, y) == 1 && stateful_run_batch(NULL, 1, x, y) == 1\n"
        "        && stateful_get_state(NULL, h) == 1 && stateful_set_state(NULL, h) == 1);\n}\n"
    )
    command = ["gcc", *STRICT, "main.c", "stateful.c", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert subprocess.run(["./a.out"], cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["pictures", "stateful"])
def test_what_it_says_is_what_the_compiler_says(
    name: str, models: dict[str, keras.Model], tmp_path: Path
) -> None:
    """Weights and workspaces, in each style."""
    for said in memory(models[name]):
        files = kgen.export(models[name], style=said.style, weights_section=".mine", check=False)
        sources = write(files, tmp_path)
        subprocess.run(["gcc", "-std=c99", "-c", *sources], cwd=tmp_path, check=True)
        taken = [sections(tmp_path, source.replace(".c", ".o")) for source in sources]
        weights = sum(one.get(".mine", 0) for one in taken)
        own = sum(one[".bss"] for one in taken)
        # Arrays that begin on a cache line have gaps between them.
        assert said.weights <= weights <= said.weights * 1.02 + 64 * len(models[name].weights)
        assert said.own <= own <= said.own * 1.02 + 64
        readme = str(files[f"{name}_README.md"])
        assert f"| {said.workspace:,} | a workspace" in readme


def test_inspect_prints_it(models: dict[str, keras.Model], tmp_path: Path) -> None:
    path = tmp_path / "pictures.keras"
    models["pictures"].save(path)
    result = kgen_command("inspect", path, "--target-memory", "--json")
    assert result.exit_code == 0, result.output
    fast, readable, small = orjson.loads(result.output)
    assert small["workspace"] <= readable["workspace"]
    assert small["code"]["cortex-m4f -Os"] < fast["code"]["cortex-m4f -Os"]
    assert 0 < small["frame"]["cortex-m4f -Os"] < STACK
    assert readable["layer"] == "pool"
    assert readable["alive"] == [["conv", 1440], ["pool", 320]]
    assert fast["alive"][0][1] > 0
    text = kgen_command("inspect", path, "--target-memory").output
    assert f"{fast['own']:,}" in text
    assert f"~{small['code']['cortex-m4f -Os']:,}" in text
    assert "readable: most is needed in 'pool': conv 1,440, pool 320" in text


def test_sizes() -> None:
    assert [parse_limit(x) for x in ("7", "64k", "64 KiB", "2M")] == [7, 65536, 65536, 2 << 20]
    with pytest.raises(kgen.ExportError, match="no size of memory"):
        parse_limit("lots")


def test_the_peak_is_the_bound(models: dict[str, keras.Model]) -> None:
    for name, model in models.items():
        plan = Export(model, name, {}).plan
        assert sum(size for _, size in plan.peak.alive) == plan.lower_bound, name


@pytest.mark.skipif(shutil.which("gcc") is None, reason="only gcc tells")
@pytest.mark.parametrize("name", ["pictures", "text_classifier", "recurrent"])
def test_stack_use_is_bounded(name: str, models: dict[str, keras.Model], tmp_path: Path) -> None:
    for style in ("fast", "readable"):
        write(kgen.export(models[name], style=style, check=False), tmp_path)
        command = ["gcc", "-std=c99", "-O2", "-fstack-usage", "-c", f"{name}.c"]
        subprocess.run(command, cwd=tmp_path, check=True)
        lines = (tmp_path / f"{name}.su").read_text().splitlines()
        assert len(lines) > 2
        for line in lines:
            _, size, kind = line.split("\t")
            assert kind in ("static", "dynamic,bounded"), line
            assert int(size) <= STACK, line


def test_what_is_refused(models: dict[str, keras.Model]) -> None:
    for options, words_of_it in (
        ({"workspace": "heap"}, "static, caller, stack"),
        ({"workspace": "stack", "weights": "file"}, "can't remember"),
        ({"ram_limit": "1k", "target": "numpy"}, "no --ram-limit"),
    ):
        with pytest.raises(kgen.ExportError, match=words_of_it):
            kgen.export(models["words"], **options)
