"""What README.md and docs/ say is so: every command and snippet runs, every number is computed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import typer
from keras import Input, Sequential, layers

from kgen.cli import app
from kgen.options import FORMS, WORKSPACES
from kgen.packages import LAYOUTS
from tests.generated_models import sentiment, with_dyadic_weights
from tests.layer_examples import EXAMPLES
from tests.layer_pages import PAGES, examples_in, filled, pages
from tests.markdown import NOT_RUN, ROOT, Reader, blocks, commands, excerpts

READ = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def words(text: str) -> tuple[list[str], list[float]]:
    """What a page says, and its numbers, whatever their digits do to the spaces around them."""
    return NUMBER.sub("#", text).split(), [float(number) for number in NUMBER.findall(text)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_worked_examples_are_what_explain_finds(page: Path) -> None:
    """To the last digit but one: another machine's sums round in another way."""
    said, numbers = words(page.read_text(encoding="utf-8"))
    should_say, computed = words(filled(page))
    assert said == should_say, "stale: run `python -m tests.layer_pages`"
    np.testing.assert_allclose(numbers, computed, rtol=0, atol=2e-6)


def test_all_examples_are_on_a_page() -> None:
    found = [name for page in pages() for name in examples_in(page)]
    assert sorted(found) == sorted(EXAMPLES)
    assert PAGES / "index.md" in pages()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages take for given: models and arrays by the names that they use."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "examples").mkdir()
    for place in ("xor.keras", "examples/xor.keras"):
        shutil.copy(ROOT / "examples" / "xor.keras", folder / place)
    model = keras.saving.load_model(folder / "xor.keras", compile=False)
    model.save(folder / "model.keras")
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    np.save(folder / "x.npy", x)
    kernel, bias, *_ = model.get_weights()
    z1 = x[:2] @ kernel.reshape(4, 2).T + bias
    np.savez(folder / "mine.npz", z1=z1, a1=1 / (1 + np.exp(-z1)))
    sequence = [Input((None, 3), name="steps"), layers.GRU(4, name="gru"), layers.Dense(2)]
    Sequential(sequence).save(folder / "gesture.keras")
    with_dyadic_weights(sentiment()).save(folder / "sentiment.keras")
    return folder


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_snippets_run(
    page: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, in one folder."""
    if not blocks(page):
        pytest.skip("there is none")
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "out")
    before = set(sys.modules)
    try:
        Reader(page).follow()
    finally:
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                del sys.modules[name]


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_excerpts_are_what_the_files_have(page: Path) -> None:
    for block, path in excerpts(page):
        assert block.text in (ROOT / path).read_text(encoding="utf-8"), (path, block.line)


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_command_escapes(page: Path) -> None:
    """Commands stand in fenced blocks, which are run."""
    text = page.read_text(encoding="utf-8")
    assert not re.findall(rf"^    (?:kgen|cc|python|{'|'.join(NOT_RUN)}) .*$", text, re.MULTILINE)


def test_readme_counts_what_coverage_counts() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    coverage = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    (layer_counts,) = re.findall(r"^## Layers: (\d+) of (\d+)", coverage, re.MULTILINE)
    (ops_counts,) = re.findall(r"^## Operations of keras.ops: (\d+) of (\d+)", coverage, re.M)
    assert "{} of Keras's {}".format(*layer_counts) in readme
    assert "{} of the {} functions of `keras.ops`".format(*ops_counts) in readme


def test_all_choices_are_explained() -> None:
    page = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    for choice in (*LAYOUTS, *FORMS, *WORKSPACES):
        assert f"\n| `{choice}`" in page, choice


def test_every_option_is_somewhere() -> None:
    """As `kgen export --help` lists them."""
    pages = "".join(page.read_text(encoding="utf-8") for page in READ)
    for command in typer.main.get_command(app).commands.values():
        for option in command.params:
            if option.param_type_name == "option":
                names = (*option.opts, *option.secondary_opts)
                assert any(name in pages for name in names), (command.name, names)


def test_links_lead_somewhere() -> None:
    for page in READ:
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.relative_to(ROOT)}: {link}"


def test_the_site_builds(tmp_path: Path) -> None:
    """Every page is in mkdocs.yml, and every link between pages leads to one."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "layers" / "recurrent.html").is_file()
    assert not list(tmp_path.rglob("*.py"))


def test_a_wrong_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tests.markdown.ROOT", tmp_path)
    page = tmp_path / "page.md"
    for text, said in (
        ("```python\nassert 1 == 2\n```\n", "page.md, line 1: AssertionError"),
        ("```sh\nkgen export nowhere.keras\n```\n", "nowhere.keras"),
        ("```sh\nmake nothing\n```\n", "no target"),
        ("<!-- prints -->\n```text\nno such line\n```\n", "not printed"),
        ("```c\nint f(void) { return x; }\n```\n", "undeclared"),
        ("text\n\n```rust\nfn\n```\n", "line 3: nobody runs 'rust'"),
    ):
        page.write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError, match=said):
            Reader(page).follow()
    page.write_text("<!-- not run: why -->\n```python\n1 / 0\n```\n", encoding="utf-8")
    Reader(page).follow()


def test_commands_of_a_block() -> None:
    text = "$ kgen export \\\n  a.keras  # writes a.c\n\ncc a.c && ./a.out 'x y'\n"
    assert list(commands(text)) == [
        ["kgen", "export", "a.keras"],
        ["cc", "a.c"],
        ["./a.out", "x y"],
    ]
