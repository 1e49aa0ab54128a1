"""From a model and its inputs to an explanation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kgen.arrays import widened
from kgen.compare import difference
from kgen.errors import ExportError
from kgen.explanation import (  # the formulas' modules fill a table
    layer_formulas,  # noqa: F401
    sequence_formulas,  # noqa: F401
    steps,
)
from kgen.explanation.arrays import sizes
from kgen.explanation.calls import Call, calls, readers
from kgen.explanation.formulas import FUNCTIONS, formulas, from_node, masked
from kgen.explanation.inputs import Given, model_inputs, pinned
from kgen.explanation.notation import quoted
from kgen.explanation.observe import Observed, observe
from kgen.explanation.report import Comparison, Explanation, LayerReport, Named, Step, Weight
from kgen.explanation.symbols import symbols, weight_symbol
from kgen.explanation.weights import Weights
from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node
from kgen.ir.value import Value
from kgen.pipeline import Export, ModelOptions, ModelOrPath, Progress, quiet
from kgen.trace import reference
from kgen.trace.gates import GATES


def explain(
    model: ModelOrPath,
    input: Given = None,  # noqa: A002  the user's word
    layer: str | None = None,
    *,
    name: str | None = None,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    custom: str | Path | None = None,
    unsafe: bool = False,
    progress: Progress = quiet,
) -> Explanation:
    """How Keras gets its numbers: each layer's formula, weights, and steps with their values.

    input: a batch of samples; a list or a mapping by name of several inputs. One random sample if
        it is None. Sizes that the model leaves open are those of the samples.
    layer: the path of the only layer to explain.
    name, input_shapes, custom, unsafe: as of `export`.
    Raises ExportError for a model that can't be exported, inputs that don't fit, or no such layer.
    """
    given = ModelOptions(
        model,
        name=name,
        input_shapes=input_shapes,
        custom=custom,
        unsafe=unsafe,
        progress=progress,
    )
    job = pinned(input, Export.of(given))
    progress("tracing")
    graph = job.traced
    inputs = model_inputs(input, job)
    wanted = _wanted(calls(graph), layer)
    progress("computing every step")
    arrays = _observed(graph, inputs)
    builder = _Builder(job, arrays)
    progress("running model.predict")
    judge, predicted = _keras_outputs(job, inputs)
    return Explanation(
        name=job.name,
        samples=len(inputs[0]),
        inputs=tuple(Named("x", value.name, arrays[value]) for value in graph.arguments),
        layers=tuple(builder.layer(call) for call in wanted),
        outputs=tuple(Named("y", value.name, arrays[value]) for value in graph.results),
        comparisons=tuple(
            _compared(value.name, arrays[value], array, job.precision)
            for value, array in zip(graph.results, predicted, strict=True)
        ),
        graph=graph,
        arrays=arrays,
        judge=judge,
    )


def _wanted(found: Sequence[Call], layer: str | None) -> Sequence[Call]:
    """All calls, or those of the layer at a path."""
    if layer is None:
        return found
    wanted = [one for call in found for one in call.walk() if one.path == layer]
    if not wanted:
        raise _unknown(layer, found)
    return wanted


def _observed(graph: Graph, inputs: Sequence[np.ndarray]) -> Observed:
    try:
        return observe(graph, inputs)
    except (IndexError, ValueError) as error:  # an index out of range, a word that is unknown
        raise ExportError(
            f"The model has no answer for this input: {error}.", exit_code=2
        ) from None


def _keras_outputs(job: Export, inputs: Sequence[np.ndarray]) -> tuple[str, list[np.ndarray]]:
    """What the numbers are compared with, and its outputs."""
    if _can_predict(job.model):
        return "model.predict", reference.predictions(job.model, job.signature, inputs)
    found = reference.outputs(job.model, job.signature, inputs)
    return "model(x) (TensorFlow has no predict for such layer names)", found


def _can_predict(model: Any) -> bool:
    """Whether TensorFlow takes the names of the model and its layers for names within a graph."""
    letters = r"[A-Za-z0-9_.\\/>-]*"
    names = [str(layer.name) for layer in model._flatten_layers()]
    inside = all(re.fullmatch(letters, name) for name in names)
    return inside and re.fullmatch(f"[A-Za-z0-9.]{letters}", model.name) is not None


def _unknown(layer: str, found: Sequence[Call]) -> ExportError:
    names = [one.path for call in found for one in call.walk()]
    shown = ", ".join(map(repr, dict.fromkeys(names[:30])))
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return ExportError(f"There is no layer {layer!r}; there are {shown}{more}.", exit_code=2)


def _compared(
    name: str, found: np.ndarray, wanted: np.ndarray, precision: str | None
) -> Comparison:
    gap = difference(found, wanted, precision=precision)
    return Comparison(name, gap.absolute, gap.ok)


MANY = 4
"""So many factors of the same shapes are counted instead of being repeated."""

FEW = 8
"""As many operations are the formula of a layer that has none of its own."""


class _Builder:
    """Reports of layers, from the job's model and the numbers of its graph."""

    def __init__(self, job: Export, arrays: Observed) -> None:
        self.graph = job.traced
        self.arrays = arrays
        self.weights = Weights(job.model)
        self.outermost = set(self.graph.nodes)
        self.readers = readers(self.graph)

    def layer(self, call: Call) -> LayerReport:
        layer = self.weights.layers.get(call.path)
        outputs = call.outputs(self.readers)
        letters = symbols(call, outputs)
        done = [self._step(node, letters) for node in call.nodes]
        lines = formulas(layer, call.kind, call.nodes)
        if lines and any(value in call.masks for value in call.inputs):
            lines = masked(call.kind, lines)
        if not lines:
            lines = [self._formula(step) for step in done] if len(done) <= FEW else []
        if not lines:
            read = ", ".join(letters[value] for value in call.inputs)
            lines = [f"y = {quoted(call.kind)}({read}), {quoted(f'in {len(done)} steps')}"]
        return LayerReport(
            name=call.path,
            kind=call.kind,
            summary=call.summary,
            repeated=call.repeated,
            formulas=tuple(lines),
            functions=tuple(_meanings(lines)),
            shapes=self._shapes(call, outputs),
            weights=tuple(self._weights(call, layer)),
            inputs=tuple(self._named(value, letters) for value in call.inputs),
            outputs=tuple(self._named(value, letters) for value in outputs),
            steps=tuple(done),
            inner=tuple(self.layer(inner) for inner in call.inner),
        )

    def _named(self, value: Value, letters: Mapping[Value, str]) -> Named:
        loops = len(self.arrays.times.get(value, ()))
        return Named(letters.get(value, "k"), value.name, self.arrays[value], loops)

    def _step(self, node: Node, letters: Mapping[Value, str]) -> Step:
        read = dict.fromkeys(node.inputs)
        return Step(
            title=steps.title(node),
            formula=steps.formula(node, self._shown(node), letters),
            shapes=steps.shapes(node, self._shown(node), self._shape),
            layer=node.origin.path,
            reads=tuple(self._named(value, letters) for value in read),
            made=tuple(self._named(value, letters) for value in self._shown(node)),
            node=node,
        )

    @staticmethod
    def _formula(step: Step) -> str:
        """The node's own formula where it has one and is all that the layer does."""
        own = from_node(step.node)
        whole = step.made[0].symbol == "y" and own.startswith("y") and step.reads[0].symbol == "x"
        return own if whole and step.node.kind != "elementwise" else step.formula

    def _shown(self, node: Node) -> Sequence[Value]:
        """What it makes, less what nothing reads."""
        return [value for value in node.outputs if value in self.readers] or [node.output]

    def _shape(self, value: Value) -> tuple[int, ...]:
        """Of the array in one step of the loops around it."""
        return self.arrays.at_step(value, 0).shape

    def _shapes(self, call: Call, outputs: Sequence[Value]) -> str:
        """The factors' shapes of a layer that is one sum of products and what follows it."""
        made = ", ".join(sizes(self._shape(value)) for value in outputs)
        first = call.nodes[0] if call.nodes else None
        if isinstance(first, Contraction) and first in self.outermost and not call.inner:
            products = steps.shapes(first, (), self._shape).partition(" → ")[0]
            added = [c for node in call.nodes[1:2] for c in node.constants if "bias" in c.name]
            bias = [sizes([size for size in c.shape if size != 1] or (1,)) for c in added]
            return f"{products}{''.join(f' + {shape}' for shape in bias)} → {made}"
        read = ", ".join(sizes(self._shape(value)) for value in call.inputs)
        whole = f"{read} → {made}" if made else ", ".join(map(sizes, call.shapes))
        return whole + (f"; {step}" if (step := self._shapes_of_step(call)) else "")

    def _shapes_of_step(self, call: Call) -> str:
        """The factors' shapes in each step of a recurrent layer."""
        if call.inner or not call.nodes or call.nodes[0] in self.outermost:
            return ""
        inside = [node for node in call.nodes if node not in self.outermost]
        products = [
            steps.shapes(node, (), self._shape).partition(" → ")[0]
            for node in inside
            if isinstance(node, Contraction)
        ]
        biases = [sizes(c.shape) for node in inside for c in node.constants if steps.is_bias(c)]
        terms = Counter([*products, *biases])
        shown = [
            " + ".join([text] * count) if count < MANY else f"{count} × ({text})"
            for text, count in terms.items()
        ]
        return f"at each step {' + '.join(shown)}" if products else ""

    def _weights(self, call: Call, layer: Any) -> list[Weight]:
        weights = []
        for index, variable in enumerate(layer.weights if layer is not None else ()):
            name, place = self.weights.name(variable), self.weights.place(variable)
            owner = self.weights.layers.get(name.rpartition("/")[0], layer)
            array = _plain(variable)
            gates = GATES.get(type(owner).__name__, ())
            note = f"{', '.join(gates)}: {array.shape[-1] // len(gates)} of each" if gates else ""
            symbol = weight_symbol(name, call.path, call.kind)
            weights.append(Weight(symbol, name, array, 0, index, place, note))
        return weights


def _plain(variable: Any) -> np.ndarray:
    """A weight as an array that NumPy can print."""
    return widened(np.asarray(variable.numpy()))


def _meanings(lines: Sequence[str]) -> list[str]:
    """The definitions of the functions that formulas mention."""
    joined = " ".join(lines)
    return [
        meaning
        for meaning in FUNCTIONS.values()
        if re.search(rf"(?<!\w){re.escape(meaning.partition('(')[0])}\(", joined)
    ]
