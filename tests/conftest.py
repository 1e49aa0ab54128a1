"""Settings for all tests; TensorFlow is told to be quiet before anything imports it."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# One thread each: two test processes share two cores.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="rewrite the files of generated/, then compare"
    )


def pytest_collection_finish() -> None:
    # Keras collects garbage whenever it forgets a model, and would look through all of TensorFlow
    # and every collected test each time: two thirds of what a case's model costs.
    gc.collect()
    gc.freeze()
