"""How far Keras and each export are from float64: python -m benchmarks.accuracy [MODEL ...]"""

from __future__ import annotations

import argparse
import os
import tempfile
from functools import cached_property
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np

from benchmarks.contenders import FLAGS
from benchmarks.zoo import ZOO
from kgen.pipeline import Export
from tests.real_models import APPLICATIONS, Compiler, Error, Measured

HEADINGS = ("model", "computed by", *("absolute", "relative", "typical"))
LINE = "{:<16}{:<12}" + "{:>18}" * 3


class OfZoo(Measured):
    """A model of zoo.py on as many samples, for Keras in batches as large as its row says."""

    @cached_property
    def export(self) -> Export:
        return Export(ZOO[self.name].model(), "model", {})

    @cached_property
    def inputs(self) -> np.ndarray:
        return ZOO[self.name].inputs(self.export.model, self.count)

    @cached_property
    def predicted(self) -> np.ndarray:
        batch = ZOO[self.name].batch
        return self.export.model.predict(self.inputs, verbose=0, batch_size=batch)

    @cached_property
    def exact(self) -> np.ndarray:
        return ZOO[self.name].float64(self.export.model, self.inputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    known = [*APPLICATIONS, *ZOO]
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(known)}")
    parser.add_argument("--samples", type=int, default=4, help="how many (default: 4)")
    arguments = parser.parse_args()
    for unknown in {*arguments.models} - {*known}:
        parser.error(f"there is no {unknown}")
    print(LINE.format(*HEADINGS))
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.models or known:
            kind = Measured if name in APPLICATIONS else OfZoo
            measured = kind(name, arguments.samples, Compiler(Path(folder), ("-std=c99", *FLAGS)))
            own = measured.error(measured.predicted)
            print(line(name, "keras", own, own))
            for variant, found in measured.exports():
                print(line(name, variant, measured.error(found), own), flush=True)


def line(name: str, variant: str, error: Error, own: Error) -> str:
    pairs = [(getattr(error, key), getattr(own, key)) for key in HEADINGS[2:]]
    return LINE.format(name, variant, *(f"{a:.2e} ({a / b:.2f})" for a, b in pairs))


if __name__ == "__main__":
    main()
