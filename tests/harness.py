"""What tests share: a case's model with weights, its export, random inputs and Keras's outputs."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import keras
import ml_dtypes
import numpy as np
from typer.testing import CliRunner, Result

from kgen import targets
from kgen.cli import app
from kgen.compare import ATOL, RTOL
from kgen.conditioning import in_float64
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from kgen.plan import Plan, plan
from kgen.trace import reference
from tests import length_models
from tests.cases import all_cases

CASES = all_cases()
LENGTHS = {f"lengths/{name}": build for name, build in length_models.MODELS.items()}
"""Models with unknown dimensions, which give their bounds too."""
SAMPLES = 5
FLAGS = (*STRICT, "-O2")


def kgen_command(*arguments: object) -> Result:
    """`kgen ARGUMENTS`, in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class Run(NamedTuple):
    """Samples at some lengths, and what the model returns when it is called with them."""

    point: dict[str, int]
    inputs: list[np.ndarray]
    expected: list[np.ndarray]


@dataclass(frozen=True, eq=False)
class Case:
    """One case, exported once for all the tests of a process."""

    name: str

    @cached_property
    def export(self) -> Export:
        keras.utils.clear_session()
        model, bounds = LENGTHS[self.name]() if self.name in LENGTHS else (CASES[self.name](), {})
        randomize(model, zlib.crc32(self.name.encode()))
        return Export(model, "model", {}, max_shapes=bounds)

    @cached_property
    def runs(self) -> list[Run]:
        """One at each point; of a case whose sizes are all known the only one."""
        return [self._run(point) for point in self.export.points]

    def _run(self, point: dict[str, int]) -> Run:
        export = self.export
        inputs = export.samples(SAMPLES, seed=7, point=point)
        return Run(point, inputs, reference.outputs(export.model, export.signature, inputs))

    @property
    def inputs(self) -> list[np.ndarray]:
        return self.runs[0].inputs

    @property
    def expected(self) -> list[np.ndarray]:
        """What the model returns when it is called."""
        return self.runs[0].expected

    @cached_property
    def predicted(self) -> list[np.ndarray]:
        """What model.predict returns: the judge, but it takes seconds."""
        return reference.predictions(self.export.model, self.export.signature, self.inputs)

    @property
    def plan(self) -> Plan:
        return self.export.plan

    def run_numpy(self, plan: Plan | None = None) -> list[np.ndarray]:
        return targets.evaluate(plan or self.plan, self.inputs)

    @lru_cache  # noqa: B019  cases live as long as the process
    def files(self, target: str, style: str = "fast") -> dict[str, str]:
        return self.export.files(target, style)

    def run_c(self, style: str) -> list[np.ndarray]:
        return Library(self.files("c", style), flags=FLAGS).outputs(*self.inputs)

    def assert_agrees(self, found: list[np.ndarray]) -> None:
        """With the model; where calling it and predict differ (TensorFlow's convolutions with
        channels first), with predict.
        """
        try:
            self._assert_agrees(found, self.expected)
        except AssertionError:
            self._assert_agrees(found, self.predicted)

    def _assert_agrees(self, found: list[np.ndarray], expected: list[np.ndarray]) -> None:
        if self.export.precision is None:
            assert_close(found, expected)
        else:
            assert_no_worse(found, expected, self.exact, self.export.precision)

    @cached_property
    def exact(self) -> list[np.ndarray]:
        """The outputs in float64, of a model that rounds to fewer digits than float32 has."""
        return targets.evaluate(plan(in_float64(self.export.traced)), self.inputs)


def assert_no_worse(
    found: Sequence[np.ndarray],
    expected: Sequence[np.ndarray],
    exact: Sequence[np.ndarray],
    precision: str,
) -> None:
    """Every output within two units in the last place of the narrow type of what Keras says, or as
    near to the exact numbers as Keras is, but for one unit of the largest.
    """
    unit = float(ml_dtypes.finfo(precision).eps)
    assert len(found) == len(expected)
    for a, b, c in zip(found, expected, exact, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype or (a.dtype == np.float32 and b.dtype == "bfloat16")
        if b.dtype.kind in "biu":
            np.testing.assert_array_equal(a, b)
            continue
        a, b = a.astype(np.float64), b.astype(np.float64)
        if np.allclose(a, b, rtol=2 * unit, atol=np.finfo(np.float32).tiny, equal_nan=True):
            continue
        errors = [np.abs(np.nan_to_num(x) - np.nan_to_num(c)).max() for x in (a, b)]
        assert errors[0] <= errors[1] + unit * np.abs(c[np.isfinite(c)]).max(initial=0.0)


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


@lru_cache(maxsize=32)
def case(name: str) -> Case:
    return Case(name)


def randomize(model: keras.Model, seed: int) -> None:
    """Sets every weight to non-trivial random numbers: variances positive, scales about one."""
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        if not str(weight.dtype).startswith(("float", "bfloat")):
            continue
        if weight.name.endswith(
            ("_scale", "_scales", "_history", "g_idx")
        ):  # goes with quantized weights
            continue
        if weight.name in ("moving_variance", "gamma", "scale"):
            value = generator.uniform(0.5, 1.5, weight.shape)
        else:
            fan_in = int(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 4
            value = generator.standard_normal(weight.shape) * max(fan_in, 1) ** -0.5
        weight.assign(value.astype(str(weight.dtype)))
