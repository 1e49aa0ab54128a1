"""The inline functions of the fast style's plain loops are as exact as they say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import keras
import pytest

import kgen
from kgen.render.environment import environment
from kgen.targets.c_quick import MARK
from kgen.targets.c_vectors import QUICK, head, helpers
from tests.machines import MACHINES, Machine
from tests.test_vector_math import EMULATED, FUNCTIONS, HEADER, SECOND

LIMITS = {"exp": 0.6, "expm1": 0.8, "tanh": 0.8, "sigmoid": 0.6, "silu": 0.6, "elu": 0.8}
"""In units in the last place."""

VARIANTS = {
    "gcc": Machine("gcc -O3 -march=native"),
    "no multiply-adds": Machine("gcc -O2 -mno-avx -ffp-contract=off"),
    "undefined behaviour": Machine("gcc -O1 -fsanitize=undefined -fno-sanitize-recover"),
    "-ffast-math": Machine("gcc -O3 -march=native -ffast-math"),
    "clang": Machine("clang -O3 -march=native"),
}


def source(stride: int) -> str:
    """A program that prints how far each function is off, and where."""
    module = environment("c").get_template("fast/quick.j2").module
    texts, tests = [], []
    for name in LIMITS:
        also = ", second[i]" if name in SECOND else ""
        texts += [
            str(getattr(module, MARK + name)(f"f_{name}", "f")),
            f"static void {name}_of(void)",
            "{",
            "    for (int i = 0; i < COUNT; ++i)",
            f"        found[i] = f_{name}(first[i]{also});",
            "}",
            f"static double exact_{name}(double x, double z)",
            f"{{ (void)z; return {FUNCTIONS[name][0]}; }}",
        ]
        tests += [
            f'    test {name}_test = {{"{name}", {name}_of, exact_{name}, -1.0, 0.0, 0.0, 0.0}};',
            f"    sweep(&{name}_test, {stride}u);",
            f"    print(&{name}_test);",
        ]
    body = [*texts, "int main(void)", "{", *tests, "    return 0;", "}", ""]
    unused = '#pragma GCC diagnostic ignored "-Wunused-function"'  # of the header
    parts = [head("f"), "#include <stdbool.h>", unused, *helpers("f", texts, (QUICK,))]
    return "\n".join([*parts, HEADER.read_text(), *body])


def assert_exact(machine: Machine, folder: Path, stride: int) -> None:
    if machine.missing:
        pytest.skip(f"no {' and no '.join(machine.missing)}")
    (folder / "f.c").write_text(source(stride))
    result = machine.execute(machine.build(folder, ["f.c"]))
    assert result.returncode == 0, result.stderr
    lines = [line.split(" ", 2) for line in result.stdout.splitlines()]
    assert [name for name, _, _ in lines] == list(LIMITS)
    assert not [line for line in lines if not float(line[1]) <= LIMITS[line[0]]]


def test_every_quick_function_has_a_test() -> None:
    module = environment("c").get_template("fast/quick.j2").module
    assert {f"{MARK}{name}" for name in LIMITS} == {n for n in dir(module) if n.startswith(MARK)}


@pytest.mark.parametrize("variant", VARIANTS)
def test_functions(variant: str, tmp_path: Path) -> None:
    """A sample of all float32 numbers, infinities and NaN among them, and of usual ones."""
    assert_exact(VARIANTS[variant], tmp_path, 9973)


@pytest.mark.targets
@pytest.mark.parametrize("machine", EMULATED)
def test_functions_on_other_machines(machine: str, tmp_path: Path) -> None:
    assert_exact(MACHINES[machine], tmp_path, 1_000_003)


def test_a_tiny_model_needs_no_library_of_mathematics(tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(4, activation="tanh"),
            layers.Dense(3, activation="sigmoid"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    kgen.export(model, "c", tmp_path, name="tiny", style="fast")
    command = "gcc -std=c99 -O1 -shared -fPIC -Wl,-z,defs -o tiny.so tiny.c"
    subprocess.run(command.split(), cwd=tmp_path, check=True)
