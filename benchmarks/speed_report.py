"""The page and the plot that benchmarks/speed.py writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import geometric_mean, median
from xml.sax.saxutils import escape

from benchmarks.memory import Memory

NOTHING = "-"


@dataclass(frozen=True)
class Timing:
    """Microseconds of a call."""

    minimum: float
    median: float


@dataclass
class Row:
    """A model. limit: the least microseconds that its core can take. By contender: times, largest
    errors over the largest output, megabytes at the most, or what went wrong.
    """

    title: str
    parameters: int
    limit: float
    timings: dict[str, Timing] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float | None] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    memory: Memory | None = None

    @property
    def of_the_limit(self) -> float | None:
        """The part of kgen's time that no code could save."""
        return self.limit / self.timings["kgen"].minimum if "kgen" in self.timings else None

    def ratio(self, peer: str) -> float | None:
        """How many times as long as kgen the peer takes, if both have a time."""
        if peer not in self.timings or "kgen" not in self.timings:
            return None
        return self.timings[peer].minimum / self.timings["kgen"].minimum


@dataclass(frozen=True)
class Page:
    """about: its first paragraph. whole: with a plot, memory and errors, or the times alone."""

    title: str
    about: str
    whole: bool


HOW = (
    "[benchmarks/README.md](../benchmarks/README.md) says how it measures. One thread on one core, "
    "batch 1 unless a row says otherwise. Absolute times are those of this machine on this day; "
    "ratios carry over better."
)

ZOO_PAGE = Page("How fast kgen's C is", f"Written by `make bench`; {HOW}", whole=True)

OTHERS_PAGE = Page(
    "How fast kgen's C is on other models",
    "What the choices rest on was measured with [the benchmark](benchmarks.md)'s models. These "
    "tell whether it holds for others: where it did not, the cause was mended in the rules, never "
    f"for a model. Written by `python -m benchmarks.speed --group others`; {HOW}",
    whole=False,
)


@dataclass
class Report:
    """titles: of the contenders, by name. facts: about the run."""

    page: Page
    titles: dict[str, str]
    facts: dict[str, str]
    rows: list[Row] = field(default_factory=list)

    @property
    def peers(self) -> list[str]:
        return [name for name in self.titles if name != "kgen"]

    def best(self, row: Row) -> float | None:
        """The ratio of the row's fastest peer."""
        return min(_known(row.ratio(peer) for peer in self.peers), default=None)

    def line(self, row: Row) -> str:
        """For the terminal."""
        times = [f"{name} {timing.minimum:.4g} us" for name, timing in row.timings.items()]
        return ", ".join([*times, f"fastest peer / kgen: {_ratio(self.best(row))}"])


def write(report: Report, out: Path) -> None:
    """OUT.md and, of a whole page, OUT.svg."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".md").write_text("\n".join([*_page(report, f"{out.name}.svg"), ""]))
    if report.page.whole:
        out.with_suffix(".svg").write_text("\n".join([*_plot(report), ""]))


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _page(report: Report, plot: str) -> Iterator[str]:
    yield f"# {report.page.title}\n"
    yield f"{report.page.about}\n"
    yield from (f"- {name}: {fact}" for name, fact in report.facts.items())
    if report.page.whole:
        yield f"\n![How many times as long as kgen each peer takes]({plot})"
    yield "\n## Microseconds per call: minimum (median)\n"
    yield _cells(
        *("model", "parameters", *report.titles.values()),
        *("fastest peer / kgen", "limit", "kgen is at, of the limit"),
    )
    yield _cells("---", *["--:"] * (len(report.titles) + 4))
    for row in report.rows:
        times = [_time(row, name) for name in report.titles]
        yield _cells(
            *(row.title, f"{row.parameters:,}", *times, _ratio(report.best(row))),
            *(_number(row.limit), _percent(row.of_the_limit)),
        )
    yield from _summary(report)
    yield (
        "\nThe limit is the least time that this core can take: for each layer the larger of its "
        "multiply-adds at their peak, and of reading its weights once (recurrent ones once a step) "
        "from the cache or memory that holds the model's; both measured in this run. Activations "
        "cost nothing in it, and convolutions are computed as they are defined."
    )
    if report.page.whole:
        yield from _memory(report)
        yield from _errors(report)


def _errors(report: Report) -> Iterator[str]:
    yield "\n## Largest error against Keras in float64, over the largest output\n"
    yield _cells("model", *report.titles.values())
    yield _cells("---", *["--:"] * len(report.titles))
    for row in report.rows:
        errors = [
            f"{row.errors[name]:.1e}" if name in row.errors else NOTHING for name in report.titles
        ]
        yield _cells(row.title, *errors)


def _memory(report: Report) -> Iterator[str]:
    yield "\n## Memory\n"
    yield (
        "Planned, in bytes: kgen's workspace (for batches the library's own), which inputs and "
        "outputs lie outside of, and what the tensors cover that LiteRT's interpreter allocates "
        "for its own kernels, inputs and outputs included: XNNPACK's buffers come on top, and no "
        "interface shows them. The peak of a process's memory, in MB, is that of a program which "
        "makes one call, the median of 25 starts where they are quick; the runtimes' programs are "
        "in Python, whose interpreter and NumPy are part of it.\n"
    )
    yield _cells(
        *("model", "kgen's workspace", "with inputs and outputs", "LiteRT's arena"),
        *(f"{title}, MB" for title in report.titles.values()),
    )
    yield _cells("---", *["--:"] * (len(report.titles) + 3))
    for row in report.rows:
        found = row.memory
        planned: tuple[int | None, ...] = (None, None, None)
        if found:
            planned = (found.workspace, found.workspace + found.arguments, found.arena)
        peaks = [row.peaks.get(name) for name in report.titles]
        yield _cells(
            *(row.title, *(NOTHING if size is None else f"{size:,}" for size in planned)),
            *(NOTHING if peak is None else _number(peak) for peak in peaks),
        )


def _percent(part: float | None) -> str:
    return NOTHING if part is None else f"{100 * part:.0f} %"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _time(row: Row, name: str) -> str:
    if name not in row.timings:
        return NOTHING
    timing = row.timings[name]
    return f"{_number(timing.minimum)} ({_number(timing.median)})"


def _number(value: float) -> str:
    """Three digits, and no exponent."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _summary(report: Report) -> Iterator[str]:
    """What the table comes to, and why it has holes."""
    best = _known(map(report.best, report.rows))
    if best:
        won = sum(ratio >= 1 for ratio in best)
        yield (
            f"\nOf minima: kgen is at least as fast as the fastest peer on {won} of {len(best)} "
            f"models; the fastest peer of each takes {geometric_mean(best):.2f} times as long "
            f"(geometric mean; median {median(best):.2f})."
        )
    for peer in report.peers:
        ratios = _known(row.ratio(peer) for row in report.rows)
        if ratios:
            yield (
                f"{report.titles[peer]} takes {geometric_mean(ratios):.2f} times as long, "
                f"from {min(ratios):.2f} to {max(ratios):.2f}."
            )
    for row in report.rows:
        for name, failure in row.failures.items():
            yield f"\n{report.titles[name]}, {row.title}: {failure}"


# The plot: a line for each model, a dot for each peer, time over kgen's on a logarithmic axis.
LEFT, TOP, WIDTH, STEP = 190.0, 60.0, 480.0, 24.0
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
TEXT = '<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'
LINE = '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}"/>'
DOT = '<circle cx="{:.1f}" cy="{:.1f}" r="5" fill="{}"/>'


def _plot(report: Report) -> Iterator[str]:
    ratios = _known(row.ratio(peer) for row in report.rows for peer in report.peers)
    low = math.floor(math.log2(min([0.5, *ratios])))
    high = math.ceil(math.log2(max([4, *ratios])))
    bottom = TOP + STEP * len(report.rows)

    def across(ratio: float) -> float:
        return LEFT + WIDTH * (math.log2(ratio) - low) / (high - low)

    width, height = round(LEFT + WIDTH + 30), round(bottom + 50)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="13" fill="#222">'
    )
    yield f'<rect width="{width}" height="{height}" fill="white"/>'
    for k, peer in enumerate(report.peers):
        x = LEFT + 130 * k
        yield DOT.format(x + 5, 20, COLORS[k])
        yield TEXT.format(x + 16, 24.5, "start", escape(report.titles[peer]))
    for exponent in range(low, high + 1, max(1, (high - low) // 8)):
        x = across(2.0**exponent)
        yield LINE.format(x, TOP - 12, x, bottom, "#ddd")
        yield TEXT.format(x, bottom + 16, "middle", f"{2.0**exponent:g}")
    yield LINE.format(across(1), TOP - 12, across(1), bottom, "#222")
    yield TEXT.format(
        LEFT + WIDTH / 2, bottom + 38, "middle", "time over kgen's; left of 1, kgen is slower"
    )
    for number, row in enumerate(report.rows):
        y = TOP + STEP * number + STEP / 2 - 6
        yield TEXT.format(LEFT - 14, y + 4.5, "end", escape(row.title))
        for peer, color in zip(report.peers, COLORS, strict=False):
            ratio = row.ratio(peer)
            if ratio is not None:
                yield DOT.format(across(ratio), y, color)
    yield "</svg>"
