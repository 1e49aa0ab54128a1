"""RAM beside TensorFlow Lite Micro's arena: python -m benchmarks.arena [--micro PYTHON]

Rewrites a table of docs/embedding.md. PYTHON is that of an environment with PyPI's tflite-micro;
without it one is made for the time.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

import keras
import tensorflow as tf

from benchmarks.contenders import frozen
from benchmarks.embedding import write_figures
from kgen.memory import of_style
from kgen.pipeline import Export
from tests.target_models import MODELS

HEAD = """\
| model | workspace | and the caller's arrays | arena | of which activations |
|---|--:|--:|--:|--:|
"""

INTERPRET = """
import sys
from tflite_micro import runtime
import numpy as np

interpreter = runtime.Interpreter.from_file(sys.argv[1])
given = interpreter.get_input_details(0)
interpreter.set_input(np.zeros(given["shape"], given["dtype"]), 0)
interpreter.invoke()
interpreter.print_allocations()
"""


@dataclass(frozen=True)
class Arena:
    """Bytes. activations: what its plan of memory takes. total: with what the interpreter keeps."""

    total: int
    activations: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--micro", metavar="PYTHON")
    given = parser.parse_args().micro
    with tempfile.TemporaryDirectory() as folder:
        micro = given or installed(Path(folder))
        rows = [row for name in MODELS if (row := row_of(name, micro))]
    print(write_figures("benchmarks.arena", HEAD + "\n".join(rows) + "\n"))


def installed(folder: Path) -> str:
    """The Python of a new environment with tflite-micro."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "tflite-micro"], check=True)
    return python


def row_of(name: str, micro: str) -> str | None:
    """None for a model that has an operation which TensorFlow Lite Micro hasn't."""
    keras.utils.clear_session()
    model = MODELS[name]()
    arena = arena_of(model, micro)
    if arena is None:
        print(f"{name}: TensorFlow Lite Micro lacks an operation of it", file=sys.stderr)
        return None
    ours = of_style(Export(model, name, {}), "small")
    figures = (ours.own, ours.own + ours.arguments, arena.total, arena.activations)
    return f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |"


def arena_of(model: keras.Model, micro: str) -> Arena | None:
    """What the interpreter reports once the model, in float, has run on zeros."""
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen(model, 1)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(converter.convert())
        result = subprocess.run(
            [micro, "-c", INTERPRET, str(path)], capture_output=True, text=True, check=False
        )
    said = result.stdout + result.stderr
    if "Didn't find op" in said:
        return None
    result.check_returncode()
    sizes = dict(re.findall(r"Arena allocation (\w+) (\d+) bytes", said))
    return Arena(int(sizes["total"]), int(sizes["head"]))


if __name__ == "__main__":
    main()
