"""The pipeline from a model to files, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, TypeAlias

import keras
import numpy as np

from kgen import stepping, targets
from kgen.declared import Option
from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.ir.value import HALVES
from kgen.lengths import points
from kgen.load import load
from kgen.names import model_name
from kgen.options import LITERAL, Form
from kgen.passes import optimize
from kgen.passes.packing import store_halves
from kgen.plan import Plan, plan
from kgen.render.write import Files
from kgen.samples import samples
from kgen.targets.evidence import Evidence
from kgen.trace import precision, signature, trace_as
from kgen.trace.bounds import MaxShapes
from kgen.trace.rounding import marked, multiplied, with_rounded
from kgen.trace.signature import Signature

ModelOrPath: TypeAlias = str | Path | keras.Model
Progress: TypeAlias = Callable[[str], None]


def quiet(_: str) -> None:
    """Progress that nobody is told of."""


@dataclass(frozen=True)
class ModelOptions:
    """Which model, and how it is read: options that all functions have which trace one."""

    model: Annotated[ModelOrPath, Option("A .keras or whole-model .h5 file, or a keras.Model.")]
    _: KW_ONLY
    name: Annotated[
        str | None, Option("Of the files and functions; the file's or the model's by default.")
    ] = None
    input_shapes: Annotated[
        Mapping[str, Sequence[int]] | None,
        Option(
            'Sizes for unknown dimensions, by input name ("" for the only one), without the batch '
            "axis."
        ),
    ] = None
    max_shapes: Annotated[
        MaxShapes | None,
        Option(
            'Names and bounds for unknown dimensions that stay open: {"tokens": 512}, or {"": 512} '
            'for the only one; {"image": "height:256,width:256,3"} for those of one input. The C '
            "takes the lengths as arguments, and has memory for the bounds."
        ),
    ] = None
    weights_dtype: Annotated[
        str, Option("float16 or bfloat16 rounds kernels and embeddings to two bytes.")
    ] = "float32"
    custom: Annotated[
        str | Path | None, Option("A Python file, run first, that defines custom classes.")
    ] = None
    unsafe: Annotated[bool, Option("Load Lambda layers with pickled Python code.")] = False
    progress: Annotated[Progress, Option("Is told what is being done.")] = quiet


@dataclass(frozen=True, eq=False)
class Export:
    """A loaded model on its way to source: each stage is computed once, when it is first asked for.

    name: of the files, and the prefix of the C functions.
    without: names of passes to leave out.
    step: whether a call is to be one time step of a recurrent model.
    max_shapes: names and bounds of lengths that are known when the code runs.
    weights_dtype: what kernels and embeddings are rounded to.
    """

    model: keras.Model
    name: str
    input_shapes: Mapping[str, Sequence[int]]
    without: Collection[str] = ()
    step: bool = False
    max_shapes: MaxShapes = field(default_factory=dict)
    weights_dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.weights_dtype not in ("float32", *HALVES):
            raise ExportError(
                f"Weights can't be stored in {self.weights_dtype!r}; choose float32, "
                f"{' or '.join(HALVES)}.",
                exit_code=2,
            )

    @classmethod
    def of(cls, given: ModelOptions, *, step: bool = False) -> Export:
        given.progress("loading")
        model = load(given.model, unsafe=given.unsafe, custom=given.custom)
        in_memory = isinstance(given.model, keras.Model)
        return cls(
            model,
            model_name(given.name or (model.name if in_memory else Path(given.model).stem)),
            given.input_shapes or {},
            step=step,
            max_shapes=given.max_shapes or {},
            weights_dtype=given.weights_dtype,
        )

    @cached_property
    def signature(self) -> Signature:
        """Of the model; for a step's function, whose inputs are one step long, of sequences."""
        steps = stepping.STEPS if self.step else None
        return signature(self.model, self.input_shapes, steps, self.max_shapes)

    @cached_property
    def _original(self) -> Graph:
        """Of the model's own weights."""
        if self.step:
            return stepping.step_graph(self.model, self.signature)
        return trace_as(self.model, self.signature)

    @cached_property
    def rounded_weights(self) -> list[keras.Variable]:
        """Those of the model whose numbers the export rounds."""
        return [] if self.weights_dtype == "float32" else multiplied(self._original)

    def rounding(self) -> AbstractContextManager[None]:
        """Within, the model's weights are rounded as those of the export are, and what Keras
        computes is what the export has to.
        """
        return with_rounded(self.rounded_weights, self.weights_dtype)

    @cached_property
    def traced(self) -> Graph:
        if not self.rounded_weights:
            return self._original
        with self.rounding():
            own = replace(self)  # which has traced nothing yet
            return marked(own._original, self.rounded_weights, self.weights_dtype)

    @cached_property
    def graph(self) -> Graph:
        return self.optimized(self.traced)

    def optimized(self, graph: Graph) -> Graph:
        """A graph like the traced one after all passes."""
        halves = [one for one in (self.weights_dtype, self.precision) if one in HALVES]
        return store_halves(optimize(graph, without=self.without), halves)

    @cached_property
    def plan(self) -> Plan:
        return plan(self.graph)

    @property
    def versions(self) -> dict[str, str]:
        return {"kgen": version("kgen"), "keras": keras.__version__}

    def files(
        self,
        target: str,
        style: str,
        *,
        form: Form = LITERAL,
        evidence: Evidence | None = None,
        package: str = "plain",
        cpp: bool = False,
    ) -> Files:
        """{file name: text}"""
        return targets.render(
            self.plan,
            target,
            name=self.name,
            style=style,
            versions=self.versions,
            form=form,
            evidence=evidence,
            package=package,
            cpp=cpp,
        )

    @cached_property
    def precision(self) -> str | None:
        """The type of the fewest digits that the model computes in, if fewer than float32's."""
        return precision(self.traced)

    @property
    def points(self) -> list[dict[str, int]]:
        """Lengths to compare with Keras at; of a model whose sizes are all known, none once."""
        return points(self.traced.lengths)

    def samples(
        self, count: int, seed: int = 0, point: Mapping[str, int] | None = None
    ) -> list[np.ndarray]:
        """Random samples of the model's inputs, sequences for a step's function too.

        point: the lengths, by name; the bounds by default.
        """
        graph = trace_as(self.model, self.signature) if self.step else self.traced
        bounds = {one.name: one.bound for one in graph.lengths}
        return samples(graph.at(point or bounds), count, seed)

    def evaluated(
        self, inputs: Sequence[np.ndarray], like: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """What the plan's NumPy text returns for samples. like: what it should return."""
        if not self.step:
            return targets.evaluate(self.plan, inputs)
        calls = stepping.calls(inputs, self.signature, self.plan.graph)
        return stepping.joined(targets.evaluate_steps(self.plan, calls), like)
