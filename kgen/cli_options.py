"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path, typer.Argument(help="A .keras or whole-model .h5 file.", show_default=False)
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(
        "--input-shape",
        metavar="[NAME=]SIZES",
        help="Pins unknown dimensions, batch axis left out: 32,10 or NAME=32,10; once per input.",
    ),
]
MaxShapes = Annotated[
    list[str] | None,
    typer.Option(
        "--max-shape",
        metavar="[NAME=]MAX | INPUT=NAME:MAX,SIZE,*",
        help="Leaves unknown dimensions open up to a bound, for the exported code to be given the "
        "length: 512 or tokens=512 (named) for one that all inputs share; once for each of "
        "several, in their order; or an input's sizes one by one, image=height:256,width:256,*.",
    ),
]
WeightsDtype = Annotated[
    str,
    typer.Option(help="Of kernels and embeddings: float32, or rounded, float16 or bfloat16."),
]
Custom = Annotated[
    Path | None, typer.Option(help="A Python file, run first, that defines custom classes.")
]
Unsafe = Annotated[
    bool, typer.Option("--unsafe", help="Load Lambda layers with pickled Python code.")
]
