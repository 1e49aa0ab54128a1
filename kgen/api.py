"""What users call: a model as files, or compiled."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from kgen import checking, targets
from kgen.declared import Option, called_with
from kgen.errors import ExportError
from kgen.options import CodeOptions
from kgen.packages import LAYOUTS
from kgen.pipeline import Export, ModelOrPath, Progress, quiet
from kgen.plan import Plan
from kgen.ram_limit import fitted
from kgen.render.write import Files, write
from kgen.self_test import self_test
from kgen.targets.c_variants import VARIANTS
from kgen.targets.evidence import Evidence
from kgen.trace.bounds import MaxShapes


@dataclass(frozen=True)
class ExportOptions(CodeOptions):
    """What kgen.export is called with.

    Raises ExportError for what there is not, not together, or without effect.
    """

    model: Annotated[ModelOrPath, Option("A .keras or whole-model .h5 file, or a keras.Model.")]
    target: Annotated[str, Option("c (C99) or numpy.", choices=targets.TARGETS)] = "c"
    out: Annotated[str | Path | None, Option("The folder that the files are written to.")] = None
    _: KW_ONLY
    name: Annotated[
        str | None, Option("Of the files and functions; the file's or the model's by default.")
    ] = None
    check: Annotated[bool, Option("Compare with Keras on a sample first.")] = True
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
    custom: Annotated[
        str | Path | None, Option("A Python file, run first, that defines custom classes.")
    ] = None
    unsafe: Annotated[bool, Option("Load Lambda layers with pickled Python code.")] = False
    step: Annotated[
        bool,
        Option(
            "Export a recurrent model as a function of one time step, which remembers its states."
        ),
    ] = False
    weights_dtype: Annotated[
        str, Option("float16 or bfloat16 rounds kernels and embeddings to two bytes.")
    ] = "float32"
    progress: Annotated[Progress, Option("Is told what is being done.")] = quiet

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_effect(self.target)
        if self.step and not self.check:
            raise ExportError(
                "--no-check has no effect with --step: only numbers tell whether a model can be "
                "done step by step. Leave it out.",
                exit_code=2,
            )


@called_with(ExportOptions)
def export(given: ExportOptions) -> Files:
    """A trained Keras model as source code: {file name: text}, written to the folder `out`.

    Raises ExportError, naming all that can't be exported; nothing is written then.
    """
    progress = given.progress
    job = Export.of(
        given.model,
        name=given.name,
        input_shapes=given.input_shapes,
        custom=given.custom,
        unsafe=given.unsafe,
        step=given.step,
        max_shapes=given.max_shapes,
        weights_dtype=given.weights_dtype,
        progress=progress,
    )
    progress("tracing")
    if given.workspace == "stack" and job.plan.graph.states:
        raise ExportError(
            f"{job.name!r} is stateful, and a workspace on the stack forgets; take --workspace "
            "static or caller.",
        )
    form = given.form
    if given.ram_limit is not None:
        progress("fitting the limit of RAM")
        job, form = fitted(job, given.style, given.ram_limit, form)
    _warn_of_odd_weights(job.plan)
    evidence = Evidence()
    if given.check:
        progress("checking against Keras")
        evidence = checking.check(job)
    if given.with_test or given.package != "plain":
        progress("running model.predict for the self-test")
        evidence = replace(evidence, test=self_test(job))
    progress("writing source")
    files = job.files(
        given.target,
        given.style,
        form=form,
        evidence=evidence,
        package=given.package,
        cpp=given.cpp,
    )
    if given.out is not None:
        write(
            files,
            given.out,
            model=job.name,
            stale=_stale(job.name, given.package) if given.target == "c" else (),
        )
    return files


def _stale(name: str, package: str) -> list[str]:
    """Patterns of what another form of the same model's export may have left."""
    suffixes = ["_weights*.c", "_weights.bin", "_load.c", "_test.c", ".hpp"]
    suffixes += [f"_{one.name}.c" for one in VARIANTS]
    where = LAYOUTS[package]
    folders = {where.sources, where.headers, where.tests}
    return [f"{folder}{name}{suffix}" for folder in sorted(folders) for suffix in suffixes]


def _warn_of_odd_weights(plan: Plan) -> None:
    odd = [
        constant.note.partition(":")[0] or constant.name
        for constant in plan.graph.constants
        if constant.dtype.startswith("float") and not np.isfinite(constant.data).all()
    ]
    if odd:
        warnings.warn(f"weights with NaN or inf: {', '.join(odd)}", stacklevel=4)


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
