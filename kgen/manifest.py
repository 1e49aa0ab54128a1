"""NAME.json: what a program needs to know to call an exported model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from kgen.ir.size import Given, Length, Size, written
from kgen.ir.value import HALVES, Value
from kgen.plan import Plan


def manifest(
    plan: Plan,
    *,
    name: str,
    target: str,
    versions: Mapping[str, str],
    parameters: int,
    files: Sequence[str],
    extra: Mapping[str, object],
) -> str:
    """The manifest's text. name: of the files and the prefix of the functions.

    parameters: the model's, without padding of the weights. files: of the export, this one too.
    extra: what only the target knows; of the C "style" and "workspace_bytes" at least.
    """
    graph = plan.graph
    halves = sorted({one.stored for one in graph.constants} & set(HALVES))
    content = {
        "name": name,
        "model": graph.name,
        "target": target,
        **versions,
        "style": None,
        "files": sorted(files),
        "inputs": [_array(value, target, graph.lengths) for value in graph.arguments],
        "outputs": [_array(value, target, graph.lengths) for value in graph.results],
        "states": [_array(before, target) for before, _ in graph.states],
        "lengths": [
            {"name": one.name, "min": one.least, "max": one.bound, "multiple": one.multiple}
            for one in graph.lengths
        ],
        "predict": f"{name}_predict" if target == "c" else "predict",
        "run": f"{name}_run",
        "predict_batch": f"{name}_predict_batch",
        "reset": f"{name}_reset" if target == "c" else "reset",
        "get_state": f"{name}_get_state",
        "set_state": f"{name}_set_state",
        "batch_size": graph.batch_size,
        "workspace_bytes": 0,
        "workspace_lower_bound": plan.lower_bound,
        "weight_bytes": plan.weight_bytes,
        "weights_dtype": ", ".join(halves),
        "parameters": parameters,
        "macs": plan.macs,
    } | dict(extra)
    unused: list[str] = [] if halves else ["weights_dtype"]
    if target != "c":
        unused += ["run", "predict_batch", "workspace_bytes", "workspace_lower_bound", "style"]
        unused += ["get_state", "set_state"]
    if not graph.lengths:
        unused += ["lengths"]
    if not graph.states:
        unused += ["states", "reset", "get_state", "set_state", "batch_size"]
    for key in (*unused, *(key for key, value in extra.items() if value is None)):
        content.pop(key, None)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n"


def _array(value: Value, target: str, lengths: tuple[Given, ...] = ()) -> dict[str, Any]:
    # NumPy has no bfloat16: such numbers come and go as float32.
    dtype = "float32" if target == "numpy" and value.dtype == "bfloat16" else value.dtype
    return {"name": value.name, "shape": shape_of(value, lengths), "dtype": dtype}


def shape_of(value: Value, lengths: tuple[Given, ...]) -> list[int | str]:
    """A size that depends on lengths as an expression of their names, in Python's words."""
    units = {one.unit: one for one in lengths}

    def name(length: Length) -> str:
        given = units[length]
        return given.name if given.multiple == 1 else f"({given.name} // {given.multiple})"

    whole = {one.size: one.name for one in lengths}
    return [
        whole.get(size) or written(size, name) if isinstance(size, Size) else size
        for size in value.sample_shape
    ]
