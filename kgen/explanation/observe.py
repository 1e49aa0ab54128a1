"""The numbers of every value of a traced model, from the same NumPy text that kgen exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kgen import targets
from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Constant, Value
from kgen.ops.scan import Scan
from kgen.plan import plan
from kgen.targets import numpy as numpy_target


@dataclass(frozen=True)
class Observed:
    """What the values of a graph are for a batch of samples.

    arrays: of every value, that of a loop's body for all steps, in the order of the steps.
    times: for a value of a loop's body the axes along which the steps lie, the outermost loop's
        first; each as it is once those before it are taken away.
    """

    arrays: Mapping[Value, np.ndarray]
    times: Mapping[Value, tuple[int, ...]]

    def __getitem__(self, value: Value) -> np.ndarray:
        return value.data if isinstance(value, Constant) else self.arrays[value]

    def at_step(self, value: Value, step: int) -> np.ndarray:
        """The value in one step of the loops around it."""
        array = self[value]
        for axis in self.times.get(value, ()):
            array = np.take(array, min(step, array.shape[axis] - 1), axis)
        return array


def observe(graph: Graph, inputs: Sequence[np.ndarray]) -> Observed:
    """Runs the graph with each of its values as an output; inputs: whole batches."""
    watched, shown, times = _watched(graph)
    extra = list(dict.fromkeys(value for value in shown.values() if value not in watched.outputs))
    results = (*watched.results, *extra)
    after = watched.outputs[len(watched.results) :]
    planned = plan(replace(watched, outputs=(*results, *after)).check())
    text = numpy_target.module(planned, title=graph.name, weights=False)
    arrays = targets.loaded(text, numpy_target.weight_globals(planned))(inputs)
    known = dict(zip(results, arrays, strict=True)) | dict(
        zip(watched.arguments, inputs, strict=True)
    )
    for (before, end), array in zip(watched.states, _zeros(watched, inputs), strict=True):
        known.setdefault(before, array)
        known.setdefault(end, array)
    found = {value: known[seen] for value, seen in shown.items() if seen in known}
    for loop in watched.walk():
        if isinstance(loop, Scan):
            found |= _before_each_step(loop, found, times)
    return Observed(found, times)


def _before_each_step(
    loop: Scan, found: Mapping[Value, np.ndarray], times: dict[Value, tuple[int, ...]]
) -> dict[Value, np.ndarray]:
    """A loop's states before each of its steps: as they were after the step before."""
    states: dict[Value, np.ndarray] = {}
    for (before, after), first in zip(loop.states, loop.initial, strict=True):
        array = found[after]
        *outer, axis = times[after]
        for around in reversed(outer):
            axis += around <= axis
        begin = np.zeros_like(np.take(array, [0], axis))
        if first is not None:
            known = first.data if isinstance(first, Constant) else found[first]
            begin[...] = np.expand_dims(known, axis)
        states[before] = np.concatenate([begin, np.take(array, range(loop.steps - 1), axis)], axis)
        times[before] = times[after]
    return states


def _zeros(graph: Graph, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The states before the first call."""
    count = len(inputs[0])
    return [
        np.zeros(
            [n * count if axis == value.batch else n for axis, n in enumerate(value.shape)],
            np.float32 if value.dtype == "bfloat16" else value.dtype,
        )
        for value, _ in graph.states
    ]


def _watched(graph: Graph) -> tuple[Graph, dict[Value, Value], dict[Value, tuple[int, ...]]]:
    """The graph with loops that return all that their bodies compute; for each value the one
    outside of loops that shows it, and the axes of its steps.
    """
    nodes: list[Node] = []
    shown: dict[Value, Value] = {value: value for value in graph.inputs}
    times: dict[Value, tuple[int, ...]] = {}
    for node in graph.nodes:
        if isinstance(node, Scan):
            inner: dict[Value, Value]
            node, inner, inner_times = _watched_loop(node)
            shown.update(inner)
            times.update(inner_times)
        nodes.append(node)
        shown.update({value: value for value in node.outputs})
    return replace(graph, nodes=tuple(nodes)), shown, times


def _watched_loop(
    node: Scan,
) -> tuple[Scan, dict[Value, Value], dict[Value, tuple[int, ...]]]:
    body, inside, inner_times = _watched(node.body)
    # A state's place may hold the next state by the time that results are stored.
    elsewhere = {*node.outer, *(before for before, _ in node.states)}
    own = {value: seen for value, seen in inside.items() if value not in elsewhere}
    results = list(dict.fromkeys(own.values()))
    first = len(body.outputs)
    picks = range(first, first + len(results))
    blanks = tuple(
        Value(name=f"{node.name}/{value.name}", shape=(), dtype="", batch=None) for value in results
    )
    wider = replace(
        node,
        body=replace(body, outputs=(*body.outputs, *results)),
        picks=(*node.picks, *picks),
        others=(*node.others, *blanks),
    )
    specs = wider.infer_all()[-len(results) :] if results else ()
    stacked = tuple(
        replace(blank, shape=spec.shape, dtype=spec.dtype, batch=spec.batch)
        for blank, spec in zip(blanks, specs, strict=True)
    )
    place = dict(zip(results, stacked, strict=True))
    shown = {value: place[seen] for value, seen in own.items()}
    shown |= dict(zip(node.outer, node.captured, strict=True))
    times = {value: (node.axis, *inner_times.get(value, ())) for value in own}
    return replace(wider, others=(*node.others, *stacked)), shown, times
