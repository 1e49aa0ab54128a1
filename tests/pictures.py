"""Writes the pictures of `kgen explain` in docs/: python -m tests.pictures. They need Chromium."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
from keras import Input, Sequential, layers
from playwright.sync_api import sync_playwright

import kgen
from kgen.explanation import Explanation

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TWO = ["..##..", ".#..#.", "...#..", "..#...", ".#....", ".####."]


def convolution() -> Explanation:
    keras.utils.set_random_seed(3)
    model = Sequential(
        [
            Input((6, 6, 1), name="image"),
            layers.Conv2D(2, 3, padding="same", activation="relu", name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        name="digits",
    )
    image = [[[float(pixel == "#")] for pixel in row] for row in TWO]
    return kgen.explain(model, np.array([image], np.float32))


def main() -> None:
    table = [[0, 0], [0, 1], [1, 0], [1, 1]]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, found, step, cell, scheme in (
            ("xor", kgen.explain(ROOT / "examples" / "xor.keras", table), "product", 6, "light"),
            ("convolution", convolution(), "convolution", 2, "dark"),
        ):
            path = Path(folder) / f"{name}.html"
            found.to_html(path)
            page = browser.new_page(viewport={"width": 1280, "height": 760}, color_scheme=scheme)
            page.goto(path.as_uri())
            box = page.locator(f"#layer-0 [aria-label='{step}']")
            box.scroll_into_view_if_needed()
            box.locator("td").first.wait_for()
            page.locator("#layer-0").evaluate("e => e.scrollIntoView({behavior: 'instant'})")
            box.locator(".matrix").last.locator("td[tabindex]").nth(cell).hover()
            page.screenshot(path=DOCS / f"explain-{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
