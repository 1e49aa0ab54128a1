"""NAME_test.c: passes where the C is right, and not where it isn't; NAME_README.md."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import Input, Model, Sequential, layers

import kgen
from kgen.library import STRICT
from kgen.targets.evidence import Evidence
from tests import generated_models
from tests.harness import randomize
from tests.test_programs import COMPILERS, words


def narrow() -> keras.Model:
    """Outputs that are bits of numbers, of both types of two bytes; booleans and integers."""
    x = Input((3,), name="x", dtype="float16")
    y = layers.Dense(2, dtype="float16", name="half")(x)
    z = layers.Dense(2, dtype="bfloat16", name="brain")(keras.ops.cast(x, "bfloat16"))
    return Model(x, [y, z, y > 0, keras.ops.argmax(y, axis=-1)], name="narrow")


def steps() -> keras.Model:
    """One output for each step, and one that only the last step tells."""
    x = Input((5, 2), name="x")
    y = layers.GRU(3, return_sequences=True, name="gru")(x)
    return Model(x, [y, layers.LSTM(2, name="lstm")(y)], name="steps")


def of_two_sequences() -> keras.Model:
    return Sequential(
        [
            Input(batch_shape=(2, 3, 2), name="x"),
            layers.LSTM(3, stateful=True, name="lstm"),
        ],
        name="of_two_sequences",
    )


def no_numbers() -> keras.Model:
    """Half of its outputs are NaN or infinite."""
    x = Input((6,), name="x")
    return Model(x, [keras.ops.log(x), keras.ops.relu(x) / 0.0], name="no_numbers")


MODELS: dict[str, tuple[Callable[[], keras.Model], dict[str, Any]]] = {
    "words": (words, {}),
    "narrow": (narrow, {}),
    "steps": (steps, {"step": True}),
    "of_two_sequences": (of_two_sequences, {}),
    "of_the_caller": (of_two_sequences, {"workspace": "caller"}),
    "no_numbers": (no_numbers, {}),
    "customer": (generated_models.customer, {}),
}


@dataclass
class Exported:
    name: str
    folder: Path

    @property
    def test(self) -> Path:
        return self.folder / f"{self.name}_test.c"

    def change(self, pattern: str, text: str) -> None:
        source = self.test.read_text()
        changed = re.sub(pattern, text, source, count=1)
        assert changed != source
        self.test.write_text(changed)

    def run(self, *flags: str, cc: str = "gcc") -> subprocess.CompletedProcess[str]:
        sources = sorted(path.name for path in self.folder.glob("*.c"))
        command = [cc, *STRICT, "-O1", *flags, "-o", "program", *sources, "-lm"]
        subprocess.run(command, cwd=self.folder, check=True)
        return subprocess.run(["./program"], cwd=self.folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, str]]:
    """The files of each model that a test asked for."""
    return {}


@pytest.fixture(params=MODELS)
def one(
    request: pytest.FixtureRequest, made: dict[str, dict[str, str]], tmp_path: Path
) -> Exported:
    name = request.param
    if name not in made:
        build, options = MODELS[name]
        keras.utils.clear_session()
        model = build()
        randomize(model, 4)
        made[name] = kgen.export(model, name=name, with_test=True, **options)
    for file, text in made[name].items():
        (tmp_path / file).write_text(text)
    return Exported(name, tmp_path)


@pytest.mark.parametrize("cc", COMPILERS)
def test_it_passes(one: Exported, cc: str) -> None:
    result = one.run(cc=cc)
    assert result.returncode == 0, result.stdout
    assert re.match(rf"{one.name}: \d+ samples, largest error .*: pass\n", result.stdout)


def test_each_output_counts(one: Exported) -> None:
    """One element of one output wrong, and the test fails."""
    text = one.test.read_text()
    arrays = re.findall(r"const (\w+) \w+_test_wanted_(\w+)\[", text)
    for ctype, array in arrays:
        wanted = re.search(rf"_test_wanted_{array}\[\d+\] = \{{\n(?s:.*?)\n\}};", text)
        assert wanted is not None
        last = wanted[0].rstrip("};\n").rstrip(",")
        head, element = re.fullmatch(r"((?s:.*?))([^ ,]+)", last).groups()  # type: ignore[union-attr]
        if ctype == "uint16_t":  # bits: the sign and the exponent
            element = str(int(element) ^ 0xC000)
        else:
            element = "0" if float(element.rstrip("f")) else "1"
        one.test.write_text(text.replace(wanted[0], f"{head}{element},\n}};"))
        assert one.run("-O0").returncode == 1, array


@pytest.mark.parametrize("one", ["narrow", "of_two_sequences"], indirect=True)
def test_quiet_and_without_main(one: Exported) -> None:
    upper = one.name.upper()
    assert one.run("-O0", f"-D{upper}_TEST_QUIET").stdout == ""
    main = (
        f"int {one.name}_test(void);\nint main(void)\n{{\n    return {one.name}_test() + 7;\n}}\n"
    )
    (one.folder / "main.c").write_text(main)
    assert one.run("-O0", f"-D{upper}_TEST_QUIET", f"-D{upper}_TEST_NO_MAIN").returncode == 7
    symbols = ["nm", "-u", "quiet.o"]
    command = ["gcc", *STRICT, f"-D{upper}_TEST_QUIET", "-c", "-o", "quiet.o", one.test.name]
    subprocess.run(command, cwd=one.folder, check=True)
    used = subprocess.run(symbols, cwd=one.folder, capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in used.stdout.splitlines()}
    assert names <= {
        f"{one.name}_predict_batch", f"{one.name}_reset", "strcmp", "ldexpf", "memcpy",
        "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail",
    }  # fmt: skip


@pytest.mark.parametrize("one", ["words"], indirect=True)
def test_an_error_is_told(one: Exported) -> None:
    one.change(r"(_test_ids\[\d+\] = \{\n    )\d+", r"\g<1>99")
    result = one.run()
    assert result.returncode == 2
    assert result.stdout == "words: words_predict_batch returned 2\n"


def test_the_numpy_target_has_none() -> None:
    with pytest.raises(kgen.ExportError, match="no --with-test"):
        kgen.export(words(), "numpy", with_test=True)


def test_an_export_without_test_takes_the_old_one_away(tmp_path: Path) -> None:
    kgen.export(words(), out=tmp_path, with_test=True)
    kgen.export(words(), out=tmp_path)
    assert not (tmp_path / "words_test.c").exists()


@pytest.mark.parametrize("one", ["customer", "steps"], indirect=True)
def test_the_readme(one: Exported) -> None:
    """Its call and its commands are those of these files."""
    text = (one.folder / f"{one.name}_README.md").read_text()
    header = (one.folder / f"{one.name}.h").read_text()
    size = re.search(r"_WORKSPACE_BYTES (\d+)", header)
    assert size is not None
    assert f"| {int(size[1]):,} | a workspace" in text
    command = re.search(r"^    (cc .*-o \w+_test .*)$", text, re.MULTILINE)
    assert command is not None
    result = subprocess.run(command[1], shell=True, cwd=one.folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    call = re.search(r"```c\n((?s:.*?))\nif \((.*) != ", text)
    assert call is not None
    program = f"{call[1]}\nint main(void)\n{{\n    return {call[2]} == 99;\n}}\n"
    program = re.sub(r"^const char \*(\w+)\[1\]", r'const char *\1[1] = {""}', program, flags=re.M)
    (one.folder / "main.c").write_text(program)
    assert one.run(f"-D{one.name.upper()}_TEST_NO_MAIN").returncode == 0


def test_parity_is_a_power_of_ten() -> None:
    """The digits would be another machine's."""
    bounds = {1e-9: "1e-6", 1e-6: "1e-6", 3e-6: "1e-5", 0.02: "1e-1", 0.0: "1e-6"}
    for parity, bound in bounds.items():
        assert Evidence(2, parity).bound == bound
    assert Evidence().bound is None
