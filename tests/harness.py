"""What tests share: a case's model with weights, its export, random inputs and Keras's outputs."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import keras
import numpy as np

from kgen import targets
from kgen.api import Export
from kgen.compare import ATOL, RTOL
from kgen.ir.graph import Graph
from kgen.library import STRICT, Library
from kgen.plan import Plan
from kgen.trace import reference
from tests.cases import all_cases

CASES = all_cases()
SAMPLES = 3
FLAGS = (*STRICT, "-O2")


@dataclass(frozen=True, eq=False)
class Case:
    """One case, exported once for all the tests of a process."""

    name: str

    @cached_property
    def export(self) -> Export:
        keras.utils.clear_session()
        model = CASES[self.name]()
        randomize(model, zlib.crc32(self.name.encode()))
        return Export(model, "model", {})

    @cached_property
    def inputs(self) -> list[np.ndarray]:
        return self.export.samples(SAMPLES, seed=7)

    @cached_property
    def expected(self) -> list[np.ndarray]:
        return reference.outputs(self.export.model, self.export.signature, self.inputs)

    @property
    def plan(self) -> Plan:
        return self.export.plan

    def run_numpy(self, plan: Plan | None = None) -> list[np.ndarray]:
        return targets.evaluate(plan or self.plan, self.inputs)

    @lru_cache  # noqa: B019  cases live as long as the process
    def files(self, target: str, style: str = "fast") -> dict[str, str]:
        return self.export.files(target, style)

    def run_c(self, style: str) -> list[np.ndarray]:
        results = Library(self.files("c", style), flags=FLAGS).predict(*self.inputs)
        return list(results) if isinstance(results, tuple) else [results]

    def assert_agrees(self, found: list[np.ndarray]) -> None:
        assert_close(found, self.expected)


def assert_close(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    """Every output, at the one tolerance: ATOL is of the output's scale."""
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        if b.dtype.kind == "f":
            finite = np.abs(b[np.isfinite(b)])
            np.testing.assert_allclose(a, b, rtol=RTOL, atol=ATOL * finite.max(initial=0.0))
        else:
            np.testing.assert_array_equal(a, b)


@lru_cache(maxsize=8)
def case(name: str) -> Case:
    return Case(name)


def randomize(model: keras.Model, seed: int) -> None:
    """Sets every weight to non-trivial random numbers: variances positive, scales about one."""
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        if not str(weight.dtype).startswith(("float", "bfloat")):
            continue
        if weight.name in ("moving_variance", "gamma", "scale"):
            value = generator.uniform(0.5, 1.5, weight.shape)
        else:
            fan_in = int(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 4
            value = generator.standard_normal(weight.shape) * max(fan_in, 1) ** -0.5
        weight.assign(value.astype(str(weight.dtype)))


def with_all_outputs(graph: Graph) -> Graph:
    """The graph with every value that has a batch axis in front for an output."""
    values = [node.output for node in graph.nodes if node.output.batch == 0]
    after = [value for _, value in graph.states]
    shown = dict.fromkeys(value for value in values if value not in after)
    return replace(graph, outputs=(*shown, *after))
