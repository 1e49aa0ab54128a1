"""Exporting, compiling, running and comparing: does the source compute what model.predict does?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from kgen import targets
from kgen.checking import noise
from kgen.compare import Difference, difference
from kgen.declared import Option, called_with
from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.lengths import described
from kgen.library import OPTIMIZED, Library
from kgen.pipeline import Export, ModelOptions, Progress
from kgen.plan import plan
from kgen.trace import reference

VARIANTS = (("numpy", ""), ("c", "readable"), ("c", "fast"))


@dataclass(frozen=True)
class Comparison:
    """One output of one variant ("numpy", "c readable", "c fast") against model.predict."""

    variant: str
    output: str
    difference: Difference


@dataclass(frozen=True)
class Culprit:
    """The first layer whose values differ from Keras's, in the variant's order of execution."""

    variant: str
    layer: str
    difference: Difference


@dataclass(frozen=True)
class Report:
    """What `verify` found. samples: how many random ones were compared.

    rounding: of weights that are rounded, what that does to the model: how far its outputs are from
        those with its own weights. The comparisons are with the rounded model's.
    """

    name: str
    samples: int
    seed: int
    comparisons: tuple[Comparison, ...]
    culprits: tuple[Culprit, ...]
    rounding: tuple[Comparison, ...] = ()

    @property
    def ok(self) -> bool:
        return all(comparison.difference.ok for comparison in self.comparisons)


@dataclass(frozen=True, kw_only=True)
class VerifyOptions(ModelOptions):
    """What verify is called with."""

    count: Annotated[int, Option("How many random samples.")] = 8
    seed: Annotated[int, Option("Of the samples, which are random.")] = 0
    cc: Annotated[str, Option("The C compiler.")] = "cc"
    flags: Annotated[Sequence[str], Option("Of the compiler.")] = OPTIMIZED

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ExportError(f"{self.count} samples show nothing; take 1 or more.", exit_code=2)


@called_with(VerifyOptions)
def verify(given: VerifyOptions) -> Report:
    """Compares NumPy, and the readable and the fast C, with model.predict on `count` samples.

    Raises ExportError for a model that can't be exported, or a C compiler that fails.
    """
    job, progress, compiler = Export.of(given), given.progress, (given.cc, given.flags)
    progress("tracing")
    cases = [_case(job, point, given.count, given.seed, progress) for point in job.points]
    comparisons: list[Comparison] = []
    culprits: list[Culprit] = []
    for target, style in VARIANTS:
        variant = f"{target} {style}".strip()
        progress(f"running {variant}")
        run = _runner(job, job.graph, target, style, *compiler)
        for case in cases:
            here = variant + described(case.point, ", ")
            found = run(case.inputs)
            results = _compared(job, here, found, case.wanted)
            if not all(result.difference.ok for result in results):
                allowed = noise(job, case.inputs, case.point)
                results = _compared(job, here, found, case.wanted, allowed)
            comparisons += results
            if not all(result.difference.ok for result in results):
                progress(f"looking for the layer that differs in {here}")
                culprit = first_difference(job, target, style, case.inputs, *compiler)
                culprits += [replace(culprit, variant=here)] if culprit else []
    moved = tuple(one for case in cases for one in case.rounding)
    return Report(job.name, given.count, given.seed, tuple(comparisons), tuple(culprits), moved)


@dataclass(frozen=True, eq=False)
class _Case:
    """Samples of some lengths, what Keras says of them, and what rounding the weights does."""

    point: Mapping[str, int]
    inputs: list[np.ndarray]
    wanted: list[np.ndarray]
    rounding: list[Comparison]


def _case(
    job: Export, point: Mapping[str, int], count: int, seed: int, progress: Progress
) -> _Case:
    inputs = job.samples(count, seed, point)
    progress(f"running model.predict{described(point, ' with ')}")
    with job.rounding():
        wanted = reference.predictions(job.model, job.signature, inputs)
    if job.weights_dtype == "float32":
        return _Case(point, inputs, wanted, [])
    own = reference.predictions(job.model, job.signature, inputs)
    here = f"Keras, {job.weights_dtype}" + described(point, ", ")
    return _Case(point, inputs, wanted, _compared(job, here, wanted, own))


def _compared(
    job: Export,
    variant: str,
    found: Sequence[np.ndarray],
    wanted: Sequence[np.ndarray],
    noise: Sequence[float] | None = None,
) -> list[Comparison]:
    """Each output. noise: what rounding may do to it."""
    outputs = job.plan.graph.results
    return [
        Comparison(variant, value.name, difference(a, b, precision=job.precision, noise=one))
        for value, a, b, one in zip(
            outputs, found, wanted, noise or [0.0] * len(outputs), strict=True
        )
    ]


def first_difference(
    job: Export,
    target: str,
    style: str,
    inputs: Sequence[np.ndarray],
    cc: str,
    flags: Sequence[str],
) -> Culprit | None:
    """The first layer whose values differ: every layer's output is made an output of the model."""
    expected = {path: arrays[0] for path, arrays in _single_outputs(job, inputs)}
    graph = job.optimized(_observed(job.traced, set(expected)))
    found = _runner(job, graph, target, style, cc, flags)(inputs)
    by_name = {value.name: array for value, array in zip(graph.results, found, strict=True)}
    for path, wanted in expected.items():
        if path in by_name:
            gap = difference(by_name[path], wanted, precision=job.precision)
            if not gap.ok:
                return Culprit("", path, gap)
    return None


def _single_outputs(
    job: Export, inputs: Sequence[np.ndarray]
) -> list[tuple[str, list[np.ndarray]]]:
    """Layers that return one array and are called once."""
    with job.rounding():
        layers = reference.layer_outputs(job.model, job.signature, inputs)
    paths = [path for path, _ in layers]
    return [(p, arrays) for p, arrays in layers if len(arrays) == 1 and paths.count(p) == 1]


def _observed(graph: Graph, paths: set[str]) -> Graph:
    """The graph with the values named after these layers for outputs."""
    made = [node.output for node in graph.nodes if node.output.batch == 0]
    values = [value for value in made if value.name in paths and value.shape[:1] == (1,)]
    after = [value for _, value in graph.states]
    shown = dict.fromkeys(value for value in values if value not in after)
    return replace(graph, outputs=(*shown, *after)).with_nodes(graph.nodes)


def _runner(
    job: Export, graph: Graph, target: str, style: str, cc: str, flags: Sequence[str]
) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
    """The graph's outputs for inputs, by the source of one target."""
    planned = job.plan if graph is job.graph else plan(graph)
    if target == "numpy":
        return lambda inputs: targets.evaluate(planned, inputs)
    files = targets.render(planned, target, name=job.name, style=style, versions=job.versions)
    library = Library(files, cc=cc, flags=flags)
    return lambda inputs: library.outputs(*inputs)
