"""AddressSanitizer and UndefinedBehaviorSanitizer say nothing, whatever the case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import program
from tests.harness import case
from tests.test_cases import each_case

pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")

# Not optimised: what the optimiser takes for granted, the sanitizers could no longer see.
FLAGS = ("-std=c99", "-g", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@each_case()
@pytest.mark.parametrize("style", ["readable", "fast"])
def test_sanitizers(name: str, style: str, tmp_path: Path) -> None:
    one = case(name)
    found = program.run(
        one.files("c", style),
        one.inputs,
        one.expected,
        tmp_path,
        flags=FLAGS if style == "readable" else (*FLAGS, "-march=native"),
        sequences=one.export.signature.batch_size or 1,
    )
    one.assert_agrees(found)
