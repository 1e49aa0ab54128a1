"""What an exported C program takes of a machine's memory, and which layer sets the peak."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from kgen import targets
from kgen.code_size import MACHINES, code_bytes, frame_bytes
from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.options import LITERAL, Form
from kgen.pipeline import Export
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
    least: of own, what --ram-limit can plan for at least; 0 where nobody asked.
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
    least: int = 0
    code: dict[str, int] = field(default_factory=dict)
    frame: dict[str, int] = field(default_factory=dict)


def of_style(
    job: Export, style: str, form: Form = LITERAL, scheduled: Graph | None = None
) -> Memory:
    """What the C of a style takes. scheduled: the fast style's graph, if it is known."""
    model, block = _models(job, style, form, scheduled)
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


def _models(
    job: Export, style: str, form: Form, scheduled: Graph | None = None
) -> tuple[CModel, CBlock | None]:
    plan = targets.of_style(job.plan, style, form, scheduled)
    model = CModel(plan, job.name, form, plan.graph.name, style)
    return model, targets.block_of(job.plan, model)


def parse_limit(text: str) -> int:
    """ "64k" -> 65536. Raises ExportError for what is no size."""
    found = re.fullmatch(r"(\d+)\s*([kKmM]?)i?[bB]?", text.strip())
    if found is None:
        raise ExportError(
            f"{text!r} is no size of memory; write a number of bytes, 64k or 2M.", exit_code=2
        )
    return int(found[1]) * UNITS[found[2].lower()]
