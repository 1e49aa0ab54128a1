"""generated/ is what kgen makes of a few small models: compared byte for byte, compiled and run."""

from __future__ import annotations

import difflib
from pathlib import Path

import keras
import numpy as np
import orjson
import pytest

from kgen import targets
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from kgen.trace import reference
from tests.generated_models import MODELS, with_dyadic_weights
from tests.harness import assert_close

GENERATED = Path(__file__).parent.parent / "generated"
VARIANTS = {
    "c_readable": ("c", "readable"),
    "c_fast": ("c", "fast"),
    "numpy": ("numpy", "fast"),
}


def export_of(name: str) -> Export:
    keras.utils.clear_session()
    model = MODELS[name]()
    finished = name in ("xor", "quantized")
    return Export(model if finished else with_dyadic_weights(model), name, {})


def without_versions(file: str, text: str) -> str:
    """A manifest less the versions of kgen and Keras, which change without the code changing."""
    if not file.endswith(".json"):
        return text
    content = orjson.loads(text)
    return orjson.dumps({**content, "kgen": "", "keras": ""}, option=orjson.OPT_INDENT_2).decode()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", MODELS)
def test_generated_is_fresh(name: str, variant: str, request: pytest.FixtureRequest) -> None:
    folder = GENERATED / name / variant
    files = export_of(name).files(*VARIANTS[variant])
    if request.config.getoption("--regenerate"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
    assert {path.name for path in folder.iterdir()} == set(files)
    for file, text in files.items():
        committed = without_versions(file, (folder / file).read_text(encoding="utf-8"))
        diff = difflib.unified_diff(
            committed.splitlines(),
            without_versions(file, text).splitlines(),
            "committed",
            "now",
            "",
            "",
            2,
        )
        lines = "\n".join(diff)
        assert not lines, (
            f"generated/{name}/{variant} is stale: rerun with --regenerate and read the diff\n"
            f"{lines}"
        )


def test_generated_holds_nothing_else() -> None:
    found = {str(path.relative_to(GENERATED)) for path in GENERATED.glob("*/*")}
    assert found == {str(Path(name, variant)) for name in MODELS for variant in VARIANTS}


def test_generated_shows_every_kind_of_node() -> None:
    kinds = {path.stem for path in (GENERATED.parent / "kgen" / "ops").glob("[a-z]*.py")}
    shown = {node.kind for name in MODELS for node in export_of(name).graph.nodes}
    # Batch normalisation never survives the passes: it becomes weights, or a factor and an offset.
    assert kinds - shown == {"batch_normalization"}


@pytest.mark.parametrize("name", MODELS)
def test_generated_agrees_with_keras(name: str) -> None:
    """The committed files, not fresh ones."""
    job = export_of(name)
    inputs = job.samples(4)
    expected = reference.predictions(job.model, job.signature, inputs)
    for variant in ("c_readable", "c_fast"):
        folder = GENERATED / name / variant
        files = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        assert_close(Library(files, flags=(*STRICT, "-O2")).outputs(*inputs), expected)
    text = (GENERATED / name / "numpy" / f"{name}.py").read_text(encoding="utf-8")
    assert_close(targets.run(text, inputs, job.signature.batch_size), expected)


def test_xor_is_xor() -> None:
    folder = GENERATED / "xor" / "c_readable"
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    outputs = Library(files, flags=(*STRICT, "-O2")).predict(inputs)
    assert outputs.round().ravel().tolist() == [0, 1, 1, 0]
