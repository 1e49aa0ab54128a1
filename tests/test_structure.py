"""What docs/design.md promises of the code: one name ties an op together, imports go one way."""

from __future__ import annotations

import ast
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
    "ordering": {"ir", "sharing"},
    "plan": {"ir", "ops", "names", "sharing", "lengths", "overlaps"},
    "schedule": {"ir", "ops"},
    "legacy": {"errors"},
    "load": {"errors", "legacy"},
    "trace": {"ir", "ops", "errors", "passes", "arrays"},
    "render": {"ir", "names", "errors"},
    "manifest": {"ir", "plan"},
    "packages": {"render", "errors"},
    "targets": {
        *("ir", "ops", "errors", "names", "arrays", "plan", "render", "manifest", "schedule"),
        *("lengths", "ordering", "packages", "passes"),
    },
    "c_text": set(),
    "code_size": {"c_text"},
    "diagnosis": {"errors", "arrays", "compare", "load", "trace"},
    "cli_diagnose": {"diagnosis", "array_files", "cli_options"},
}
"""For each part of kgen the others that it may know; those that put the parts together know all."""


def parts_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("kgen"):
            names = (
                [node.module] if node.module != "kgen" else [f"kgen.{a.name}" for a in node.names]
            )
            found |= {name.split(".")[1] for name in names}
    return found


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_go_one_way(part: str) -> None:
    folder = ROOT / "kgen" / part
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    for path in files:
        assert parts_imported(path) - {part} <= MAY_IMPORT[part], path.relative_to(ROOT)


@pytest.mark.parametrize("library", ["keras", "tensorflow", "jinja2"])
def test_who_knows_a_library(library: str) -> None:
    allowed = {"jinja2": {"render", "targets"}}.get(
        library,
        {"load", "legacy", "trace", "api", "verification", "cli", "stepping", "explanation"},
    )
    for path in sorted((ROOT / "kgen").rglob("*.py")):
        part = path.relative_to(ROOT / "kgen").parts[0].removesuffix(".py")
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
