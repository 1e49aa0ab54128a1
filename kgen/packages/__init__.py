"""Packages: an export's files in a build system's layout, with what that needs beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kgen.errors import ExportError
from kgen.render.environment import environment, template_folder
from kgen.render.write import Files


@dataclass(frozen=True)
class Layout:
    """Where the parts of an export go, and what a package always has.

    sources: C files, and weights that they include. headers, tests: NAME.h, NAME_test.c.
    cpp: whether it has NAME.hpp. words: whether inputs and outputs may be strings.
    loads: whether weights may come from a file when the program runs.
    computer: whether it is for computers, whose processors and compilers differ.
    """

    sources: str = ""
    headers: str = ""
    tests: str = ""
    cpp: bool = False
    words: bool = True
    loads: bool = True
    computer: bool = True


LAYOUTS = {
    "plain": Layout(),
    "cmake": Layout("src/", "include/", "test/", cpp=True),
    "python": Layout("csrc/", "csrc/", "csrc/", loads=False),
    "arduino": Layout("src/", "src/", "extras/", cpp=True, computer=False),
    "esp-idf": Layout("src/", "include/", "src/", cpp=True, computer=False),
    "zephyr": Layout("src/", "include/", "src/", cpp=True, computer=False),
    "wasm": Layout("src/", "src/", "src/", words=False, loads=False, computer=False),
}

COMPUTERS = tuple(package for package, where in LAYOUTS.items() if where.computer)

BUILDING = "building.md.j2"


def check_fit(package: str, *, words: bool, loads: bool) -> None:
    """Raises ExportError for a model that the package can't hold.

    words: whether its inputs or outputs are strings. loads: whether its weights are in a file.
    """
    where = LAYOUTS[package]
    if words and not where.words:
        raise ExportError(
            f"The model takes or gives strings, which --package {package} can't pass on; look them "
            "up before the model, or take another package.",
        )
    if loads and not where.loads:
        raise ExportError(
            f"--package {package} has its weights inside, not in a --weights file; take literal, "
            "string, incbin or embed.",
            exit_code=2,
        )


def building(package: str, context: Mapping[str, object]) -> str:
    """How the package is built and used, for its README."""
    return environment("package").get_template(f"{package}/{BUILDING}").render(context)


def packaged(package: str, name: str, files: Files, context: Mapping[str, object]) -> Files:
    """The files in their places, and the package's own, from templates/package/PACKAGE.

    context: what the templates see.
    """
    where = LAYOUTS[package]
    result = {_place(file, where, package): text for file, text in files.items()}
    folder = template_folder() / "package" / package
    for path in sorted(folder.rglob("*.j2")):
        relative = path.relative_to(folder).as_posix()
        if relative != BUILDING:
            text = environment("package").get_template(f"{package}/{relative}").render(context)
            result[relative.removesuffix(".j2").replace("NAME", name)] = text
    return result


def _place(file: str, where: Layout, package: str) -> str:
    if file.endswith("_README.md"):
        return file if package == "plain" else "README.md"
    if file.endswith("_test.c"):
        return where.tests + file
    if file.endswith((".c", ".bin")):
        return where.sources + file
    return where.headers + file if file.endswith((".h", ".hpp")) else file
