"""What an exported C program takes of a machine's memory, and which layer sets the peak."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from kgen import targets
from kgen.code_size import MACHINES, code_bytes, frame_bytes
from kgen.errors import ExportError
from kgen.options import LITERAL, STYLES, Form
from kgen.pipeline import Export, ModelOrPath
from kgen.targets import c_files
from kgen.targets.c import CModel
from kgen.targets.c_block import CBlock

UNITS = {"": 1, "k": 1024, "m": 1024**2}


@dataclass(frozen=True)
class Memory:
    """Bytes, of a style of the C.

    weights: constants, in flash where there is one. workspace: for one sequence of samples, states
    included. states: of these. own: of the library's own workspaces, for NAME_predict and batches.
    arguments: the caller's arrays. bound: no plan can be below it.
    layer: during which most is needed; alive: the arrays that are then in the workspace.
    code, frame: of the functions, and of the largest frame on the stack, roughly, for each of
    code_size.MACHINES; empty where nobody asked.
    """

    style: str
    weights: int
    workspace: int
    states: int
    own: int
    arguments: int
    bound: int
    layer: str
    alive: tuple[tuple[str, int], ...]
    code: dict[str, int] = field(default_factory=dict)
    frame: dict[str, int] = field(default_factory=dict)


def of_style(job: Export, style: str, form: Form = LITERAL) -> Memory:
    """What the C of a style takes."""
    model, block = _models(job, style, form)
    plan = model.plan
    return Memory(
        style=style,
        weights=plan.weight_bytes,
        workspace=model.workspace_bytes,
        states=sum(state.value.nbytes for state in model.states),
        own=block.own_workspace_bytes if block else model.workspace_bytes * model.batch_size,
        arguments=sum(p.value.nbytes for p in (*model.inputs, *model.outputs)),
        bound=plan.lower_bound,
        layer=plan.peak.layer,
        alive=plan.peak.alive,
    )


def with_code(job: Export, found: Memory, form: Form = LITERAL) -> Memory:
    """With estimates of what only a compiler knows."""
    source = c_files.source(*_models(job, found.style, form))
    what = (source, job.name, found.style)
    return replace(
        found,
        code={machine: code_bytes(*what, machine) for machine in MACHINES},
        frame={machine: frame_bytes(*what, machine) for machine in MACHINES},
    )


def _models(job: Export, style: str, form: Form) -> tuple[CModel, CBlock | None]:
    plan = targets.of_style(job.plan, style, form)
    model = CModel(plan, job.name, form, plan.graph.name, style)
    return model, targets.block_of(job.plan, model)


def memory(model: ModelOrPath, **options: Any) -> list[Memory]:
    """What the C takes in each style; options: name, input_shapes, custom, unsafe of `export`."""
    job = Export.of(model, **options)
    return [with_code(job, of_style(job, style)) for style in STYLES]


def parse_limit(text: str) -> int:
    """ "64k" -> 65536. Raises ExportError for what is no size."""
    found = re.fullmatch(r"(\d+)\s*([kKmM]?)i?[bB]?", text.strip())
    if found is None:
        raise ExportError(
            f"{text!r} is no size of memory; write a number of bytes, 64k or 2M.", exit_code=2
        )
    return int(found[1]) * UNITS[found[2].lower()]


def check_limit(job: Export, style: str, text: str, form: Form = LITERAL) -> None:
    """Raises ExportError, saying what needs how much, if the workspaces don't fit the limit."""
    limit = parse_limit(text)
    needed = of_style(job, style, form)
    if needed.own <= limit:
        return
    alive = ", ".join(f"{name} ({size:,})" for name, size in needed.alive)
    others = [of_style(job, other, form) for other in STYLES if other != style]
    advice = [f"--style {one.style} needs {one.own:,}" for one in others if one.own <= limit]
    if needed.workspace <= limit and not needed.states:
        alone = f"--workspace caller, without batches in blocks, needs {needed.workspace:,}"
        advice.insert(0, alone)
    raise ExportError(
        f"{job.name!r} needs {needed.own:,} bytes of RAM for its workspace, and the limit is "
        f"{limit:,}. Most is needed in layer {needed.layer!r}, where these arrays are alive: "
        f"{alive}. "
        + (
            f"{advice[0]} bytes."
            if advice
            else "A smaller input, or fewer channels there, would lower it."
        ),
        exit_code=3,
    )
