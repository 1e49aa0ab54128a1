"""An explanation as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from kgen.explanation.code import Listing, Sources, hot_line
from kgen.explanation.notation import mathml, text
from kgen.explanation.page_data import PageData
from kgen.explanation.picture import Picture, picture
from kgen.explanation.report import Explanation, LayerReport, Named, Step
from kgen.ir.value import Value
from kgen.render.environment import environment

OPEN = 12
"""Models of more layers show them folded."""


@dataclass(frozen=True)
class PageStep:
    """A step as the template shows it. number: of all steps of the page."""

    step: Step
    number: int
    math: str
    by: str


@dataclass(frozen=True)
class PageLayer:
    """A layer as the template shows it."""

    report: LayerReport
    number: int
    formulas: tuple[str, ...]
    functions: tuple[str, ...]
    steps: tuple[PageStep, ...]
    numpy: Listing
    c: Listing

    @property
    def steps_of_time(self) -> int:
        """How many the longest loop in it has."""
        made = [one.made[0].array.shape[1] for one in self.report.steps if one.loops]
        return max(made, default=0)


class Page:
    """What the template sees. history: frames of a training, or None."""

    def __init__(self, explanation: Explanation, history: Any = None) -> None:
        self.explanation = explanation
        self.history = history
        self.sources = Sources(explanation.graph, explanation.name)
        shown = list(dict.fromkeys(self._shown()))
        self.data = PageData(explanation, shown)
        self.layers = list(self._layers())

    @property
    def title(self) -> str:
        return self.explanation.name

    @property
    def folded(self) -> bool:
        return len(self.layers) > OPEN

    @property
    def picture(self) -> Picture:
        return picture(self.explanation.graph.arguments, self.explanation.layers)

    @property
    def json(self) -> str:
        """The data, harmless within a script element."""
        data = self.data.as_json()
        data["weights"] = {}
        data["steps"] = [self._step(step, layer) for layer in self.layers for step in layer.steps]
        for layer in self.layers:
            for number, weight in enumerate(layer.report.weights):
                key = self.weight_id(layer.number, number)
                data["weights"][key] = self.data.array(weight.name, weight.array)
        if self.history is not None:
            places = [one.model_index for layer in self.layers for one in layer.report.weights]
            data["history"] = self.history.as_json(self.data, places)
        encoded = orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        return encoded.replace("<", "\\u003c")

    def _shown(self) -> Iterator[Value]:
        graph = self.explanation.graph
        yield from (*graph.arguments, *graph.results)
        for layer in self.explanation.layers:
            for step in layer.steps:
                yield from (*step.node.inputs, *step.node.outputs[: len(step.made)])

    def _layers(self) -> Iterator[PageLayer]:
        first = 0
        for number, report in enumerate(self.explanation.layers):
            steps = tuple(
                PageStep(
                    step,
                    first + at,
                    mathml(step.formula),
                    step.layer if step.layer != report.name else "",
                )
                for at, step in enumerate(report.steps)
            )
            first += len(steps)
            yield PageLayer(
                report,
                number,
                tuple(map(mathml, report.formulas)),
                tuple(map(mathml, report.functions)),
                steps,
                self.sources.numpy_of(report),
                self.sources.c_of(report),
            )

    def _step(self, page: PageStep, layer: PageLayer) -> dict[str, Any]:
        step, at = page.step, page.number - layer.steps[0].number
        made = [value for value in step.node.outputs if value.name in {m.name for m in step.made}]
        return {
            "layer": layer.number,
            "reads": self._refs(step.reads, list(dict.fromkeys(step.node.inputs))),
            "made": self._refs(step.made, made),
            "title": step.title,
            "np": layer.numpy.places[at],
            "c": layer.c.places[at],
            "hot": hot_line(layer.c, at),
        }

    def _refs(self, shown: Sequence[Named], values: Sequence[Value]) -> list[list[Any]]:
        return [
            [self.data.ids[value], text(one.symbol)]
            for one, value in zip(shown, values, strict=False)
        ]

    def weight_id(self, layer: int, weight: int) -> str:
        """A number for a weight as Keras has it, which the graph's constant may be a part of."""
        return f"w{layer}_{weight}"

    @staticmethod
    def math(formula: str) -> str:
        return mathml(formula)

    @staticmethod
    def plain(formula: str) -> str:
        return text(formula)


def render(explanation: Explanation, history: Any = None) -> str:
    """The page's text."""
    page = Page(explanation, history)
    return environment("html").get_template("page.html.j2").render(page=page)


def embedded(explanation: Explanation) -> Mapping[str, str]:
    """The page in a frame of its own, for a notebook; and as text."""
    page = render(explanation).replace("&", "&amp;").replace('"', "&quot;")
    frame = (
        f'<iframe srcdoc="{page}" title="kgen explain" sandbox="allow-scripts" '
        'style="width:100%;height:80vh;border:1px solid #8888"></iframe>'
    )
    return {"text/html": frame, "text/plain": str(explanation)}
