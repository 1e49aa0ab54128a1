"""Letters for the values of one layer, as its formula has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kgen.explanation.calls import Call
from kgen.explanation.notation import quoted
from kgen.explanation.steps import is_bias
from kgen.ir.node import Body, Contraction, Node
from kgen.ir.value import Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.ops.scan import Scan

WEIGHTS = {
    "kernel": "W",
    "bias": "b",
    "recurrent_kernel": "U",
    "gamma": "γ",
    "beta": "β",
    "moving_mean": "μ",
    "moving_variance": "v",
    "mean": "μ",
    "variance": "v",
    "embeddings": "E",
    "depthwise_kernel": "D",
    "pointwise_kernel": "P",
    "alpha": "α",
    "kernel_scale": "s_W",
}
"""By Keras's name of a weight."""

PARTS = {"query": "q", "key": "k", "value": "v", "attention_output": "o"}
"""By the name of a layer within another."""

OUTPUTS = {"query": "Q", "key": "K", "value": "V"}
"""By the name of a layer within another: what it returns."""

INPUTS = dict.fromkeys(("Attention", "AdditiveAttention"), ("Q", "V", "K"))
"""By the class of a layer with several inputs."""

GATES = {
    "input": "i", "forget": "f", "cell": "g", "output": "o",
    "update": "z", "reset": "r", "candidate": "g",
}  # fmt: skip


def weight_symbol(path: str, outer: str, kind: str) -> str:
    """The letter for a weight. path: of the weight. outer, kind: of the layer that is explained."""
    inner, _, own = path.removeprefix(f"{outer}/").rpartition("/")
    own = "gamma" if (kind, own) == ("RMSNormalization", "scale") else own
    letter = WEIGHTS.get(own, own if len(own) == 1 else quoted(own))
    if not inner:
        return letter
    last = inner.rpartition("/")[2]
    return f"{letter}_{{{_part(last)}}}" if "_" not in letter else quoted(f"{last}/{own}")


def _of_constant(constant: Constant, path: str, call: Call) -> str:
    """The letter for a weight, or for the part of it that is one gate's."""
    letter = weight_symbol(path, call.path, call.kind)
    gate = constant.name.removeprefix(f"{path}_")
    return f"{letter}_{GATES[gate]}" if gate in GATES and "_" not in letter else letter


def _part(layer: str) -> str:
    """The subscript for a layer within the explained one."""
    arrow = {"forward": "→", "backward": "←"}.get(layer.partition("_")[0])
    return PARTS.get(layer) or arrow or quoted(layer)


def symbols(call: Call, outputs: Sequence[Value]) -> dict[Value, str]:
    """A letter for each value that the call reads or makes, no letter twice."""
    found: dict[Value, str] = {}
    taken: dict[tuple[int, str], int] = {}

    def give(value: Value, letter: str, loop: int = 0) -> None:
        """loop: the layer's call, for what is within a loop: each loop has its own letters."""
        if value in found:
            return
        taken[loop, letter] = count = taken.get((loop, letter), 0) + 1
        found[value] = letter if count == 1 else _numbered(letter, count)

    inputs = [value for value in call.inputs if value not in call.masks]
    letters = INPUTS.get(call.kind, ()) if len(inputs) > 1 else ()
    for number, value in enumerate(inputs):
        several = letters[number] if number < len(letters) else f"x_{number + 1}"
        give(value, "x" if len(inputs) == 1 else several)
    for value in call.inputs:
        give(value, "m")
    for constant in call.constants:
        path = constant.note.partition(":")[0] or constant.name
        give(constant, _of_constant(constant, path, call) if constant.note else "k")
    for number, value in enumerate(outputs, 1):
        give(value, "y" if len(outputs) == 1 else f"y_{number}")
    for inner in call.inner:
        last = inner.path.rpartition("/")[2]
        for node in inner.nodes[-1:]:
            give(
                node.output, OUTPUTS.get(last) or f"{'h' if node.bodies else 'y'}_{{{_part(last)}}}"
            )
    final = {(node.origin.call, node.output.label): node.output for node in call.nodes}
    for node in call.nodes:
        if isinstance(node, Scan):
            for value, letter in _of_loop(node):
                give(value, letter, node.origin.call)
    inside = {value for node in call.nodes for body in node.bodies for value in _made(body)}
    for node in call.nodes:
        for value in node.outputs:
            letter = _letter(node, value, value in final.values())
            give(value, letter, node.origin.call if value in inside else 0)
    return found


def _made(body: Body) -> Iterator[Value]:
    for node in body.walk():
        yield from node.outputs


def _of_loop(node: Scan) -> Iterator[tuple[Value, str]]:
    """The states before and after a step, and the step's elements."""
    for before, after in node.states:
        letter = before.label if len(before.label) == 1 else quoted(before.label or "state")
        yield before, f"{letter}_{{t-1}}"
        yield after, f"{letter}_t"
    for element in node.elements:
        letter = element.label if len(element.label) == 1 else quoted(element.label or "x")
        yield element, f"{letter}_t"


def _letter(node: Node, value: Value, final: bool) -> str:
    """final: whether it is the last value of its label."""
    source, _, gate = value.label.rpartition("_")
    if gate in GATES and source in ("", "x", "h"):
        return f"{GATES[gate]}_t" if final and not source else f"a_{{{source}{GATES[gate]}}}"
    if gate == "gates":
        return f"a_{source}" if source else "a"
    if isinstance(node, Contraction):
        return "s"
    if isinstance(node, Elementwise) and any(map(is_bias, node.args)):
        return "z"
    return {"softmax": "A", "normalization": "n"}.get(node.kind, "u")


def _numbered(letter: str, count: int) -> str:
    base, mark, low = letter.partition("_")
    inner = low.strip("{}")
    return f"{base}_{{{inner}{',' if inner else ''}{count}}}" if mark else f"{letter}_{count}"
