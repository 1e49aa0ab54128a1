"""What benchmarks/speed.py compares: how each makes a program of a Keras model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import kgen

COMPILER = os.environ.get("CC", "cc")
FLAGS = ("-O3", "-march=native")

Prepare = Callable[[keras.Model, int, Path], list[str]]
"""From a model, a batch size and a folder to write to, the command; X and Y come after it."""


@dataclass(frozen=True)
class Contender:
    """packages: what has to be installed; the first one's version is the contender's."""

    title: str
    packages: tuple[str, ...]
    prepare: Prepare

    @property
    def missing(self) -> list[str]:
        """Of its packages, those that aren't installed."""
        return [name for name in self.packages if find_spec(name.replace("-", "_")) is None]

    @property
    def version(self) -> str:
        try:
            return f"{self.title} {version(self.packages[0])}"
        except PackageNotFoundError:  # kgen, run from its folder
            return self.title


def prepare_kgen(model: keras.Model, batch: int, folder: Path) -> list[str]:
    """Exports in the fast style, and compiles everything together with timing.c."""
    files = kgen.export(model, "c", folder, name="model", style="fast", check=False)
    return compiled(model, batch, folder, [name for name in files if name.endswith(".c")], FLAGS)


def compiled(
    model: keras.Model, batch: int, folder: Path, sources: list[str], flags: Sequence[str]
) -> list[str]:
    """timing.c with C code that has a model.h like kgen's, all in the folder."""
    sizes = {
        "BATCH": batch,
        "INPUTS": _size(model.input_shape),
        "OUTPUTS": _size(model.output_shape),
    }
    subprocess.run(
        [
            *(COMPILER, *flags, "-o", folder / "timing", f"-I{folder}"),
            *(f"-D{name}={value}" for name, value in sizes.items()),
            Path(__file__).with_name("timing.c"),
            *(folder / name for name in sources),
            "-lm",
        ],
        check=True,
    )
    return [str(folder / "timing")]


def _size(shape: tuple[int | None, ...]) -> int:
    size = 1
    for dimension in shape[1:]:
        assert dimension is not None
        size *= dimension
    return size


def prepare_litert(model: keras.Model, batch: int, folder: Path) -> list[str]:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen(model, batch)])
    path = folder / "model.tflite"
    path.write_bytes(converter.convert())
    return _worker("litert", path)


def prepare_onnxruntime(model: keras.Model, batch: int, folder: Path) -> list[str]:
    return _worker("onnxruntime", onnx_file(model, batch, folder))


def prepare_openvino(model: keras.Model, batch: int, folder: Path) -> list[str]:
    return _worker("openvino", onnx_file(model, batch, folder))


def prepare_emx(model: keras.Model, batch: int, folder: Path) -> list[str]:
    """C from emx-onnx-cgen, whose function takes and gives arrays of a whole batch."""
    path = onnx_file(model, batch, folder)
    program = shutil.which("emx-onnx-cgen", path=str(Path(sys.executable).parent))
    if program is None:
        raise RuntimeError("there is no program emx-onnx-cgen beside Python")
    command = [program, "compile", path, folder / "model.c", "--restrict-arrays"]
    subprocess.run(
        [*command, "--large-temp-threshold", str(1 << 20)], check=True, capture_output=True
    )
    (folder / "model.h").write_text(EMX_HEADER.format(weights=folder / "model.bin"))
    return compiled(model, batch, folder, ["model.c"], [*FLAGS, "-ffp-contract=fast"])


EMX_HEADER = """\
#include <stdbool.h>
#include <stdlib.h>

enum {{ MODEL_OK = 0 }};
bool model_load(const char *path);
void model(const float *x, float *y);

__attribute__((constructor)) static void load(void)
{{
    if (!model_load("{weights}"))
        exit(1);
}}

static inline int model_predict(const float *x, float *y)
{{
    model(x, y);
    return MODEL_OK;
}}
#define model_predict_batch(count, x, y) model_predict(x, y)
"""


def onnx_file(model: keras.Model, batch: int, folder: Path) -> Path:
    """The model for runtimes that read ONNX; converted once for all, beside their folders."""
    path = folder.parent / "model.onnx"
    if not path.exists():
        _convert_to_onnx(model, batch, path)
    return path


def _convert_to_onnx(model: keras.Model, batch: int, path: Path) -> None:
    import onnx
    import tf2onnx

    from benchmarks.recurrent_onnx import Recurrent

    recurrent = Recurrent()
    with recurrent.marked(model):
        function = frozen(model, batch)
    converted, _ = tf2onnx.convert.from_graph_def(
        function.graph.as_graph_def(),
        input_names=[tensor.name for tensor in function.inputs],
        output_names=[tensor.name for tensor in function.outputs],
        opset=17,
        custom_op_handlers={"Erfc": (_erfc, []), "PyFunc": (recurrent.convert, [])},
    )
    onnx.save(converted, str(path))


def _erfc(context: Any, node: Any, name: str, args: Any) -> None:
    """tf2onnx doesn't know the Erfc of Keras's gelu: 1 - erf(x)."""
    (y,), (x,) = node.output, node.input
    kind, shape = context.get_dtype(y), context.get_shape(y)
    context.remove_node(node.name)
    one = context.make_const(f"{name}_one", np.array(1, np.float32)).output[0]
    erf = context.make_node("Erf", [x]).output[0]
    context.make_node("Sub", [one, erf], outputs=[y], dtypes=[kind], shapes=[shape])


def frozen(model: keras.Model, batch: int) -> Any:
    """The model as TensorFlow's function of one batch, all sizes known, its weights constants.

    LiteRT gives XNNPACK only layers with constant weights; tf2onnx makes inputs of what isn't.
    Keras wraps grouped convolutions in functions for XLA, which tf2onnx doesn't know: those run as
    plain Python, so that what they do becomes part of the graph.
    """
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32, name="x")]
    function = tf.function(lambda x: model(x, training=False), input_signature=signature)
    tf.config.run_functions_eagerly(True)
    try:
        concrete = function.get_concrete_function()
    finally:
        tf.config.run_functions_eagerly(False)
    return convert_variables_to_constants_v2(concrete)


def _worker(runtime: str, model: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.worker", runtime, str(model)]


CONTENDERS = {
    "kgen": Contender("kgen", ("kgen",), prepare_kgen),
    "litert": Contender("LiteRT", ("ai-edge-litert",), prepare_litert),
    "onnxruntime": Contender("ONNX Runtime", ("onnxruntime", "tf2onnx"), prepare_onnxruntime),
    "openvino": Contender("OpenVINO", ("openvino", "tf2onnx"), prepare_openvino),
    "emx": Contender("emx-onnx-cgen", ("emx-onnx-cgen", "tf2onnx"), prepare_emx),
}
"""kgen first; the others are its peers."""


def compiler_version() -> str:
    """The first line of what the C compiler says of itself."""
    path = shutil.which(COMPILER)
    if path is None:
        raise SystemExit(f"kgen's code needs a C compiler: no {COMPILER} found")
    said = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout
    return said.splitlines()[0]
