"""The worked examples of docs/layers: `python -m tests.layer_pages` writes them into the pages.

The pages are written by hand, but for what stands between `<!-- example: NAME -->` and
`<!-- end -->`: there is what `kgen.explain` finds of that example of tests/layer_examples.py.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

import numpy as np

import kgen
from kgen.explanation.arrays import numbers
from kgen.explanation.notation import text as formula_text
from kgen.explanation.report import Explanation, LayerReport, Named, Step, Weight
from kgen.trace import reference
from tests.layer_examples import EXAMPLES, with_quarters

PAGES = Path(__file__).parent.parent / "docs" / "layers"

PLACE = re.compile(r"(<!-- example: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

STEPS_SHOWN = 2
"""Of a loop over time."""

INDENT = "    "


def explained(name: str) -> Explanation:
    """Raises AssertionError if Keras's numbers are others."""
    example = EXAMPLES[name]
    # Calling the model is as good a judge as model.predict here, and needs no compilation.
    with mock.patch.object(reference, "predictions", reference.outputs):
        found = kgen.explain(with_quarters(example.model()), example.x)
    assert found.ok, f"{name}: {found.verdict}"
    return found


def example(name: str) -> str:
    """The Markdown of an example."""
    found = explained(name)
    return "\n".join(line for layer in found.layers for line in _layer(layer, found.inputs))


def _layer(layer: LayerReport, inputs: Sequence[Named]) -> Iterator[str]:
    yield f"\n`{layer.summary or layer.kind}`\n"
    yield "```text"
    yield from map(formula_text, layer.formulas)
    yield from (f"where {formula_text(meaning)}" for meaning in layer.functions)
    yield layer.shapes
    yield "```\n"
    if layer.weights:
        yield "| weight | in Keras | `get_weights()` | shape | in memory |"
        yield "|---|---|--:|---|---|"
        yield from map(_weight, layer.weights)
        yield ""
    yield "```text"
    for one in layer.inputs:
        yield from _array(formula_text(one.symbol), one.array)
    for weight in layer.weights:
        yield from _array(formula_text(weight.symbol), weight.array)
    yield from _steps(layer)
    yield "```\n"


def _weight(weight: Weight) -> str:
    own = weight.name.partition("/")[2]
    order = formula_text(weight.memory_order).removesuffix(" of the literal array")
    note = f"; {weight.note}" if weight.note else ""
    symbol = formula_text(weight.symbol)
    return f"| {symbol} | `{own}` | {weight.index} | `{weight.shape}` | {order}{note} |"


def _steps(layer: LayerReport) -> Iterator[str]:
    looped: list[Step] = []
    for step in layer.steps:
        if step.loops:
            looped.append(step)
            continue
        yield from _loop(looped)
        looped = []
        by = f", {step.layer}" if step.layer != layer.name else ""
        for made in step.made:
            what = f"{formula_text(step.formula)}   ({step.title}{by})"
            yield from _array(what, made.array)


def _loop(steps: Sequence[Step]) -> Iterator[str]:
    """The steps of a loop, for the first steps of time."""
    total = max((step.made[0].array.shape[1] for step in steps), default=0)
    for t in range(min(STEPS_SHOWN, total)):
        yield f"t = {t + 1}"
        seen: set[str] = set()
        for step in steps:
            for read in step.reads:
                given = read.loops and read.symbol.endswith(("_t", "_{t-1}"))
                if given and read.symbol not in seen:
                    yield from _array(formula_text(read.symbol), _at(read, t), INDENT)
                seen.add(read.symbol)
            for made in step.made:
                seen.add(made.symbol)
                yield from _array(formula_text(step.formula), _at(made, t), INDENT)
    if total > STEPS_SHOWN:
        yield f"... and {total - STEPS_SHOWN} more"


def _at(one: Named, t: int) -> np.ndarray:
    return np.take(one.array, min(t, one.array.shape[1] - 1), 1)


def _array(what: str, array: np.ndarray, indent: str = "") -> Iterator[str]:
    """What it is, its shape, and its numbers, without axes of length 1 where there are many."""
    shown = array
    if array.ndim > 2 and 1 in array.shape:
        shown = np.squeeze(array)
    lines = numbers(shown if shown.ndim else shown.reshape(1)).split("\n")
    if len(lines) == 1:
        yield f"{indent}{what}  {array.shape}  {lines[0]}"
        return
    yield f"{indent}{what}  {array.shape}"
    yield from (f"{indent}{INDENT}{line}".rstrip() for line in lines)


def pages() -> list[Path]:
    return sorted(PAGES.glob("*.md"))


def examples_in(page: Path) -> list[str]:
    return [name for _, name, _ in PLACE.findall(page.read_text(encoding="utf-8"))]


def filled(page: Path) -> str:
    """The page with its examples as they should be now."""
    old = page.read_text(encoding="utf-8")
    return PLACE.sub(lambda place: f"{place[1]}{example(place[2])}{place[3]}", old)


def main() -> None:
    for page in pages():
        page.write_text(filled(page), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
