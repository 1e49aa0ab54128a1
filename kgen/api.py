"""What users call: a model as files, or compiled."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from kgen import checking, targets
from kgen.declared import Option, called_with, declared
from kgen.errors import ExportError
from kgen.library import OPTIMIZED, Library
from kgen.options import CodeOptions, LibraryOptions
from kgen.packages import LAYOUTS
from kgen.pipeline import Export, ModelOptions
from kgen.plan import Plan
from kgen.ram_limit import fitted
from kgen.render.write import Files, write
from kgen.self_test import self_test
from kgen.targets.c_variants import VARIANTS
from kgen.targets.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class SourceOptions(LibraryOptions, ModelOptions):
    """What export and build are called with alike.

    Raises ExportError for what there is not, or not together.
    """

    step: Annotated[
        bool,
        Option(
            "Export a recurrent model as a function of one time step, which remembers its states."
        ),
    ] = False
    check: Annotated[bool, Option("Compare with Keras on a sample first.")] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step and not self.check:
            raise ExportError(
                "--no-check has no effect with --step: only numbers tell whether a model can be "
                "done step by step. Leave it out.",
                exit_code=2,
            )


@dataclass(frozen=True)
class ExportOptions(CodeOptions, SourceOptions):
    """What export is called with.

    Raises ExportError for what there is not, not together, or without effect.
    """

    target: Annotated[str, Option("c (C99) or numpy.", choices=targets.TARGETS)] = "c"
    out: Annotated[str | Path | None, Option("The folder that the files are written to.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_effect(self.target)


@dataclass(frozen=True, kw_only=True)
class BuildOptions(SourceOptions):
    """What build is called with."""

    cc: Annotated[str, Option("The C compiler.")] = "cc"
    flags: Annotated[Sequence[str], Option("Of the compiler.")] = OPTIMIZED


@called_with(ExportOptions)
def export(given: ExportOptions) -> Files:
    """A trained Keras model as source code: {file name: text}, written to the folder `out`.

    Raises ExportError, naming all that can't be exported; nothing is written then.
    """
    progress = given.progress
    job = Export.of(given, step=given.step)
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


@called_with(BuildOptions)
def build(given: BuildOptions) -> Library:
    """The model compiled by the system's C compiler: has `predict(*inputs)`, on batches.

    Raises ExportError for a model that can't be exported, or a C compiler that fails.
    """
    alike = {one.name: getattr(given, one.name) for one in declared(SourceOptions)}
    return Library(export(**alike), cc=given.cc, flags=given.flags)
