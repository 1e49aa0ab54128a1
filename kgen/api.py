"""The pipeline from a model to files, and what is built on it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np

from kgen import stepping, targets
from kgen.compare import Difference, difference
from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.ir.value import HALVES
from kgen.lengths import described, points
from kgen.load import load
from kgen.names import model_name
from kgen.packages import layout
from kgen.passes import optimize
from kgen.passes.packing import store_halves
from kgen.plan import Plan, plan
from kgen.render.write import Files, write
from kgen.samples import samples
from kgen.self_test import self_test
from kgen.targets.c_variants import VARIANTS
from kgen.targets.evidence import Evidence
from kgen.targets.weight_forms import LITERAL, Form
from kgen.trace import precision, reference, signature, trace_as
from kgen.trace.bounds import MaxShapes
from kgen.trace.rounding import marked, multiplied, with_rounded
from kgen.trace.signature import Signature

ModelOrPath: TypeAlias = "str | Path | keras.Model"
Progress: TypeAlias = Callable[[str], None]

CHECK_SAMPLES = 2
TYPICAL_SAMPLES = 64
CHECK_RTOL = 1e-3
CHECK_ATOL = 1e-4


def _quiet(_: str) -> None:
    pass


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
    def of(
        cls,
        model: ModelOrPath,
        *,
        name: str | None = None,
        input_shapes: Mapping[str, Sequence[int]] | None = None,
        custom: str | Path | None = None,
        unsafe: bool = False,
        without: Collection[str] = (),
        step: bool = False,
        max_shapes: MaxShapes | None = None,
        weights_dtype: str = "float32",
        progress: Progress = _quiet,
    ) -> Export:
        progress("loading")
        loaded = load(model, unsafe=unsafe, custom=custom)
        hint = name or (loaded.name if isinstance(model, keras.Model) else Path(model).stem)
        shapes = (input_shapes or {}, without, step, max_shapes or {})
        return cls(loaded, model_name(hint), *shapes, weights_dtype)

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
    def _rounded_weights(self) -> list[keras.Variable]:
        return [] if self.weights_dtype == "float32" else multiplied(self._original)

    def rounding(self) -> AbstractContextManager[None]:
        """Within, the model's weights are rounded as those of the export are, and what Keras
        computes is what the export has to.
        """
        return with_rounded(self._rounded_weights, self.weights_dtype)

    @cached_property
    def traced(self) -> Graph:
        if not self._rounded_weights:
            return self._original
        with self.rounding():
            own = replace(self)  # which has traced nothing yet
            return marked(own._original, self._rounded_weights, self.weights_dtype)

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

    def check(self) -> Evidence:
        """Runs the NumPy text of the plan on samples and holds it against Keras, at several
        lengths if it has any.

        Raises ExportError if they disagree.
        """
        found = [self._check_at(point, number) for number, point in enumerate(self.points)]
        return Evidence(
            sum(one.samples for one in found),
            max(one.parity or 0.0 for one in found),
            weights_dtype=self.weights_dtype,
            rounding=max(one.rounding for one in found),
        )

    def _check_at(self, point: Mapping[str, int], number: int) -> Evidence:
        """number: of the point; one sample is enough at all but the first, small ones."""
        # Of a stateful model one batch: its second one would go on where the first one ended.
        count = (self.step and self.signature.batch_size) or (1 if number > 1 else CHECK_SAMPLES)
        inputs = self.samples(count, point=point)
        # model.predict is the judge, but compiling it takes seconds; mostly the model will do.
        with self.rounding():
            likely = reference.outputs(self.model, self.signature, inputs)
        found = self.evaluated(inputs, likely)
        gaps = self._differences(found, likely)
        if not all(gap.ok for gap in gaps):
            with self.rounding():
                wanted = reference.predictions(self.model, self.signature, inputs)
            gaps = self._differences(found, wanted, self._typical(point))
        for output, gap in zip(self.plan.graph.results, gaps, strict=True):
            if gap.ok:
                continue
            if self.step:
                raise ExportError(
                    f"{self.name!r} can't be exported as a function of one step: step by step, "
                    f"output {output.name!r} is another than for the whole sequence. Something "
                    "besides recurrent layers reaches over several steps: a convolution, pooling "
                    "or attention. Export the recurrent part by itself, or all of it without "
                    "--step."
                )
            elsewhere = (
                "Where Keras does something else at this length than at most, as CenterCrop does "
                "of images smaller than its own, pin it with --input-shape. Else this is a "
                if point
                else "This is a "
            )
            raise ExportError(
                f"The export of {self.name!r} disagrees with Keras: output {output.name!r} differs "
                f"by {gap.absolute:.3g} on a random sample{described(point, ' of ')}. {elsewhere}"
                "mistake in kgen, or in what Keras runs on (TensorFlow computes some convolutions "
                "with channels first wrong on a CPU); `kgen verify` names the layer, and "
                "--no-check exports all the same."
            )
        parity = max((gap.relative for gap in gaps), default=0.0)
        moved = 0.0
        if self._rounded_weights:
            before = reference.outputs(self.model, self.signature, inputs)
            moved = max(difference(a, b).relative for a, b in zip(likely, before, strict=True))
        return Evidence(len(inputs[0]), parity, rounding=moved)

    def _typical(self, point: Mapping[str, int]) -> list[np.ndarray] | None:
        """The outputs for some more samples, to tell how large they are: two may be small only
        because what gave them cancelled out, as GELU does below -4. None of a stateful model.
        """
        if self.step or self.signature.batch_size:
            return None
        inputs = self.samples(TYPICAL_SAMPLES, seed=1, point=point)
        return reference.outputs(self.model, self.signature, inputs)

    def _differences(
        self,
        found: Sequence[np.ndarray],
        wanted: Sequence[np.ndarray],
        typical: Sequence[np.ndarray] | None = None,
    ) -> list[Difference]:
        """Of each output; ok if rounding explains it."""
        more = list(typical) if typical else [None for _ in wanted]
        return [
            difference(
                a, b, precision=self.precision, rtol=CHECK_RTOL, atol=CHECK_ATOL, typical=one
            )
            for a, b, one in zip(found, wanted, more, strict=True)
        ]


def export(
    model: ModelOrPath,
    target: str = "c",
    out: str | Path | None = None,
    *,
    name: str | None = None,
    style: str = "fast",
    check: bool = True,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    custom: str | Path | None = None,
    unsafe: bool = False,
    step: bool = False,
    max_shapes: MaxShapes | None = None,
    weights: str = "literal",
    weights_dtype: str = "float32",
    weights_section: str | None = None,
    workspace: str = "static",
    threads: bool = False,
    dispatch: bool = False,
    winograd: bool = True,
    ram_limit: str | None = None,
    with_test: bool = False,
    cpp: bool = False,
    package: str = "plain",
    progress: Progress = _quiet,
) -> Files:
    """A trained Keras model as source code: {file name: text}, written to the folder `out`.

    model: a .keras or whole-model .h5 file, or a keras.Model.
    target: "c" (C99) or "numpy". style: of the C, "fast", "readable" or "small".
    name: of the files and functions; the file's or the model's by default.
    check: compare with Keras on a sample first.
    input_shapes: sizes for unknown dimensions, by input name ("" for the only one), without the
        batch axis.
    custom: a Python file with custom classes. unsafe: allow Lambda layers with pickled code.
    step: export a recurrent model as a function of one time step, which remembers its states.
    max_shapes: names and bounds for unknown dimensions that stay open: {"tokens": 512}, or {"":
        512} for the only one; {"image": "height:256,width:256,3"} for those of one input. The C
        takes the lengths as arguments, and has memory for the bounds.
    weights: of the C, "literal" (decimal numbers), "string" (their bytes, quick to compile),
        "incbin", "embed" or "file" (in NAME_weights.bin, which the assembler, #embed or, when the
        program runs, NAME_load reads).
    weights_dtype: "float16" or "bfloat16" rounds kernels and embeddings to two bytes.
    weights_section: the section of the object file that they are put into.
    workspace: where NAME_predict's is: "static", "stack", or with the "caller": then there is only
        NAME_run.
    threads: of the fast C: OpenMP shares the large loops, if the compiler is told to (-fopenmp).
    dispatch: of the fast C: one library for processors with SSE2, AVX2 or AVX-512, which asks when
        it runs which one it is on.
    winograd: of the fast C: convolutions of 3x3 take fewer products where that is faster; their
        weights then take up to 3.3 times as much memory, and rounding errors are larger.
    ram_limit: of the library's workspaces: bytes, "64k" or "2M". The style's fastest plan that fits
        is taken; a model for which there is none is refused.
    with_test: add NAME_test.c, a program that compares the C with Keras's results on a few samples.
    cpp: add NAME.hpp, which wraps the C for C++17.
    package: "plain", "cmake", "python", "arduino", "esp-idf", "zephyr" or "wasm": a folder that the
        build system takes as it is, with the self-test.
    Raises ExportError, naming all that can't be exported; nothing is written then.
    """
    targets.check_choice(target, style)
    if with_test and target != "c":
        raise ExportError("A self-test is a C program; export with the target 'c'.", exit_code=2)
    form = Form(weights, weights_section, workspace, threads, dispatch, winograd)
    layout(package)
    if threads and style != "fast":
        raise ExportError(f"Threads are the fast style's; leave --style {style} out.", exit_code=2)
    if dispatch and style != "fast":
        raise ExportError(
            f"--dispatch is the fast style's: leave --style {style} out.", exit_code=2
        )
    if target != "c" and (form != LITERAL or package != "plain" or cpp or ram_limit):
        raise ExportError(
            "Packages, C++, workspaces, threads, dispatch, Winograd's convolutions, a limit of "
            "RAM, and forms and sections of weights are the C target's; export with the target "
            "'c'.",
            exit_code=2,
        )
    job = Export.of(
        model,
        name=name,
        input_shapes=input_shapes,
        custom=custom,
        unsafe=unsafe,
        step=step,
        max_shapes=max_shapes,
        weights_dtype=weights_dtype,
        progress=progress,
    )
    progress("tracing")
    if workspace == "stack" and job.plan.graph.states:
        raise ExportError(
            f"{job.name!r} is stateful, and a workspace on the stack forgets; take --workspace "
            "static or caller.",
        )
    if ram_limit is not None:
        from kgen.ram_limit import fitted

        progress("fitting the limit of RAM")
        job, form = fitted(job, style, ram_limit, form)
    _warn_of_odd_weights(job.plan)
    evidence = Evidence()
    if check or step:  # only numbers tell whether a model can be done step by step
        progress("checking against Keras")
        evidence = job.check()
    if with_test or package != "plain":
        progress("running model.predict for the self-test")
        evidence = replace(evidence, test=self_test(job))
    progress("writing source")
    files = job.files(target, style, form=form, evidence=evidence, package=package, cpp=cpp)
    if out is not None:
        write(files, out, own=job.name, stale=_stale(job.name) if target == "c" else ())
    return files


def _stale(name: str) -> list[str]:
    """Patterns of what another form of the same model's export may have left."""
    suffixes = ["_weights*.c", "_weights.bin", "_load.c", "_test.c", ".hpp"]
    suffixes += [f"_{one.name}.c" for one in VARIANTS]
    return [
        pattern for suffix in suffixes for pattern in (f"{name}{suffix}", f"src/{name}{suffix}")
    ]


def _warn_of_odd_weights(plan: Plan) -> None:
    odd = [
        constant.note.partition(":")[0] or constant.name
        for constant in plan.graph.constants
        if constant.dtype.startswith("float") and not np.isfinite(constant.data).all()
    ]
    if odd:
        warnings.warn(f"weights with NaN or inf: {', '.join(odd)}", stacklevel=3)


def build(
    model: ModelOrPath,
    *,
    style: str = "fast",
    cc: str = "cc",
    flags: Sequence[str] | None = None,
    **options: Any,
) -> Any:
    """The model compiled by the system's C compiler: has `predict(*inputs)`, on batches.

    options: as of `export`.
    """
    from kgen.library import Library

    files = export(model, "c", style=style, **options)
    return Library(files, cc=cc) if flags is None else Library(files, cc=cc, flags=flags)
