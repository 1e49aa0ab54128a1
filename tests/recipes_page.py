"""The list of layers in docs/diagnose.md: `python -m tests.recipes_page` writes it into the page,
between `<!-- recipes -->` and `<!-- end -->`, from the registry.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import keras

from kgen.diagnosis import layers  # noqa: F401  it fills the registry
from kgen.diagnosis.registry import RECIPES

PAGE = Path(__file__).parent.parent / "docs" / "diagnose.md"
PLACE = re.compile(r"(<!-- recipes -->\n).*?(<!-- end -->)", re.DOTALL)
WIDTH = 128

TRAINING = ("Random", "Aug", "Rand", "MixUp", "CutMix", "GaussianNoise", "Activity")
"""How the names begin of layers that do nothing at inference."""

NOT_COMPUTED = {
    "Layer", "Wrapper", "InputLayer", "Pipeline", "MaxNumBoundingBoxes",
    "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper",
    "TimeDistributed", "SpectralNormalization",
    "LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells",
}  # fmt: skip
"""Bases, other libraries' layers, and what is judged as the layer or loop that it belongs to."""


def keras_layers() -> list[str]:
    """Keras's layers by their own names, aliases left out."""
    found = inspect.getmembers(keras.layers, inspect.isclass)
    return [n for n, c in found if issubclass(c, keras.layers.Layer) and c.__name__ == n]


def lines() -> Iterator[str]:
    """A line for each module that has recipes."""
    groups: dict[str, list[str]] = {}
    for name, function in RECIPES.items():
        groups.setdefault(function.__module__, []).append(f"`{name}`")
    yield from (f"- {', '.join(names)}" for names in groups.values())
    yield ""
    others = [n for n in keras_layers() if n not in RECIPES and n not in NOT_COMPUTED]
    others = [f"`{name}`" for name in others if not name.startswith(TRAINING)]
    yield f"and these Keras calls again: {', '.join(others)}."


def wrapped(line: str) -> str:
    """Broken where a line of the page would be too long."""
    rows = [""]
    for word in line.split(" "):
        if len(rows[-1]) + len(word) >= WIDTH:
            rows.append("  " if line.startswith("- ") else "")
        rows[-1] += f"{' ' if rows[-1].strip() else ''}{word}"
    return "\n".join(rows)


def filled() -> str:
    """The page with the list as it should be now."""
    text = "\n".join(map(wrapped, lines()))
    old = PAGE.read_text(encoding="utf-8")
    return PLACE.sub(lambda place: f"{place[1]}\n{text}\n\n{place[2]}", old)


if __name__ == "__main__":
    PAGE.write_text(filled(), encoding="utf-8", newline="\n")
