"""What one node of the graph does, in a word, as a formula, and in shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kgen.explanation.arrays import sizes
from kgen.explanation.formulas import from_node
from kgen.explanation.notation import quoted
from kgen.ir.node import Contraction, Node
from kgen.ir.program import Arg, Number, Operand, Program, Temp
from kgen.ir.value import Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.ops.gather import Gather
from kgen.ops.resize import Resize
from kgen.ops.scan import Scan
from kgen.ops.slice import Slice
from kgen.targets.numpy_text import slice_text

INFIX = {
    "add": " + ", "subtract": " - ", "multiply": " ⊙ ", "divide": " / ", "equal": " = ",
    "not_equal": " ≠ ", "less": " < ", "greater": " > ", "less_equal": " ≤ ",
    "greater_equal": " ≥ ",
}  # fmt: skip
FUNCTIONS = {"sigmoid": "σ", "exp": "exp", "natural_log": "ln", "log": "ln"}
TITLES = {
    "dense": "product", "einsum": "product", "matmul": "product", "conv": "convolution",
    "conv_transpose": "transposed convolution", "pool": "pooling", "scan": "loop over time",
    "normalization": "normalisation", "batch_normalization": "normalisation",
}  # fmt: skip


def title(node: Node) -> str:
    """product, bias, activation, ..."""
    if isinstance(node, Elementwise) and node.program.steps:
        function = node.program.steps[-1].function
        if function == "add" and any(map(is_bias, node.args)):
            return "bias"
        if f"activation='{function}'" in node.origin.summary:
            return "activation"
        return function.replace("_", " ")
    if node.kind == "softmax" and "activation='softmax'" in node.origin.summary:
        return "activation"
    if node.kind == "reduce":
        return str(getattr(node, "function", node.kind))
    return TITLES.get(node.kind, node.kind.replace("_", " "))


def is_bias(value: Value) -> bool:
    return isinstance(value, Constant) and "bias" in value.name.rpartition("/")[2]


def formula(node: Node, made: Sequence[Value], symbols: Mapping[Value, str]) -> str:
    """The node's arithmetic with the layer's letters, in the notation of `notation`.

    made: those of its outputs that matter.
    """
    y = symbols[node.output]
    read = [symbols.get(value, quoted(value.name)) for value in node.inputs]
    match node:
        case Scan():
            shown = [symbols[value] for value in made]
            return f"{', '.join(shown)} = {quoted(f'{node.steps} steps')}({', '.join(read)})"
        case Elementwise():
            return f"{y} = {_program(node.program, read)}"
        case Slice():
            return f"{y} = {read[0]}{_places(node)}"
        case Resize():  # its other inputs are tables of neighbours and shares
            return f"{y} = resize({read[0]}, {quoted(f'along axis {node.axis}')})"
        case Gather():
            return f"{y} = {read[0]}[{read[1]}]"
    if node.kind == "dense":
        return f"{y} = {read[0]} · {read[1]}"
    if node.kind == "conv":
        return f"{y} = {read[0]} ∗ {read[1]}"
    if node.kind == "einsum":
        a, b, output = (",".join(labels) for labels in node.labels)  # type: ignore[attr-defined]
        summed = ",".join(node.summed)  # type: ignore[attr-defined]
        total = f"sum_{{{summed}}} " if summed else ""
        return f"{_at(y, output)} = {total}{_at(read[0], a)} · {_at(read[1], b)}"
    if node.kind == "softmax":
        return f"{y} = softmax({read[0]})"
    if node.kind in ("normalization", "batch_normalization"):
        own = from_node(node).removeprefix("y = ").replace("x", read[0])
        return f"{y} = {own}"
    word = title(node)
    name = word if word.isalpha() else quoted(word)
    return f"{y} = {name}({', '.join(read)})"


def _at(letter: str, places: str) -> str:
    """An element: the letter may have a subscript of its own."""
    return f"({letter})_{{{places}}}" if "_" in letter else f"{letter}_{{{places}}}"


def _places(node: Slice) -> str:
    """As Python writes them: […, 0:2]"""
    texts = [
        slice_text(*axis)
        for axis in zip(node.starts, node.steps, node.sizes, node.x.shape, strict=True)
    ]
    cut = next((axis for axis, text in enumerate(texts) if text != ":"), 0)
    whole = "…, " if cut == len(texts) - 1 and cut else ""
    return f"[{whole or ', '.join(texts[:cut]) + ', ' * bool(cut)}{', '.join(texts[cut:])}]"


def shapes(node: Node, made: Sequence[Value], shape_of: Callable[[Value], tuple[int, ...]]) -> str:
    """`(4, 2) · (2, 4) → (4, 4)`"""
    read = [sizes(shape_of(value)) for value in node.inputs]
    if node.kind == "conv":
        sign = " ∗ "
    elif isinstance(node, Contraction):
        sign = " · "
    elif isinstance(node, Elementwise) and len(node.program.steps) == 1:
        sign = INFIX.get(node.program.steps[0].function, ", ")
    else:
        sign = ", "
    after = ", ".join(sizes(shape_of(value)) for value in made)
    return f"{sign.join(read)} → {after}"


def _program(program: Program, read: list[str]) -> str:
    """The scalar program as one expression."""
    texts: list[tuple[str, bool]] = []  # of each step; whether it needs parentheses within another

    def text(operand: Operand, inside: bool) -> str:
        match operand:
            case Arg(index):
                return read[index]
            case Temp(index):
                whole, several = texts[index]
                return f"({whole})" if several and inside else whole
            case Number(value, _):
                return repr(value) if isinstance(value, bytes) else f"{value:.7g}"

    for step in program.steps:
        sign = INFIX.get(step.function)
        if sign is not None and len(step.args) == 2:
            number = any(isinstance(arg, Number) for arg in step.args)
            sign = " · " if step.function == "multiply" and number else sign
            texts.append((sign.join(text(arg, True) for arg in step.args), True))
        elif step.function == "cast":
            texts.append((f"{quoted(step.dtype)}({text(step.args[0], False)})", False))
        else:
            name = FUNCTIONS.get(step.function, step.function)
            name = name if name.isalpha() else quoted(name.replace("_", " "))
            texts.append((f"{name}({', '.join(text(arg, False) for arg in step.args)})", False))
    return texts[-1][0] if texts else read[0]
