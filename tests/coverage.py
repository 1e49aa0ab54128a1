"""docs/coverage.md: which layers and operations of the installed Keras the cases export.

`python -m tests.coverage` writes it, from what kgen meets while it traces every case and every
refused model: nothing counts as covered that no case traces.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import functools
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import keras
from keras import ops

from kgen.errors import ExportError
from kgen.trace import trace
from kgen.trace.table import REFUSED_LAYERS
from kgen.trace.tracer import Tracer
from tests.cases import all_cases
from tests.refused import OPTIONS, REFUSED

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"

HEAD = """\
# What kgen exports

Every layer and every operation of Keras {version}, and whether kgen exports it.

Covered is what a case in `tests/cases` traces: the tests export each of them to every target and
compare the results with Keras's. The rest is refused, with the reason. `make coverage` writes this
page.
"""

OPTIONS_HEAD = """\
All other options of these layers and operations export. Each row is a model in `tests/refused.py`,
and what kgen says of it."""

ABSTRACT = {"Layer": "the base of all layers", "Wrapper": "the base of wrappers"}
"""Classes of keras.layers that do nothing by themselves."""

UNUSABLE = {
    "vectorize": "Keras 3.15 itself refuses it on TensorFlow; use keras.ops.vectorized_map",
}
"""Operations that no model can have."""


@dataclass
class Met:
    """What was met while tracing: names of layer classes, operation classes, and functions."""

    layers: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)


def layers() -> list[str]:
    """The classes of keras.layers, each by its own name."""
    found = {value.__name__ for value in vars(keras.layers).values() if _is_layer(value)}
    return sorted(found)


def _is_layer(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, keras.Layer)


def operations() -> dict[str, Callable[..., Any]]:
    """The functions of keras.ops and keras.ops.image, which alone has names of its own."""
    found = {}
    for prefix, module in (("", ops), ("image.", ops.image)):
        for name, value in sorted(vars(module).items()):
            if inspect.isfunction(value):
                found[prefix + name] = value
    return found


def plain(name: str) -> str:
    """A name without what classes and functions differ in: LayerNorm, layer_normalization."""
    short = name.rpartition(".")[2].replace("_", "").lower()
    return short.replace("normalization", "norm")


@contextmanager
def recorded(met: Met) -> Iterator[None]:
    """Notes what the tracer meets, and which functions are called by name."""
    call_layer, call_operation = Tracer.call_layer, Tracer.call_operation

    def layer(self: Tracer, one: keras.Layer, args: Any, kwargs: Any) -> Any:
        met.layers.add(type(one).__name__)
        return call_layer(self, one, args, kwargs)

    def operation(self: Tracer, one: Any, args: Any, kwargs: Any) -> Any:
        met.operations.add(type(one).__name__)
        return call_operation(self, one, args, kwargs)

    def noted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            met.functions.add(name)
            return function(*args, **kwargs)

        return wrapper

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(Tracer, "call_layer", layer))
        stack.enter_context(mock.patch.object(Tracer, "call_operation", operation))
        for name, function in operations().items():
            module = ops.image if name.startswith("image.") else ops
            short = name.removeprefix("image.")
            stack.enter_context(mock.patch.object(module, short, noted(name, function)))
        yield


def met_by_cases() -> Met:
    met = Met()
    with recorded(met), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for make in all_cases().values():
            model = make()
            trace(model)
            # The tracer stands in for these.
            met.layers.update(
                type(one).__name__
                for one in model.layers
                if isinstance(one, keras.layers.InputLayer)
            )
    return met


def reasons() -> dict[str, str]:
    """Why operations are refused: what kgen says of a model with them."""
    return {**UNUSABLE, **refusals(REFUSED)}


def refusals(models: Mapping[str, Callable[[], keras.Model]]) -> dict[str, str]:
    """What kgen says of each model."""
    found = {}
    for name, make in models.items():
        try:
            trace(make())
        except ExportError as error:
            found[name] = _reason(str(error))
            continue
        raise AssertionError(f"{name} is exported: make a case of it")
    return found


def _reason(text: str) -> str:
    """The first problem, without the layer that it is in."""
    problem = text.splitlines()[1]
    return problem.partition("): ")[2] or problem


def page(met: Met, refused: dict[str, str], options: dict[str, str]) -> str:
    """The text of docs/coverage.md. refused, options: why operations and options are."""
    by_function = {id(function): set() for function in operations().values()}
    for name, function in operations().items():
        by_function[id(function)].add(name)
    met_plain = {plain(name) for name in met.operations}
    covered_operations, other_operations = [], []
    for name, function in operations().items():
        names = by_function[id(function)]
        hit = names & met.functions or any(plain(alias) in met_plain for alias in names)
        if hit and name not in refused:
            covered_operations.append(name)
        else:
            other_operations.append((name, refused.get(name, "no case has it")))
    covered_layers = [name for name in layers() if name in met.layers and name not in ABSTRACT]
    other_layers = [
        (name, ABSTRACT.get(name) or REFUSED_LAYERS.get(name, "no case has it"))
        for name in layers()
        if name not in covered_layers
    ]
    parts = [HEAD.format(version=keras.__version__)]
    parts += _section("Layers", covered_layers, other_layers)
    parts += _section("Operations of keras.ops", covered_operations, other_operations)
    parts += ["## Options that are refused", "", OPTIONS_HEAD, "", "| what | why |", "|---|---|"]
    parts += [*(f"| {name} | {reason} |" for name, reason in options.items()), ""]
    return "\n".join(parts)


def _section(title: str, covered: list[str], others: list[tuple[str, str]]) -> list[str]:
    count = f"{len(covered)} of {len(covered) + len(others)}"
    lines = [f"## {title}: {count}", ""]
    lines += ["| | NumPy | C, readable | C, fast | why not |", "|---|---|---|---|---|"]
    rows = {name: f"| `{name}` | yes | yes | yes | |" for name in covered}
    rows |= {name: f"| `{name}` | no | no | no | {reason} |" for name, reason in others}
    return [*lines, *(rows[name] for name in sorted(rows)), ""]


def current() -> str:
    """The page as it should be now."""
    return page(met_by_cases(), reasons(), refusals(OPTIONS))


def main() -> None:
    PAGE.write_text(current(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
