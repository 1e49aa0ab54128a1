"""Random models against Keras: with narrow weights, by policy, quantization or --weights-dtype, and
graphs that are made of whatever fits together.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from keras import Input, Model, layers
from keras.quantizers import Int4QuantizationConfig, Int8QuantizationConfig

import kgen
from kgen import checking, targets
from kgen.conditioning import in_float64
from kgen.library import STRICT, Library
from kgen.options import Form
from kgen.pipeline import Export, ModelOptions
from kgen.plan import plan
from kgen.schedule import attend, batch, fewer_products, neighbours, nonzero, winograd
from kgen.schedule.saving import Saving
from kgen.schedule.strips import Worth
from kgen.trace import reference
from tests import program
from tests.harness import assert_close, assert_no_worse, randomize
from tests.random_graphs import random_graph

POLICIES = ("float32", "float32", "float32", "bfloat16", "mixed_float16", "mixed_bfloat16")
QUANTIZATIONS = (None, None, None, "int8", "int4", "float8", "blocks", "channels", "weights_only")
CONFIGS = {
    "blocks": lambda: Int4QuantizationConfig(block_size=3),
    "channels": lambda: Int4QuantizationConfig(block_size=None),
    "weights_only": lambda: Int8QuantizationConfig(activation_quantizer=None),
}
FORMS = ("literal", "string", "incbin", "file")
FLAGS = (("-O1",), ("-O2", "-march=native"), ("-O1", "-DM_NO_VECTORS"))


def dense(r: random.Random, x: Any) -> Any:
    x = layers.Dense(r.choice([1, 3, 16, 17, 33, 70]), r.choice(["relu", "tanh", "gelu", None]))(x)
    return r.choice([lambda y: y, layers.BatchNormalization(), layers.LayerNormalization()])(x)


def image(r: random.Random, x: Any) -> Any:
    convolution = r.choice([
        lambda: layers.Conv2D(r.choice([4, 16, 20]), r.choice([1, 3]), strides=r.choice([1, 2])),
        lambda: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=r.choice([1, 2])),
        lambda: layers.SeparableConv2D(r.choice([5, 16]), 3, padding="same"),
        lambda: layers.Conv2DTranspose(r.choice([3, 16]), 3, strides=r.choice([1, 2])),
    ])()  # fmt: skip
    x = convolution(x)
    return layers.BatchNormalization()(x) if r.random() < 0.5 else x


def sequence(r: random.Random, x: Any) -> Any:
    options = {"return_sequences": True, "recurrent_initializer": "zeros"}
    attention = layers.MultiHeadAttention(2, r.choice([3, 8]))
    return r.choice([
        layers.LSTM(r.choice([3, 9]), **options),
        layers.Bidirectional(layers.GRU(5, reset_after=r.random() < 0.5, **options)),
        layers.EinsumDense("abc,cd->abd", (None, r.choice([5, 18])), bias_axes="d"),
        layers.Conv1D(r.choice([4, 16]), 3, padding="causal"),
        lambda y: attention(y, y),
    ])(x)  # fmt: skip


def model(r: random.Random) -> tuple[keras.Model, bool]:
    """And whether it takes sequences of any length."""
    kind = r.choice([dense, image, sequence, sequence])
    length = r.choice([None, 7]) if kind is sequence else 7
    if kind is sequence and r.random() < 0.5:
        x = first = Input((length,), dtype="int32", name="tokens")
        x = layers.Embedding(r.randint(5, 60), r.choice([4, 16]))(x)
    else:
        shape = {dense: (r.randint(1, 40),), image: (9, 8, r.randint(1, 5)), sequence: (length, 8)}
        x = first = Input(shape[kind], name="x")
    for _ in range(r.randint(1, 3)):
        x = kind(r, x)
    x = layers.Flatten()(x) if kind is image else x
    return Model(first, layers.Dense(r.randint(1, 8))(x), name="m"), length is None


def quantize(made: keras.Model, mode: str | None) -> None:
    if mode in ("int8", "weights_only") and made.layers[-1].compute_dtype == "float16":
        return  # Keras refuses
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers that stay as they are
        if mode in CONFIGS:
            made.quantize(config=CONFIGS[mode]())
        elif mode:
            made.quantize(mode)


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 40))]
)
def test_random_model(seed: int) -> None:
    r = random.Random(seed)
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(r.choice(POLICIES))
    try:
        made, is_open = model(r)
    finally:
        keras.config.set_dtype_policy("float32")
    randomize(made, seed)
    quantize(made, r.choice(QUANTIZATIONS))
    options = {
        "weights_dtype": r.choice(["float32", "float16", "bfloat16"]),
        "max_shapes": {"n": 9} if is_open else {},
    }
    job = Export.of(ModelOptions(made, name="m", **options))
    checking.check(job)
    style, form = r.choice(["fast", "fast", "readable", "small"]), r.choice(FORMS)
    files = kgen.export(made, style=style, weights=form, name="m", check=False, **options)
    library = Library(files, flags=(*STRICT, *r.choice(FLAGS)))
    for length in (4, 9) if is_open else (0,):
        point = {"n": length} if length else None
        inputs = job.samples(r.choice([1, 3, 35]), seed, point)
        with job.rounding():
            wanted = reference.outputs(made, job.signature, inputs)
        found = library.predict(*inputs)
        for results in (job.evaluated(inputs, wanted), [np.asarray(found)]):
            if job.precision is None:
                assert_close(results, wanted)
            else:
                traced = job.traced.at(point) if point else job.traced
                exact = targets.evaluate(plan(in_float64(traced)), inputs)
                assert_no_worse(results, wanted, exact, job.precision)


EAGER: dict[ModuleType, dict[str, Any]] = {
    targets: {"FOR_SPEED": Worth(far=1, traffic=1e9, fewest=1)},
    fewer_products: {"GAIN": 1e9},
    winograd: {"LEAST": 5000},
    neighbours: {"GAIN": 1e9},
    nonzero: {"READING": 1e6},
    attend: {"PLAIN": 1, "NEAR": 64, "FEWEST": 2},
    batch: {"SMALL": 64, "SHARE": 0.0},
}
"""Bounds with which small layers are computed as large ones are."""

SANITIZERS = ("-std=c99", "-g", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def assert_about_exact(
    found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], exact: Sequence[np.ndarray]
) -> None:
    """Errors of the size of Keras's own, or of a long sum of roundings."""
    for a, b, c in zip(found, wanted, exact, strict=True):
        assert a.dtype == b.dtype
        scale = np.abs(c).max()
        errors = [np.abs(x.astype(np.float64) - c).max() for x in (a, b)]
        assert errors[0] <= 20 * errors[1] + 200 * np.finfo(np.float32).eps * scale


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")
@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 60))]
)
def test_random_graph(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All styles; single samples where nothing may be read or written beside the arrays, and 35 at
    once.
    """
    r = random.Random(seed)
    for module, bounds in EAGER.items():
        for name, bound in bounds.items():
            if r.random() < 0.8:
                monkeypatch.setattr(module, name, bound)
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    made = random_graph(r)
    randomize(made, seed)
    job = Export.of(ModelOptions(made, name="m"))
    inputs = job.samples(35, seed)
    wanted = reference.outputs(made, job.signature, inputs)
    exact = targets.evaluate(plan(in_float64(job.traced)), inputs)
    assert_about_exact(job.evaluated(inputs, wanted), wanted, exact)
    ordered, singly, pieces, following = (r.random() < 0.3 for _ in range(4))
    saving = Saving(ordered=ordered, singly=singly, pieces=pieces, following=following)
    form = Form(weights=r.choice(FORMS[:2]), threads=r.random() < 0.3, saving=saving)
    vectors = r.choice(["-march=native", "-DM_NO_VECTORS"])
    for style in ("fast", r.choice(["small", "readable"])):
        files = job.files("c", style, form=form if style == "fast" else Form(weights=form.weights))
        several = Library(files, flags=(*STRICT, "-O0", vectors)).predict(*inputs)
        assert_about_exact(several, wanted, exact)
        folder = tmp_path / style
        folder.mkdir()
        few, like, flags = [x[:2] for x in inputs], [y[:2] for y in wanted], (*SANITIZERS, vectors)
        single = program.run(files, few, like, folder, flags=flags)
        assert_about_exact(single, like, [y[:2] for y in exact])
