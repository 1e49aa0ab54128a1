"""Every case, every target and style, against Keras."""

from __future__ import annotations

import pytest

from kgen import targets
from kgen.passes import PASSES, optimize
from kgen.plan import plan
from tests.harness import CASES, case

pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")


def each_case() -> pytest.MarkDecorator:
    """Parametrises by case; all tests of a case run in one process, which exports it once."""
    params = [
        pytest.param(name, marks=pytest.mark.xdist_group(name), id=name) for name in sorted(CASES)
    ]
    return pytest.mark.parametrize("name", params)


@each_case()
def test_numpy(name: str) -> None:
    case(name).assert_agrees(case(name).run_numpy())


@each_case()
def test_numpy_text_with_its_weights(name: str) -> None:
    """The module as users get it, literals and all."""
    text = case(name).files("numpy")["model.py"]
    size = case(name).export.signature.batch_size
    case(name).assert_agrees(targets.run(text, case(name).inputs, size))


@each_case()
@pytest.mark.parametrize("style", ["readable", "fast"])
def test_c(name: str, style: str) -> None:
    case(name).assert_agrees(case(name).run_c(style))


@each_case()
def test_each_pass_off(name: str) -> None:
    traced = case(name).export.traced
    for apply in dict.fromkeys(p.__name__ for p in PASSES):
        graph = optimize(traced, without=[apply])
        case(name).assert_agrees(case(name).run_numpy(plan(graph)))
    case(name).assert_agrees(case(name).run_numpy(plan(traced)))


@each_case()
def test_plan_is_near_its_lower_bound(name: str) -> None:
    made = case(name).plan
    assert made.lower_bound <= made.workspace_bytes <= 1.2 * made.lower_bound
