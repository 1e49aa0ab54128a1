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
    own_workspace_bytes: int,
    parameters: int,
) -> str:
    """The manifest's text. name: of the files and the prefix of the functions.

    own_workspace_bytes: of the library's own, which is larger where batches are done in blocks.
    parameters: the model's, without padding of the weights.
    """
    graph = plan.graph
    content = {
        "name": name,
        "model": graph.name,
        "target": target,
        **versions,
        "style": style,
        "inputs": [_array(value, target) for value in graph.arguments],
        "outputs": [_array(value, target) for value in graph.results],
        "states": [_array(before, target) for before, _ in graph.states],
        "predict": f"{name}_predict" if target == "c" else "predict",
        "run": f"{name}_run",
        "predict_batch": f"{name}_predict_batch",
        "reset": f"{name}_reset" if target == "c" else "reset",
        "get_state": f"{name}_get_state",
        "set_state": f"{name}_set_state",
        "batch_size": graph.batch_size,
        "workspace_bytes": workspace_bytes,
        "own_workspace_bytes": own_workspace_bytes,
        "workspace_lower_bound": plan.lower_bound,
        "weight_bytes": plan.weight_bytes,
        "parameters": parameters,
        "macs": plan.macs,
    }
    unused: list[str] = ["own_workspace_bytes"] if own_workspace_bytes == workspace_bytes else []
    if target != "c":
        unused += ["run", "predict_batch", "workspace_bytes", "workspace_lower_bound", "style"]
        unused += ["get_state", "set_state"]
    if not graph.states:
        unused += ["states", "reset", "get_state", "set_state", "batch_size"]
    for key in unused:
        content.pop(key, None)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n"


def _array(value: Value, target: str) -> dict[str, Any]:
    # NumPy has no bfloat16: such numbers come and go as float32.
    dtype = "float32" if target == "numpy" and value.dtype == "bfloat16" else value.dtype
    return {"name": value.name, "shape": list(value.sample_shape), "dtype": dtype}
