"""The command `kgen export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgen.cli.options import (
    Custom,
    MaxShapes,
    Model,
    Name,
    Shapes,
    Unsafe,
    WeightsDtype,
    max_shapes,
    shapes,
)
from kgen.cli.output import in_bytes, out_console
from kgen.cli.running import running


def export_command(
    model: Model,
    target: Annotated[str, typer.Option(help="c or numpy.")] = "c",
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")] = Path(),
    name: Name = None,
    style: Annotated[str, typer.Option(help="Of the C: fast, readable or small.")] = "fast",
    input_shape: Shapes = None,
    max_shape: MaxShapes = None,
    custom: Custom = None,
    unsafe: Unsafe = False,
    step: Annotated[
        bool, typer.Option("--step", help="A recurrent model as a function of one time step.")
    ] = False,
    weights: Annotated[
        str, typer.Option(help="In the C: literal, string, incbin, file or embed.")
    ] = "literal",
    weights_dtype: WeightsDtype = "float32",
    weights_section: Annotated[
        str | None, typer.Option(help="The section of the object file for the C's weights.")
    ] = None,
    workspace: Annotated[
        str, typer.Option(help="Of NAME_predict: static, caller or stack.")
    ] = "static",
    threads: Annotated[
        bool, typer.Option("--threads", help="Large loops are shared by OpenMP's threads.")
    ] = False,
    dispatch: Annotated[
        bool, typer.Option("--dispatch", help="Pick SSE2, AVX2 or AVX-512 when it runs.")
    ] = False,
    winograd: Annotated[
        bool,
        typer.Option(
            "--winograd/--no-winograd",
            help="3x3 convolutions take fewer products: faster, more memory for weights, larger "
            "rounding errors.",
        ),
    ] = True,
    ram_limit: Annotated[
        str | None, typer.Option(help="Refuse what needs more for its workspace: bytes, 64k, 2M.")
    ] = None,
    with_test: Annotated[
        bool, typer.Option("--with-test", help="Add NAME_test.c, which compares with Keras.")
    ] = False,
    cpp: Annotated[bool, typer.Option("--cpp", help="Add NAME.hpp, for C++17.")] = False,
    package: Annotated[
        str,
        typer.Option(help="plain, cmake, python, arduino, esp-idf, zephyr or wasm."),
    ] = "plain",
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Don't compare with Keras before writing.")
    ] = False,
) -> None:
    """Write a model as C (NAME.h, NAME.c) or NumPy (NAME.py) source, and its manifest NAME.json."""
    with running() as progress:
        from kgen.api import export

        files = export(
            model,
            target,
            out,
            name=name,
            style=style,
            check=not no_check,
            input_shapes=shapes(input_shape),
            max_shapes=max_shapes(max_shape),
            custom=custom,
            unsafe=unsafe,
            step=step,
            weights=weights,
            weights_dtype=weights_dtype,
            weights_section=weights_section,
            workspace=workspace,
            threads=threads,
            dispatch=dispatch,
            winograd=winograd,
            ram_limit=ram_limit,
            with_test=with_test,
            cpp=cpp,
            package=package,
            progress=progress,
        )
    for file, text in files.items():
        out_console.print(
            f"{out / file}  {in_bytes(len(text))}", highlight=False, soft_wrap=True, markup=False
        )
