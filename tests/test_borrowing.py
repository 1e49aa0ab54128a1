"""Intermediate results in the caller's arrays of outputs, before these are computed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import kgen
from kgen import targets
from kgen.ir.size import at_bound
from kgen.library import STRICT, Library
from kgen.options import STYLES
from kgen.pipeline import Export
from kgen.plan import Plan
from kgen.schedule.batch import SAMPLES
from kgen.sharing import Sharing

SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def chain(*sizes: int) -> keras.Model:
    keras.utils.set_random_seed(1)
    made = [layers.Dense(n, activation="relu", bias_initializer="ones") for n in sizes]
    return keras.Sequential([keras.Input((12,)), *made])


def autoencoder() -> keras.Model:
    return chain(72, 72, 72, 8, 72, 72, 72, 200)


def two_outputs() -> keras.Model:
    """The first one is made early, and then lends nothing."""
    keras.utils.set_random_seed(1)
    x = keras.Input((12,))
    y = layers.Dense(72, activation="relu")(x)
    first = layers.Dense(100)(y)
    z = layers.Dense(70, activation="relu")(layers.Dense(71, activation="relu")(y))
    return keras.Model(x, [first, layers.Dense(110)(z)])


def may_fail() -> keras.Model:
    """Words come late: what is before them has no place in the output."""
    keras.utils.set_random_seed(1)
    x, ids = keras.Input((12,)), keras.Input((2,), dtype="int32")
    y = layers.Dense(70, activation="relu")(layers.Dense(70, activation="relu")(x))
    z = layers.Flatten()(layers.Embedding(5, 35)(ids)) + y
    z = layers.Dense(150, activation="relu")(layers.Dense(150, activation="relu")(z))
    return keras.Model([x, ids], layers.Dense(200)(z))


def plan_of(build: Callable[[], keras.Model], style: str = "readable") -> Plan:
    return targets.of_style(Export(build(), "model", {}).plan, style)


@pytest.mark.parametrize("style", ["readable", "fast"])
@pytest.mark.parametrize("build", [autoencoder, two_outputs, may_fail])
def test_outputs_are_free_when_they_are_lent(build: Callable[[], keras.Model], style: str) -> None:
    """Until they are made, and from the last step on that can fail; to one array at a time."""
    plan = plan_of(build, style)
    graph = plan.graph
    made = {v: step for step, node in enumerate(graph.nodes) for v in node.outputs}
    read = made | {v: step for step, node in enumerate(graph.nodes) for v in node.activations}
    failing = max((step for step, node in enumerate(graph.nodes) if node.can_fail), default=-1)
    sharing = Sharing(graph)
    sharing.unite_all()
    lent = 0
    for number, output in enumerate(graph.outputs):
        root = sharing.root(output)
        here = [v for v, p in plan.places.items() if (p.kind, p.number) == ("output", number)]
        guests = [v for v in here if sharing.root(v) is not root]
        lent += len(guests)
        for guest in guests:
            assert failing < made[guest] <= read[guest] < sharing.made[root]
            assert guest.nbytes <= output.nbytes
            assert guest.dtype == output.dtype
            for other in guests:
                apart = made[guest] > read[other] or made[other] > read[guest]
                assert apart or sharing.root(other) is sharing.root(guest)
    assert lent


@pytest.mark.parametrize("style", STYLES)
def test_every_second_layer_is_in_the_output(style: str) -> None:
    """But not the last one before it. What is left is the largest array."""
    plan = plan_of(autoencoder, style)
    assert plan.workspace_bytes == plan.lower_bound == 4 * 72
    assert sum(size for _, size in plan.peak.alive) == plan.workspace_bytes


def test_it_is_left_alone_where_that_saves_little() -> None:
    assert plan_of(lambda: chain(200, 20, 20, 90)).workspace_bytes == 4 * 220


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("build", [autoencoder, two_outputs])
def test_results_are_the_same(build: Callable[[], keras.Model], style: str) -> None:
    model = build()
    x = np.random.default_rng(0).standard_normal((SAMPLES + 3, 12)).astype(np.float32)
    files = kgen.export(model, style=style, name="model", check=False)
    found = Library(files, flags=(*STRICT, "-O1")).outputs(x)
    for a, b in zip(found, keras.tree.flatten(model(x)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def run(files: dict[str, str], main: str, folder: Path) -> None:
    for name, text in {**files, "main.c": main}.items():
        (folder / name).write_text(text)
    sources = [name for name in (*files, "main.c") if name.endswith(".c")]
    command = [
        "cc",
        *STRICT,
        "-O1",
        "-DMODEL_NO_VECTORS",
        *SANITIZERS,
        *sources,
        "-lm",
        "-o",
        "main",
    ]
    subprocess.run(command, cwd=folder, check=True)
    subprocess.run([folder / "main"], check=True)


def test_blocks_of_few_samples_stay_in_their_outputs(tmp_path: Path) -> None:
    """The caller's array is as large as there are samples, not as there are at most."""
    files = kgen.export(chain(72, 72, 72, 200), style="fast", name="model", check=False)
    assert len(re.findall(r" = \w+; /\* \(samples, 72\) \*/", files["model.c"])) == 1
    main = """
#include "model.h"
#include <stdlib.h>
int main(void)
{
    static const size_t counts[] = {1, 4, 8, 31, 32, 36};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; ++k) {
        float *const x = calloc(counts[k] * 12, sizeof *x);
        float *const y = malloc(counts[k] * 200 * sizeof *y);
        if (model_predict_batch(counts[k], x, y) != MODEL_OK)
            return 1;
        free(x), free(y);
    }
    return 0;
}
"""
    run(files, main, tmp_path)


@pytest.mark.parametrize("style", ["readable", "fast"])
def test_after_an_error_outputs_are_as_they_were(style: str, tmp_path: Path) -> None:
    files = kgen.export(may_fail(), style=style, name="model", check=False)
    main = """
#include "model.h"
int main(void)
{
    static const float x[24] = {1.0f};
    static const int32_t good[4] = {0, 4, 1, 1}, bad[4] = {0, 4, 1, 7};
    static float y[400];
    for (int i = 0; i < 400; ++i)
        y[i] = 7.0f;
    if (model_predict(x, bad + 2, y) == MODEL_OK)
        return 1;
    for (int i = 0; i < 400; ++i)
        if (y[i] != 7.0f)
            return 2;
    if (model_predict_batch(2, x, bad, y) == MODEL_OK)
        return 3;
    for (int i = 200; i < 400; ++i)
        if (y[i] != 7.0f)
            return 4;
    return model_predict_batch(2, x, good, y);
}
"""
    run(files, main, tmp_path)


def test_lengths_that_are_known_later() -> None:
    """What may be longer than the output, at some length, is not in it."""
    keras.utils.set_random_seed(1)
    x = keras.Input((None, 6))
    y = layers.Dense(20, activation="relu")(layers.Dense(20, activation="relu")(x))
    z = layers.Dense(20, activation="tanh")(y)
    same, one = layers.Dense(40)(z), layers.Dense(300)(layers.GlobalAveragePooling1D()(z))
    for output, lent in ((same, True), (one, False)):
        job = Export(keras.Model(x, output), "model", {}, max_shapes={"": 12})
        places = job.plan.places.items()
        found = [v for v, p in places if p.kind == "output" and v not in job.plan.graph.outputs]
        assert bool(found) == lent
        assert max(at_bound(v.size) for v in job.plan.places) >= 12 * 20
