"""`--ram-limit`: the plans that need less, that they compute the same, and what is said where none
fits.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import orjson
import pytest
from keras import Input, Model, layers

import kgen
from kgen import targets
from kgen.inspection import memory
from kgen.ir.graph import Graph
from kgen.ir.node import GraphError
from kgen.library import STRICT, Library
from kgen.options import LITERAL, Form
from kgen.ordering import ordered
from kgen.pipeline import Export
from kgen.plan import plan
from kgen.ram_limit import WAYS, Attempt, fitted, least
from kgen.schedule import Saving, Strip
from tests.harness import case, kgen_command, randomize
from tests.test_overlaps import separable

SANITIZED = (*STRICT, "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all")


def mobile() -> Model:
    """Chains of depthwise and pointwise convolutions, and a residual sum."""
    x = image = Input((29, 31, 3), name="image")
    x = layers.Conv2D(10, 3, padding="same", activation="relu", name="first")(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise")(x)
    x = before = layers.Conv2D(10, 1, activation="relu", name="pointwise")(x)
    x = layers.DepthwiseConv2D((5, 3), padding="same", name="again")(x)
    x = layers.Conv2D(10, 1, name="back")(x) + before
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", name="down")(x)
    x = layers.Conv2D(12, 1, activation="relu", name="wider")(x)
    x = layers.DepthwiseConv2D((3, 2), dilation_rate=(2, 3), padding="same", name="dilated")(x)
    x = layers.Conv2D(9, 1, activation="tanh", name="narrower")(x)
    x = layers.Conv2D(7, 3, padding="same", name="last")(x)
    return Model(image, layers.GlobalAveragePooling2D(name="mean")(x), name="mobile")


def branches() -> Model:
    """Two large results, each soon small: one after the other is half of both at once."""
    x = Input((24,), name="x")
    wide = [layers.Dense(400, activation="relu", name=f"wide{n}")(x) for n in range(3)]
    small = [layers.Dense(5, name=f"small{n}")(one) for n, one in enumerate(wide)]
    return Model(x, layers.Concatenate(name="both")(small), name="branches")


def steps() -> Model:
    x = Input((30, 11), name="steps")
    return Model(x, layers.Dense(4)(layers.GRU(9, name="gru")(x)), name="steps")


def square() -> Model:
    """3x3 convolutions of many channels, which Winograd's algorithm takes."""
    x = Input((20, 20, 32), name="x")
    y = layers.Conv2D(48, 3, padding="same", activation="relu", name="one")(x)
    return Model(x, layers.Conv2D(8, 3, padding="same", name="two")(y), name="square")


def attention() -> Model:
    x = Input((40, 24), name="x")
    y = layers.MultiHeadAttention(3, 8, name="heads")(x, x)
    return Model(x, layers.Dense(3)(y), name="attention")


MODELS = {one.__name__: one for one in (mobile, separable, branches, steps, square, attention)}


@pytest.fixture(scope="module")
def jobs() -> dict[str, Export]:
    keras.utils.clear_session()
    made = {}
    for name, make in MODELS.items():
        model = make()
        randomize(model, 5)
        made[name] = Export(model, name, {})
    return made


def run(one: Attempt, inputs: list[np.ndarray]) -> np.ndarray:
    files = one.job.files("c", one.style, form=one.form)
    found: np.ndarray = Library(files, flags=SANITIZED).predict(*inputs)
    return found


@pytest.mark.parametrize(
    ("name", "style", "share"),
    [
        ("mobile", "fast", 0.6),
        ("separable", "readable", 0.75),
        ("branches", "small", 0.5),
        ("steps", "fast", 0.2),
        ("steps", "readable", 0.2),
        ("square", "fast", 0.7),
        ("attention", "fast", 0.8),
    ],
)
def test_the_smallest_plans(name: str, style: str, share: float, jobs: dict[str, Export]) -> None:
    """They take a fraction of the memory, and compute what Keras does."""
    job = jobs[name]
    smallest = least(job, style)
    assert smallest.bytes <= share * Attempt(job, style, LITERAL).bytes
    inputs = job.samples(2)
    wanted = job.model.predict(inputs[0], verbose=0)
    np.testing.assert_allclose(run(smallest, inputs), wanted, rtol=1e-4, atol=1e-5)


def test_fast_before_small(jobs: dict[str, Export]) -> None:
    """Only as much is given up as the limit asks for, and nothing that it does not need."""
    job = jobs["mobile"]
    plain, smallest = Attempt(job, "fast", LITERAL), least(job, "fast")
    assert least(job, "fast", limit=plain.bytes).ways == ()
    found = [least(job, "fast", limit=limit) for limit in range(smallest.bytes, plain.bytes, 2999)]
    costs = [max(map(WAYS.index, one.ways)) for one in found if set(one.ways) <= set(WAYS)]
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) > 1
    for one in found:
        fewer = [plain.using([w for w in one.ways if w is not way]) for way in one.ways]
        limit = one.form.saving.limit or one.bytes
        assert all(other.bytes > limit for other in fewer)


@pytest.mark.parametrize("rows", [Saving(rows=0), Saving(rows=0, pairs=True)])
def test_rows_that_follow(rows: Saving, jobs: dict[str, Export]) -> None:
    """Strips whose outputs follow their inputs give the bits that they give elsewhere; a row less
    between them would not do.
    """
    job = jobs["mobile"]
    inputs = job.samples(3)
    apart, behind = (
        Attempt(job, "fast", Form(saving=replace(rows, following=following)))
        for following in (False, True)
    )
    assert behind.bytes < apart.bytes
    wanted = run(apart, inputs)
    np.testing.assert_array_equal(run(behind, inputs), wanted)


def strips(graph: Graph) -> list[Strip]:
    return [node for node in graph.nodes if isinstance(node, Strip)]


def overwritten(strip: Strip, distance: int) -> bool:
    """Whether a row is read after it was overwritten, going through rows as the C does: a stage
    makes rows just before the next stage needs them.
    """
    stages, nodes = strip.stages, strip.body.nodes
    place = strip.operands.index(nodes[0].inputs[0]) if nodes[0].inputs[0] in strip.operands else 0
    x = strip.operands[place]
    image, size = x.shape[1], x.size // x.shape[1]
    begin = written = -distance  # of the output, in elements of x
    made = [0] * len(stages)
    for row in range(stages[-1].rows.count):
        wanted = row + 1
        for number in reversed(range(len(stages))):
            reach, before = stages[number].rows, made[number]
            height = stages[number].height
            rows = ceil(min(wanted, reach.count) / height) * height
            made[number] = max(made[number], rows)
            for one in range(before, made[number]):
                first = one * reach.stride - reach.before
                taps = range(first, first + reach.taps * reach.rate, reach.rate)
                inside = [tap for tap in taps if 0 <= tap < image]
                if number == 0 and any(
                    max(begin, tap * size) < min(written, (tap + 1) * size) for tap in inside
                ):
                    return True
            wanted = (made[number] - 1) * reach.stride + (reach.taps - 1) * reach.rate
            wanted += 1 - reach.before
        written += stages[-1].y
    return False


@pytest.mark.parametrize("pairs", [False, True])
def test_trails_of_strips(pairs: bool, jobs: dict[str, Export]) -> None:
    saving = Saving(rows=0, pairs=pairs)
    graph = targets.fast(jobs["mobile"].plan, Form(saving=saving)).graph
    check_trails(graph)
    assert all(one.trail(strips(graph)[0].operands[0]) is None for one in strips(graph)[1:])


def test_trails_of_rows_of_tiles() -> None:
    """Which are made several at a time."""
    graph = targets.fast(case("strips/pooled_tiles").plan).graph
    assert all(strip.stages[0].height > 1 for strip in strips(graph))
    check_trails(graph)


def check_trails(graph: Graph) -> None:
    """Nothing is overwritten before it is read, and no shorter distance would do everywhere."""
    tight = 0
    for strip in strips(graph):
        x = strip.operands[0]
        distance = strip.trail(x)
        assert distance is not None
        row = x.size // x.shape[1]
        assert not overwritten(strip, distance)
        tight += overwritten(strip, distance - row)
    assert tight > 0


def test_orders() -> None:
    """No order of any few nodes needs less than the one that is found."""
    keras.utils.clear_session()
    x = Input((6,), name="x")
    a = layers.Dense(90, name="a")(x)
    b = layers.Dense(40, name="b")(x)
    c, d = layers.Dense(3, name="c")(a), layers.Dense(50, name="d")(b)
    e = layers.Dense(7, name="e")(a)
    y = layers.Dense(2, name="y")(layers.Concatenate(name="all")([c, d, e]))
    graph = Export(Model(x, y), "orders", {}).graph
    peaks = []
    for order in itertools.permutations(graph.nodes):
        with contextlib.suppress(GraphError):  # it reads something before it is made
            peaks.append(plan(replace(graph, nodes=order).check()).workspace_bytes)
    assert plan(ordered(graph)).workspace_bytes == min(peaks) < plan(graph).workspace_bytes


def test_what_is_said(jobs: dict[str, Export], tmp_path: Path) -> None:
    """Of the plan, in the README, the manifest and on the command line; and where there is none."""
    path = tmp_path / "mobile.keras"
    jobs["mobile"].model.save(path)
    smallest = least(jobs["mobile"], "fast")

    def export(limit: object, *more: str) -> Any:
        options = ["--ram-limit", str(limit), "--out", str(tmp_path), "--no-check", *more]
        return kgen_command("export", path, *options)

    result = export(smallest.bytes)
    assert result.exit_code == 0, result.output
    manifest = orjson.loads((tmp_path / "mobile.json").read_bytes())
    readme = (tmp_path / "mobile_README.md").read_text()
    assert manifest["workspace_bytes"] == smallest.bytes == manifest["ram_limit"]
    assert f"workspace {smallest.bytes:,} bytes, of {smallest.bytes:,}" in result.output
    assert manifest["ram_saved_by"]
    for way in manifest["ram_saved_by"]:
        assert f"- {way}" in readme
        assert way in result.output
    result = export("1M")
    assert "nothing special" in (tmp_path / "mobile_README.md").read_text()
    result = export(smallest.bytes - 1)
    assert result.exit_code == 3
    layer, (largest, size) = smallest.memory.layer, smallest.memory.alive[0]
    for part in (
        f"{smallest.bytes:,} bytes",
        f"{layer!r}",
        f"{largest} ({size:,})",
        "smaller input",
    ):
        assert part in result.output
    result = export(smallest.bytes, "--style", "readable")
    assert result.exit_code == 3
    assert f"--style fast needs {smallest.bytes:,} bytes" in result.output


def test_threads_need_more(jobs: dict[str, Export]) -> None:
    """Bands of rows each have rows of their own."""
    job = jobs["mobile"]
    alone, several = least(job, "fast"), least(job, "fast", Form(threads=True))
    assert alone.bytes < several.bytes
    with pytest.raises(kgen.ExportError, match=f"Without --threads it needs {alone.bytes:,}"):
        fitted(job, "fast", str(alone.bytes), Form(threads=True))


def test_inspect_says_what_a_limit_may_be(jobs: dict[str, Export]) -> None:
    for one in memory(jobs["steps"].model):
        assert one.least == least(jobs["steps"], one.style).bytes < one.own
