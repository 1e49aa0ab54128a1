"""The fenced blocks of Markdown pages, and what it takes to run them."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgen.library import STRICT
from tests.harness import kgen_command

ROOT = Path(__file__).parent.parent

FENCE = re.compile(
    r"(?:<!-- (?P<note>not run: [^\n]*?|exits \d|prints|from: \S+) -->\n)?"
    r"^(?P<mark>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=mark)$",
    re.DOTALL | re.MULTILINE,
)

NOT_RUN = {
    "make": "its targets run these tests, or what they run; that they exist is checked",
    "pip": "it needs a package registry",
    "git": "it needs the repository's address",
    "cd": "the commands run in one folder",
    "ctest": "it needs CMake",
    "cmake": "it needs CMake",
}
"""Commands that are left out, and why."""

TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


@dataclass(frozen=True)
class Block:
    """language: c, python, sh, or one that is only to be read. note: from the comment before it."""

    line: int
    language: str
    text: str
    note: str

    @property
    def exit_code(self) -> int:
        return int(self.note.removeprefix("exits ")) if self.note.startswith("exits") else 0


def all_blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            text.count("\n", 0, one.start("mark")) + 1,
            one["language"],
            one["text"],
            one["note"] or "",
        )
        for one in FENCE.finditer(text)
    ]


def blocks(page: Path) -> list[Block]:
    """All but those whose comment says why they are not run, and excerpts of files."""
    return [one for one in all_blocks(page) if not one.note.startswith(("not run", "from"))]


def excerpts(page: Path) -> list[tuple[Block, str]]:
    """(block, path of the file that it is from)"""
    found = [one for one in all_blocks(page) if one.note.startswith("from: ")]
    return [(one, one.note.removeprefix("from: ")) for one in found]


@dataclass
class Reader:
    """Someone who does what a page says, from top to bottom, in the current folder."""

    page: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    said: str = ""
    """What the last kgen command or Python snippet printed."""

    def follow(self) -> None:
        for block in blocks(self.page):
            where = f"{self.page.relative_to(ROOT)}, line {block.line}"
            match block.language:
                case "python":
                    self._python(block, where)
                case "c":
                    self._c(block, where)
                case "cpp":
                    self._cpp(block, where)
                case "sh" | "console":
                    for command in commands(block.text):
                        self._command(command, block.exit_code, where)
                case "text" if block.note == "prints":
                    for part in re.split(r"^\s*\.\.\.$", block.text, flags=re.MULTILINE):
                        said = shape_of(self.said)
                        assert shape_of(part) in said, f"{where}: not printed, but {self.said}"
                case "text" | "":
                    pass
                case other:
                    raise AssertionError(f"{where}: nobody runs {other!r}; say text, or not run")

    def _python(self, block: Block, where: str) -> None:
        code = compile("\n" * block.line + block.text, str(self.page), "exec")
        said = io.StringIO()
        importlib.invalidate_caches()  # the commands before may have made a folder of Python's path
        try:
            with contextlib.redirect_stdout(said):
                exec(code, self.names)
        except Exception as error:
            raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
        self.said = said.getvalue()

    def _c(self, block: Block, where: str) -> None:
        """Compiles it, as the file that its first comment names, or main.c."""
        named = re.match(r"/\* (\w+\.c)", block.text)
        file = named[1] if named else "main.c"
        Path(file).write_text(block.text, encoding="utf-8")
        self._run(["cc", *STRICT, "-I.", "-Iout", "-c", file, "-o", "snippet.o"], 0, where)

    def _cpp(self, block: Block, where: str) -> None:
        if shutil.which("c++") is None:
            return
        Path("main.cpp").write_text(block.text, encoding="utf-8")
        flags = ["-std=c++17", *STRICT[1:], "-I.", "-Iout"]
        self._run(["c++", *flags, "-c", "main.cpp", "-o", "snippet.o"], 0, where)

    def _command(self, words: list[str], exit_code: int, where: str) -> None:
        program = words[0]
        if program == "kgen":
            result = kgen_command(*words[1:])
            self.said = result.output
            assert result.exit_code == exit_code, f"{where}: {words}\n{result.output}"
        elif program == "make":
            unknown = [word for word in words[1:] if "=" not in word and word not in TARGETS]
            assert not unknown, f"{where}: make has no target {unknown}"
        elif program not in NOT_RUN:
            assert "$" not in "".join(words), f"{where}: the shell's variables are not known here"
            self._run(words, exit_code, where)

    def _run(self, words: list[str], exit_code: int, where: str) -> None:
        line = [sys.executable if words[0] == "python" else words[0], *_found(words[1:])]
        env = os.environ | {"PYTHONPATH": os.pathsep.join((".", "out"))}
        result = subprocess.run(line, capture_output=True, text=True, check=False, env=env)
        said = f"{where}: {shlex.join(words)}\n{result.stdout}{result.stderr}"
        assert result.returncode == exit_code, said


def shape_of(text: str) -> str:
    """An output without its numbers, which other machines round in other ways, and line breaks."""
    return " ".join(re.sub(r"-?\d+\.\d*(e-?\d+)?", "#", text).split())


def _found(words: list[str]) -> Iterator[str]:
    """What the shell makes of out/*.c."""
    for word in words:
        yield from sorted(map(str, Path().glob(word))) if "*" in word else [word]


def commands(text: str) -> Iterator[list[str]]:
    """Line by line, without the prompt and comments; `a && b` is two."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            yield words[:end]
            words = words[end + 1 :]
