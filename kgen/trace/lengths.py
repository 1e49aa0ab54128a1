"""The graph of a model at any lengths, from its graphs at some."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.ir.node import GraphError
from kgen.ir.size import Given, Length, at, at_bound, is_fixed
from kgen.trace.alignment import Alignment, UnlikeGraphsError, outline
from kgen.trace.bounds import LARGEST
from kgen.trace.signature import Signature

Point = dict[str, int]
"""A length for each name."""

WANTED = 6
"""At how many lengths the model is traced; more than what a size depends on can have parameters."""

FEWEST = 4

MOST = 32
"""The same where these leave several expressions: lengths in a row tell where a quotient grows."""

STEPS = (1, 2, 3, 5, 7, 11, 13, 17, 4, 6, 8, 9, 10, 12, 14, 15, 16)

MULTIPLES = (*range(1, 17), 20, 24, 32, 48, 64, 96, 128)
"""What lengths may have to be a multiple of."""


@dataclass(frozen=True)
class Trace:
    """The model's graph at a point."""

    point: Point
    graph: Graph


def graph_at_any_length(trace: Callable[[Signature], Graph], signature: Signature) -> Graph:
    """The graph whose sizes depend on the signature's lengths.

    trace: gives the graph for a signature of known sizes.
    Raises UnlikeGraphsError where the graph at one length does not tell what it is at another.
    """
    traces = _Traces(trace, signature)
    bounds = {one.name: one.bound for one in signature.lengths}
    traces.at(bounds)  # what can't be exported is said here
    lengths = tuple(traces.with_multiple(one) for one in signature.lengths)
    try:
        graph = _aligned([traces.known(bounds), *traces.around(lengths, WANTED)], lengths)
    except UnlikeGraphsError as unlike:
        if not unlike.ambiguous:
            raise
        graph = _aligned([traces.known(bounds), *traces.around(lengths, MOST)], lengths)
    least = tuple(traces.with_shapes_of(graph, one, bounds) for one in graph.lengths)
    return replace(graph, lengths=least)


def _aligned(found: list[Trace], lengths: tuple[Given, ...]) -> Graph:
    """The graph of traces, the first of which is at the bounds."""
    alike = _alike(found)
    if len(alike) < FEWEST:
        names = " and ".join(one.name for one in lengths)
        raise UnlikeGraphsError(
            f"The model's graph can't be told for any {names}: it was traced at "
            f"{', '.join(_words(one.point) for one in found)}, and does something else at each. "
            "Give another bound, or pin the lengths with --input-shape."
        )
    units = [{one.unit: t.point[one.name] // one.multiple for one in lengths} for t in alike]
    graph = Alignment([t.graph for t in alike], units, lengths).graph()
    _check_sizes(graph)
    apart = [one.point for one in found if one not in alike]
    least = tuple(_with_least(graph, one, lengths, apart) for one in lengths)
    return replace(graph, lengths=least).check()


def _words(point: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={length}" for name, length in point.items())


class _Traces:
    """The model's graphs at points, each traced once; None where it can't be."""

    def __init__(self, trace: Callable[[Signature], Graph], signature: Signature) -> None:
        self._trace = trace
        self._signature = signature
        self._known: dict[tuple[int, ...], Graph | None] = {}

    def at(self, point: Point) -> Graph:
        graph = self._trace(self._signature.at(point))
        self._known[tuple(point.values())] = graph
        return graph

    def known(self, point: Point) -> Trace:
        graph = self._known[tuple(point.values())]
        assert graph is not None
        return Trace(point, graph)

    def possible(self, point: Point) -> Graph | None:
        key = tuple(point.values())
        if key not in self._known:
            try:
                self.at(point)
            except (ExportError, GraphError):
                self._known[key] = None
        return self._known[key]

    def with_multiple(self, given: Given) -> Given:
        """The length with the least number that all lengths are a multiple of."""
        bounds = {one.name: one.bound for one in self._signature.lengths}
        for multiple in MULTIPLES:
            for length in (given.bound - multiple, given.bound + multiple):
                point = bounds | {given.name: length}
                if given.bound % multiple == 0 and length > 0 and self.possible(point):
                    unit = given.unit
                    if multiple > 1:
                        unit = Length(f"{given.name}_by_{multiple}", given.bound // multiple)
                    return replace(given, unit=unit, multiple=multiple)
        # Several lengths may have to be multiples at once.
        for multiple in MULTIPLES[1:]:
            point = {name: bound - multiple for name, bound in bounds.items()}
            fits = all(bound % multiple == 0 and bound > multiple for bound in bounds.values())
            if fits and self.possible(point):
                unit = Length(f"{given.name}_by_{multiple}", given.bound // multiple)
                return replace(given, unit=unit, multiple=multiple)
        raise ExportError(
            f"The model takes no {given.name} near {given.bound} but that itself; give another "
            f"bound, or pin it with --input-shape."
        )

    def with_shapes_of(self, graph: Graph, given: Given, bounds: Point) -> Given:
        """The length with the least number at which the model's outputs have the graph's shapes: a
        one-hot layer drops an axis of one.
        """
        while given.least < given.bound:
            point = bounds | {given.name: given.least}
            found = self.possible(point)
            if found is None or _shapes(found) == _shapes(graph.at(point)):
                break
            given = replace(given, least=given.least + given.multiple)
        return given

    def around(self, lengths: tuple[Given, ...], wanted: int) -> list[Trace]:
        """As many traces at other points than the bound, near and far.

        Where an array lost its last element its slices begin anywhere, and no call comes so far.
        """
        found: list[Trace] = []
        empty = _empty(self.known({one.name: one.bound for one in lengths}).graph)
        for point in _points(lengths):
            if len(found) == wanted:
                break
            graph = self.possible(point)
            if graph is not None and _empty(graph) <= empty:
                found.append(Trace(point, graph))
        return found


def _shapes(graph: Graph) -> list[tuple[int, ...]]:
    return [value.shape for value in graph.results]


def _empty(graph: Graph) -> int:
    """How many arrays have no element."""
    return sum(value.size == 0 for value in graph.values)


def _points(lengths: tuple[Given, ...]) -> Iterator[Point]:
    """Points to trace at: each length takes another step at a time, so that no two are alike."""
    seen = set()
    for number in range(2 * len(STEPS)):
        point = {}
        for shift, one in enumerate(lengths):
            step = STEPS[(number // 2 + shift) % len(STEPS)] * one.multiple
            far = one.bound // one.multiple // 2 * one.multiple
            length = (one.bound if number % 2 else far) - step
            point[one.name] = length if length > 0 else one.bound + step
        if (key := tuple(point.values())) not in seen:
            seen.add(key)
            yield point


def _alike(traces: list[Trace]) -> list[Trace]:
    """Those of the traces with the structure that most have; a length that happens to be that of
    something else, or one, may give another.
    """
    groups: dict[object, list[Trace]] = {}
    for one in traces:
        groups.setdefault(outline(one.graph), []).append(one)
    return max(groups.values(), key=len)


def _check_sizes(graph: Graph) -> None:
    """Raises ExportError for what can't be as large as the bound says."""
    for node in graph.walk():
        for value in node.outputs:
            if at_bound(value.size) > LARGEST:
                raise ExportError(
                    f"{node.origin.path!r} ({node.origin.layer}): at the bound it computes "
                    f"{at_bound(value.size):,} numbers, more than C's int counts; give a lower "
                    "bound."
                )
    for before, _ in graph.states:
        if not is_fixed(before.shape):
            raise ExportError(
                f"State {before.name!r} has a size that depends on a length, so it would not fit "
                "the next call's; pin the length with --input-shape."
            )


def _with_least(
    graph: Graph, given: Given, lengths: tuple[Given, ...], apart: list[Point]
) -> Given:
    """The length with the least number at which no size is below one and no node's rule is broken:
    `x[:, -3:]` has no three of two. apart: see Given.
    """

    def possible(count: int) -> bool:
        known = {one.unit: one.bound // one.multiple for one in lengths} | {given.unit: count}
        if any(at(size, known) <= 0 for size in graph.sizes):
            return False
        point = {one.name: known[one.unit] * one.multiple for one in lengths}
        try:
            graph.at(point).check()
        except GraphError:
            return False
        return True

    low, high = 0, given.bound // given.multiple  # not possible, possible
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) else (middle, high)
    others = tuple(point[given.name] for point in apart)
    return replace(given, least=high * given.multiple, apart=others)
