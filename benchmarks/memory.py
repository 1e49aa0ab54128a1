"""What memory contenders take: their plans of it, and their processes' peaks.

LiteRT's arena is what the tensors cover that it allocates with its own kernels, without XNNPACK:
what XNNPACK takes for itself no interface shows.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True)
class Memory:
    """Bytes. workspace: kgen's own, for the row's calls. arguments: inputs and outputs of a call,
    which LiteRT's arena holds too, and kgen's caller. arena: None where LiteRT has none to show.
    """

    workspace: int
    arguments: int
    arena: int | None


def peak_of(process: int) -> float | None:
    """The most megabytes that a running process had in memory so far; None but on Linux."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1e3 if found else None


def planned(manifest: Path, tflite: Path, batch: int) -> Memory | None:
    """From the files that kgen and LiteRT made of a model; None if kgen made none."""
    if not manifest.exists():
        return None
    facts = orjson.loads(manifest.read_bytes())
    workspace = facts["workspace_bytes"]
    if batch > 1:
        workspace = facts.get("own_workspace_bytes", workspace)
    arguments = sum(_floats(one["shape"]) for one in (*facts["inputs"], *facts["outputs"]))
    return Memory(workspace, 4 * arguments * batch, _arena(tflite))


def _floats(shape: list[int]) -> int:
    size = 1
    for one in shape:
        size *= one
    return size


def _arena(tflite: Path) -> int | None:
    """What this file, run as a program, says."""
    if not tflite.exists():
        return None
    command = [sys.executable, __file__, str(tflite)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(result.stdout) if result.returncode == 0 else None


def _measured_arena(model: bytes) -> int:
    """Bytes of the interpreter's tensors but for the model's constants, each address once.

    Raises RuntimeError for a model with loops, whose bodies have arenas that can't be seen.
    """
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    own = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=own)
    if any(one["op_name"] in ("WHILE", "IF") for one in interpreter._get_ops_details()):
        raise RuntimeError("a loop")
    interpreter.allocate_tensors()
    first = np.frombuffer(model, np.uint8).ctypes.data
    spans = []
    for one in interpreter.get_tensor_details():
        try:
            array = interpreter.tensor(one["index"])()
        except ValueError:  # a tensor that kernels fused away
            continue
        start = array.ctypes.data
        if not first <= start < first + len(model):
            spans.append((start, start + array.nbytes))
    covered, reached = 0, 0
    for start, end in sorted(spans):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered


if __name__ == "__main__":
    print(_measured_arena(Path(sys.argv[1]).read_bytes()))
