"""What docs/design.md promises of the code: one name ties an op together, imports go one way."""

from __future__ import annotations

import ast
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KINDS = sorted(path.stem for path in (ROOT / "kgen" / "ops").glob("[a-z]*.py"))

MAY_IMPORT = {
    "errors": set(),
    "ir": set(),
    "ops": {"ir"},
    "passes": {"ir", "ops"},
    "reserved": set(),
    "names": {"reserved"},
    "arrays": set(),
    "array_files": {"errors"},
    "compare": {"ir", "arrays"},
    "samples": {"ir", "ops"},
    "sharing": {"ir", "ops"},
    "lengths": {"ir", "names", "reserved"},
    "overlaps": {"ir", "sharing"},
    "borrowing": {"ir", "sharing"},
    "ordering": {"ir", "sharing"},
    "plan": {"ir", "ops", "names", "sharing", "lengths", "overlaps", "borrowing"},
    "schedule": {"ir", "ops"},
    "legacy": {"errors"},
    "load": {"errors", "legacy"},
    "trace": {"ir", "ops", "errors", "arrays"},
    "stepping": {"ir", "ops", "errors", "trace"},
    "render": {"ir", "names", "errors"},
    "manifest": {"ir", "plan"},
    "declared": set(),
    "packages": {"render", "errors"},
    "options": {"errors", "declared", "packages", "schedule"},
    "targets": {
        *("ir", "ops", "errors", "names", "arrays", "plan", "render", "manifest", "schedule"),
        *("lengths", "ordering", "packages", "passes", "options"),
    },
    "c_text": set(),
    "code_size": {"c_text"},
    "library": {"ir", "errors"},
    "diagnosis": {"errors", "arrays", "compare", "load", "trace"},
    "pipeline": {
        *("ir", "errors", "names", "samples", "lengths", "plan", "load", "trace", "stepping"),
        *("passes", "render", "declared", "options", "targets"),
    },
    "conditioning": {"ir", "ops", "plan", "targets"},
    "checking": {
        *("errors", "compare", "conditioning", "lengths", "trace", "targets", "pipeline"),
    },
    "self_test": {"ir", "compare", "trace", "stepping", "targets", "pipeline", "checking"},
    "memory": {"ir", "errors", "code_size", "options", "targets", "pipeline"},
    "ram_limit": {*("ir", "ops", "errors", "schedule", "options", "targets", "pipeline", "memory")},
    "inspection": {
        *("ir", "declared", "schedule", "options", "targets", "pipeline", "memory", "ram_limit"),
    },
    "verification": {
        *(
            "ir",
            "errors",
            "compare",
            "declared",
            "lengths",
            "plan",
            "trace",
            "targets",
            "library",
            "pipeline",
            "checking",
        ),
    },
    "explanation": {
        *("ir", "ops", "errors", "names", "arrays", "compare", "plan", "trace", "render"),
        *("targets", "pipeline"),
    },
    "api": {
        *("errors", "plan", "trace", "render", "packages", "declared", "options", "targets"),
        *("library", "pipeline", "checking", "self_test", "ram_limit"),
    },
    "quiet": set(),
    "cli": {
        *("errors", "array_files", "api", "inspection", "memory", "verification"),
        *("explanation", "diagnosis", "schedule", "declared", "options", "quiet"),
    },
    "__main__": {"cli"},
    "__init__": {"errors", "api", "diagnosis", "explanation", "inspection", "verification"},
}
"""For each part of kgen the others that it may know."""


def parts_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("kgen"):
            names = (
                [node.module] if node.module != "kgen" else [f"kgen.{a.name}" for a in node.names]
            )
            found |= {name.split(".")[1] for name in names}
    return found


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "kgen").parts[0].removesuffix(".py")


def test_every_part_has_its_rule() -> None:
    assert {part_of(path) for path in (ROOT / "kgen").rglob("*.py")} == set(MAY_IMPORT)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_go_one_way(part: str) -> None:
    folder = ROOT / "kgen" / part
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    for path in files:
        assert parts_imported(path) - {part} <= MAY_IMPORT[part], path.relative_to(ROOT)


def modules() -> dict[str, Path]:
    """{"kgen.ir.node": its file}"""
    files = sorted((ROOT / "kgen").rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, files, strict=True)}


def modules_imported(path: Path, known: Collection[str]) -> set[str]:
    """Within functions too, and for types alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in known else node.module for name in names}
    return found & set(known)


SHOWS_ITSELF = ("kgen.explanation.report", {"kgen.explanation.page", "kgen.explanation.terminal"})
"""What prints an Explanation must know its type, and its methods what prints it."""


def test_no_module_leads_back_to_itself() -> None:
    files = modules()
    imports = {name: modules_imported(path, files) for name, path in files.items()}
    imports[SHOWS_ITSELF[0]] -= SHOWS_ITSELF[1]
    order = TopologicalSorter(imports)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


MOST_LINES = {"module": 420, "function": 70}


def test_nothing_is_too_large_to_be_seen_at_once() -> None:
    large = []
    benchmarks = sorted((ROOT / "benchmarks").glob("*.py"))
    for name, path in {**modules(), **{f"benchmarks.{p.stem}": p for p in benchmarks}}.items():
        text = path.read_text(encoding="utf-8")
        lengths = {name: ("module", text.count("\n"))}
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                lengths[f"{name}.{node.name}"] = ("function", lines)
        large += [(one, n) for one, (kind, n) in lengths.items() if n > MOST_LINES[kind]]
    assert not large


@pytest.mark.parametrize("library", ["keras", "tensorflow", "jinja2"])
def test_who_knows_a_library(library: str) -> None:
    allowed = {"jinja2": {"render", "targets"}}.get(
        library,
        {"load", "legacy", "trace", "pipeline", "quiet", "stepping", "explanation"},
    )
    for path in sorted((ROOT / "kgen").rglob("*.py")):
        part = part_of(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == library for name in names):
                assert part in allowed, path.relative_to(ROOT)


@pytest.mark.parametrize("kind", KINDS)
def test_one_name_ties_a_kind_together(kind: str) -> None:
    for path in (f"templates/c/ops/{kind}.c.j2", f"templates/numpy/ops/{kind}.py.j2"):
        assert (ROOT / path).is_file()
    assert (ROOT / f"tests/cases/{kind}.py").is_file()


def test_no_template_without_a_kind() -> None:
    for pattern in ("c/ops/*.c.j2", "numpy/ops/*.py.j2"):
        stems = {path.name.split(".")[0] for path in (ROOT / "templates").glob(pattern)}
        assert stems == set(KINDS)
