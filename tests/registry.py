"""Packages that tests fetch with pip: models nobody here made, libraries to compare with."""

from __future__ import annotations

import subprocess
import sys

import pytest

NO_REGISTRY = ("connection broken by", "ConnectTimeout", "ReadTimeout", "(from versions: none)")
"""What pip says where it reaches no registry, or one that hasn't got the package."""


def pip(*arguments: object) -> None:
    """Runs pip; skips the test where it reaches no registry."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    said = result.stdout + result.stderr
    if result.returncode and any(words in said for words in NO_REGISTRY):
        pytest.skip(f"pip reaches no registry with what this needs: {said[-300:]}")
    assert result.returncode == 0, said
