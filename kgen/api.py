"""What users call: a model as files, or compiled."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kgen import checking, targets
from kgen.errors import ExportError
from kgen.packages import layout
from kgen.pipeline import Export, ModelOrPath, Progress, quiet
from kgen.plan import Plan
from kgen.render.write import Files, write
from kgen.self_test import self_test
from kgen.targets.c_variants import VARIANTS
from kgen.targets.evidence import Evidence
from kgen.targets.weight_forms import LITERAL, Form
from kgen.trace.bounds import MaxShapes


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
    progress: Progress = quiet,
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
    ram_limit: refuse a model whose workspaces need more: bytes, "64k" or "2M".
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
        from kgen.memory import check_limit

        check_limit(job, style, ram_limit, form)
    _warn_of_odd_weights(job.plan)
    evidence = Evidence()
    if check or step:  # only numbers tell whether a model can be done step by step
        progress("checking against Keras")
        evidence = checking.check(job)
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
