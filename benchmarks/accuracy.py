"""How far Keras and each export are from float64: python -m benchmarks.accuracy"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from tests.real_models import APPLICATIONS, Compiler, Error, Measured

HEADINGS = ("model", "computed by", "absolute", "of Keras's", "relative", "of Keras's")
LINE = "{:<16}{:<12}{:>12}{:>12}{:>12}{:>12}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(APPLICATIONS), metavar="MODEL")
    parser.add_argument("--images", type=int, default=4, help="how many (default: 4)")
    arguments = parser.parse_args()
    print(LINE.format(*HEADINGS))
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.models:
            measured = Measured(name, arguments.images, Compiler(Path(folder)))
            own = measured.error(measured.predicted)
            print(line(name, "keras", own, own))
            for variant, found in measured.exports():
                print(line(name, variant, measured.error(found), own), flush=True)


def line(name: str, variant: str, error: Error, own: Error) -> str:
    return LINE.format(
        name,
        variant,
        f"{error.absolute:.2e}",
        f"{error.absolute / own.absolute:.2f}",
        f"{error.relative:.2e}",
        f"{error.relative / own.relative:.2f}",
    )


if __name__ == "__main__":
    main()
