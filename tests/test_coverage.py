"""docs/coverage.md says what the cases cover: a matter of seconds, as nothing is exported."""

from __future__ import annotations

import difflib

import keras
import pytest

from tests.coverage import PAGE, current


def test_coverage_page_is_fresh() -> None:
    committed = PAGE.read_text(encoding="utf-8")
    if f"Keras {keras.__version__}," not in committed:
        pytest.skip("the page is about another version of Keras")
    diff = difflib.unified_diff(committed.splitlines(), current().splitlines(), "committed", "now")
    lines = "\n".join(diff)
    assert not lines, f"docs/coverage.md is stale: run `make coverage`\n{lines}"
