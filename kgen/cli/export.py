"""The command `kgen export`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
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
    with_options,
)
from kgen.cli.output import in_bytes, out_console
from kgen.cli.running import running
from kgen.options import CodeOptions


@with_options(CodeOptions, "Options of the C")
def export_command(
    model: Model,
    target: Annotated[str, typer.Option(help="c or numpy.")] = "c",
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")] = Path(),
    name: Name = None,
    input_shape: Shapes = None,
    max_shape: MaxShapes = None,
    custom: Custom = None,
    unsafe: Unsafe = False,
    step: Annotated[
        bool, typer.Option("--step", help="A recurrent model as a function of one time step.")
    ] = False,
    weights_dtype: WeightsDtype = "float32",
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Don't compare with Keras before writing.")
    ] = False,
    **of_the_c: Any,
) -> None:
    """Write a model as C (NAME.h, NAME.c) or NumPy (NAME.py) source, and its manifest NAME.json."""
    with running() as progress:
        from kgen.api import export

        files = export(
            model,
            target,
            out,
            name=name,
            check=not no_check,
            input_shapes=shapes(input_shape),
            max_shapes=max_shapes(max_shape),
            custom=custom,
            unsafe=unsafe,
            step=step,
            weights_dtype=weights_dtype,
            progress=progress,
            **of_the_c,
        )
    for file, text in files.items():
        out_console.print(
            f"{out / file}  {in_bytes(len(text))}", highlight=False, soft_wrap=True, markup=False
        )
    if of_the_c["ram_limit"] is not None:
        for line in _planned(files):
            out_console.print(line, highlight=False, soft_wrap=True, markup=False)


def _planned(files: Mapping[str, str | bytes]) -> Iterator[str]:
    """How an export fits its limit, from its manifest."""
    manifests = (orjson.loads(text) for file, text in files.items() if file.endswith(".json"))
    facts = next(one for one in manifests if "ram_limit" in one)
    yield f"workspace {facts['workspace_bytes']:,} bytes, of {facts['ram_limit']:,}"
    yield from (f"  {way}" for way in facts["ram_saved_by"])
