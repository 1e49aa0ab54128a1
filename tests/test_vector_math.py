"""The fast style's functions on vectors are as exact as they say, whatever the vectors."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from kgen.targets.c_vectors import head, helper_names, helpers
from tests.machines import MACHINES, Machine

HEADER = Path(__file__).with_name("vector_math.h")


FUNCTIONS: dict[str, tuple[str, float]] = {
    "relu": ("x < 0.0 ? 0.0 : x", 0.0),
    "relu6": ("clip(x, 0.0, 6.0)", 0.0),
    "leaky_relu": ("x > 0.0 ? x : z * x", 0.5),
    "maximum": ("x > z || x != x ? x : z", 0.0),
    "minimum": ("x < z || x != x ? x : z", 0.0),
    "absolute": ("fabs(x)", 0.0),
    "square": ("x * x", 0.5),
    "cube": ("x * x * x", 1.5),
    "sqrt": ("sqrt(x)", 0.5),
    "rsqrt": ("1.0 / sqrt(x)", 1.5),
    "power_half": ("pow(x, 0.5)", 0.5),
    "power_minus_half": ("pow(x, -0.5)", 1.5),
    "power": ("pow(x, z)", 1.5),
    "exp": ("exp(x)", 1.1),
    "expm1": ("expm1(x)", 1.7),
    "exp2": ("exp2(x)", 1.3),
    "log": ("log(x)", 1.0),
    "log2": ("log2(x)", 2.0),
    "log10": ("log10(x)", 2.0),
    "log1p": ("log1p(x)", 1.5),
    "tanh": ("tanh(x)", 1.5),
    "sin": ("sin(x)", 1.6),
    "cos": ("cos(x)", 1.6),
    "arctan": ("atan(x)", 2.0),
    "sinh": ("sinh(x)", 2.0),
    "cosh": ("cosh(x)", 2.0),
    "sigmoid": ("sigmoid(x)", 2.0),
    "silu": ("x * sigmoid(x)", 2.0),
    "softplus": ("softplus(x)", 2.0),
    "log_sigmoid": ("-softplus(-x)", 2.0),
    "erf": ("erf(x)", 1.3),
    "elu": ("elu(x, z)", 2.0),
    "celu": ("x > 0.0 ? x : z * expm1(x / z)", 2.1),
    "squareplus": (
        "x < 0.0 ? 0.5 * z / (sqrt(x * x + z) - x) + (x - x) : 0.5 * (x + sqrt(x * x + z))",
        2.0,
    ),
    "selu": ("1.0507009873554805 * elu(x, 1.6732632423543772)", 2.0),
    "softsign": ("x / (1.0 + fabs(x))", 1.5),
    "hard_sigmoid": ("clip(x + 3.0, 0.0, 6.0) / 6.0", 1.0),
    "hard_silu": ("x * (clip(x + 3.0, 0.0, 6.0) / 6.0)", 1.9),
    "hard_tanh": ("clip(x, -1.0, 1.0)", 0.0),
    "sparse_sigmoid": ("0.5 * (clip(x, -1.0, 1.0) + 1.0)", 0.5),
    "sparse_plus": ("x <= -1.0 ? 0.0 : x < 1.0 ? 0.25 * (x + 1.0) * (x + 1.0) : x", 2.0),
    "soft_shrink": ("x > z ? x - z : x < -z ? x + z : 0.0", 0.5),
    "hard_shrink": ("fabs(x) > z ? x : 0.0", 0.0),
    "round": ("rint(x)", 0.0),
    "floor": ("floor(x)", 0.0),
    "ceil": ("ceil(x)", 0.0),
    "trunc": ("trunc(x)", 0.0),
    "sign": ("x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x", 0.0),
    "mish": ("mish(x)", 2.0),
    "gelu": ("0.5 * x * erfc(x * -0.7071067811865476)", 2.0),
    "gelu_tanh": ("x * sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x))", 2.0),
}
"""Each function, the exact one of x and z in C, and the most that it may be off, in units in the
last place. TensorFlow's are off by 5.7 for sigmoid, 8.1 for silu, 6.4 for mish, 820 for selu.
"""

SECOND = (
    *("leaky_relu", "maximum", "minimum", "elu", "celu", "squareplus", "power"),
    *("soft_shrink", "hard_shrink"),
)
"""Functions of two numbers."""

COMPARISONS = {"less", "greater", "equal", "not_equal", "less_equal", "greater_equal"}
WITHOUT_DIGITS = {*COMPARISONS, "isnan", "isinf", "isfinite", "where", "threshold"}
"""What the others are made of, and what has no digits: tests/cases has these."""

VARIANTS = {
    "widest": Machine("gcc -O2 -march=native"),
    "avx2": Machine("gcc -O2 -mavx2 -mfma -mno-avx512f"),
    "no multiply-adds": Machine("gcc -O2 -mavx -mno-fma"),
    "sse2": Machine("gcc -O2 -mno-avx"),
    "no vectors": Machine("gcc -O2 -DF_NO_VECTORS -fsanitize=undefined -fno-sanitize-recover"),
    "clang": Machine("clang -O3 -march=native"),
}

EMULATED = ("aarch64 neon", "arm neon", "s390x vectors", "riscv64")
"""Not PowerPC, where math.h's functions have an instruction that the emulator lacks."""


def source(stride: int, names: Collection[str]) -> str:
    """A program that prints how far each function is off, and where."""
    functions, tests = [], []
    for name in names:
        exact, _ = FUNCTIONS[name]
        also = ", f_load_vec(second + i)" if name in SECOND else ""
        functions += [
            f"static void {name}_of(void)",
            "{",
            "    for (int i = 0; i < COUNT; i += F_LANES)",
            f"        f_store(found + i, f_v{name}(f_load_vec(first + i){also}), F_LANES);",
            "}",
            f"static double exact_{name}(double x, double z) {{ (void)z; return {exact}; }}",
        ]
        sweep = "sweep_pairs" if name == "power" else "sweep"
        tests += [
            f'    test {name}_test = {{"{name}", {name}_of, exact_{name}, -1.0, 0.0, 0.0, 0.0}};',
            f"    {sweep}(&{name}_test, {stride}u);",
            f"    print(&{name}_test);",
        ]
    header = HEADER.read_text()
    body = "\n".join([*functions, "int main(void)", "{", *tests, "    return 0;", "}", ""])
    return "\n".join([head("f"), *helpers("f", [body]), header, body])


def errors(
    machine: Machine, folder: Path, stride: int, names: Collection[str]
) -> dict[str, tuple[float, str]]:
    """By function: the error in units in the last place, and where."""
    if machine.missing:
        pytest.skip(f"no {' and no '.join(machine.missing)}")
    (folder / "f.c").write_text(source(stride, names))
    result = machine.execute(machine.build(folder, ["f.c"]))
    assert result.returncode == 0, result.stderr
    lines = [line.split(" ", 2) for line in result.stdout.splitlines()]
    return {name: (float(off), where) for name, off, where in lines}


def assert_exact(
    machine: Machine, folder: Path, stride: int, names: Collection[str] = tuple(FUNCTIONS)
) -> None:
    found = errors(machine, folder, stride, names)
    assert found.keys() == set(names)
    assert not {name: one for name, one in found.items() if not one[0] <= FUNCTIONS[name][1]}


def test_every_function_on_vectors_has_a_test() -> None:
    defined = {name for name in helper_names() if name.startswith("v")}
    assert defined == {f"v{name}" for name in (*FUNCTIONS, *WITHOUT_DIGITS)}


@pytest.mark.parametrize("variant", VARIANTS)
def test_functions(variant: str, tmp_path: Path) -> None:
    """A sample of all float32 numbers, infinities and NaN among them, and of usual ones."""
    assert_exact(VARIANTS[variant], tmp_path, 9973)


@pytest.mark.slow
def test_functions_of_many_numbers(tmp_path: Path) -> None:
    assert_exact(VARIANTS["widest"], tmp_path, 499)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["widest", "no multiply-adds"])
def test_gelu_of_most_numbers(variant: str, tmp_path: Path) -> None:
    """Their exponents have the digits of two numbers; what is lost depends on all bits."""
    machine = Machine(f"{VARIANTS[variant].compile} -Wno-unused-function")
    assert_exact(machine, tmp_path, 127, ["gelu", "gelu_tanh"])


@pytest.mark.targets
@pytest.mark.parametrize("machine", EMULATED)
def test_functions_on_other_machines(machine: str, tmp_path: Path) -> None:
    assert_exact(MACHINES[machine], tmp_path, 1_000_003)
