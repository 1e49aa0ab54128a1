"""What models take on a Cortex-M4F: python -m benchmarks.embedding [MODEL ...]

Rewrites the table of docs/embedding.md. Needs Debian's gcc-arm-none-eabi; with qemu-system-arm it
runs the self-tests too (`make test-targets` installs both).
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import keras

from kgen.memory import of_style
from kgen.options import STYLES
from kgen.pipeline import Export
from kgen.self_test import self_test
from kgen.targets.evidence import Evidence
from tests.machines import BARE, MACHINES
from tests.target_models import MODELS

PAGE = Path(__file__).parent.parent / "docs" / "embedding.md"
MACHINE = MACHINES["cortex-m4f"]
HEAD = """\
| model | style | weights | workspace | code, -Os | code, -O2 | stack frame | self-test error |
|---|---|--:|--:|--:|--:|--:|--:|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(MODELS), metavar="MODEL")
    rows = [row for name in parser.parse_args().models for row in rows_of(name)]
    print(write_figures("benchmarks.embedding", HEAD + "\n".join(rows) + "\n"))


def write_figures(script: str, table: str) -> str:
    """The table, which is now between the marks of the script in docs/embedding.md."""
    marks = rf"(<!-- figures: python -m {script} -->\n).*?(?=<!-- end of figures -->)"
    text = PAGE.read_text(encoding="utf-8")
    text, found = re.subn(marks, lambda m: m[1] + table, text, count=1, flags=re.DOTALL)
    assert found, f"{PAGE} has no figures of {script}"
    PAGE.write_text(text, encoding="utf-8")
    return table


def rows_of(name: str) -> list[str]:
    """A row for each style."""
    keras.utils.clear_session()
    job = Export(MODELS[name](), name, {})
    evidence = Evidence(test=self_test(job))
    rows = []
    for style in STYLES:
        memory = of_style(job, style)
        files = job.files("c", style, evidence=evidence)
        with tempfile.TemporaryDirectory() as folder:
            for file, text in files.items():
                (Path(folder) / file).write_bytes(
                    text if isinstance(text, bytes) else text.encode()
                )
            sizes = [code_bytes(Path(folder), name, level) for level in ("-Os", "-O2")]
            figures = [memory.weights, memory.workspace, *sizes, largest_frame(Path(folder), name)]
            error = run(Path(folder), sorted(file for file in files if file.endswith(".c")))
        cells = [name, style, *(f"{figure:,}" for figure in figures), error]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def compiled(folder: Path, name: str, *flags: str) -> None:
    compiler = MACHINE.compile.replace(BARE, "")
    command = [*shlex.split(compiler), "-std=c99", *flags, "-c", f"{name}.c", "-o", "unit.o"]
    subprocess.run(command, cwd=folder, check=True)


def code_bytes(folder: Path, name: str, level: str) -> int:
    """Of the functions, without constants."""
    compiled(folder, name, level)
    sizes = subprocess.run(
        ["arm-none-eabi-size", "-A", "unit.o"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sum(int(size) for size in re.findall(r"^\.text\S*\s+(\d+)", sizes, re.MULTILINE))


def largest_frame(folder: Path, name: str) -> int:
    """Of all functions, at -O2."""
    compiled(folder, name, "-O2", "-fstack-usage")
    lines = (folder / "unit.su").read_text().splitlines()
    return max(int(line.split("\t")[1]) for line in lines)


def run(folder: Path, sources: list[str]) -> str:
    """The self-test's largest error, in the emulator."""
    if MACHINE.missing:
        return "not run"
    said = MACHINE.execute(MACHINE.build(folder, sources)).stdout
    found = re.search(r"largest error (\S+) ", said)
    return found[1] if found else said


if __name__ == "__main__":
    main()
