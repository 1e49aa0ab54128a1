"""Taking out of loops what need not be in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node
from kgen.ir.value import Constant, Value
from kgen.ops.dense import Dense
from kgen.ops.elementwise import Elementwise
from kgen.ops.reshape import Reshape
from kgen.ops.scan import Scan
from kgen.passes.rewrite import substitute


def drop_unread_results(graph: Graph) -> Graph:
    """Given:   y, last state = a loop;  nothing reads the last state
    Result:  y = the loop, without what only the last state needed"""
    nodes = [_pruned(graph, node) if isinstance(node, Scan) else node for node in graph.nodes]
    return graph.with_nodes(nodes)


def _pruned(graph: Graph, node: Scan) -> Scan:
    shown = [
        (pick, value)
        for pick, value in zip(node.picks, node.outputs, strict=True)
        if graph.readers[value]
    ]
    return without_unused(node, shown) if shown else node


def without_unused(node: Scan, shown: list[tuple[int, Value]]) -> Scan:
    """The loop with these outputs alone, each under the number that it picks; without states,
    sequences and captured values that they don't need.
    """
    body = node.body
    needed = _needed(node, [body.outputs[pick] for pick, _ in shown])
    states = [n for n, (before, _) in enumerate(node.states) if before in needed]
    states += [pick for pick, _ in shown if pick < len(node.initial) and pick not in states]
    states.sort()
    results = [pick for pick, _ in shown if pick >= len(node.initial)]
    order = [*states, *results]
    elements = [n for n, value in enumerate(node.elements) if value in needed]
    elements = elements or [0]  # how many steps there are is theirs to say
    outer = [n for n, value in enumerate(node.outer) if value in needed]
    inner = replace(
        body,
        inputs=(
            *(body.inputs[n] for n in states),
            *(node.elements[n] for n in elements),
            *(node.outer[n] for n in outer),
        ),
        outputs=tuple(body.outputs[n] for n in order),
    )
    return replace(
        node,
        output=shown[0][1],
        others=tuple(value for _, value in shown[1:]),
        body=inner.with_nodes(inner.nodes),
        initial=tuple(node.initial[n] for n in states),
        sequences=tuple(node.sequences[n] for n in elements),
        captured=tuple(node.captured[n] for n in outer),
        picks=tuple(order.index(pick) for pick, _ in shown),
    )


def _needed(node: Scan, results: list[Value]) -> set[Value]:
    """The body's values that the results depend on, over any number of steps."""
    needed: set[Value] = set(results)
    while True:
        size = len(needed)
        for inner in reversed(node.body.nodes):
            if needed.intersection(inner.outputs):
                needed.update(inner.inputs)
        needed.update(after for before, after in node.states if before in needed)
        if len(needed) == size:
            return needed


def write_out_single_steps(graph: Graph) -> Graph:
    """Given:   a loop of one step that starts from given states
    Result:  the step"""
    nodes: list[Node] = []
    replaced: dict[Value, Value] = {}
    for node in graph.nodes:
        if isinstance(node, Scan) and _is_one_step(graph, node):
            nodes += _written_out(node, replaced)
        else:
            nodes.append(node)
    return substitute(graph, nodes, replaced)


def _is_one_step(graph: Graph, node: Scan) -> bool:
    starts = zip(node.initial, node.states, strict=True)
    return node.steps == 1 and all(
        first is not None and first.batch == before.batch for first, (before, _) in starts
    )


def _written_out(node: Scan, replaced: dict[Value, Value]) -> list[Node]:
    """The step's nodes; `replaced` gets what to read instead of the loop's outputs."""
    known = dict(zip(node.outer, node.captured, strict=True))
    nodes: list[Node] = []

    def reshaped(x: Value, output: Value) -> None:
        shape, batch = output.shape, output.batch
        nodes.append(Reshape(origin=node.origin, output=output, x=x, shape=shape, batch=batch))

    for first, (before, _) in zip(node.initial, node.states, strict=True):
        assert first is not None
        known[before] = first
    for sequence, element in zip(node.sequences, node.elements, strict=True):
        known[element] = replace(element, name=f"{element.name}_t")
        reshaped(sequence, known[element])
    nodes += [inner.map_values(lambda v: known.get(v, v)) for inner in node.body.nodes]
    for number, value in node.finals.items():
        replaced[value] = node.body.outputs[number]
    for result, value in node.stacked:
        reshaped(result, value)
    return nodes


@dataclass
class _Hoisting:
    """What was taken out of one loop. over: values of the body -> the same for all steps.
    outside: those that are the same at every step -> the same outside. nodes: outside.
    """

    node: Scan
    over: dict[Value, Value] = field(default_factory=dict)
    outside: dict[Value, Value] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    gone: set[Node] = field(default_factory=set)


def hoist_from_loops(graph: Graph) -> Graph:
    """Given:   a loop whose steps compute f(x[t]), a sum of products of the step's input alone
    Result:  f(x) for all steps at once, before the loop; a loop without states goes as a whole"""
    nodes: list[Node] = []
    replaced: dict[Value, Value] = {}
    for node in graph.nodes:
        if not isinstance(node, Scan):
            nodes.append(node)
            continue
        work = _hoisted(node)
        nodes += work.nodes
        shown = []
        for pick, value in zip(node.picks, node.outputs, strict=True):
            result = node.body.outputs[pick]
            if pick >= len(node.initial) and result in work.over and not node.backwards:
                replaced[value] = work.over[result]
            else:
                shown.append((pick, value))
        if shown:
            nodes.append(_remainder(work, shown))
    return substitute(graph, nodes, replaced)


def _hoisted(node: Scan) -> _Hoisting:
    work = _Hoisting(node)
    if node.axis != 1 or any(sequence.batch != 0 for sequence in node.sequences):
        return work
    wanted = _wanted(node, _possible(node))
    work.over.update(zip(node.elements, node.sequences, strict=True))
    work.outside.update(zip(node.outer, node.captured, strict=True))
    names = {result: value.name for result, value in node.stacked}
    for inner in node.body.nodes:
        if inner not in wanted:
            continue
        if not set(inner.activations) & set(work.over):
            moved = inner.map_values(lambda v: work.outside.get(v, v))
            fresh = replace(inner.output, name=inner.name)
            work.nodes.append(replace(moved, output=fresh))
            work.outside[inner.output] = fresh
        else:
            name = names.get(inner.output, inner.name)
            made = _over_steps(inner, work.over, node.steps, name)
            work.nodes += made
            work.over[inner.output] = made[-1].output
        work.gone.add(inner)
    return work


def _possible(node: Scan) -> set[Node]:
    """The body's nodes that can be computed for all steps at once, or once for all steps."""
    early: set[Value] = {*node.elements, *node.outer}
    per_step: set[Value] = set(node.elements)
    possible = set()
    for inner in node.body.nodes:
        inputs = set(inner.activations)
        if not inputs or not inputs <= early or inner.others:
            continue
        if inputs & per_step:
            # What is shared by all steps has no axis for them.
            if not (inputs <= per_step and _takes_steps(inner)):
                continue
            per_step.add(inner.output)
        early.add(inner.output)
        possible.add(inner)
    return possible


def leaves_nothing(node: Scan) -> bool:
    """Whether all of a loop can be computed for all steps at once."""
    plain = node.axis == 1 and all(sequence.batch == 0 for sequence in node.sequences)
    stateless = not node.initial and not node.backwards
    return plain and stateless and _possible(node) == set(node.body.nodes)


def _wanted(node: Scan, possible: set[Node]) -> set[Node]:
    """Those of the possible nodes that are worth it: sums of products and what they need, and what
    is the same at every step; all of a loop without states, if all of it is possible.
    """
    if leaves_nothing(node):
        return possible
    per_step: set[Value] = set(node.elements)
    needed: set[Value] = set()
    wanted: set[Node] = set()
    for inner in node.body.nodes:
        if per_step & set(inner.inputs):
            per_step.update(inner.outputs)
    for inner in reversed(node.body.nodes):
        if inner in possible and (
            isinstance(inner, Contraction) or inner.output in needed or inner.output not in per_step
        ):
            wanted.add(inner)
            needed.update(inner.inputs)
    return wanted


def _takes_steps(node: Node) -> bool:
    values = (*node.activations, node.output)
    if any(value.batch != 0 or value.shape[0] != 1 for value in values):
        return False
    return node.with_rows(2) is not None


def _over_steps(node: Node, over: dict[Value, Value], steps: int, name: str) -> list[Node]:
    """Nodes that compute it for all steps: (1, ...) becomes (1, steps, ...)."""

    def with_steps(value: Value) -> Value:
        shape = (1, steps, *value.shape[1:])
        return replace(value, shape=shape, name=name)

    if isinstance(node, Dense | Elementwise):
        # Their arrays may have any number of axes in front.
        spread = {v: _spread(v, node.output.rank) for v in _broadcast(node)}
        moved = node.map_values(lambda v: over.get(v, spread.get(v, v)))
        return [replace(moved, output=with_steps(node.output))]
    nodes: list[Node] = []
    rows: dict[Value, Value] = {}

    def reshaped(x: Value, shape: tuple[int, ...], output: Value) -> None:
        nodes.append(Reshape(origin=node.origin, output=output, x=x, shape=shape, batch=0))

    for value in node.activations:
        rows[value] = replace(value, shape=(steps, *value.shape[1:]))
        reshaped(over[value], rows[value].shape, rows[value])
    inner = replace(node.output, shape=(steps, *node.output.shape[1:]), name=node.name)
    adapted = node.with_rows(steps)
    assert adapted is not None
    nodes.append(replace(adapted.map_values(lambda v: rows.get(v, v)), output=inner))
    output = with_steps(node.output)
    reshaped(inner, output.shape, output)
    return nodes


def _broadcast(node: Node) -> tuple[Value, ...]:
    """The inputs that broadcast to the output."""
    if isinstance(node, Elementwise):
        return node.args
    epilogue = getattr(node, "epilogue", None)
    return epilogue.args if epilogue else ()


def _spread(value: Value, rank: int) -> Value:
    """A constant that lies along the batch axis, with an axis for the steps behind that."""
    if isinstance(value, Constant) and value.rank == rank > 1:
        shape = (value.shape[0], 1, *value.shape[1:])
        return Constant.of(value.name, value.data.reshape(shape), value.note)
    return value


def _remainder(work: _Hoisting, shown: list[tuple[int, Value]]) -> Scan:
    """The loop that is left, reading what was hoisted."""
    node = work.node
    if not work.gone:
        return node
    kept = [inner for inner in node.body.nodes if inner not in work.gone]
    steps = {v: s for v, s in work.over.items() if v not in node.elements}
    fixed = {v: s for v, s in work.outside.items() if v not in node.outer}
    count = len(node.initial)
    states, others = node.body.inputs[:count], node.body.inputs[count:]
    given = len(node.sequences)
    body = replace(
        node.body,
        inputs=(*states, *others[:given], *steps, *others[given:], *fixed),
        nodes=tuple(kept),
    ).map_values(lambda v: replace(v, name=f"{v.name}_t") if v in steps else v)
    wider = replace(
        node,
        body=body,
        sequences=(*node.sequences, *steps.values()),
        captured=(*node.captured, *fixed.values()),
    )
    return without_unused(wider, shown)
