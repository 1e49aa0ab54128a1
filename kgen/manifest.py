"""NAME.json: what a program needs to know to call an exported model."""

from __future__ import annotations

from typing import Any

import orjson

from kgen.ir.value import Value
from kgen.plan import Plan


def manifest(
    plan: Plan,
    *,
    name: str,
    target: str,
    style: str,
    versions: dict[str, str],
    workspace_bytes: int,
    parameters: int,
) -> str:
    """The manifest's text. name: of the files and the prefix of the functions.

    parameters: the model's, without padding of the weights.
    """
    graph = plan.graph
    content = {
        "name": name,
        "model": graph.name,
        "target": target,
        **versions,
        "style": style,
        "inputs": [_array(value) for value in graph.inputs],
        "outputs": [_array(value) for value in graph.outputs],
        "predict": f"{name}_predict" if target == "c" else "predict",
        "run": f"{name}_run",
        "predict_batch": f"{name}_predict_batch",
        "workspace_bytes": workspace_bytes,
        "workspace_lower_bound": plan.lower_bound,
        "weight_bytes": plan.weight_bytes,
        "parameters": parameters,
        "macs": plan.macs,
    }
    if target != "c":
        for key in ("run", "predict_batch", "workspace_bytes", "workspace_lower_bound", "style"):
            del content[key]
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n"


def _array(value: Value) -> dict[str, Any]:
    return {"name": value.name, "shape": list(value.sample_shape), "dtype": value.dtype}
