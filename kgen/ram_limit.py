"""A plan that fits a limit of RAM: the fastest of a style that does, as far as can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kgen import targets
from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.memory import Memory, of_style, parse_limit
from kgen.ops.scan import Scan
from kgen.options import LITERAL, STYLES, Form
from kgen.pipeline import Export
from kgen.schedule import Attention, Winograd

HOISTING = "hoist_from_loops"


@dataclass(frozen=True, eq=False)
class Way:
    """A way of needing less RAM. text: what is done. styles: that have it.

    saving, form: what it sets of the form's Saving, and of the form. without: the pass that it
    leaves out. kinds: nodes without which it changes nothing.
    """

    text: str
    styles: Sequence[str] = STYLES
    saving: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    without: str | None = None
    kinds: tuple[type, ...] = (object,)


FAST = ("fast",)

WAYS = (
    Way("steps are in the order in which the least is alive at once", saving={"ordered": True}),
    Way("a batch is computed sample by sample, not in blocks", FAST, {"singly": True}),
    Way(
        "attention and Winograd's convolutions take smaller pieces at once",
        FAST,
        {"pieces": True},
        kinds=(Attention, Winograd),
    ),
    Way(
        "layers with images of 64 KB or more between them are computed row by row",
        FAST,
        {"rows": 64 * 1024},
    ),
    Way(
        "layers with images of 16 KB or more between them are computed row by row",
        FAST,
        {"rows": 16 * 1024},
    ),
    Way("layers that can be are computed row by row", FAST, {"rows": 0}),
    Way(
        "convolutions take all their products, not Winograd's",
        FAST,
        form={"winograd": False},
        kinds=(Winograd,),
    ),
    Way(
        "outputs follow inputs through the same memory, some rows behind",
        FAST,
        {"following": True},
    ),
    Way(
        "pairs of layers are computed row by row, and their outputs follow their inputs through "
        "the same memory",
        FAST,
        {"following": True, "rows": 0, "pairs": True},
    ),
    Way(
        "outputs follow inputs through the same memory, and zeros around images are no copies",
        ("readable",),
        {"following": True},
    ),
    Way(
        "loops over time compute each step's projections themselves, not all of them before",
        without=HOISTING,
        kinds=(Scan,),
    ),
)
"""From the one that costs the least time to the one that costs the most."""


@dataclass(frozen=True, eq=False)
class Attempt:
    """An export in a style, with some of WAYS.

    known: what attempts at the same export share: exports without a pass, scheduled graphs.
    """

    job: Export
    style: str
    form: Form
    ways: tuple[Way, ...] = ()
    known: dict[object, Any] = field(default_factory=dict)

    @cached_property
    def memory(self) -> Memory:
        return of_style(self.job, self.style, self.form, self.scheduled)

    @property
    def bytes(self) -> int:
        return self.memory.own

    @cached_property
    def scheduled(self) -> Graph | None:
        """The fast style's graph: the one of the attempt before if it is the same."""
        if self.style != "fast":
            return None
        saving = self.form.saving
        key = (self.job.without, self.form.winograd, saving.pieces, saving.plain)
        if self.known.get("key") != key:
            self.known.update(key=key, graph=targets.scheduled(self.job.plan, self.form))
        graph: Graph = self.known["graph"]
        return graph

    def has(self, kinds: tuple[type, ...]) -> bool:
        graph = self.scheduled or self.job.plan.graph
        return any(isinstance(node, kinds) for node in graph.walk())

    def using(self, ways: Sequence[Way]) -> Attempt:
        """The same export with these ways alone."""
        job, form, saving = self.job, self.form, self.form.saving
        for way in ways:
            saving = replace(saving, **way.saving, why=(*saving.why, way.text))
            form = replace(form, **way.form)
            if way.without and way.without not in self.known:
                self.known[way.without] = replace(job, without=(*job.without, way.without))
            job = self.known[way.without] if way.without else job
        form = replace(form, saving=saving)
        return Attempt(job, self.style, form, tuple(ways), self.known)


def fitted(job: Export, style: str, text: str, form: Form = LITERAL) -> tuple[Export, Form]:
    """The export, and its form, whose workspaces fit the limit; as they are if they do.

    Raises ExportError, saying what needs how much and what would help, if none does.
    """
    limit = parse_limit(text)
    form = replace(form, saving=replace(form.saving, limit=limit))
    found = least(job, style, form, limit)
    if found.bytes > limit:
        raise ExportError(_refusal(found, job, form), exit_code=3)
    return found.job, found.form


def least(job: Export, style: str, form: Form = LITERAL, limit: int = 0) -> Attempt:
    """The first attempt that fits, without ways that it could do without; or the smallest one."""
    plain = best = Attempt(job, style, form)
    idle: list[Way] = []  # that changed nothing, but what came later may need them
    for way in WAYS:
        if best.bytes <= limit:
            break
        if style in way.styles and plain.has(way.kinds):
            more = plain.using((*best.ways, way))
            if more.bytes == best.bytes:
                idle.append(way)
            best = more if more.bytes <= best.bytes else best
    if style == "fast":
        best = _with_plain_layers(plain, best, limit)
    best = _without(plain, best, idle, limit)
    for way in reversed(best.ways):  # what costs the most first
        best = _without(plain, best, [way], limit)
    return best


def _with_plain_layers(plain: Attempt, best: Attempt, limit: int) -> Attempt:
    """With plain loops for one layer after another that sets the peak, as long as that helps."""
    layers: list[str] = []
    while best.bytes > limit and best.memory.layer not in layers:
        layers.append(best.memory.layer)
        ways = [way for way in best.ways if not way.saving.get("plain")]
        text = f"{', '.join(layers)}: plain loops, which need no copies of what they read"
        more = plain.using([*ways, Way(text, saving={"plain": frozenset(layers)})])
        if more.bytes >= best.bytes:
            break
        best = more
    return best


def _without(plain: Attempt, best: Attempt, ways: Sequence[Way], limit: int) -> Attempt:
    """Without these ways, if that makes no difference for the limit."""
    left = [one for one in best.ways if one not in ways]
    if len(left) == len(best.ways):
        return best
    fewer = plain.using(left)
    return fewer if fewer.bytes <= max(limit, best.bytes) else best


def _refusal(found: Attempt, job: Export, form: Form) -> str:
    """What is said of the smallest attempt, which is too large."""
    needed, limit = found.memory, form.saving.limit or 0
    alive = ", ".join(f"{name} ({size:,})" for name, size in needed.alive)
    how = f", if {'; '.join(way.text for way in found.ways)}" if found.ways else ""
    return (
        f"{job.name!r} needs {needed.own:,} bytes of RAM for its workspace{how}; the limit is "
        f"{limit:,}. Most is needed in layer {needed.layer!r}, where these arrays are alive: "
        f"{alive}. {_advice(found, job, form, limit)}"
    )


def _advice(found: Attempt, job: Export, form: Form, limit: int) -> str:
    needed = found.memory
    if needed.workspace <= limit and not needed.states and form.workspace == "static":
        return f"--workspace caller leaves the memory to you: {needed.workspace:,} bytes."
    plain = replace(form, threads=False, dispatch=False)
    if form.threads:
        alone = least(job, found.style, plain, limit)
        if alone.bytes <= limit:
            return f"Without --threads it needs {alone.bytes:,} bytes."
    for style in STYLES:
        if style != found.style:
            other = least(job, style, plain, limit)
            if other.bytes <= limit:
                return f"--style {style} needs {other.bytes:,} bytes."
    return "A smaller input, or fewer channels there, would lower it."
